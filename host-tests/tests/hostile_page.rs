//! The vectors that break out of pages, through the whole way: feed, parser, fold, store, page. Judged by an HTML5 parser.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::disallowed_macros,
    reason = "the bans are for the host-neutral logic; tests play the host"
)]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use edgefold::config::authoring::compile;
use edgefold::cycle::{self, Scope};
use edgefold::serve;
use host_tests::sim::{Answer, SimHost, block_on};
use http::Request;
use scraper::{ElementRef, Html, Selector};
use serde_json::{Value, json};

/// Items that one source may give.
const ITEMS_PER_SOURCE: usize = 100;
/// Pages followed.
const PAGES_MAX: usize = 200;

const ADDRESSES: [&str; 9] = [
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    " javascript:alert(1)",
    "java\nscript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:x",
    "https://example.org/\" onclick=\"alert(1)",
    "https://example.org/'><script>alert(1)</script>",
    "//example.org/",
];

/// What an item may consist of: what its template has.
const ELEMENTS: [&str; 12] = [
    "li", "a", "time", "b", "article", "img", "h3", "p", "bdi", "i", "ol", "small",
];

fn testdata() -> PathBuf {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/testdata");
    std::env::var_os("EDGEFOLD_TESTDATA").map_or_else(|| beside.into(), PathBuf::from)
}

fn vectors(folder: &Path) -> Option<Vec<String>> {
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).ok();
    let naughty: Vec<String> = serde_json::from_str(&read("blns.json")?).ok()?;
    let sanitizer: Vec<Value> =
        serde_json::from_str(&read("html5lib_sanitizer_tests1.json")?).ok()?;
    let inputs = sanitizer.iter().filter_map(|test| test["input"].as_str());
    let mut all: Vec<String> = naughty;
    all.extend(inputs.map(str::to_owned));
    all.extend(ADDRESSES.map(str::to_owned));
    all.retain(|text| !text.is_empty());
    Some(all)
}

/// A JSON Feed in which every member of every item is hostile.
fn json_feed(vectors: &[String], first: usize) -> String {
    let item = |(index, text): (usize, &String)| {
        json!({
            "id": format!("v{}", first + index),
            "title": text, "summary": text, "url": text, "image": text,
            "authors": [{ "name": text, "url": text }], "tags": [text],
            "date_published": format!("2026-11-20T{:02}:{:02}:00Z", index / 60, index % 60),
        })
    };
    let items: Vec<Value> = vectors.iter().enumerate().map(item).collect();
    json!({
        "version": "https://jsonfeed.org/version/1.1", "title": vectors[0], "home_page_url": vectors[0], "items": items,
    })
    .to_string()
}

/// The same as RSS with markup in it.
fn rss(vectors: &[String], first: usize) -> String {
    let mut xml = String::from("<rss version=\"2.0\"><channel><title>x</title>");
    for (index, text) in vectors.iter().enumerate() {
        let text: String = text
            .chars()
            .filter(|c| !c.is_control() || *c == '\n')
            .map(|c| match c {
                '<' => "&lt;".to_owned(),
                '&' => "&amp;".to_owned(),
                '"' => "&quot;".to_owned(),
                c => c.to_string(),
            })
            .collect();
        let (guid, minute, hour) = (first + index, index % 60, index / 60);
        let _ = write!(
            xml,
            "<item><guid isPermaLink=\"false\">r{guid}</guid><title>{text}</title><description>{text}</description>\
             <link>{text}</link><author>{text}</author><category>{text}</category><enclosure type=\"image/png\" url=\"{text}\"/>\
             <pubDate>Fri, 20 Nov 2026 {hour:02}:{minute:02}:00 GMT</pubDate></item>"
        );
    }
    xml.push_str("</channel></rss>");
    xml
}

fn get(host: &SimHost, config: &str, target: &str) -> String {
    let request = Request::get(target).header("accept", "text/html");
    let request = request.body(Bytes::new()).expect("a request");
    let answer = block_on(serve::handle(host, config, request));
    assert_eq!(answer.status(), 200, "{target}");
    let policy = answer.headers()["content-security-policy"]
        .to_str()
        .expect("text");
    assert!(!policy.contains("unsafe") && policy.contains("script-src 'self';"));
    String::from_utf8(answer.into_body().into_bytes().to_vec()).expect("UTF-8")
}

/// Nothing runs but our own module; every address is a web address or one of ours.
fn assert_inert(target: &str, html: &Html) {
    assert!(html.errors.is_empty(), "{target}: {:?}", html.errors);
    for element in html
        .tree
        .nodes()
        .filter_map(|node| node.value().as_element())
    {
        let name = element.name();
        let never = [
            "iframe", "object", "embed", "base", "style", "template", "math", "noscript",
        ];
        assert!(!never.contains(&name), "{target}: {name}");
        if name == "form" {
            assert_eq!(
                element.attr("action"),
                Some("/"),
                "{target}: the search box"
            );
        }
        if name == "script" {
            let source = element.attr("src").unwrap_or_default();
            assert!(
                source.starts_with("/assets/edgefold."),
                "{target}: {source}"
            );
        }
        for (attribute, value) in element.attrs() {
            assert!(
                !attribute.starts_with("on") && attribute != "style",
                "{target}: {attribute}"
            );
            if ["href", "src", "srcset", "action", "formaction", "poster"].contains(&attribute) {
                let own =
                    value.starts_with('#') || (value.starts_with('/') && !value.starts_with("//"));
                let web = value.starts_with("http://") || value.starts_with("https://");
                assert!(own || web, "{target}: {attribute}={value:?}");
            }
        }
    }
    let items = Selector::parse("ol.items *").expect("a selector");
    for element in html.select(&items) {
        let name = element.value().name();
        assert!(ELEMENTS.contains(&name), "{target}: {name} in an item");
    }
}

#[test]
fn hostile_feeds_give_inert_pages() {
    let folder = testdata().join("security/sanitize");
    let Some(vectors) = vectors(&folder) else {
        eprintln!("skipped: no test data at {}", folder.display());
        return;
    };
    let host = SimHost::new(7);
    let mut toml = String::from("[site]\ntitle = \"x\"\n[limits]\nrequests_per_run = 100\n");
    for (index, some) in vectors.chunks(ITEMS_PER_SOURCE).enumerate() {
        for (name, body) in [
            ("json", json_feed(some, index * ITEMS_PER_SOURCE)),
            ("rss", rss(some, index * ITEMS_PER_SOURCE)),
        ] {
            let url = format!("https://{name}{index}.example/feed");
            host.http.route(&url, move |_| Answer::ok(body.clone()));
            let _ = write!(
                toml,
                "[[source]]\nid = \"{name}{index}\"\ntitle = \"<b>{name}</b> & {index}\"\nurl = \"{url}\"\ncategory = \"{name}\"\n"
            );
        }
    }
    let config = compile(&toml).expect("a configuration");
    let compiled = config.to_compiled();
    block_on(cycle::run(&host, &config, Scope::All)).expect("a cycle");
    let (list, next) = (
        Selector::parse("ol.items > li").expect("a selector"),
        Selector::parse("[rel=next]").expect("a selector"),
    );
    let mut ids = BTreeSet::new();
    let mut target = "/".to_owned();
    for _ in 0..PAGES_MAX {
        let html = Html::parse_document(&get(&host, &compiled, &target));
        assert_inert(&target, &html);
        ids.extend(
            html.select(&list)
                .filter_map(|item| item.attr("id"))
                .map(str::to_owned),
        );
        let Some(older) = html.select(&next).next().and_then(|link| link.attr("href")) else {
            break;
        };
        target = older.to_owned();
    }
    // A few of the vectors are one text in several spellings, and some RSS titles are empty as text.
    println!("{} items of {} vectors twice", ids.len(), vectors.len());
    assert!(
        ids.len() > vectors.len(),
        "{} items of {}",
        ids.len(),
        vectors.len() * 2
    );
    for id in &ids {
        let target = format!("/item/{id}");
        let html = Html::parse_document(&get(&host, &compiled, &target));
        assert_inert(&target, &html);
        let one = Selector::parse("ol.one > li").expect("a selector");
        let shown: Vec<Option<&str>> = html
            .select(&one)
            .map(|item: ElementRef<'_>| item.attr("id"))
            .collect();
        assert_eq!(shown, [Some(id.as_str())]);
    }
    for target in [
        "/status",
        "/?source=json0",
        "/?source=rss0",
        "/?category=json",
    ] {
        assert_inert(
            target,
            &Html::parse_document(&get(&host, &compiled, target)),
        );
    }
}
