//! Which host addresses name, and where pages name feeds.

use scraper::Html;

use super::FEEDS;
use crate::config::Site;
use crate::serve::tests::double::{Double, head, ordinary, site};

#[test]
fn addresses_are_the_configured_ones_or_the_requests() {
    let host = Double::with(2);
    for target in [
        "/feed.xml",
        "/atom.xml",
        "/feed.json",
        "/sitemap.xml",
        "/sources.opml",
    ] {
        let answer = host.ask("GET", target, &["host: News.Example:8443"]);
        // There are no sources here.
        let told = answer.body.contains("http://news.example:8443/");
        assert_eq!(told, target != "/sources.opml", "{target}");
        assert_eq!(answer.header("vary"), "Host", "{target}");
        for bad in ["a\"><script>", "x@y", "a b", "é"] {
            let answer = host.ask("GET", target, &[&format!("host: {bad}")]);
            assert_eq!(answer.status, 400, "{target} {bad}");
            assert!(answer.body.contains("#no-host"), "{}", answer.body);
            assert!(!answer.body.contains(bad), "{}", answer.body);
        }
    }
    let configured = Site {
        url: Some("https://news.example/fold".into()),
        ..site()
    };
    let host = Double::publishing(&head(&ordinary(2), &configured));
    for target in ["/feed.xml", "/atom.xml", "/feed.json", "/sitemap.xml"] {
        let answer = host.ask("GET", target, &["host: evil.example"]);
        assert!(
            answer.body.contains("https://news.example/fold/"),
            "{target}"
        );
        assert!(!answer.body.contains("evil"), "{target}");
        assert_ne!(answer.header("vary"), "Host", "{target}");
    }
    let robots = host.get("/robots.txt").body;
    assert!(robots.ends_with("\nSitemap: https://news.example/fold/sitemap.xml\n"));
}

#[test]
fn pages_name_the_feeds_of_what_they_show() {
    let host = Double::with(4);
    let item = format!("/item/{}", ordinary(1)[0].id);
    for (page, query) in [
        ("/", ""),
        ("/?category=news", "?category=news"),
        ("/?source=b", "?source=b"),
        ("/?category=code&source=b", "?category=code&source=b"),
        (&item, "?source=a"),
        ("/?q=title", "?q=title"),
        (
            "/?q=%22title%22+%3C&category=news",
            "?q=%22title%22+%3C&category=news",
        ),
    ] {
        let html = Html::parse_document(&host.get(page).body);
        let select = |selector: &str| -> Vec<String> {
            let selector = scraper::Selector::parse(selector).unwrap();
            let found = html.select(&selector);
            found
                .filter_map(|link| link.attr("href"))
                .map(str::to_owned)
                .collect()
        };
        let feeds = FEEDS.map(|path| format!("{path}{query}"));
        let linked = select("head > link[rel=alternate][title]");
        assert_eq!(linked, feeds, "{page}");
        if !page.starts_with("/item/") {
            assert_eq!(select("main .n a[type]"), [feeds[0].clone()], "{page}");
        }
        for target in linked {
            assert_eq!(host.get(&target).status, 200, "{target}");
        }
    }
}
