//! Feed text is hostile: whatever it holds, the page has the same elements and attributes as with harmless text.

use scraper::{Html, Node};

use super::double::{Double, head_of, ordinary, site};
use crate::config::Site;
use crate::item::Item;
use crate::page::{SourceHealth, ViewCount, item_html, script_path};
use crate::testing::testdata;

const HOSTILE: [&str; 12] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "' onmouseover='alert(1)",
    "</title><script>alert(1)</script>",
    "</p></article></li></ol><h1>mine</h1>",
    "<!-- ",
    "]]><svg onload=alert(1)>",
    "{{ 7*7 }} {% raw %}",
    "&lt;b&gt; &amp; &#x3c;",
    "\u{202e}txet\u{2066}",
    "<plaintext>",
    "`\t\r\n<style>*{}</style>",
];

/// Every element with the names of its attributes, in order.
fn structure(html: &Html) -> Vec<String> {
    html.tree
        .nodes()
        .filter_map(|node| match node.value() {
            Node::Element(element) => {
                let names: Vec<&str> = element.attrs().map(|(name, _)| name).collect();
                Some(format!("{} {}", element.name(), names.join(" ")))
            }
            Node::Comment(_) => Some("comment".into()),
            Node::ProcessingInstruction(_) => Some("instruction".into()),
            _ => None,
        })
        .collect()
}

/// Nothing in the page runs but our own module, and no address is anything but a web address or one of ours.
fn inert(html: &Html) {
    let elements = html
        .tree
        .nodes()
        .filter_map(|node| node.value().as_element());
    for element in elements {
        let name = element.name();
        assert!(!["iframe", "object", "embed", "base"].contains(&name));
        if name == "form" {
            assert_eq!(element.attr("action"), Some("/"), "our search box");
        }
        if name == "script" {
            assert_eq!(element.attr("src"), Some(script_path()));
        }
        for (attribute, _) in element.attrs() {
            assert!(!attribute.starts_with("on") && attribute != "style");
        }
    }
    for address in addresses(html) {
        let starts = ["/", "#", "http://", "https://"];
        let known = starts.iter().any(|start| address.starts_with(start));
        assert!(known && !address.starts_with("//"), "{address}");
    }
}

/// Every address in the page.
fn addresses(html: &Html) -> Vec<String> {
    html.tree
        .nodes()
        .filter_map(|node| node.value().as_element())
        .flat_map(|element| element.attrs())
        .filter(|(name, _)| ["href", "src", "action", "srcset"].contains(name))
        .map(|(_, value)| value.to_owned())
        .collect()
}

pub(super) fn with_text(text: &str) -> Item {
    Item {
        title: text.into(),
        summary: text.into(),
        author: Some(text.into()),
        tags: vec![text.into(), text.into()],
        ..ordinary(1).remove(0)
    }
}

fn fragment(item: &Item, source_title: &str) -> Html {
    Html::parse_document(&format!("<ol>{}</ol>", item_html(item, source_title)))
}

/// The vectors in the folder of test data, where it is present.
pub(super) fn vectors() -> Vec<String> {
    let mut all: Vec<String> = HOSTILE.iter().map(|text| (*text).to_owned()).collect();
    if let Some(folder) = testdata("security/sanitize") {
        let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
        let naughty: Vec<String> = serde_json::from_str(&read("blns.json")).unwrap();
        let sanitizer = read("html5lib_sanitizer_tests1.json");
        let sanitizer: Vec<serde_json::Value> = serde_json::from_str(&sanitizer).unwrap();
        all.extend(naughty);
        all.extend(
            sanitizer
                .iter()
                .filter_map(|test| test["input"].as_str())
                .map(str::to_owned),
        );
    }
    all.retain(|text| !text.is_empty());
    all
}

#[test]
fn hostile_text_stays_text() {
    let harmless = structure(&fragment(&with_text("x"), "x"));
    assert!(
        harmless.iter().any(|element| element.starts_with("h3 ")),
        "{harmless:?}"
    );
    for text in vectors() {
        let html = fragment(&with_text(&text), &text);
        assert_eq!(structure(&html), harmless, "{text:?}");
        let title: String = html
            .select(&scraper::Selector::parse("h3").unwrap())
            .flat_map(|title| title.text())
            .collect();
        // An HTML parser drops NUL and makes line ends `\n`.
        let plain = |text: &str| {
            text.replace("\r\n", "\n")
                .replace('\r', "\n")
                .replace('\0', "")
        };
        assert_eq!(plain(&title), plain(&text), "{text:?}");
    }
}

#[test]
fn hostile_addresses_lead_nowhere() {
    let mut addresses_tried = vectors();
    addresses_tried.extend(
        [
            "javascript:alert(1)",
            "JaVaScRiPt:alert(1)",
            " javascript:alert(1)",
            "java\nscript:alert(1)",
            "data:text/html,<script>alert(1)</script>",
            "vbscript:x",
            "https://example.org/\" onclick=\"alert(1)",
            "https://example.org/'><script>alert(1)</script>",
            "//example.org/",
            "/_edgefold/refresh",
        ]
        .map(str::to_owned),
    );
    let linked = structure(&fragment(&ordinary(1)[0], "x"));
    let unlinked = structure(&fragment(
        &Item {
            url: None,
            ..ordinary(1).remove(0)
        },
        "x",
    ));
    for address in addresses_tried {
        let item = Item {
            url: Some(address.clone()),
            image: None,
            ..ordinary(1).remove(0)
        };
        let html = fragment(&item, "x");
        let found = structure(&html);
        assert!(
            found == linked || found == unlinked,
            "{address:?}: {found:?}"
        );
        let pictured = fragment(
            &Item {
                image: Some(address.clone()),
                ..item
            },
            "x",
        );
        for link in addresses(&html).into_iter().chain(addresses(&pictured)) {
            let own = link.starts_with("/?") || link.starts_with("/item/8");
            assert!(
                own || link.starts_with("http://") || link.starts_with("https://"),
                "{address:?}: {link:?}"
            );
        }
    }
}

#[test]
fn hostile_names_and_errors_stay_text() {
    let whole = |text: &str| {
        let words = Site {
            title: text.into(),
            description: text.into(),
            language: text.into(),
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
            status: "failing".into(),
            error: Some(text.into()),
            notes: vec![text.into()],
            since: None,
            changed: None,
            items: 1,
        }];
        let host = Double::publishing(&head_of(&[with_text(text)], &words, &views, health));
        let id = &ordinary(1)[0].id;
        let pages = [
            "/?category=news&source=a",
            &format!("/item/{id}"),
            "/status",
        ]
        .map(|target| {
            let page = host.get(target);
            assert_eq!(page.status, 200, "{target} {text:?}: {}", page.body);
            inert(&Html::parse_document(&page.body));
            page.body
        });
        // The titles in the heading come from the list of selections: nothing of the text may break its lines.
        assert_eq!(host.get("/api/sources").json()["sources"][0]["error"], text);
        pages.map(|page| structure(&Html::parse_document(&page)))
    };
    let harmless = whole("x");
    for text in vectors() {
        assert_eq!(whole(&text), harmless, "{text:?}");
    }
}
