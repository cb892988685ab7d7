//! What sources say stays text, in every format.

use roxmltree::Document;
use scraper::Html;

use super::{FEEDS, feed, texts};
use crate::config::Site;
use crate::item::Item;
use crate::page::{SourceHealth, ViewCount};
use crate::serve::tests::double::{Double, HOST, head, head_of, ordinary, site};
use crate::serve::tests::hostile::{vectors, with_text};

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
        "/sitemap.xml?part=newest",
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
