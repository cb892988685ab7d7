//! What an answer says to caches: how long it may be kept, and by which keys it may be dropped.

use http::header::{self, HeaderName, HeaderValue};
use http::{HeaderMap, Request};
use xxhash_rust::xxh3::xxh3_64;

use crate::config::{Cache, Policy};
use crate::host::Host;
use crate::publish::SITE;
use crate::tenant::{Form, Tenant, TenantHost};
use crate::time::Timestamp;

const SURROGATE_CONTROL: HeaderName = HeaderName::from_static("surrogate-control");
const CDN_CACHE_CONTROL: HeaderName = HeaderName::from_static("cdn-cache-control");
const SURROGATE_KEY: HeaderName = HeaderName::from_static("surrogate-key");
const CACHE_TAG: HeaderName = HeaderName::from_static("cache-tag");

/// What kind of answer a route gives: which policy of `[cache]` it goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// Never changes under its address.
    Immutable,
    /// Changes only with a deployment.
    Versioned,
    /// Public data.
    Api,
    /// A page.
    Html,
    /// For one reader.
    Personal,
    /// True only now, whatever is configured.
    Never,
}

/// Which policy an answer has.
#[derive(Debug, Clone, Copy)]
pub(super) enum Caching {
    /// None: it is not kept.
    Never,
    /// That of its class among these.
    Site(Cache),
    /// One of its own, and these headers.
    Own(Policy, Cache),
}

impl Caching {
    /// Whether [`insert`] needs the time.
    pub(super) fn jitters(&self) -> bool {
        match self {
            Self::Never => false,
            Self::Site(cache) | Self::Own(_, cache) => cache.jitter_percent > 0,
        }
    }
}

/// The policies of a site as configured, for answers that read no head: the variable `config`, else what is baked in. A
/// configuration in the store is not asked, which would take a read.
pub(super) async fn configured<H: Host>(host: &TenantHost<'_, H>, default_config: &str) -> Cache {
    let variable = host.shared_variable("config").await;
    let text = variable.as_deref().filter(|text| !text.trim().is_empty());
    let form = Form::new(text.unwrap_or(default_config)).ok();
    let site = form.and_then(|form| form.site(host.tenant()));
    site.map_or_else(Cache::default, Cache::of_compiled)
}

/// Says how the answer may be kept.
pub(super) fn insert(headers: &mut HeaderMap, caching: &Caching, class: Class, seed: u64) {
    let (policy, cache) = match (caching, class) {
        (Caching::Never, _) | (Caching::Site(_), Class::Never) => {
            return set(headers, header::CACHE_CONTROL, "no-store");
        }
        (Caching::Site(cache), Class::Personal) => {
            return personal(headers, cache.personal.max_age_s);
        }
        (Caching::Site(cache), Class::Immutable) => (cache.immutable, cache),
        (Caching::Site(cache), Class::Versioned) => (cache.versioned, cache),
        (Caching::Site(cache), Class::Api) => (cache.api, cache),
        (Caching::Site(cache), Class::Html) => (cache.html, cache),
        (Caching::Own(policy, cache), _) => (*policy, cache),
    };
    let forever = matches!((caching, class), (Caching::Site(_), Class::Immutable));
    let jitter = if forever { 0 } else { cache.jitter_percent };
    let stale = stale(policy);
    let end = if forever { ", immutable" } else { &stale };
    let age = jittered(policy.max_age_s, jitter, seed);
    set(
        headers,
        header::CACHE_CONTROL,
        &format!("public, max-age={age}{end}"),
    );
    // RFC 9213 §2.1: what is not said there does not hold, so the stale times are said again.
    let shared = jittered(policy.shared_max_age_s, jitter, seed);
    let shared = format!("max-age={shared}{stale}");
    if cache.headers.surrogate_control {
        set(headers, SURROGATE_CONTROL, &shared);
    }
    if cache.headers.cdn_cache_control {
        set(headers, CDN_CACHE_CONTROL, &shared);
    }
}

/// Caches in front are told nothing else: `private` keeps them away (RFC 9111 §5.2.2.7).
fn personal(headers: &mut HeaderMap, max_age_s: u32) {
    if max_age_s == 0 {
        return set(headers, header::CACHE_CONTROL, "no-store");
    }
    let value = format!("private, max-age={max_age_s}");
    set(headers, header::CACHE_CONTROL, &value);
    headers.append(header::VARY, HeaderValue::from_static("authorization"));
}

fn stale(policy: Policy) -> String {
    let mut text = String::new();
    for (name, seconds) in [
        ("stale-while-revalidate", policy.stale_while_revalidate_s),
        ("stale-if-error", policy.stale_if_error_s),
    ] {
        if seconds > 0 {
            text = format!("{text}, {name}={seconds}");
        }
    }
    text
}

/// `seconds`, less up to `percent` hundredths of it. Never more: nothing is kept longer than was written.
fn jittered(seconds: u32, percent: u8, seed: u64) -> u32 {
    let room = u64::from(seconds) * u64::from(percent) / 100;
    seconds - u32::try_from(seed % (room + 1)).unwrap_or(0)
}

/// Milliseconds in which everybody gets one lifetime.
const MOMENT_MS: i64 = 100;

/// What tells one lifetime from another: the content, the address and the moment it is answered in.
///
/// The content alone would not do: caches that were filled at once would all expire at once, and be filled at once again.
/// Nor would whole seconds: caches that once met in one would stay together. Within a moment `HEAD`, 304 and the guests
/// agree, and for ever where the time is fixed.
pub(super) fn seed<B>(etag: Option<&str>, request: &Request<B>, now: Timestamp) -> u64 {
    let target = request.uri().path_and_query();
    let text = format!(
        "{} {} {}",
        etag.unwrap_or_default(),
        target.map_or("", |target| target.as_str()),
        moment(now)
    );
    xxh3_64(text.as_bytes())
}

/// The number of the moment that `now` is in.
pub(super) fn moment(now: Timestamp) -> i64 {
    now.as_millis().div_euclid(MOMENT_MS)
}

/// Names what the answer is about. `keys` are the site's own, separated by spaces.
pub(super) fn insert_keys(
    headers: &mut HeaderMap,
    caching: &Caching,
    tenant: Option<&Tenant>,
    class: Class,
    keys: &str,
) {
    let (Caching::Site(cache) | Caching::Own(_, cache), Some(tenant)) = (caching, tenant) else {
        return;
    };
    if matches!(class, Class::Personal | Class::Never) {
        return;
    }
    let named = |between: &str| {
        let mut text = EVERYTHING.to_owned();
        for key in [SITE].into_iter().chain(keys.split_ascii_whitespace()) {
            text.push_str(between);
            text.push_str(&tenant.surrogate_key(key));
        }
        text
    };
    if cache.headers.surrogate_key {
        set(headers, SURROGATE_KEY, &named(" "));
    }
    if cache.headers.cache_tag {
        set(headers, CACHE_TAG, &named(","));
    }
}

/// The key that every answer of a deployment has.
const EVERYTHING: &str = "edgefold";

fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}
