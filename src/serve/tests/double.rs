//! A host in memory, and a published head to serve.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::poll_fn;
use http::Request;

use crate::config::{Budget, Config, Limits, Site};
use crate::host::{
    Capabilities, Clock, Entry, Host, HttpClient, HttpError, Incoming, KeyPage, Kv, KvError, Level,
    Log, Outgoing, Precondition, Random, Variables, Version,
};
use crate::item::Item;
use crate::page::{Model, SourceHealth, ViewCount, item_html, sections};
use crate::serve::handle;
use crate::slice::{Activity, HeadParts, Ledger, Lineage, Position, Row, ViewParts, keys};
use crate::tenant::Tenant;
use crate::time::Timestamp;

pub(super) const NOW: &str = "2026-11-21T09:31:20Z";
/// Where requests go that name no other host.
pub(super) const HOST: &str = "fold.example";
pub(super) const UPDATED: &str = "2026-11-21T09:24:05Z";

/// A host whose store may fail, and which counts what is read.
#[derive(Default)]
pub(super) struct Double {
    pub(super) values: RefCell<BTreeMap<String, Bytes>>,
    pub(super) failure: Option<KvError>,
    pub(super) variables: BTreeMap<&'static str, String>,
    pub(super) reads: Cell<u32>,
    /// Keys that were read, in order.
    pub(super) asked: RefCell<Vec<String>>,
    pub(super) writes: Cell<u32>,
    pub(super) lines: RefCell<Vec<(Level, String)>>,
    pub(super) later_ms: i64,
    /// Status, media type and body of every upstream; `None`: none answers.
    pub(super) upstream: Option<(u16, &'static str, &'static str)>,
}

impl Double {
    /// One that has published `items` items.
    pub(super) fn with(items: usize) -> Self {
        Self::publishing(&head(&ordinary(items), &site()))
    }

    pub(super) fn publishing(head: &HeadParts) -> Self {
        let double = Self::default();
        double
            .values
            .borrow_mut()
            .insert(Tenant::MAIN.key(keys::HEAD), head.encode());
        double
    }

    pub(super) fn set(mut self, name: &'static str, value: &str) -> Self {
        self.variables.insert(name, value.to_owned());
        self
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
        drive(async {
            let (parts, mut body) = handle(self, &config, request).await.into_parts();
            let mut bytes = Vec::new();
            while let Some(piece) = body.next(self).await {
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

/// Polls until ready; nothing here waits for anything but a second poll.
pub(super) fn drive<T>(future: impl Future<Output = T>) -> T {
    const POLLS_MAX: usize = 10_000;
    let mut future = pin!(future);
    for _ in 0..POLLS_MAX {
        if let Poll::Ready(value) = future
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
        {
            return value;
        }
    }
    panic!("not ready after {POLLS_MAX} polls");
}

/// Not ready at once: some faults show only then.
async fn yield_once() {
    let mut yielded = false;
    poll_fn(|context| {
        if yielded {
            Poll::Ready(())
        } else {
            yielded = true;
            context.waker().wake_by_ref();
            Poll::Pending
        }
    })
    .await;
}

impl Kv for Double {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            swap: true,
            ttl: false,
            list: false,
            batch: false,
            increment: false,
            staleness_ms: None,
        }
    }

    async fn get(&self, key: &str) -> Result<Option<Entry>, KvError> {
        yield_once().await;
        self.reads.set(self.reads.get() + 1);
        self.asked.borrow_mut().push(key.to_owned());
        match &self.failure {
            Some(error) => Err(error.clone()),
            None => Ok(self.values.borrow().get(key).map(|value| Entry {
                value: value.clone(),
                version: Version(format!("{:x}", xxhash_rust::xxh3::xxh3_64(value))),
            })),
        }
    }

    async fn put(
        &self,
        key: &str,
        value: Bytes,
        _when: Precondition,
        _ttl: Option<Duration>,
    ) -> Result<Version, KvError> {
        yield_once().await;
        self.writes.set(self.writes.get() + 1);
        let version = Version(format!("{:x}", xxhash_rust::xxh3::xxh3_64(&value)));
        self.values.borrow_mut().insert(key.to_owned(), value);
        Ok(version)
    }

    async fn delete(&self, _key: &str) -> Result<(), KvError> {
        Ok(())
    }

    async fn list(&self, _prefix: &str, _cursor: Option<&str>) -> Result<KeyPage, KvError> {
        Ok(KeyPage::default())
    }
}

impl HttpClient for Double {
    async fn send(&self, _request: Outgoing) -> Result<Incoming, HttpError> {
        yield_once().await;
        let (status, media_type, body) = self.upstream.ok_or(HttpError::Timeout)?;
        let mut headers = http::HeaderMap::new();
        headers.insert("content-type", http::HeaderValue::from_static(media_type));
        headers.insert("set-cookie", http::HeaderValue::from_static("a=hidden"));
        headers.insert("x-powered-by", http::HeaderValue::from_static("hidden"));
        Ok(Incoming {
            status: http::StatusCode::from_u16(status).unwrap(),
            headers,
            body: Bytes::from_static(body.as_bytes()),
        })
    }
}

impl Clock for Double {
    fn now(&self) -> Timestamp {
        at(NOW).plus_millis(self.later_ms)
    }
    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }
}

impl Random for Double {
    fn random_u64(&self) -> u64 {
        0x5eed
    }
}

impl Variables for Double {
    async fn variable(&self, name: &str) -> Option<String> {
        yield_once().await;
        self.variables.get(name).cloned()
    }
}

impl Log for Double {
    fn log(&self, level: Level, line: &str) {
        self.lines.borrow_mut().push((level, line.to_owned()));
    }
}

impl Host for Double {
    type Kv = Self;
    type Http = Self;
    fn kv(&self) -> &Self {
        self
    }
    fn http(&self) -> &Self {
        self
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
    Config {
        site: site(),
        retention: crate::config::Retention::default(),
        cache: crate::config::Cache::default(),
        alerts: None,
        budget: Budget {
            writes_per_day: 1000,
            reads_per_day: None,
            requests_per_day: None,
            engagement_every_s: 3600,
            cache_writes_per_day: 0,
        },
        limits: Limits {
            concurrency: 6,
            requests_per_run: 25,
            run_time_ms: 20_000,
            timeout_ms: 10_000,
            body_bytes_max: 5 << 20,
            items_per_source: 100,
            redirects: 5,
        },
        sources: Vec::new(),
        proxies: Vec::new(),
        views: Vec::new(),
    }
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
