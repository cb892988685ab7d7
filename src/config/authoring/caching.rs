//! `[cache]`: how answers may be kept.

use super::compile::count;
use super::keys::{Default, Key, Kind, Table};
use super::read::Fields;
use super::tables::key;
use crate::config::{CACHE_HEADERS, Cache, CacheHeaders, Policy};

const DAY_S: u64 = 86_400;

pub(super) static CACHE: Table = Table {
    path: "cache",
    doc: "How browsers and caches in front may keep answers, by class of answer.",
    keys: &[
        key(
            "jitter",
            Kind::Integer(0, 50),
            Default::Number(10),
            "By how many hundredths a lifetime may fall short of what is written, so that caches that were filled at once do not expire at once. Each answer gets its own, the same for everybody who asks in the same tenth of a second.",
        ),
        key(
            "headers",
            Kind::WordsOf(&CACHE_HEADERS),
            Default::Derived,
            "Which headers are sent to caches in front beside `Cache-Control`. Without it all but `cache-tag`.",
        ),
        key(
            "compression",
            Kind::Word(&["gzip", "none"]),
            Default::Text("gzip"),
            "Whether answers are sent compressed to those who take them so. `none` makes the head smaller, for where a cache in front compresses.",
        ),
        key(
            "immutable",
            Kind::Table(&IMMUTABLE),
            Default::Derived,
            IMMUTABLE.doc,
        ),
        key(
            "versioned",
            Kind::Table(&VERSIONED),
            Default::Derived,
            VERSIONED.doc,
        ),
        key("api", Kind::Table(&API), Default::Derived, API.doc),
        key("html", Kind::Table(&HTML), Default::Derived, HTML.doc),
        key(
            "personal",
            Kind::Table(&PERSONAL),
            Default::Derived,
            PERSONAL.doc,
        ),
    ],
};

static IMMUTABLE: Table = Table {
    path: "cache.immutable",
    doc: "Files whose name holds the hash of their content: the stylesheet, the module.",
    keys: &[key(
        "max_age",
        Kind::Duration(DAY_S, 365 * DAY_S),
        Default::Text("365d"),
        "How long they are fresh. They say `immutable`, too: no reload asks for them.",
    )],
};

static VERSIONED: Table = Table {
    path: "cache.versioned",
    doc: "What changes only with a deployment: `/openapi.json`, the icon.",
    keys: &[
        max_age("1h"),
        SHARED_MAX_AGE,
        stale_while_revalidate("1d"),
        stale_if_error("7d"),
    ],
};

static API: Table = Table {
    path: "cache.api",
    doc: "Public data: `/api/…` but for `/api/proxy/…`, which has the policy of its `[[proxy]]`.",
    keys: &[
        max_age("1m"),
        SHARED_MAX_AGE,
        stale_while_revalidate("10m"),
        stale_if_error("1d"),
    ],
};

static HTML: Table = Table {
    path: "cache.html",
    doc: "Pages, made anew with every publish.",
    keys: &[
        max_age("1m"),
        SHARED_MAX_AGE,
        stale_while_revalidate("10m"),
        stale_if_error("1d"),
    ],
};

static PERSONAL: Table = Table {
    path: "cache.personal",
    doc: "Answers to one reader: what is asked with a token. Caches in front never keep them.",
    keys: &[key(
        "max_age",
        Kind::Duration(0, 3600),
        Default::Text("0s"),
        "How long the reader's own browser may keep one; `\"0s\"` stands for `no-store`.",
    )],
};

const fn max_age(default: &'static str) -> Key {
    key(
        "max_age",
        Kind::Duration(0, 30 * DAY_S),
        Default::Text(default),
        "How long an answer is fresh: `max-age` of `Cache-Control`.",
    )
}

const SHARED_MAX_AGE: Key = key(
    "shared_max_age",
    Kind::Duration(0, 365 * DAY_S),
    Default::Derived,
    "How long it is fresh for caches in front: `max-age` of `Surrogate-Control` and `CDN-Cache-Control`. Without it `max_age`.",
);

const fn stale_while_revalidate(default: &'static str) -> Key {
    key(
        "stale_while_revalidate",
        Kind::Duration(0, 30 * DAY_S),
        Default::Text(default),
        "How long after that a cache may serve it while it asks for a newer one (RFC 5861).",
    )
}

const fn stale_if_error(default: &'static str) -> Key {
    key(
        "stale_if_error",
        Kind::Duration(0, 365 * DAY_S),
        Default::Text(default),
        "How long after that a cache may serve it where it can get none (RFC 5861).",
    )
}

/// The policies of `file`; `None` where a mistake was noted.
pub(super) fn cache(file: &Fields) -> Option<Cache> {
    let absent = Fields::absent(&CACHE);
    let fields = file.inner("cache").unwrap_or(&absent);
    let headers = if fields.has("headers") {
        let named = fields.texts("headers");
        CacheHeaders::of(|name| named.iter().any(|word| word == name))
    } else {
        Cache::default().headers
    };
    let policy = |name, table: &'static Table| {
        let absent = Fields::absent(table);
        policy(fields.inner(name).unwrap_or(&absent))
    };
    Some(Cache {
        immutable: policy("immutable", &IMMUTABLE)?,
        versioned: policy("versioned", &VERSIONED)?,
        api: policy("api", &API)?,
        html: policy("html", &HTML)?,
        personal: policy("personal", &PERSONAL)?,
        jitter_percent: u8::try_from(count(fields, "jitter")?).ok()?,
        headers,
        gzip: fields.text("compression")? == "gzip",
    })
}

/// A table without one of the keys has 0 for it, or its `max_age` for `shared_max_age`.
fn policy(fields: &Fields) -> Option<Policy> {
    let seconds = |name| -> Option<u32> { u32::try_from(fields.number(name)?).ok() };
    let known = |name| fields.table.key(name).is_some();
    let optional = |name| if known(name) { seconds(name) } else { Some(0) };
    let max_age_s = seconds("max_age")?;
    Some(Policy {
        max_age_s,
        shared_max_age_s: if fields.is_written("shared_max_age") {
            seconds("shared_max_age")?
        } else {
            max_age_s
        },
        stale_while_revalidate_s: optional("stale_while_revalidate")?,
        stale_if_error_s: optional("stale_if_error")?,
    })
}
