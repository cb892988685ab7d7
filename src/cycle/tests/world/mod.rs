//! A host in memory: a store that yields before it answers, sources that tests rewrite, a clock that tests set.

mod kv;
mod site;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;

pub(super) use kv::{FAULTS, Fault, Hold, MemKv};
pub(crate) use site::config;

use crate::config::Config;
use crate::cycle::{Report, Scope, run, status};
use crate::host::*;
use crate::read::{self, Cursor, Page, Query};
use crate::slice::{Head, keys};
use crate::tenant::{Tenant, TenantKv};
pub(super) use crate::testing::block_on;
use crate::testing::yield_once;
use crate::time::Timestamp;

/// Where the store has what the logic calls `key`.
pub(super) fn at(key: &str) -> String {
    Tenant::MAIN.key(key)
}

/// One entry of a source's document.
#[derive(Debug, Clone)]
pub(super) struct Post {
    pub(super) guid: String,
    pub(super) title: String,
    pub(super) url: Option<String>,
    /// Seconds since 1970.
    pub(super) at: Option<i64>,
    /// What readers elsewhere make of it.
    pub(super) points: Option<i64>,
}

/// Entry `number` of `source`, dated `number` minutes after some moment.
pub(super) fn post(source: &str, number: i64) -> Post {
    Post {
        guid: format!("{source}-{number}"),
        title: format!("Post {number} of {source}"),
        url: Some(format!("https://{source}.example/posts/{number}")),
        at: Some(1_700_000_000 + number * 60),
        points: None,
    }
}

#[derive(Default)]
pub(super) struct World {
    pub(super) kv: MemKv,
    pub(super) documents: RefCell<BTreeMap<String, Result<Vec<Post>, u16>>>,
    /// Documents as they are, instead.
    raw: RefCell<BTreeMap<String, Bytes>>,
    pub(super) now: Cell<i64>,
    pub(super) asked: RefCell<Vec<String>>,
    random: Cell<u64>,
    /// Keys that caches in front were told to drop, by call.
    pub(super) purged: RefCell<Vec<Vec<String>>>,
    pub(super) purge_fails: Cell<bool>,
    pub(super) variables: RefCell<BTreeMap<&'static str, String>>,
    /// What was posted, in order.
    pub(super) posted: RefCell<Vec<Outgoing>>,
    /// What whoever is posted to answers with; `None`: nothing, in time.
    pub(super) receiver: Cell<Option<u16>>,
    /// See [`Host::leaves_keeping`].
    pub(super) leaves_keeping: Cell<bool>,
}

impl World {
    pub(super) fn new() -> Self {
        let world = Self::default();
        world.now.set(1_790_000_000);
        world.receiver.set(Some(204));
        world
    }
    pub(super) fn set(&self, source: &str, posts: Vec<Post>) {
        self.documents
            .borrow_mut()
            .insert(source.to_owned(), Ok(posts));
    }
    /// Any document.
    pub(super) fn raw(&self, source: &str, body: &str) {
        let body = Bytes::copy_from_slice(body.as_bytes());
        self.raw.borrow_mut().insert(source.to_owned(), body);
    }
    pub(super) fn fail(&self, source: &str, status: u16) {
        self.documents
            .borrow_mut()
            .insert(source.to_owned(), Err(status));
    }
    pub(super) fn edit(&self, source: &str, change: impl FnOnce(&mut Vec<Post>)) {
        if let Some(Ok(posts)) = self.documents.borrow_mut().get_mut(source) {
            change(posts);
        }
    }
    pub(super) fn pass(&self, secs: i64) {
        self.now.set(self.now.get() + secs);
    }
    pub(super) fn try_cycle(&self, config: &Config) -> Result<Report, crate::cycle::CycleError> {
        block_on(run(self, config, Scope::All))
    }
    /// As a scheduler calls: the sources that are due.
    pub(super) fn due_cycle(&self, config: &Config) -> Report {
        block_on(run(self, config, Scope::Due)).unwrap()
    }
    pub(super) fn cycle(&self, config: &Config) -> Report {
        self.try_cycle(config).unwrap()
    }
    /// Today's writes, as the status tells them.
    pub(super) fn writes_counted(&self, config: &Config) -> u32 {
        block_on(status(self, &config.to_compiled()))
            .unwrap()
            .writes_today
    }
    /// The store as the logic sees it.
    pub(super) fn store(&self) -> TenantKv<'_, MemKv> {
        TenantKv::new(&self.kv, &Tenant::MAIN)
    }
    pub(super) fn head(&self) -> Head {
        let value = self.kv.values.borrow()[&at(keys::HEAD)].0.clone();
        Head::open(value).unwrap()
    }
    pub(super) fn page(&self, view: &str, cursor: Option<Cursor>, limit: usize) -> Page {
        let head = self.head();
        let query = Query {
            view,
            source: None,
            cursor,
            skip: 0,
            limit,
        };
        block_on(read::page(&self.store(), &head, &query))
            .unwrap()
            .unwrap()
    }
    /// Every item of a view, page by page, as JSON values.
    pub(super) fn walk(&self, view: &str, limit: usize) -> Vec<serde_json::Value> {
        let mut all = Vec::new();
        let mut cursor = None;
        loop {
            let page = self.page(view, cursor, limit);
            assert!(page.reads <= read::READS_MAX);
            let items = items(&page);
            assert_eq!(items.len(), page.items);
            assert!(items.len() <= limit);
            all.extend(items);
            let Some(next) = page.next else {
                assert_eq!(page.total, all.len() as u64);
                return all;
            };
            cursor = Some(Cursor::parse(&next.to_string()).unwrap());
            assert!(page.items > 0, "a page without a filter is never empty");
        }
    }
    pub(super) fn titles(&self, view: &str) -> Vec<String> {
        self.walk(view, 50)
            .iter()
            .map(|item| item["title"].as_str().unwrap().to_owned())
            .collect()
    }
}

/// The items of a page.
pub(super) fn items(page: &Page) -> Vec<serde_json::Value> {
    let mut json = b"[".to_vec();
    for chunk in &page.json {
        json.extend_from_slice(chunk);
    }
    json.push(b']');
    serde_json::from_slice(&json).unwrap()
}

impl Host for World {
    type Kv = MemKv;
    type Http = Self;
    fn kv(&self) -> &MemKv {
        &self.kv
    }
    fn http(&self) -> &Self {
        self
    }
    fn leaves_keeping(&self) -> bool {
        self.leaves_keeping.get()
    }
    fn purges(&self) -> bool {
        true
    }
    async fn purge(&self, keys: &[String]) -> Result<(), String> {
        yield_once().await;
        self.purged.borrow_mut().push(keys.to_vec());
        if self.purge_fails.get() {
            return Err("out of order".to_owned());
        }
        Ok(())
    }
}
impl Clock for World {
    fn now(&self) -> Timestamp {
        Timestamp::from_secs(self.now.get())
    }
    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }
}
impl Random for World {
    fn random_u64(&self) -> u64 {
        self.random.set(
            self.random
                .get()
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1),
        );
        self.random.get()
    }
}
impl Variables for World {
    async fn variable(&self, name: &str) -> Option<String> {
        self.variables.borrow().get(name).cloned()
    }
}
impl Log for World {
    fn log(&self, _: Level, _: &str) {}
}
impl HttpClient for World {
    async fn send(&self, request: Outgoing) -> Result<Incoming, HttpError> {
        yield_once().await;
        if request.method == http::Method::POST {
            self.posted.borrow_mut().push(request);
            let status = self.receiver.get().ok_or(HttpError::Timeout)?;
            return Ok(Incoming {
                status: http::StatusCode::from_u16(status).unwrap(),
                headers: http::HeaderMap::new(),
                body: Bytes::from_static(b"not looked at"),
            });
        }
        let name = request
            .url
            .host_str()
            .unwrap_or_default()
            .trim_end_matches(".example")
            .to_owned();
        self.asked.borrow_mut().push(name.clone());
        let raw = self.raw.borrow().get(&name).cloned();
        let (status, body) = match self.documents.borrow().get(&name) {
            _ if raw.is_some() => (200, raw.unwrap_or_default()),
            Some(Ok(posts)) => (200, document(&name, posts)),
            Some(Err(status)) => (*status, Bytes::new()),
            None => (404, Bytes::new()),
        };
        let etag = format!("\"{:x}\"", xxhash_rust::xxh3::xxh3_64(&body));
        let known = request
            .headers
            .get("if-none-match")
            .is_some_and(|known| known.as_bytes() == etag.as_bytes());
        let (status, body) = if status == 200 && known {
            (304, Bytes::new())
        } else {
            (status, body)
        };
        let mut headers = http::HeaderMap::new();
        headers.insert("etag", http::HeaderValue::from_str(&etag).unwrap());
        headers.insert(
            "content-type",
            http::HeaderValue::from_static("application/feed+json"),
        );
        Ok(Incoming {
            status: http::StatusCode::from_u16(status).unwrap(),
            headers,
            body,
        })
    }
}

fn document(name: &str, posts: &[Post]) -> Bytes {
    let item = |post: &Post| {
        let mut item = serde_json::json!({ "id": post.guid, "title": post.title, "content_text": "Some words about it." });
        if let Some(url) = &post.url {
            item["url"] = url.clone().into();
        }
        if let Some(points) = post.points {
            item["_points"] = points.into();
        }
        if let Some(at) = post.at {
            item["date_published"] = Timestamp::from_secs(at).to_string().into();
        }
        item
    };
    let items: Vec<_> = posts.iter().map(item).collect();
    let feed = serde_json::json!({ "version": "https://jsonfeed.org/version/1.1", "title": name, "items": items });
    serde_json::to_vec(&feed).unwrap().into()
}
