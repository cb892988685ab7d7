//! A published head to serve, on a host in memory.

use std::collections::BTreeMap;
use std::ops::Deref;

use bytes::Bytes;
use http::Request;

use crate::config::{Config, Site};
use crate::host::KvError;
use crate::item::Item;
use crate::page::{Model, SourceHealth, ViewCount, item_html, sections};
use crate::serve::handle;
use crate::slice::{Activity, HeadParts, Ledger, Lineage, Position, Row, ViewParts, keys};
use crate::tenant::Tenant;
use crate::testing::{TestConfig, TestHost, block_on};
use crate::time::Timestamp;

pub(super) const NOW: &str = "2026-11-21T09:31:20Z";
/// Where requests go that name no other host.
pub(super) const HOST: &str = "fold.example";
pub(super) const UPDATED: &str = "2026-11-21T09:24:05Z";

/// A host with a site.
pub(super) struct Double(TestHost);

impl Default for Double {
    fn default() -> Self {
        let host = TestHost::default();
        host.now.set(at(NOW));
        host.random.set(0x5eed);
        Self(host)
    }
}

impl Deref for Double {
    type Target = TestHost;
    fn deref(&self) -> &TestHost {
        &self.0
    }
}

impl Double {
    /// One that has published `items` items.
    pub(super) fn with(items: usize) -> Self {
        Self::publishing(&head(&ordinary(items), &site()))
    }

    pub(super) fn publishing(head: &HeadParts) -> Self {
        let double = Self::default();
        double.kv.set(&Tenant::MAIN.key(keys::HEAD), head.encode());
        double
    }

    pub(super) fn set(self, name: &str, value: &str) -> Self {
        self.set_variable(name, value);
        self
    }

    /// By so much it is later than [`NOW`].
    pub(super) fn later(&self, ms: i64) {
        self.now.set(at(NOW).plus_millis(ms));
    }

    /// From now on the store answers with this alone.
    pub(super) fn fail(&self, error: KvError) {
        self.kv.down.replace(Some(error));
    }

    /// Answers one request. Headers are given as `name: value`; without a `host` among them it is [`HOST`].
    pub(super) fn ask(&self, method: &str, target: &str, headers: &[&str]) -> Answered {
        let mut request = Request::builder().method(method).uri(target);
        let named = headers.iter().any(|header| header.starts_with("host: "));
        let default = format!("host: {HOST}");
        let host = (!named).then_some(default.as_str());
        for header in headers.iter().copied().chain(host) {
            let (name, value) = header.split_once(": ").unwrap();
            request = request.header(name, value);
        }
        self.send(request.body(Bytes::new()).unwrap())
    }

    pub(super) fn get(&self, target: &str) -> Answered {
        self.ask("GET", target, &[])
    }

    pub(super) fn send(&self, request: Request<Bytes>) -> Answered {
        let config = config().to_compiled();
        block_on(async {
            let (parts, mut body) = handle(&self.0, &config, request).await.into_parts();
            let mut bytes = Vec::new();
            while let Some(piece) = body.next(&self.0).await {
                bytes.extend_from_slice(&piece.unwrap());
            }
            Answered::new(parts, bytes)
        })
    }
}

/// An answer with its body as text; of what is compressed as much as can be text.
#[derive(Debug, Clone)]
pub(super) struct Answered {
    pub(super) status: u16,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: String,
}

impl Answered {
    fn new(parts: http::response::Parts, body: Vec<u8>) -> Self {
        Self {
            status: parts.status.as_u16(),
            headers: parts
                .headers
                .iter()
                .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
                .collect(),
            body: if parts.headers.contains_key("content-encoding") {
                String::from_utf8_lossy(&body).into_owned()
            } else {
                String::from_utf8(body).unwrap()
            },
        }
    }

    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    pub(super) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

pub(super) fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

pub(super) fn site() -> Site {
    Site {
        title: "Fold & Margin".into(),
        description: "Twelve places on one page.".into(),
        language: "en".into(),
        url: None,
        page_items: 30,
    }
}

pub(super) fn config() -> Config {
    TestConfig::new()
        .with(|config| {
            config.site = site();
            config.budget.writes_per_day = 1000;
            config.limits.requests_per_run = 25;
            config.limits.body_bytes_max = 5 << 20;
            config.limits.items_per_source = 100;
        })
        .build()
}

/// Items of the sources `a` (category `news`) and `b` (category `code`) in turn, a minute apart, newest first.
pub(super) fn ordinary(items: usize) -> Vec<Item> {
    (0..items)
        .map(|index| {
            let published = at(UPDATED).plus_millis(-60_000 * i64::try_from(index).unwrap());
            Item {
                id: position(published, index).to_string(),
                title: format!("The title of item number {index}, of an ordinary length"),
                url: Some(format!("https://example.org/news/2026/11/item-{index}")),
                source: ["a", "b"][index % 2].into(),
                category: ["news", "code"][index % 2].into(),
                tags: vec!["kernel".into()],
                author: Some("Ada Okafor".into()),
                published,
                updated: None,
                summary: "What the item is about, in a sentence or two that fit on two lines of the page and no more. \
                          Here is the second one of them."
                    .into(),
                image: None,
            }
        })
        .collect()
}

fn position(published: Timestamp, index: usize) -> Position {
    Position {
        rank: published.0,
        hash: 1000 - index as u64,
    }
}

fn health(id: &str, title: &str, category: &str, items: u64) -> SourceHealth {
    let failing = id == "b";
    SourceHealth {
        id: id.into(),
        title: title.into(),
        link: "https://example.org/".into(),
        category: category.into(),
        status: if failing { "failing" } else { "ok" }.into(),
        error: failing.then(|| "It answered 503.".to_owned()),
        notes: Vec::new(),
        since: Some(at(UPDATED)),
        changed: None,
        items,
    }
}

/// A head of `items` with three views and two sources (and one without items).
pub(super) fn head(items: &[Item], site: &Site) -> HeadParts {
    let count = |category: &str| {
        items
            .iter()
            .filter(|item| category == "all" || item.category == category)
            .count() as u64
    };
    let views: Vec<ViewCount> = [
        ("all", "Everything"),
        ("news", "News & more"),
        ("code", "Code"),
    ]
    .iter()
    .map(|(id, title)| ViewCount {
        id: (*id).into(),
        title: (*title).into(),
        items: count(id),
    })
    .collect();
    let health = vec![
        health("a", "Source A", "news", count("news")),
        health("b", "Source <B>", "code", count("code")),
        health("quiet", "Quiet", "code", 0),
    ];
    head_of(items, site, &views, health)
}

pub(super) fn head_of(
    items: &[Item],
    site: &Site,
    views: &[ViewCount],
    health: Vec<SourceHealth>,
) -> HeadParts {
    let updated = at(UPDATED);
    let titles: BTreeMap<&str, &str> = health
        .iter()
        .map(|source| (source.id.as_str(), source.title.as_str()))
        .collect();
    let mut counts = BTreeMap::new();
    let rows = items
        .iter()
        .enumerate()
        .map(|(index, item)| {
            let view = if item.category == "news" { 1 } else { 2 };
            let source = u16::from(item.source == "b");
            for view in [0, view] {
                *counts.entry((view, source)).or_insert(0) += 1;
            }
            Row {
                position: position(item.published, index),
                source: item.source.clone(),
                views: vec![0, view],
                address: index as u64,
                content: 1,
                seen: item.published,
                json: serde_json::to_string(item).unwrap(),
                html: item_html(
                    item,
                    titles
                        .get(item.source.as_str())
                        .copied()
                        .unwrap_or_default(),
                ),
            }
        })
        .collect();
    HeadParts {
        generation: 7,
        updated,
        config_digest: 1,
        fold_hash: 1,
        usage: crate::slice::Usage::default(),
        ledger: Ledger::default(),
        lineage: Lineage::default(),
        checks: Vec::new(),
        activity: Activity::default(),
        claims: Vec::new(),
        search: crate::search::Index::default(),
        first_named: None,
        dropped_upto: None,
        sealed_upto: None,
        views: views
            .iter()
            .map(|view| ViewParts {
                id: view.id.clone(),
                items: view.items,
                ..ViewParts::default()
            })
            .collect(),
        sources: vec!["a".into(), "b".into()],
        counts,
        sections: sections(&Model {
            site,
            updated,
            views,
            sources: &health,
            activity: &Activity::default(),
        }),
        health,
        rows,
    }
}
