//! Feeds of any length, a store that counts for nothing, and what a run allocates between the calls of its host.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use bytes::Bytes;
use edgefold::config::Config;
use edgefold::cycle::{Report, Scope, run};
use edgefold::host::*;
use edgefold::testing::TestConfig;
use edgefold::time::Timestamp;
use futures_util::FutureExt;

use super::allocator::{OUTSIDE, PEAK, inside};

/// What a run does between two calls of its host, as far as those tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    /// Sources are asked, their answers read, and all of them folded.
    Folded,
    /// The next head is laid out, what it can't keep is sealed and indexed.
    Sealed,
    /// Values are written.
    Written,
}

/// RSS feeds of the same length, and a store.
#[derive(Default)]
pub(super) struct World {
    values: RefCell<BTreeMap<String, (Bytes, u64)>>,
    version: Cell<u64>,
    items_each: usize,
    /// Every feed is this instead.
    pub(super) document: Option<Bytes>,
    asked: Cell<usize>,
    now: Cell<i64>,
    stage: Cell<Option<Stage>>,
    /// Bytes at most, by stage.
    peaks: RefCell<BTreeMap<Stage, usize>>,
    /// Bytes allocated when the run began.
    before: Cell<usize>,
}

impl World {
    pub(super) fn of(items_each: usize) -> Self {
        let mut world = Self::default();
        world.items_each = items_each;
        world.now.set(1_790_000_000);
        world
    }

    /// What was allocated at most since the last call belongs to the stage that was under way.
    fn enter(&self, stage: Stage) {
        if let Some(under_way) = self.stage.replace(Some(stage)) {
            let peak = PEAK.load(Relaxed).saturating_sub(self.before.get());
            let mut peaks = self.peaks.borrow_mut();
            let known = peaks.entry(under_way).or_default();
            *known = peak.max(*known);
        }
        PEAK.store(inside(), Relaxed);
    }

    pub(super) fn pass(&self, seconds: i64) {
        self.now.set(self.now.get() + seconds);
    }

    /// One run, and its peaks.
    pub(super) fn run(&self, config: &Config) -> (Report, BTreeMap<Stage, usize>) {
        self.asked.set(0);
        self.stage.set(None);
        self.peaks.borrow_mut().clear();
        self.before.set(inside());
        self.enter(Stage::Folded);
        let report = run(self, config, Scope::Due)
            .now_or_never()
            .unwrap()
            .unwrap();
        self.enter(Stage::Folded);
        (report, self.peaks.take())
    }

    /// As `cargo xtask bench cycle` serves them: an hour apart, the newest first.
    fn feed(&self, feed: usize) -> String {
        let mut text = format!(
            "<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>Feed {feed}</title><link>https://feed-{feed}.example/</link>"
        );
        for item in (0..self.items_each).rev() {
            let (day, hour) = (1 + item / 24 % 28, item % 24);
            let month = ["Jan", "Feb", "Mar", "Apr", "May", "Jun"][item / 24 / 28 % 6];
            write!(
                text,
                "<item><guid>{feed}-{item}</guid><title>Number {item} of feed {feed}: what is new in the world of widgets</title>\
                 <link>https://feed-{feed}.example/{item}</link><pubDate>{day:02} {month} 2026 {hour:02}:{:02}:00 GMT</pubDate>\
                 <description>&lt;p&gt;A paragraph that says &lt;b&gt;enough&lt;/b&gt; about item {item} to fill two lines of a page, \
                 as feeds do: who did what, where, and why it matters to those who read it.&lt;/p&gt;</description></item>",
                feed % 60
            )
            .unwrap();
        }
        text.push_str("</channel></rss>");
        text
    }
}

impl Kv for World {
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
        let values = self.values.borrow();
        Ok(values.get(key).map(|(value, version)| Entry {
            value: Bytes::copy_from_slice(value),
            version: Version(version.to_string()),
        }))
    }
    async fn put(
        &self,
        key: &str,
        value: Bytes,
        _: Precondition,
        _: Option<Duration>,
    ) -> Result<Version, KvError> {
        self.enter(Stage::Written);
        self.version.set(self.version.get() + 1);
        OUTSIDE.fetch_add(value.len(), Relaxed);
        let kept = (Bytes::copy_from_slice(&value), self.version.get());
        if let Some((old, _)) = self.values.borrow_mut().insert(key.to_owned(), kept) {
            OUTSIDE.fetch_sub(old.len(), Relaxed);
        }
        Ok(Version(self.version.get().to_string()))
    }
    async fn delete(&self, key: &str) -> Result<(), KvError> {
        if let Some((old, _)) = self.values.borrow_mut().remove(key) {
            OUTSIDE.fetch_sub(old.len(), Relaxed);
        }
        Ok(())
    }
    async fn list(&self, _: &str, _: Option<&str>) -> Result<KeyPage, KvError> {
        Ok(KeyPage::default())
    }
}

impl Drop for World {
    fn drop(&mut self) {
        for (value, _) in self.values.get_mut().values() {
            OUTSIDE.fetch_sub(value.len(), Relaxed);
        }
    }
}

impl HttpClient for World {
    async fn send(&self, request: Outgoing) -> Result<Incoming, HttpError> {
        self.enter(Stage::Folded);
        self.asked.set(self.asked.get() + 1);
        let path = request.url.path().trim_start_matches('/');
        let feed = path.parse().unwrap();
        let mut headers = http::HeaderMap::new();
        headers.insert(
            "content-type",
            http::HeaderValue::from_static("application/rss+xml"),
        );
        Ok(Incoming {
            status: http::StatusCode::OK,
            headers,
            body: match &self.document {
                Some(document) => Bytes::copy_from_slice(document),
                None => self.feed(feed).into(),
            },
        })
    }
}

impl Host for World {
    type Kv = Self;
    type Http = Self;
    fn kv(&self) -> &Self {
        self
    }
    fn http(&self) -> &Self {
        self
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
        4
    }
}
impl Variables for World {
    /// The time is asked for with this: when a run begins, and when it begins to publish.
    async fn variable(&self, name: &str) -> Option<String> {
        if name == "source_date_epoch" && self.asked.get() > 0 {
            self.enter(Stage::Sealed);
        }
        None
    }
}
impl Log for World {
    fn log(&self, _: Level, _: &str) {}
}

const CATEGORIES: [&str; 5] = ["news", "releases", "science", "status", "video"];

/// A site of so many feeds, in five categories; `views`: lists of all items, that of everything included.
pub(super) fn config(feeds: usize, views: usize) -> Config {
    let mut config = TestConfig::new().with(|config| {
        config.limits.requests_per_run = 1_000;
        config.limits.body_bytes_max = 5 << 20;
    });
    for feed in 0..feeds {
        let url = format!("https://feeds.example/{feed}");
        let category = CATEGORIES[feed % CATEGORIES.len()];
        config = config.source(&format!("feed-{feed}"), &url, category);
        config = config.with(|config| config.sources[feed].title = format!("Feed {feed}"));
    }
    for view in 1..views {
        config = config.view(&format!("all-{view}"), &format!("All {view}"), &[]);
    }
    config.build()
}
