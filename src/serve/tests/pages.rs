//! The dashboard as a browser reads it.

use scraper::{ElementRef, Html, Selector};

use super::double::{Double, ordinary, site};
use crate::page::{item_html, rules_path, script_path, stylesheet_path};

fn page(host: &Double, target: &str) -> Html {
    let answer = host.ask("GET", target, &["accept: text/html"]);
    assert_eq!(answer.status, 200, "{target}: {}", answer.body);
    assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
    let html = Html::parse_document(&answer.body);
    assert!(html.errors.is_empty(), "{target}: {:?}", html.errors);
    html
}

fn select<'a>(html: &'a Html, selector: &str) -> Vec<ElementRef<'a>> {
    html.select(&Selector::parse(selector).unwrap()).collect()
}

fn text(html: &Html, selector: &str) -> String {
    select(html, selector)
        .iter()
        .flat_map(ElementRef::text)
        .collect()
}

fn marked(html: &Html) -> Vec<&str> {
    select(html, "[aria-current=page]")
        .iter()
        .filter_map(|link| link.attr("href"))
        .collect()
}

#[test]
fn the_first_page_is_one_read() {
    let host = Double::with(75);
    let html = page(&host, "/");
    assert_eq!((host.kv.reads.get(), host.kv.writes.get()), (1, 0));
    assert_eq!(text(&html, "title"), "Fold & Margin");
    assert_eq!(text(&html, "h1"), "Fold & Margin");
    assert_eq!(text(&html, "main h2"), "Newest");
    assert_eq!(text(&html, "header time"), "updated 7 minutes ago");
    assert_eq!(text(&html, "main .n"), "30 of 75 feed");
    assert_eq!(select(&html, "ol.items > li").len(), 30);
    assert_eq!(marked(&html), ["/"]);
    assert_eq!(text(&html, ".views li:nth-child(2)"), "News & more 38");
    let style = select(&html, "link[rel=stylesheet]")[0].attr("href");
    assert_eq!(style, Some(stylesheet_path()));
    let module = select(&html, "script");
    assert_eq!(module.len(), 1);
    assert_eq!(module[0].attr("src"), Some(script_path()));
    assert_eq!(text(&html, "script"), "", "no script in the page itself");
    assert_eq!(select(&html, "style, [style], iframe").len(), 0);
    assert_eq!(select(&html, "form")[0].attr("action"), Some("/"));
}

#[test]
fn a_selection_is_marked_and_named() {
    let host = Double::with(75);
    for (target, title, heading, links, items) in [
        (
            "/?category=code",
            "Code · Fold & Margin",
            "Code",
            &["/?category=code"][..],
            30,
        ),
        (
            "/?category=news",
            "News & more · Fold & Margin",
            "News & more",
            &["/?category=news"],
            30,
        ),
        (
            "/?category=all",
            "Everything · Fold & Margin",
            "Everything",
            &["/"],
            30,
        ),
        (
            "/?source=b",
            "Source <B> · Fold & Margin",
            "Source <B>",
            &["/?source=b"],
            30,
        ),
        (
            "/?source=quiet",
            "Quiet · Fold & Margin",
            "Quiet",
            &["/?source=quiet"],
            0,
        ),
        (
            "/?source=a&category=news",
            "Source A in News & more · Fold & Margin",
            "Source A in News & more",
            &["/?category=news", "/?source=a"],
            30,
        ),
    ] {
        let html = page(&host, target);
        assert_eq!(text(&html, "title"), title);
        assert_eq!(text(&html, "main h2"), heading);
        assert_eq!(marked(&html), links, "{target}");
        assert_eq!(select(&html, "ol.items > li[id]").len(), items, "{target}");
    }
    assert_eq!(
        text(&page(&host, "/?source=quiet"), "ol.items"),
        "Nothing here."
    );
}

#[test]
fn paging_leads_to_every_item_and_back() {
    let host = Double::with(75);
    for start in ["/", "/?category=news", "/?category=news&source=a"] {
        let mut target = start.to_owned();
        let mut ids = Vec::new();
        for number in 0..10 {
            let html = page(&host, &target);
            ids.extend(
                select(&html, "ol.items > li[id]")
                    .iter()
                    .map(|item| item.attr("id").unwrap().to_owned()),
            );
            let first = select(&html, "a[rel=first]");
            assert_eq!(first.len(), usize::from(number > 0), "{target}");
            assert!(
                first.iter().all(|link| link.attr("href") == Some(start)),
                "{target}"
            );
            let next = select(&html, "a[rel=next]");
            let Some(next) = next.first() else { break };
            target = next.attr("href").unwrap().to_owned();
        }
        let expected = if start == "/" { 75 } else { 38 };
        assert_eq!(ids.len(), expected, "{start}");
        assert!(ids.is_sorted_by(|a, b| a > b), "{start}");
    }
}

#[test]
fn a_source_has_a_page_that_says_how_it_fares() {
    let html = page(&Double::with(2), "/?source=b");
    let card = text(&html, ".card");
    assert!(card.starts_with("example.org in Code"), "{card}");
    assert!(
        card.ends_with("failing since 21 Nov 2026 09:24: It answered 503."),
        "{card}"
    );
    let link = select(&html, ".card a[href='https://example.org/']");
    assert_eq!(link.len(), 1);
    assert_eq!(select(&page(&Double::with(2), "/"), ".card").len(), 0);
}

#[test]
fn an_item_has_a_page_in_one_read() {
    let host = Double::with(75);
    let id = &ordinary(1)[0].id;
    let html = page(&host, &format!("/item/{id}"));
    assert_eq!((host.kv.reads.get(), host.kv.writes.get()), (1, 0));
    assert_eq!(
        text(&html, "title"),
        "The title of item number 0, of an ordinary length · Fold & Margin"
    );
    assert_eq!(text(&html, "main h2:first-child"), "Source A");
    assert_eq!(marked(&html), ["/?source=a"]);
    assert_eq!(select(&html, "ol.one > li").len(), 1);
    let others = select(&html, "ol:not(.one) > li");
    assert_eq!(others.len(), 5);
    assert!(others.iter().all(|other| other.attr("id") != Some(id)));
    let gone = host.ask("GET", "/item/nowhere", &["accept: text/html"]);
    assert_eq!(gone.status, 404);
    assert!(gone.body.contains("There is no item"), "{}", gone.body);
}

#[test]
fn the_status_page_tells_what_is_stored() {
    let host = Double::with(75);
    let html = page(&host, "/status");
    assert_eq!(host.kv.writes.get(), 0);
    assert_eq!(text(&html, "title"), "Status · Fold & Margin");
    let facts = text(&html, ".facts");
    for part in [
        "7 minutes ago",
        "generation 7",
        "left of 1,000",
        "75 in the head",
    ] {
        assert!(facts.contains(part), "{part}: {facts}");
    }
}

#[test]
fn the_status_page_tells_what_is_wrong_and_who_is_told() {
    let mut config = super::double::config();
    config.alerts = Some(crate::config::Alerts {
        webhook: Some("https://hooks.example/hidden".into()),
        failing_after_s: 60,
        cycles_every_s: Some(1800),
        on: vec!["sources".into()],
    });
    let source = |id: &str, title: &str| {
        serde_json::json!({
            "id": id, "title": title, "url": "https://a.example/", "kind": { "type": "feed" }, "category": "code", "every_s": 1800,
        })
    };
    let sources = serde_json::json!([source("a", "Source A"), source("b", "Source <B>")]);
    config.sources = serde_json::from_value(sources).unwrap();
    let host = Double::with(3)
        .set("admin_token", "right")
        .set("config", &config.to_compiled());
    let html = page(&host, "/status");
    let facts = text(&html, ".facts");
    for part in ["Incidents1no alert can be sent", "every 1800 s"] {
        assert!(facts.contains(part), "{part}: {facts}");
    }
    let rows = text(&html, "[aria-labelledby=is] tbody");
    assert!(
        rows.contains("Source <B> fails") && rows.contains("not yet"),
        "{rows}"
    );
    let host = host.set("alert_secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    let facts = text(&page(&host, "/status"), ".facts");
    assert!(facts.contains("a webhook is told of each"), "{facts}");
    let status = host.ask("GET", "/_edgefold/status", &["authorization: Bearer right"]);
    assert!(!status.body.contains("hidden") && !status.body.contains("whsec"));
    let alerts = &status.json()["alerts"];
    assert_eq!(alerts["sends"], true);
    assert_eq!(alerts["incidents"][0]["source"], "b");
    super::openapi::assert_status_described(&status);
    assert_eq!(host.kv.writes.get(), 0);
}

#[test]
fn assets_are_announced_in_the_headers() {
    let host = Double::with(1);
    let answer = host.get("/");
    let (style, script) = (stylesheet_path(), script_path());
    assert_eq!(
        answer.header("link"),
        format!("<{style}>; rel=preload; as=style, <{script}>; rel=modulepreload; as=script")
    );
    assert_eq!(
        answer.header("speculation-rules"),
        format!("\"{}\"", rules_path())
    );
    let policy = answer.header("content-security-policy");
    assert!(policy.contains("script-src 'self';"), "{policy}");
    for path in [style, script, rules_path()] {
        let asset = host.get(path);
        let cache = asset.header("cache-control");
        assert_eq!(cache, "public, max-age=31536000, immutable", "{path}");
        assert_eq!(asset.header("link"), "");
    }
}

#[test]
fn failing_sources_say_why() {
    let html = page(&Double::with(2), "/");
    assert_eq!(
        text(&html, "header a[href='#sources']"),
        "sources, 1 failing"
    );
    assert_eq!(
        text(&html, "aside .failing p"),
        "failing since 21 Nov 2026 09:24: It answered 503."
    );
    assert_eq!(select(&html, "aside li").len(), 3);
    assert_eq!(select(&html, "aside li.ok p").len(), 0);
}

#[test]
fn people_get_pages_for_errors() {
    let host = Double::with(1);
    let browser = "accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    for (target, status, part) in [
        ("/nowhere", 404, "There is nothing at `/nowhere`."),
        ("/?category=nws", 404, "Did you mean `news`?"),
        ("/?cursor=<b>", 400, "`<b>` is not a cursor"),
    ] {
        let answer = host.ask(
            "GET",
            &target.replace('<', "%3C").replace('>', "%3E"),
            &[browser],
        );
        assert_eq!(answer.status, status);
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
        assert_eq!(answer.header("cache-control"), "no-store");
        let html = Html::parse_document(&answer.body);
        assert!(html.errors.is_empty(), "{:?}", html.errors);
        assert!(text(&html, "main p").contains(part), "{}", answer.body);
        assert_eq!(text(&html, ".status"), status.to_string());
    }
    // Data routes never answer with pages.
    for target in [
        "/api/items?x=1",
        "/api/nowhere",
        "/health?x=1",
        "/_edgefold/status",
    ] {
        let answer = host.ask("GET", target, &[browser]);
        assert_eq!(
            answer.header("content-type"),
            "application/problem+json",
            "{target}"
        );
    }
}

#[test]
fn landmarks_and_labels_are_there() {
    let host = Double::with(75);
    let html = page(&host, "/");
    for (selector, count) in [
        ("html[lang=en]", 1),
        ("header", 1),
        ("main", 1),
        ("footer", 1),
        ("aside[aria-labelledby]", 1),
        ("nav[aria-label]", 2),
        ("h1", 1),
        ("a.skip[href='#items']", 1),
        ("meta[name=viewport]", 1),
    ] {
        assert_eq!(select(&html, selector).len(), count, "{selector}");
    }
    let first = select(&html, "body a")[0];
    assert_eq!(first.attr("class"), Some("skip"));
    for anchor in ["items", "sources"] {
        assert_eq!(select(&html, &format!("#{anchor}")).len(), 1);
    }
}

/// What a page weighs; a larger one is slower to serve.
#[test]
fn a_page_of_thirty_items_is_small() {
    let host = Double::with(75);
    let bytes = host.get("/").body.len();
    let item = &ordinary(1)[0];
    let html = item_html(item, "Source A").len();
    let text = item.title.len() + item.summary.len() + item.url.as_ref().map_or(0, String::len);
    assert!(
        html - text < 500,
        "{html} bytes of HTML for {text} bytes of text"
    );
    assert!(bytes < 30_000, "{bytes} bytes");
    assert_eq!(site().page_items, 30);
}
