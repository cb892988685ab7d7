//! From page to page: how soon something is seen, and that the browser's own buttons do what they always do.

use std::time::Duration;

use host_tests::browser::Look;
use host_tests::preview::Options;

use super::stage;

/// The server answers this much later than it could.
const LATENCY: Duration = Duration::from_millis(150);
/// From a pointer going down to a frame with the bar.
const BAR_MS_MAX: f64 = 50.0;
/// From the click to a frame with the new content.
const CONTENT_MS_MAX: f64 = 100.0;
/// The machine may be busy: so many rounds are granted until the median of one is within bounds.
const ROUNDS_MAX: usize = 8;

/// Times between events, taken in the page itself: this side of the wire is not part of them.
const WATCH: &str = r"
window.seen = {};
const frame = (done, tell) => {
  const look = () => { if (done()) tell(performance.now()); else requestAnimationFrame(look); };
  requestAnimationFrame(look);
};
addEventListener('pointerdown', (event) => {
  frame(() => getComputedStyle(document.querySelector('.bar')).visibility === 'visible',
    (at) => { seen.bar = at - event.timeStamp; });
}, true);
addEventListener('click', (event) => {
  const before = document.querySelector('main h2').textContent;
  const { href } = event.target.closest('a');
  frame(() => document.querySelector('main h2').textContent !== before, (at) => {
    const asked = performance.getEntriesByType('resource')
      .filter((entry) => entry.name === href && entry.startTime >= event.timeStamp);
    seen.asked = asked.length;
    seen.content = at - event.timeStamp;
  });
}, true);
";

const LINKS: [&str; 5] = [
    "a[href='/?category=ai']",
    "a[href='/?category=earth']",
    "aside li:nth-child(3) a",
    "a[href='/?category=status']",
    "h1 a",
];

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

#[tokio::test(flavor = "multi_thread")]
async fn links_answer_at_once() {
    let Some(stage) = stage(Options {
        latency: LATENCY,
        ..Options::default()
    })
    .await
    else {
        return;
    };
    stage.open("/").await;
    stage.browser.run(WATCH).await.expect("a watch");
    let mut told = Vec::new();
    for _ in 0..ROUNDS_MAX {
        let (mut bars, mut contents) = (Vec::new(), Vec::new());
        for link in LINKS {
            stage.browser.run("window.seen = {}").await.expect("empty");
            stage.click(link).await;
            stage.until("seen.bar && seen.content").await;
            bars.push(stage.number("seen.bar").await);
            contents.push(stage.number("seen.content").await);
            let asked = stage.number("seen.asked").await;
            assert!(asked == 0.0, "{link}: asked for after the click");
        }
        let (bar, content) = (median(bars), median(contents));
        told.push(format!("bar {bar:.0} ms, content {content:.0} ms"));
        if bar < BAR_MS_MAX && content < CONTENT_MS_MAX {
            println!("{told:?}");
            stage.assert_no_complaint().await;
            return;
        }
    }
    panic!("medians of {} links in each round: {told:?}", LINKS.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn back_and_forward_restore_place_and_focus() {
    let Some(stage) = stage(Options::default()).await else {
        return;
    };
    stage.open("/").await;
    stage
        .browser
        .run("window.same = true")
        .await
        .expect("a mark");
    stage
        .browser
        .run("document.querySelector('[rel=next]').scrollIntoView()")
        .await
        .expect("a scroll");
    stage.click("[rel=next]").await;
    stage.until("location.search.startsWith('?cursor=')").await;
    stage
        .until("scrollY === 0 && document.activeElement.localName === 'main'")
        .await;
    let first = stage.text("document.querySelector('.items > li').id").await;
    stage.browser.history("back").await.expect("back");
    stage.until("location.search === '' && scrollY > 500").await;
    stage.until("document.activeElement.rel === 'next'").await;
    assert_eq!(stage.text("document.title").await, "The Halden Hub");
    stage.browser.history("forward").await.expect("forward");
    stage.until("location.search.startsWith('?cursor=')").await;
    stage
        .until(&format!(
            "document.querySelector('.items > li').id === '{first}'"
        ))
        .await;
    assert_eq!(
        stage.text("window.same").await,
        "true",
        "the page was loaded anew"
    );
    // A reload and a link opened by address show the same as links followed in place.
    let followed = stage
        .text("document.querySelector('.items').textContent")
        .await;
    stage.browser.history("refresh").await.expect("a reload");
    stage.until("document.querySelector('.items')").await;
    assert_eq!(
        stage
            .text("document.querySelector('.items').textContent")
            .await,
        followed
    );
    stage.assert_no_complaint().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_page_is_left_to_the_browser() {
    let Some(stage) = stage(Options::default()).await else {
        return;
    };
    stage.open("/").await;
    // An address that has gone meanwhile: the server's own words are shown.
    stage
        .browser
        .run("document.querySelector('h1 a').href = '/item/nowhere'")
        .await
        .expect("a link");
    stage.click("h1 a").await;
    stage
        .until("document.querySelector('.status')?.textContent === '404'")
        .await;
    stage.open("/").await;
    stage.click("footer a[href='/api/items']").await;
    stage.until("location.pathname === '/api/items'").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_works_without_script() {
    let Some(stage) = stage(Options::default()).await else {
        return;
    };
    let off = serde_json::json!({ "value": true });
    stage
        .browser
        .devtools("Emulation.setScriptExecutionDisabled", off)
        .await
        .expect("no script");
    stage.browser.open(&stage.site.url).await.expect("a page");
    for (link, heading) in [
        ("a[href='/?category=ai']", "AI"),
        ("aside li:nth-child(2) a", "The Tensor Herald"),
        (".items li:nth-child(2) .w", "The Tensor Herald"),
        ("header a[href='/status']", "Status"),
        ("h1 a", "Newest"),
        ("[rel=next]", "Newest"),
        ("[rel=first]", "Newest"),
    ] {
        stage.click(link).await;
        stage
            .until(&format!(
                "document.querySelector('main h2')?.textContent === '{heading}'"
            ))
            .await;
    }
    assert_eq!(
        stage
            .number("document.querySelectorAll('button').length")
            .await,
        0.0,
        "a dead control"
    );
    assert_eq!(
        stage
            .number("document.querySelectorAll('.items > li[id]').length")
            .await,
        30.0
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn who_wants_no_motion_has_none() {
    let Some(stage) = stage(Options::default()).await else {
        return;
    };
    let still = Look {
        still: true,
        ..Look::WIDE
    };
    stage.browser.look(still).await.expect("no motion");
    stage.open("/").await;
    stage
        .browser
        .run("window.moved = 0; document.startViewTransition = () => { moved += 1; }; document.documentElement.toggleAttribute('data-busy', true)")
        .await
        .expect("a trap");
    assert_eq!(stage.number("document.getAnimations().length").await, 0.0);
    stage.click("a[href='/?category=ai']").await;
    stage.until("location.search === '?category=ai'").await;
    assert_eq!(stage.number("moved").await, 0.0);
}
