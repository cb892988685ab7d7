//! Feeds out, judged by parsers that are not ours: feed-rs, a strict XML parser, an HTML parser, our own OPML import.

mod hostile;
mod places;
mod subscriptions;

use std::collections::BTreeSet;

use roxmltree::Document;
use serde_json::Value;

use super::double::{Answered, Double, HOST, UPDATED, at, ordinary};
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

fn texts<'d>(document: &'d Document<'_>, name: &str) -> Vec<&'d str> {
    document
        .descendants()
        .filter(|node| node.tag_name().name() == name)
        .map(|node| node.text().unwrap_or_default())
        .collect()
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
    for target in [
        "/feed.xml",
        "/atom.xml",
        "/feed.json",
        "/sitemap.xml",
        "/sitemap.xml?part=newest",
    ] {
        host.kv.reads.set(0);
        let answer = host.get(target);
        assert_eq!(
            (host.kv.reads.get(), host.kv.writes.get()),
            (1, 0),
            "{target}"
        );
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
}
