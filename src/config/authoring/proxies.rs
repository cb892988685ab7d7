//! `[[proxy]]`: upstreams whose answers are passed on whole, cached.

use std::collections::BTreeMap;

use super::compile::count;
use super::keys::{Default, Kind, PROXY_BODY_BYTES_MAX, Table};
use super::nearest::nearest;
use super::read::{Checker, Fields};
use super::tables::{URL, key};
use crate::config::{Budget, PASSABLE_TYPES, Proxy};

pub(super) static PROXY: Table = Table {
    path: "proxy",
    doc: "An upstream whose answers are passed on whole, cached: `GET /api/proxy/{id}`.",
    keys: &[
        key(
            "id",
            Kind::Slug,
            Default::Required,
            "Names it in `/api/proxy/{id}` and in a purge.",
        ),
        URL,
        key(
            "ttl",
            Kind::Duration(1, 7 * 86_400),
            Default::Text("10m"),
            "How long an answer is fresh. It stands in place of what the upstream's `Cache-Control` says.",
        ),
        key(
            "stale_while_revalidate",
            Kind::Duration(0, 7 * 86_400),
            Default::Text("1h"),
            "How long after `ttl` an answer is still served while one request asks for a newer one (RFC 5861).",
        ),
        key(
            "stale_if_error",
            Kind::Duration(0, 30 * 86_400),
            Default::Text("1d"),
            "How long after `ttl` an answer is served where the upstream gives none (RFC 5861).",
        ),
        key(
            "tags",
            Kind::Slugs,
            Default::Derived,
            "What a purge may name to drop several at once.",
        ),
        key(
            "version",
            Kind::Integer(1, 1_000_000),
            Default::Number(1),
            "Raise it, and what is stored of the version before is not used any more.",
        ),
        key(
            "headers",
            Kind::Headers,
            Default::Derived,
            "Request headers, as for a source.",
        ),
        key(
            "types",
            Kind::Words,
            Default::Derived,
            "Media types that are passed on; without it all that can be: JSON, XML, feeds, CSV and plain text.",
        ),
        key(
            "timeout",
            Kind::Duration(1, 60),
            Default::Derived,
            "For this upstream instead of the one in `[limits]`.",
        ),
        key(
            "body",
            Kind::Size(1024, PROXY_BODY_BYTES_MAX),
            Default::Text("400kB"),
            "How large an answer may be, before and after decompression. It is stored as one value.",
        ),
    ],
};

/// All proxies, `None` where a mistake was noted.
pub(super) fn proxies(checker: &mut Checker<'_>, file: &Fields) -> Option<Vec<Proxy>> {
    let timeout_ms = limits_timeout_ms(file);
    let mut lines: BTreeMap<String, usize> = BTreeMap::new();
    let mut proxies = Some(Vec::new());
    for fields in file.list("proxy") {
        let unique = unique(checker, fields, &mut lines);
        let passable = passable(checker, fields);
        match (proxy(fields, timeout_ms), &mut proxies) {
            (Some(proxy), Some(proxies)) if unique && passable => proxies.push(proxy),
            _ => proxies = None,
        }
    }
    proxies
}

fn limits_timeout_ms(file: &Fields) -> Option<u64> {
    let absent = Fields::absent(&super::tables::LIMITS);
    let limits = file.inner("limits").unwrap_or(&absent);
    limits.number("timeout").map(|s| s.saturating_mul(1000))
}

fn unique(checker: &mut Checker<'_>, fields: &Fields, lines: &mut BTreeMap<String, usize>) -> bool {
    let Some(id) = fields.text("id") else {
        return false;
    };
    let at = fields.place("id");
    if let Some(line) = lines.get(&id) {
        let message = format!("the proxy on line {line} is called `{id}` too");
        checker.say(&at, "proxy.id", message);
        return false;
    }
    lines.insert(id, checker.line(&at));
    true
}

/// Whether all media types are among those that may be passed on.
fn passable(checker: &mut Checker<'_>, fields: &Fields) -> bool {
    let mut all = true;
    for (at, word) in fields.words("types") {
        if PASSABLE_TYPES.contains(&word.as_str()) {
            continue;
        }
        all = false;
        let near = nearest(word, PASSABLE_TYPES.iter().copied()).map(str::to_owned);
        let message = format!("`{word}` can't be passed on");
        let known: Vec<_> = PASSABLE_TYPES.iter().map(|t| format!("`{t}`")).collect();
        let mistake = checker.say(at, "proxy.types", message);
        mistake.nearest = near;
        mistake.allowed = Some(known.join(", "));
    }
    all
}

fn proxy(fields: &Fields, timeout_ms: Option<u64>) -> Option<Proxy> {
    let types = fields.texts("types");
    Some(Proxy {
        id: fields.text("id")?,
        url: fields.text("url")?,
        ttl_s: fields.number("ttl")?,
        stale_while_revalidate_s: fields.number("stale_while_revalidate")?,
        stale_if_error_s: fields.number("stale_if_error")?,
        tags: fields.texts("tags"),
        version: u32::try_from(fields.number("version")?).ok()?,
        headers: fields.headers("headers"),
        types: if types.is_empty() {
            PASSABLE_TYPES.iter().map(|t| (*t).to_owned()).collect()
        } else {
            types
        },
        timeout_ms: match fields.number("timeout") {
            Some(s) => s.saturating_mul(1000),
            None => timeout_ms?,
        },
        body_bytes_max: count(fields, "body")?,
    })
}

/// Writes that cycles keep at least.
const CYCLE_WRITES_MIN: u32 = 12;

/// The day's writes and the share of cached answers, where it is not written: a tenth, or a hundredth for purges alone.
pub(super) fn budget(
    checker: &mut Checker<'_>,
    fields: &Fields,
    has_proxies: bool,
) -> Option<Budget> {
    let writes_per_day = u32::try_from(fields.number("writes_per_day")?).ok()?;
    let part = if has_proxies { 10 } else { 100 };
    let cache_writes_per_day = match fields.number("cache_writes_per_day") {
        Some(writes) => u32::try_from(writes).ok()?,
        None if fields.is_written("cache_writes_per_day") => return None,
        None => (writes_per_day / part).max(2),
    };
    let most = writes_per_day.saturating_sub(CYCLE_WRITES_MIN);
    if cache_writes_per_day > most {
        let at = fields.place("cache_writes_per_day");
        let message = format!(
            "the share of cached answers leaves cycles fewer than {CYCLE_WRITES_MIN} of the {writes_per_day} writes a day"
        );
        let mistake = checker.say(&at, "budget.cache_writes_per_day", message);
        mistake.allowed = Some(format!("at most {most} here"));
        return None;
    }
    Some(Budget {
        writes_per_day,
        cache_writes_per_day,
        reads_per_day: fields.number("reads_per_day"),
        requests_per_day: fields.number("requests_per_day"),
        engagement_every_s: fields.number("engagement_every")?,
    })
}
