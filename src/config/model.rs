//! The compiled configuration.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::cache::Cache;

/// A validated configuration with all defaults applied.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Config {
    /// `[site]`
    pub site: Site,
    /// `[budget]`
    pub budget: Budget,
    /// `[limits]`
    pub limits: Limits,
    /// `[retention]`
    #[serde(default, skip_serializing_if = "Retention::is_none")]
    pub retention: Retention,
    /// `[cache]`
    #[serde(default, skip_serializing_if = "Cache::is_default")]
    pub cache: Cache,
    /// `[alerts]`, where written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alerts: Option<Alerts>,
    /// `[[source]]`, in the order written.
    pub sources: Vec<Source>,
    /// `[[proxy]]`, in the order written.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub proxies: Vec<Proxy>,
    /// `[[view]]`, in the order written. The view of everything and one for each category exist beside these.
    pub views: Vec<View>,
}

/// What the site calls itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Site {
    /// The heading of the page.
    pub title: String,
    /// One sentence below it.
    pub description: String,
    /// BCP 47 tag of the page.
    pub language: String,
    /// Where the site is reached, without a trailing slash, where known.
    pub url: Option<String>,
    /// Items on a page, 1 to 100.
    pub page_items: usize,
}

/// What the platform allows a day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Budget {
    /// Key-value writes per UTC day, cached answers and purges included.
    pub writes_per_day: u32,
    /// Key-value reads per UTC day, where the platform counts them. Only for the report: nothing is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reads_per_day: Option<u64>,
    /// Requests to sources per UTC day, where the platform counts them. Only for the report: nothing is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests_per_day: Option<u64>,
    /// Engagement counts are stored at most this often, in seconds.
    #[serde(default = "engagement_every_s")]
    pub engagement_every_s: u64,
    /// How many of `writes_per_day` are for cached answers and purges: the two shares are apart, so that neither can use up the other.
    #[serde(default)]
    pub cache_writes_per_day: u32,
}

/// What holds for a configuration compiled before there were engagement counts.
const fn engagement_every_s() -> u64 {
    3600
}

impl Budget {
    /// What cycles may write per UTC day.
    #[must_use]
    pub fn cycle_writes_per_day(&self) -> u32 {
        self.writes_per_day
            .saturating_sub(self.cache_writes_per_day)
    }
}

/// How much history is kept. Older items leave in whole segments; those that the head holds stay, however old.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Retention {
    /// Newest items of the site that are kept at least; `None`: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub items: Option<u64>,
    /// Days for which items are kept at least; `None`: for ever. With both, what either gives up leaves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days: Option<u32>,
}

impl Retention {
    /// Everything is kept.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// Something leaves one day.
    #[must_use]
    pub fn is_some(&self) -> bool {
        !self.is_none()
    }
}

/// What is an incident, and where it is told. See `docs/alerts.md`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alerts {
    /// Where incidents are posted. The host variable `alert_webhook` goes before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook: Option<String>,
    /// A source that fails for this long is an incident, in seconds.
    pub failing_after_s: u64,
    /// How often a cycle is meant to begin, in seconds: what misses that is recorded. `None`: not looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cycles_every_s: Option<u64>,
    /// Which incidents are looked for, of [`ALERT_KINDS`].
    pub on: Vec<String>,
}

/// What `[alerts] on` may name.
pub const ALERT_KINDS: [&str; 3] = ["sources", "cycles", "budget"];

/// Most alerts of one run, each one request of [`Limits::requests_per_run`].
pub const ALERTS_PER_RUN: usize = 2;

/// What one run may take.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Limits {
    /// Requests to sources under way at once.
    pub concurrency: usize,
    /// Requests to sources (redirects included) in one run of a cycle.
    pub requests_per_run: usize,
    /// How long one run asks sources, in milliseconds; what it then still has is published.
    #[serde(default = "run_time_ms")]
    pub run_time_ms: u64,
    /// Time-out of one source, redirects included, in milliseconds.
    pub timeout_ms: u64,
    /// Size of one source's answer, before and after content-decoding, in bytes.
    pub body_bytes_max: usize,
    /// Items taken from one answer; the newest win.
    pub items_per_source: usize,
    /// Redirects followed for one source.
    pub redirects: usize,
}

/// What holds for a configuration compiled before there was a limit.
const fn run_time_ms() -> u64 {
    20_000
}

/// One upstream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Source {
    /// Unique; `[a-z0-9-]`, at most 64 characters.
    pub id: String,
    /// What the page calls it.
    pub title: String,
    /// Where it is fetched.
    pub url: String,
    /// How its answers are read.
    pub kind: SourceKind,
    /// The category its items belong to; `[a-z0-9-]`.
    pub category: String,
    /// Added to its items' own tags.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Seconds between two fetches.
    pub every_s: u64,
    /// Sent with each request, in the order of their names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, HeaderText>,
    /// Items must contain one of these in title, summary or tags (case-insensitive); empty: all pass.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub include: Vec<String>,
    /// Items that contain one of these are left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mute: Vec<String>,
    /// Overrides [`Limits::timeout_ms`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
    /// Overrides [`Limits::body_bytes_max`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_bytes_max: Option<usize>,
}

/// How a source's answers are read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "type")]
#[allow(
    clippy::large_enum_variant,
    reason = "a configuration has a few hundred of them, made once"
)]
pub enum SourceKind {
    /// RSS, Atom or JSON Feed, told apart by content.
    Feed,
    /// Any JSON document, mapped by RFC 9535 JSONPath.
    Json(JsonMapping),
}

/// Where the items and their fields are in a JSON document. Each field is a JSONPath query relative to the item (`$` is the item).
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct JsonMapping {
    /// Selects the items: each selected node is one (a selected array stands for its elements).
    pub items: String,
    /// Required.
    pub title: String,
    /// The item's address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The item's own id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// RFC 3339, RFC 2822, or unix seconds or milliseconds as number or text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published: Option<String>,
    /// As `published`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated: Option<String>,
    /// Who wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// Text or HTML.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    /// A picture's address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// Every selected string is a tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tags: Option<String>,
    /// Its points (votes, likes, stars): a number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub points: Option<String>,
    /// How many comments it has: a number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comments: Option<String>,
}

/// A request header's value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HeaderText {
    /// As written. Never a secret.
    Literal(String),
    /// A template in which `{name}` stands for the host variable of that name: `Bearer {github_token}`.
    Secret(String),
}

/// An upstream whose answers are passed on whole, cached: `GET /api/proxy/{id}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Proxy {
    /// Unique among proxies; `[a-z0-9-]`, at most 64 characters.
    pub id: String,
    /// Where it is fetched.
    pub url: String,
    /// Seconds for which an answer is fresh.
    pub ttl_s: u64,
    /// Seconds after that in which it is served while somebody asks for a newer one (RFC 5861 §3).
    pub stale_while_revalidate_s: u64,
    /// Seconds after `ttl_s` in which it is served where none can be had (RFC 5861 §4).
    pub stale_if_error_s: u64,
    /// What a purge may name beside the id; `[a-z0-9-]`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// An answer stored under another version is not used.
    pub version: u32,
    /// As [`Source::headers`].
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, HeaderText>,
    /// Media types that are passed on, of [`PASSABLE_TYPES`].
    pub types: Vec<String>,
    /// From the request to the last byte of the answer, in milliseconds.
    pub timeout_ms: u64,
    /// Size of the answer, before and after content-decoding, in bytes.
    pub body_bytes_max: usize,
}

/// Media types that a proxy may pass on: data that no browser runs.
pub const PASSABLE_TYPES: &[&str] = &[
    "application/json",
    "application/geo+json",
    "application/ld+json",
    "application/feed+json",
    "application/x-ndjson",
    "application/xml",
    "application/atom+xml",
    "application/rss+xml",
    "text/xml",
    "text/csv",
    "text/plain",
];

/// A declared view: the items that pass all of its filters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct View {
    /// Unique among views and categories; `[a-z0-9-]`. Asked for as `category=`.
    pub id: String,
    /// What the page calls it.
    pub title: String,
    /// Categories it takes from; empty: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<String>,
    /// Sources it takes from; empty: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<String>,
    /// Tags of which an item must have one; empty: all pass.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// As [`Source::include`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub include: Vec<String>,
    /// As [`Source::mute`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mute: Vec<String>,
}

/// Version of the compiled form; another one is refused.
pub const COMPILED_VERSION: u32 = 1;

#[derive(Serialize)]
struct Compiled<'c> {
    edgefold: u32,
    #[serde(flatten)]
    config: &'c Config,
}

/// The version alone. Read before the rest: reading both at once (`flatten`) takes 44 kB of code in a guest.
#[derive(Deserialize)]
struct Stamp {
    edgefold: u32,
}

/// Why a compiled configuration can't be used.
#[derive(Debug, thiserror::Error)]
pub enum CompiledError {
    /// No compiled configuration at all. A common mistake is to pass the TOML.
    #[error("not a compiled configuration (make one with `edgefold check --compile FILE`): {0}")]
    Malformed(#[from] serde_json::Error),
    /// Made by another version of edgefold.
    #[error("compiled configuration of version {0}, this edgefold reads {COMPILED_VERSION}")]
    Version(u32),
}

impl Config {
    /// Requests to sources (redirects included) in one run: all but those that alerts may take, at least one.
    #[must_use]
    pub fn source_requests_per_run(&self) -> usize {
        let alerts = if self.alerts.is_some() {
            ALERTS_PER_RUN
        } else {
            0
        };
        self.limits.requests_per_run.saturating_sub(alerts).max(1)
    }

    /// The compact form: JSON on one line, so that it also fits in a variable.
    #[must_use]
    pub fn to_compiled(&self) -> String {
        let compiled = Compiled {
            edgefold: COMPILED_VERSION,
            config: self,
        };
        serde_json::to_string(&compiled).unwrap_or_default()
    }

    /// Reads the compact form.
    ///
    /// # Errors
    /// Where `text` is not what [`Config::to_compiled`] of this version makes.
    pub fn from_compiled(text: &str) -> Result<Self, CompiledError> {
        let stamp: Stamp = serde_json::from_str(text)?;
        if stamp.edgefold != COMPILED_VERSION {
            return Err(CompiledError::Version(stamp.edgefold));
        }
        Ok(serde_json::from_str(text)?)
    }
}
