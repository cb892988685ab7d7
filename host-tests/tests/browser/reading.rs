//! What the browser keeps for its reader: colours, what is new, what has been read; and keys.

use std::time::Duration;

use host_tests::browser::Look;
use host_tests::preview::Options;

use super::stage;

const BACKGROUND: &str = "getComputedStyle(document.body).backgroundColor";
const LIGHT: &str = "rgb(250, 247, 240)";
const DARK: &str = "rgb(20, 22, 26)";

#[tokio::test(flavor = "multi_thread")]
async fn colours_follow_the_system_and_the_switch() {
    let Some(stage) = stage(Options::default()).await else {
        return;
    };
    stage.open("/").await;
    assert_eq!(stage.text(BACKGROUND).await, LIGHT);
    stage.browser.look(Look::WIDE.dark()).await.expect("night");
    assert_eq!(stage.text(BACKGROUND).await, DARK);
    for (name, background) in [
        ("light", LIGHT),
        ("dark", DARK),
        ("auto", DARK),
        ("light", LIGHT),
    ] {
        stage.click("#theme").await;
        let label = stage
            .text("document.querySelector('#theme').textContent")
            .await;
        assert!(label.contains(name), "{label}");
        assert_eq!(stage.text(BACKGROUND).await, background, "{name}");
    }
    // Kept, and there from the first frame on: the module holds rendering back until it has said so.
    stage.open("/status").await;
    assert_eq!(stage.text(BACKGROUND).await, LIGHT);
    stage.assert_no_complaint().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_new_and_read_is_marked() {
    let Some(stage) = stage(Options::default()).await else {
        return;
    };
    stage.open("/").await;
    assert_eq!(
        stage
            .number("document.querySelectorAll('.fresh, .border').length")
            .await,
        0.0,
        "a first visit"
    );
    let id = stage.text("document.querySelector('.items > li').id").await;
    stage.click(".items > li .w").await;
    stage.until("location.pathname.startsWith('/item/')").await;
    stage.click("h1 a").await;
    stage.until("location.pathname === '/'").await;
    assert_eq!(stage.text("document.querySelector('.read').id").await, id);
    // An hour later; the reader was away for longer than a visit lasts.
    stage
        .site
        .later(Duration::from_secs(3600))
        .expect("a cycle");
    stage
        .browser
        .run("const visit = JSON.parse(localStorage['edgefold.visit']); visit.at -= 3600e3; localStorage['edgefold.visit'] = JSON.stringify(visit)")
        .await
        .expect("a while ago");
    stage
        .browser
        .devtools("Network.clearBrowserCache", serde_json::json!({}))
        .await
        .expect("no cache");
    stage.open("/").await;
    let fresh = stage
        .number("document.querySelectorAll('.fresh').length")
        .await;
    assert!(fresh > 0.0);
    assert_eq!(
        stage
            .text("document.querySelector('main .n strong').textContent")
            .await,
        format!("{fresh} new since your last visit")
    );
    stage.assert_no_complaint().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_lead_through_the_list() {
    let Some(stage) = stage(Options::default()).await else {
        return;
    };
    stage.open("/").await;
    let focused = "document.activeElement.closest('.items > li')?.id";
    let second = stage
        .text("document.querySelectorAll('.items > li')[1].id")
        .await;
    stage.browser.keys("jjjk").await.expect("keys");
    assert_eq!(stage.text(focused).await, second);
    stage.browser.keys("p").await.expect("a key");
    stage
        .until(&format!("location.pathname === '/item/{second}'"))
        .await;
    stage.browser.keys("?").await.expect("a key");
    stage.until("document.querySelector('dialog').open").await;
    // Single keys can be switched off; the help is then still there by its button.
    stage.click("dialog input").await;
    stage.click("dialog button").await;
    stage.until("!document.querySelector('dialog').open").await;
    stage.browser.keys("h").await.expect("a key");
    assert!(stage.text("location.pathname").await.starts_with("/item/"));
    stage.click("#keys").await;
    stage.until("document.querySelector('dialog').open").await;
    stage.assert_no_complaint().await;
}
