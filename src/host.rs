//! The ports: what the logic needs from the host it runs in.
//!
//! Rules for every implementation:
//! - Futures need not be `Send`: the logic is single-threaded and executor-agnostic.
//! - One host value may serve several requests at once; it holds no state of one request.
//! - Batches (`get_many`, `send_all`) are how the logic asks for concurrency. A host without async
//!   starts all and then waits; one with it joins.
//! - An adapter maps errors and types. It takes no decision: no retry, no defaults, and no caching of what the store was
//!   not asked about.

mod kept;

use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{self, StreamExt};
use http::{HeaderMap, Method, StatusCode};

pub(crate) use kept::BYTES_MAX as KEPT_BYTES_MAX;
pub use kept::KeptValues;

use crate::cache::InFlight;
use crate::time::Timestamp;

/// Everything the logic needs from outside, in one bound.
#[allow(
    async_fn_in_trait,
    reason = "futures are never required to be Send: the logic is single-threaded"
)]
pub trait Host: Clock + Random + Variables + Log {
    /// The key-value store.
    type Kv: Kv;
    /// The HTTP client.
    type Http: HttpClient;
    /// The key-value store of this deployment.
    fn kv(&self) -> &Self::Kv;
    /// The HTTP client of this deployment.
    fn http(&self) -> &Self::Http;
    /// What the requests that this instance serves at once are asking upstreams for, so that they ask once. One for all of
    /// the instance's host values; `None` where it serves one request at a time.
    fn in_flight(&self) -> Option<Rc<InFlight>> {
        None
    }
    /// Whether the host gives answers again without asking for them, those that say for how long they last: the field
    /// `edgefold-lasts` of `wit/world.wit`. It must keep that field from clients.
    fn keeps_answers(&self) -> bool {
        false
    }
    /// Whether the logic keeps what readers ask for ([`KeptValues`]) from one request for the next. For a host whose instances
    /// serve several requests, and whose store can't be asked whether a value is still the one of a version, so that the adapter
    /// keeps nothing. Equal versions of a key must mean equal values, but for damage.
    fn leaves_keeping(&self) -> bool {
        false
    }
    /// Whether [`Host::purge`] reaches anything.
    fn purges(&self) -> bool {
        false
    }
    /// Tells caches in front to drop the answers that have one of these surrogate keys, or to ask again before they serve
    /// them. At most [`PURGED_KEYS_MAX`]; every one is tried.
    ///
    /// # Errors
    /// What failed, in one line. Answers then stay until their lifetimes end.
    async fn purge(&self, keys: &[String]) -> Result<(), String> {
        let _ = keys;
        Ok(())
    }
    /// The time that runs and answers go by: the variable `source_date_epoch` (seconds) where set, so that what is
    /// published and shown is reproducible, else the clock's.
    async fn time(&self) -> Timestamp {
        let fixed = self
            .variable("source_date_epoch")
            .await
            .and_then(|text| text.trim().parse().ok());
        fixed.map_or_else(|| self.now(), Timestamp::from_secs)
    }
}

/// Most keys of one [`Host::purge`]: each may be a request of its own. Where a publish changes more, it purges the site.
pub const PURGED_KEYS_MAX: usize = 24;

/// A value with the version it was read at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The bytes as they were put.
    pub value: Bytes,
    /// What [`Precondition::Version`] compares against.
    pub version: Version,
}

/// An opaque version of one key's value: a generation, a revision, a row version or a content hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version(pub String);

/// What must hold for a [`Kv::put`] to be applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Precondition {
    /// Nothing: overwrite.
    None,
    /// The key must not exist.
    Absent,
    /// The key must exist at exactly this version.
    Version(Version),
}

/// What a store can promise. Where one is `false` the logic does without, and says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    /// `Absent` and `Version` preconditions are atomic compare-and-swap. Where `false`, the adapter
    /// still compares before it writes, but two writers may both succeed.
    pub swap: bool,
    /// The store expires values by itself.
    pub ttl: bool,
    /// [`Kv::list`] works.
    pub list: bool,
    /// [`Kv::get_many`] costs one round trip rather than one a key.
    pub batch: bool,
    /// [`Kv::increment`] works, and is atomic. Needed only where `swap` is `false`: then claims stand in for it.
    pub increment: bool,
    /// Every read, on every machine, shows an acknowledged write after at most this many milliseconds; `None` where the store
    /// gives no such bound. What is missing for longer is lost: cycles go on without it rather than wait.
    pub staleness_ms: Option<u32>,
}

impl Capabilities {
    /// A store that promises everything.
    pub const ALL: Self = Self {
        swap: true,
        ttl: true,
        list: true,
        batch: true,
        increment: true,
        staleness_ms: Some(0),
    };
}

/// One page of [`Kv::list`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeyPage {
    /// Keys in the store's order.
    pub keys: Vec<String>,
    /// Pass to the next [`Kv::list`] for more; `None` at the end.
    pub cursor: Option<String>,
}

impl KeyPage {
    /// The first `max` of `keys`, which rise and follow the cursor. Where there are more, the last of the page is the next cursor:
    /// so hand over one more than fits.
    #[must_use]
    pub fn first(keys: impl IntoIterator<Item = String>, max: usize) -> Self {
        let mut keys = keys.into_iter();
        let page: Vec<String> = keys.by_ref().take(max).collect();
        let more = keys.next().is_some();
        Self {
            cursor: page.last().filter(|_| more).cloned(),
            keys: page,
        }
    }
}

/// Why a store operation failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KvError {
    /// The precondition did not hold. Nothing was written.
    #[error("the stored value changed since it was read")]
    Conflict,
    /// The answer was lost: the write may or may not have been applied. Re-read before trying again.
    #[error("the store did not answer; the write may have been applied: {0}")]
    Ambiguous(String),
    /// The store's quota of writes is used up. Nothing was written.
    #[error("the store's quota is used up")]
    QuotaExceeded,
    /// The value is larger than the store takes. Nothing was written.
    #[error("the value is too large for the store")]
    TooLarge,
    /// The store asks to slow down. Nothing was written.
    #[error("the store asks to slow down")]
    Throttled {
        /// When to come back, where the store says so.
        retry_after: Option<Duration>,
    },
    /// The store can't be reached or refused. Nothing was written.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
}

/// A key-value store. Keys are UTF-8, at most 512 bytes; values at most 1 MB.
///
/// Reads may be stale on an eventually consistent store. Deleting an absent key is no error.
#[allow(
    async_fn_in_trait,
    reason = "futures are never required to be Send: the logic is single-threaded"
)]
pub trait Kv {
    /// What this store can promise.
    fn capabilities(&self) -> Capabilities;
    /// The value of `key`, or `None` where it does not exist.
    async fn get(&self, key: &str) -> Result<Option<Entry>, KvError>;
    /// The values of `keys`, in the order asked, `None` for each that does not exist.
    async fn get_many(&self, keys: &[&str]) -> Result<Vec<Option<Entry>>, KvError> {
        let all: Vec<_> = stream::iter(keys.iter().map(|key| self.get(key)))
            .buffered(KV_CONCURRENCY)
            .collect()
            .await;
        all.into_iter().collect()
    }
    /// Stores `value` under `key` if `when` holds, and returns its new version. `ttl` is a wish: where
    /// [`Capabilities::ttl`] is false the store keeps the value, and expiry is read from its header.
    async fn put(
        &self,
        key: &str,
        value: Bytes,
        when: Precondition,
        ttl: Option<Duration>,
    ) -> Result<Version, KvError>;
    /// Removes `key`.
    async fn delete(&self, key: &str) -> Result<(), KvError>;
    /// Keys that begin with `prefix`.
    async fn list(&self, prefix: &str, cursor: Option<&str>) -> Result<KeyPage, KvError>;
    /// Adds one to the counter `key` and returns what it is now: 1 where there was none. No two calls get the same
    /// number, whoever makes them. After [`KvError::Ambiguous`] the counter may have grown or not: a number may be lost,
    /// never given twice.
    ///
    /// A counter is no value: its key is touched by this and [`Kv::delete`] alone, which some stores insist on. A deleted
    /// counter begins again. Whether [`Kv::list`] shows it is the store's business.
    async fn increment(&self, key: &str) -> Result<u64, KvError> {
        Err(no_counters(key))
    }
}

/// What [`Kv::increment`] answers where [`Capabilities::increment`] is false.
#[must_use]
pub fn no_counters(key: &str) -> KvError {
    KvError::Unavailable(format!("this store has no counters, so not `{key}`"))
}

/// Store operations under way at once in one request. Platforms allow about six concurrent sub-requests.
pub const KV_CONCURRENCY: usize = 6;

/// A request to an upstream. The host follows no redirect and decodes no content-encoding: the logic does.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// `GET` for sources.
    pub method: Method,
    /// An absolute `http` or `https` address.
    pub url: url::Url,
    /// Sent as they are; the host adds `Host` and what framing needs.
    pub headers: HeaderMap,
    /// Empty for `GET`.
    pub body: Bytes,
    /// From start to the last byte of the body.
    pub timeout: Duration,
    /// The body, before any content-decoding, may have this many bytes; one more is [`HttpError::TooLarge`].
    pub body_bytes_max: usize,
}

/// An upstream's answer.
#[derive(Debug, Clone)]
pub struct Incoming {
    /// Any status: the host turns none into an error.
    pub status: StatusCode,
    /// As received.
    pub headers: HeaderMap,
    /// As received, still content-encoded.
    pub body: Bytes,
}

/// Why an upstream gave no whole answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// No whole answer within [`Outgoing::timeout`].
    #[error("no whole answer in time")]
    Timeout,
    /// The body is over [`Outgoing::body_bytes_max`].
    #[error("the body is over the limit")]
    TooLarge,
    /// The host's outbound policy refuses this address.
    #[error("the host refuses this address: {0}")]
    Denied(String),
    /// The name does not resolve, or nobody listens there, or TLS fails.
    #[error("can't connect: {0}")]
    Connect(String),
    /// The answer is no valid HTTP, or ends before its declared length.
    #[error("broken answer: {0}")]
    Protocol(String),
}

/// The host's HTTP client.
#[allow(
    async_fn_in_trait,
    reason = "futures are never required to be Send: the logic is single-threaded"
)]
pub trait HttpClient {
    /// Sends one request and reads the whole answer.
    async fn send(&self, request: Outgoing) -> Result<Incoming, HttpError>;
    /// Sends all, at most `concurrency` at once, and returns the answers in the order asked.
    async fn send_all(
        &self,
        requests: Vec<Outgoing>,
        concurrency: usize,
    ) -> Vec<Result<Incoming, HttpError>> {
        stream::iter(requests.into_iter().map(|request| self.send(request)))
            .buffered(concurrency.max(1))
            .collect()
            .await
    }
}

/// The host's clocks.
#[allow(
    async_fn_in_trait,
    reason = "futures are never required to be Send: the logic is single-threaded"
)]
pub trait Clock {
    /// Wall-clock time, UTC.
    fn now(&self) -> Timestamp;
    /// Time since some fixed moment; never goes back. For measuring how long a run has taken.
    fn elapsed(&self) -> Duration;
    /// Lets this long pass. A host without timers returns at once: whoever waits then reads sooner, and gives up sooner.
    async fn pause(&self, time: Duration) {
        let _ = time;
    }
}

/// The host's randomness, for jitter and request ids. Not for keys.
pub trait Random {
    /// 64 random bits.
    fn random_u64(&self) -> u64;
}

/// The variables that edgefold itself goes by: no source is ever sent one.
pub const OWN_VARIABLES: [&str; 10] = [
    "admin_token",
    "alert_secret",
    "alert_webhook",
    "config",
    "keeps_answers",
    "refresh_token",
    "source_date_epoch",
    "store",
    "tenants",
    "webhook_secret",
];

/// Configuration and secrets of the deployment. Names are lower-case ASCII with `_`.
///
/// Known names: `admin_token` (secret of the admin routes; unset: they do not exist), `refresh_token` and `webhook_secret` (for schedulers: they open the refresh), `alert_webhook` and `alert_secret` (where alerts go, and what signs them), `config` (a compiled
/// configuration that replaces the baked-in one), `tenants` (which host is whose: see [`crate::tenant::Roster`]), `store` (which of several stores the site is in, where a host has more than one), `keeps_answers` (set by a host that does: see [`Host::keeps_answers`]), `source_date_epoch` (seconds since 1970 that cycles and answers take as
/// the time, for reproducible answers; see the reproducible-builds convention), and every secret that a
/// source's headers name.
#[allow(
    async_fn_in_trait,
    reason = "futures are never required to be Send: the logic is single-threaded"
)]
pub trait Variables {
    /// The value of `name`, or `None` where the deployment does not set it.
    async fn variable(&self, name: &str) -> Option<String>;
}

/// How urgent a log line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// For whoever debugs edgefold.
    Debug,
    /// Normal operation.
    Info,
    /// Something was left out or put off.
    Warn,
    /// Something is lost or does not work until somebody mends it.
    Error,
}

/// The host's log.
pub trait Log {
    /// One line, without a newline, without secrets.
    fn log(&self, level: Level, line: &str);
}
