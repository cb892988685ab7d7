//! The list of sources as OPML: what it has, and what it keeps to itself.

use roxmltree::Document;

use crate::config::authoring::import_opml;
use crate::config::{Config, HeaderText, Source, SourceKind};
use crate::serve::tests::double::{Double, HOST, config};

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
