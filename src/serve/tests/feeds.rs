//! Feeds out, judged by parsers that are not ours: feed-rs, a strict XML parser, an HTML parser, our own OPML import.

use std::collections::BTreeSet;

use roxmltree::Document;
use scraper::Html;
use serde_json::Value;

use super::double::{Answered, Double, HOST, UPDATED, at, head, head_of, ordinary, site};
use super::hostile::{vectors, with_text};
use crate::config::authoring::import_opml;
use crate::config::{Config, HeaderText, Site, Source, SourceKind};
use crate::item::Item;
use crate::page::{SourceHealth, ViewCount};
use crate::serve::tests::double::config;
use crate::syndicate::Format;

const XML_FEEDS: [&str; 2] = ["/feed.xml", "/atom.xml"];
const FEEDS: [&str; 3] = ["/feed.xml", "/atom.xml", "/feed.json"];

fn feed(host: &Double, target: &str) -> (Answered, feed_rs::model::Feed) {
    let answer = host.get(target);
    assert_eq!(answer.status, 200, "{target}: {}", answer.body);
    let feed = feed_rs::parser::parse(answer.body.as_bytes())
        .unwrap_or_else(|error| panic!("{target}: {error}\n{}", answer.body));
    (answer, feed)
}

fn link<'f>(feed: &'f feed_rs::model::Feed, rel: &str) -> Option<&'f str> {
    let found = feed
        .links
        .iter()
        .find(|link| link.rel.as_deref() == Some(rel));
    found.map(|link| link.href.as_str())
}

#[test]
fn another_parser_reads_what_was_published() {
    let items = ordinary(40);
    let host = Double::with(40);
    for target in FEEDS {
        let (answer, found) = feed(&host, target);
        assert_eq!(found.title.unwrap().content, "Fold & Margin", "{target}");
        let format = Format::ALL.iter().find(|format| format.path() == target);
        assert_eq!(answer.header("content-type"), format.unwrap().media_type());
        assert_eq!(found.entries.len(), 30, "{target}");
        for (entry, item) in found.entries.iter().zip(&items) {
            assert_eq!(entry.title.as_ref().unwrap().content, item.title);
            assert_eq!(entry.links[0].href, *item.url.as_ref().unwrap());
            let published = entry.published.unwrap().timestamp_millis();
            assert_eq!(published, item.published.0, "{target}");
            let summary = entry.summary.as_ref().map(|text| text.content.as_str());
            let content = entry.content.as_ref().and_then(|c| c.body.as_deref());
            assert_eq!(summary.or(content), Some(item.summary.as_str()), "{target}");
            assert_eq!(entry.authors[0].name.as_deref(), Some("Ada Okafor"));
            let terms: Vec<&str> = entry.categories.iter().map(|c| c.term.as_str()).collect();
            assert_eq!(terms, [item.category.as_str(), "kernel"], "{target}");
            assert!(entry.id.starts_with("urn:uuid:"), "{target}: {}", entry.id);
        }
    }
}

#[test]
fn every_item_comes_once_from_page_to_page() {
    let host = Double::with(75);
    for start in XML_FEEDS {
        let mut target = format!("{start}?category=news&limit=7");
        let mut ids = Vec::new();
        loop {
            let (_, found) = feed(&host, &target);
            assert_eq!(
                link(&found, "self"),
                Some(format!("https://{HOST}{target}").as_str())
            );
            let first = format!("https://{HOST}{start}?category=news");
            assert_eq!(link(&found, "first"), Some(first.as_str()));
            ids.extend(found.entries.iter().map(|entry| entry.id.clone()));
            let Some(next) = link(&found, "next") else {
                break;
            };
            target = next.replace(&format!("https://{HOST}"), "");
        }
        assert_eq!(ids.len(), 38, "{start}");
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), 38, "{start}");
    }
    let json = host.get("/feed.json?limit=70").json();
    assert_eq!(json["items"].as_array().unwrap().len(), 70);
    let next = json["next_url"].as_str().unwrap();
    let rest = host
        .get(&next.replace(&format!("https://{HOST}"), ""))
        .json();
    assert_eq!(rest["items"].as_array().unwrap().len(), 5);
    assert_eq!(rest["next_url"], Value::Null);
}

#[test]
fn a_search_is_a_feed_newest_first() {
    let host = Double::with(75);
    let listed = |target: &str| {
        let (_, found) = feed(&host, target);
        let ids = found.entries.iter().map(|entry| entry.id.clone());
        (ids.collect::<Vec<_>>(), found)
    };
    for start in XML_FEEDS {
        let mut target = format!("{start}?q=title+-source%3Ab&category=news&limit=9");
        let (news, _) = listed(&format!("{start}?category=news&limit=100"));
        let mut ids = Vec::new();
        loop {
            let (page, found) = listed(&target);
            ids.extend(page);
            assert_eq!(
                link(&found, "self"),
                Some(format!("https://{HOST}{target}").as_str())
            );
            let Some(next) = link(&found, "next") else {
                break;
            };
            target = next.replace(&format!("https://{HOST}"), "");
        }
        assert_eq!(ids, news, "{start}");
    }
    let (answer, found) = feed(&host, "/feed.json?q=%22title+7%22");
    assert_eq!(
        found.title.unwrap().content,
        "“\"title 7\"” · Fold & Margin"
    );
    let json = answer.json();
    assert_eq!(
        json["home_page_url"],
        format!("https://{HOST}/?q=%22title+7%22")
    );
    let named = format!("if-none-match: {}", answer.header("etag"));
    let again = host.ask("GET", "/feed.json?q=%22title+7%22", &[&named]);
    assert_eq!(again.status, 304);
    for (target, status) in [
        ("/feed.xml?q=%21", 400),
        ("/atom.xml?q=source:nobody", 404),
        ("/feed.json?q=title&cursor=x", 400),
    ] {
        assert_eq!(host.get(target).status, status, "{target}");
    }
    assert_eq!(Double::default().get("/feed.xml?q=title").status, 200);
}

#[test]
fn a_selection_is_named_and_leads_home() {
    let host = Double::with(9);
    for (query, title, home) in [
        (
            "?category=news",
            "News & more · Fold & Margin",
            "/?category=news",
        ),
        ("?source=b", "Source <B> · Fold & Margin", "/?source=b"),
        (
            "?category=code&source=b",
            "Source <B> in Code · Fold & Margin",
            "/?category=code&source=b",
        ),
    ] {
        for path in FEEDS {
            let (answer, found) = feed(&host, &format!("{path}{query}"));
            assert_eq!(found.title.unwrap().content, title, "{path}");
            let home = format!("https://{HOST}{home}");
            if path == "/feed.json" {
                assert_eq!(answer.json()["home_page_url"], home);
            } else {
                let linked = found.links.iter().any(|link| link.href == home);
                assert!(linked, "{path}: {:?}", found.links);
            }
            let keys = answer.header("surrogate-key");
            assert!(keys.starts_with("edgefold site view-"), "{keys}");
        }
    }
    assert_eq!(host.get("/feed.xml?category=x").status, 404);
    assert_eq!(host.get("/atom.xml?page=2").status, 400);
    assert_eq!(host.get("/feed.json?limit=0").status, 400);
}

/// Every element with the names of its attributes, in order; namespaces included.
fn structure(document: &Document<'_>) -> Vec<String> {
    document
        .descendants()
        .filter(|node| !node.is_text())
        .map(|node| {
            let names: Vec<&str> = node.attributes().map(|one| one.name()).collect();
            format!("{:?} {:?} {names:?}", node.node_type(), node.tag_name())
        })
        .collect()
}

/// `text` less what XML 1.0 can't hold.
fn holdable(text: &str) -> String {
    text.chars()
        .filter(|c| matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{fffd}' | '\u{10000}'..))
        .collect()
}

fn texts<'d>(document: &'d Document<'_>, name: &str) -> Vec<&'d str> {
    document
        .descendants()
        .filter(|node| node.tag_name().name() == name)
        .map(|node| node.text().unwrap_or_default())
        .collect()
}

fn hostile_site(text: &str) -> Double {
    let words = Site {
        title: text.into(),
        description: text.into(),
        language: "en".into(),
        ..site()
    };
    let views: Vec<ViewCount> = ["all", "news"]
        .map(|id| ViewCount {
            id: id.into(),
            title: text.into(),
            items: 1,
        })
        .into();
    let health = vec![SourceHealth {
        id: "a".into(),
        title: text.into(),
        link: format!(" {text}"),
        category: "news".into(),
        status: "ok".into(),
        error: None,
        notes: Vec::new(),
        since: None,
        changed: None,
        items: 1,
    }];
    let item = Item {
        tags: vec![format!("tag {text}")],
        ..with_text(text)
    };
    Double::publishing(&head_of(&[item], &words, &views, health))
}

#[test]
fn hostile_text_stays_text_in_every_format() {
    let targets = [
        "/feed.xml",
        "/atom.xml",
        "/feed.xml?category=news&source=a",
        "/atom.xml?source=a",
        "/sitemap.xml",
    ];
    let harmless = hostile_site("x");
    let harmless: Vec<Vec<String>> = targets
        .map(|target| structure(&Document::parse(&harmless.get(target).body).unwrap()))
        .into();
    for text in vectors() {
        let host = hostile_site(&text);
        for (target, harmless) in targets.iter().zip(&harmless) {
            let body = host.get(target).body;
            let document = Document::parse(&body)
                .unwrap_or_else(|error| panic!("{target} {text:?}: {error}\n{body}"));
            assert_eq!(&structure(&document), harmless, "{target} {text:?}");
        }
        let want = holdable(&text);
        let body = host.get("/atom.xml").body;
        let atom = Document::parse(&body).unwrap();
        // Titles of sources have single spaces: they are stored in lines.
        let words: Vec<&str> = text.split_whitespace().collect();
        let source = holdable(&words.join(" "));
        assert_eq!(texts(&atom, "title"), [&want, &want, &source], "{text:?}");
        assert_eq!(texts(&atom, "summary"), [&want], "{text:?}");
        let body = host.get("/feed.xml").body;
        let rss = Document::parse(&body).unwrap();
        assert_eq!(texts(&rss, "title"), [&want, &want], "{text:?}");
        // What a reader takes for HTML is the text again, and no element.
        // A byte-order mark would be dropped where it stands first.
        let description = format!("x{}", texts(&rss, "description")[1]);
        let html = Html::parse_fragment(&description);
        let elements = |html: &Html| {
            let nodes = html.tree.nodes();
            nodes.filter(|node| node.value().is_element()).count()
        };
        let plain_text = elements(&Html::parse_fragment("x"));
        assert_eq!(elements(&html), plain_text, "{text:?}");
        let shown: String = html.root_element().text().collect();
        let plain = |text: &str| text.replace("\r\n", "\n").replace('\r', "\n");
        assert_eq!(plain(&shown), plain(&format!("x{want}")), "{text:?}");
        let json = host.get("/feed.json").json();
        assert_eq!(json["title"], text);
        assert_eq!(json["items"][0]["content_text"], text);
    }
}

#[test]
fn hostile_addresses_lead_to_the_items_own_page() {
    for address in [
        "javascript:alert(1)",
        "data:text/html,x",
        "//x",
        "https:x",
        "",
    ] {
        let item = Item {
            url: Some(address.into()),
            image: Some(address.into()),
            ..ordinary(1).remove(0)
        };
        let own = format!("https://{HOST}/item/{}", item.id);
        let host = Double::publishing(&head(&[item], &site()));
        for target in FEEDS {
            let (answer, found) = feed(&host, target);
            assert_eq!(found.entries[0].links[0].href, own, "{target}");
            let body = &answer.body;
            assert!(address.is_empty() || !body.contains(address), "{body}");
        }
    }
}

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
fn ids_do_not_depend_on_where_the_site_is() {
    let host = Double::with(5);
    let ids = |target: &str, name: &str| -> Vec<String> {
        let answer = host.ask("GET", target, &[&format!("host: {name}")]);
        let feed = feed_rs::parser::parse(answer.body.as_bytes()).unwrap();
        feed.entries.into_iter().map(|entry| entry.id).collect()
    };
    let first = ids("/feed.xml", "a.example");
    // RFC 9562 §5.8: version and variant.
    for id in &first {
        assert_eq!(id.len(), "urn:uuid:".len() + 36, "{id}");
        assert_eq!(id.as_bytes()[9 + 14], b'8', "{id}");
        assert!(b"89ab".contains(&id.as_bytes()[9 + 19]), "{id}");
    }
    assert_eq!(first.iter().collect::<BTreeSet<_>>().len(), 5);
    for target in FEEDS {
        assert_eq!(ids(target, "b.example:8080"), first, "{target}");
    }
}

#[test]
fn a_feed_is_one_read_and_asks_for_nothing_twice() {
    let host = Double::with(40);
    for target in ["/feed.xml", "/atom.xml", "/feed.json", "/sitemap.xml"] {
        host.reads.set(0);
        let answer = host.get(target);
        assert_eq!((host.reads.get(), host.writes.get()), (1, 0), "{target}");
        let modified = answer.header("last-modified");
        assert_eq!(modified, "Sat, 21 Nov 2026 09:24:05 GMT");
        assert_eq!(at(UPDATED).0, 1_795_253_045_000);
        let etag = format!("if-none-match: {}", answer.header("etag"));
        let other = "if-none-match: \"0\"";
        let since = |date: &str| format!("if-modified-since: {date}");
        let later = since("Sat, 21 Nov 2026 09:24:06 GMT");
        let earlier = since("Sat, 21 Nov 2026 09:24:04 GMT");
        for (headers, status) in [
            (&[etag.as_str()][..], 304),
            (&[&since(modified)], 304),
            (&[&later], 304),
            (&[&earlier], 200),
            (&["if-modified-since: yesterday"], 200),
            // Entity tags go before dates (RFC 9110 §13.1.3).
            (&[other, &later], 200),
            (&[&etag, &earlier], 304),
        ] {
            for method in ["GET", "HEAD"] {
                let again = host.ask(method, target, headers);
                assert_eq!(again.status, status, "{method} {target} {headers:?}");
                assert_eq!(again.header("etag"), answer.header("etag"));
            }
        }
    }
    assert_eq!(host.get("/rss.xml").body, host.get("/feed.xml").body);
}

#[test]
fn before_the_first_publish_feeds_are_empty() {
    let host = Double::default();
    for target in FEEDS {
        let (answer, found) = feed(&host, target);
        assert!(found.entries.is_empty(), "{target}");
        assert_eq!(answer.header("cache-control"), "no-store", "{target}");
    }
    Document::parse(&host.get("/sitemap.xml").body).unwrap();
    assert_eq!(host.get("/robots.txt").status, 200);
}

fn source(id: &str, url: &str, category: &str) -> Source {
    Source {
        id: id.into(),
        title: format!("{id} & <co>"),
        url: url.into(),
        kind: SourceKind::Feed,
        category: category.into(),
        tags: Vec::new(),
        every_s: 1800,
        headers: Default::default(),
        include: Vec::new(),
        mute: Vec::new(),
        timeout_ms: None,
        body_bytes_max: None,
    }
}

fn subscriptions(sources: Vec<Source>) -> String {
    let config = Config {
        sources,
        ..config()
    };
    let answer = Double::with(1)
        .set("config", &config.to_compiled())
        .get("/sources.opml");
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.header("content-type"), "text/x-opml; charset=utf-8");
    answer.body
}

#[test]
fn the_sources_can_be_imported_again() {
    let body = subscriptions(vec![
        source("one", "https://one.example/feed?format=rss&n=20", "news"),
        source("two", "https://two.example/atom.xml", "code"),
        source("three", "https://three.example/", "news"),
    ]);
    let document = Document::parse(&body).unwrap();
    assert_eq!(document.root_element().attribute("version"), Some("2.0"));
    let folders: Vec<&str> = document
        .descendants()
        .filter(|node| node.has_tag_name("outline") && node.has_children())
        .filter_map(|node| node.attribute("text"))
        .collect();
    assert_eq!(folders, ["News & more", "Code"]);
    let imported = import_opml(&body).unwrap();
    assert_eq!((imported.sources, imported.left_out.len()), (3, 0));
    for url in [
        "https://one.example/feed?format=rss&n=20",
        "https://two.example/atom.xml",
        "https://three.example/",
    ] {
        assert!(imported.toml.contains(url), "{}", imported.toml);
    }
}

#[test]
fn addresses_that_may_be_secret_are_not_told() {
    let secret = "deadbeef0123456789deadbeef012345";
    let mut asked_with_a_header = source("a", "https://a.example/SECRET", "news");
    asked_with_a_header
        .headers
        .insert("authorization".into(), HeaderText::Secret("{t}".into()));
    let mut no_feed = source("b", "https://b.example/SECRET", "news");
    no_feed.kind = SourceKind::Json(crate::config::JsonMapping::default());
    let body = subscriptions(vec![
        asked_with_a_header,
        no_feed,
        source("c", "https://user:SECRET@c.example/", "news"),
        source("d", "https://d.example/private.atom?token=SECRET", "news"),
        source("e", "https://e.example/?Api_Key=SECRET", "news"),
        source("f", &format!("https://f.example/{secret}/rss"), "news"),
        source("g", &format!("https://g.example/?feed={secret}"), "news"),
    ]);
    assert!(!body.contains("SECRET") && !body.contains(secret), "{body}");
    for id in ["a", "b", "c", "d", "e", "f", "g"] {
        let own = format!("xmlUrl=\"https://{HOST}/feed.xml?source={id}\"");
        assert!(body.contains(&own), "{id}: {body}");
    }
}

#[test]
fn the_sitemap_has_views_sources_and_the_newest_items() {
    let body = Double::with(40).get("/sitemap.xml").body;
    let document = Document::parse(&body).unwrap();
    let places = texts(&document, "loc");
    let expected = [
        "/",
        "/?category=news",
        "/?category=code",
        "/?source=a",
        "/?source=b",
        "/?source=quiet",
    ]
    .map(|path| format!("https://{HOST}{path}"));
    assert_eq!(places[..6], expected);
    assert_eq!(
        places[6],
        format!("https://{HOST}/item/{}", ordinary(1)[0].id)
    );
    assert_eq!(places.len(), 6 + 40);
    assert_eq!(texts(&document, "lastmod")[0], UPDATED);
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
