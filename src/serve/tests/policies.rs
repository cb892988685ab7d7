//! What answers say to caches: lifetimes, keys, preconditions.

use http::Request;

use super::double::{Double, UPDATED, at, config, head, ordinary, site};
use crate::config::{Cache, CacheHeaders, Policy};
use crate::page::stylesheet_path;
use crate::serve::policy::seed;
use crate::slice::{HeadParts, Section, keys};
use crate::tenant::{Form, Tenant};
use crate::time::Timestamp;

/// A deployment whose site says how answers may be kept.
fn with(cache: Cache) -> Double {
    let mut config = config();
    config.cache = cache;
    Double::publishing(&published(cache)).set("config", &config.to_compiled())
}

fn published(cache: Cache) -> HeadParts {
    let mut parts = head(&ordinary(3), &site());
    parts
        .sections
        .push((Section::CachePolicies, vec![cache.to_bytes()]));
    parts
}

fn plain() -> Cache {
    Cache {
        jitter_percent: 0,
        ..Cache::default()
    }
}

#[test]
fn every_class_has_its_policy() {
    const READ: &str = "public, max-age=60, stale-while-revalidate=600, stale-if-error=86400";
    let host = with(plain()).set("admin_token", "right");
    let status = host.ask("GET", "/_edgefold/status", &["authorization: Bearer right"]);
    assert_eq!(status.status, 200);
    assert_eq!(status.header("cache-control"), "no-store");
    assert_eq!(status.header("surrogate-key"), "");
    for (target, control) in [
        ("/", READ),
        ("/api/items", READ),
        (
            "/openapi.json",
            "public, max-age=3600, stale-while-revalidate=86400, stale-if-error=604800",
        ),
        (stylesheet_path(), "public, max-age=31536000, immutable"),
        (
            "/assets/edgefold.0123456789abcdef.css",
            "public, max-age=3600, stale-while-revalidate=86400, stale-if-error=604800",
        ),
        ("/health", "no-store"),
        ("/nowhere", "no-store"),
    ] {
        assert_eq!(
            host.get(target).header("cache-control"),
            control,
            "{target}"
        );
    }
}

#[test]
fn caches_in_front_are_told_apart_from_browsers() {
    let mut cache = plain();
    cache.html = Policy {
        max_age_s: 0,
        shared_max_age_s: 3600,
        stale_while_revalidate_s: 30,
        stale_if_error_s: 0,
    };
    cache.versioned.shared_max_age_s = 7;
    cache.personal.max_age_s = 9;
    cache.headers = CacheHeaders::of(|_| true);
    let host = with(cache).set("admin_token", "right");
    let page = host.get("/?category=news&source=a");
    for (name, value) in [
        (
            "cache-control",
            "public, max-age=0, stale-while-revalidate=30",
        ),
        (
            "cdn-cache-control",
            "max-age=3600, stale-while-revalidate=30",
        ),
        (
            "surrogate-control",
            "max-age=3600, stale-while-revalidate=30",
        ),
        ("surrogate-key", "edgefold site view-news source-a"),
        ("cache-tag", "edgefold,site,view-news,source-a"),
    ] {
        assert_eq!(page.header(name), value, "{name}");
    }
    // Without a head the configuration says it.
    let api = host.get("/openapi.json");
    assert!(api.header("cdn-cache-control").starts_with("max-age=7, "));
    let bearer = "authorization: Bearer right";
    let status = host.ask("GET", "/_edgefold/status", &[bearer]);
    assert_eq!(status.header("cache-control"), "private, max-age=9");
    assert_eq!(status.header("vary"), "authorization");
    for name in ["cdn-cache-control", "surrogate-control", "surrogate-key"] {
        assert_eq!(status.header(name), "", "{name}");
    }
    cache.headers = CacheHeaders::of(|_| false);
    let page = with(cache).get("/");
    for name in [
        "cdn-cache-control",
        "surrogate-control",
        "surrogate-key",
        "cache-tag",
    ] {
        assert_eq!(page.header(name), "", "{name}");
    }
}

#[test]
fn keys_of_two_tenants_never_meet() {
    let roster = "news=news.example main=*";
    let compiled = config().to_compiled();
    let form = format!("edgefold-tenants 1\n{roster}\n{compiled}\n{compiled}");
    assert!(Form::new(&form).is_ok());
    let host = Double::default()
        .set("tenants", roster)
        .set("config", &form);
    let value = published(plain()).encode();
    for tenant in ["main", "news"] {
        let key = Tenant::new(tenant).unwrap().key(keys::HEAD);
        host.kv.set(&key, value.clone());
    }
    let keys = |name: &str, target: &str| {
        let answer = host.ask("GET", target, &[&format!("host: {name}")]);
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.header("surrogate-key").to_owned()
    };
    assert_eq!(
        keys("news.example", "/"),
        "edgefold news/site news/view-all"
    );
    assert_eq!(keys("other.example", "/"), "edgefold site view-all");
    assert_eq!(
        keys("news.example", "/openapi.json"),
        "edgefold news/site news/openapi"
    );
}

#[test]
fn lifetimes_fall_short_by_no_more_than_is_written() {
    let cache = Cache {
        jitter_percent: 50,
        ..Cache::default()
    };
    let mut seen = std::collections::BTreeSet::new();
    for later in 0..200 {
        let host = with(cache);
        host.later(later * 1000);
        let control = host.get("/api/items").header("cache-control").to_owned();
        let again = host.ask("HEAD", "/api/items", &[]);
        assert_eq!(again.header("cache-control"), control);
        let age = control.split([',', '=']).nth(2).unwrap();
        seen.insert(age.parse::<u32>().unwrap());
    }
    assert!(seen.iter().all(|age| (30..=60).contains(age)), "{seen:?}");
    assert!(seen.len() > 20, "{seen:?}");
    let forever = with(cache).get(stylesheet_path());
    assert!(forever.header("cache-control").contains("max-age=31536000"));
}

/// 300 caches that are filled within one second, each asked again within half a second by chance: how many ask the origin for
/// one address in the busiest second, in the eleventh minute.
fn busiest(jitter_percent: u64) -> usize {
    const CACHES: usize = 300;
    const TTL_S: u64 = 60;
    let request = Request::get("/api/items").body(()).unwrap();
    let mut random = 0x5eed_u64;
    let mut dice = move |sides: u64| {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (random >> 33) % sides
    };
    let mut asked = vec![0_usize; 700];
    for _ in 0..CACHES {
        let mut now = dice(1000);
        while now < 700_000 {
            let second = now / 1000;
            asked[usize::try_from(second).unwrap()] += 1;
            let time = Timestamp(i64::try_from(now).unwrap());
            let room = TTL_S * jitter_percent / 100;
            let ttl = TTL_S - seed(Some("\"a\""), &request, time) % (room + 1);
            now += ttl * 1000 + dice(500);
        }
    }
    asked[600..].iter().copied().max().unwrap()
}

#[test]
fn caches_that_were_filled_at_once_drift_apart() {
    // Of 300 on average 5 a second.
    let (without, with) = (busiest(0), busiest(10));
    assert!(without > 140, "{without}");
    assert!(with < 60, "{with}");
}

#[test]
fn dates_are_said_where_they_are_true() {
    const THEN: &str = "Sat, 21 Nov 2026 09:24:05 GMT";
    let host = Double::with(3);
    assert_eq!(at(UPDATED).0 % 1000, 0);
    for target in [
        "/api/items",
        "/api/items?category=news",
        "/api/sources",
        "/api/views",
    ] {
        let answer = host.get(target);
        assert_eq!(answer.header("last-modified"), THEN, "{target}");
        let condition = format!("if-modified-since: {THEN}");
        let unchanged = host.ask("GET", target, &[&condition]);
        assert_eq!((unchanged.status, unchanged.body.as_str()), (304, ""));
        let other = host.ask("GET", target, &[&condition, "if-none-match: \"x\""]);
        assert_eq!(other.status, 200, "{target}");
        let failed = host.ask("HEAD", target, &["if-match: \"x\""]);
        assert_eq!(failed.status, 412, "{target}");
        assert_eq!(failed.header("content-type"), "application/problem+json");
    }
    // "7 minutes ago" changes without a publish; nobody knows when an item or a file became what it is.
    let item = format!("/api/items/{}", ordinary(3)[0].id);
    for target in [
        "/",
        "/?category=news",
        &item,
        "/openapi.json",
        stylesheet_path(),
    ] {
        assert_eq!(host.get(target).header("last-modified"), "", "{target}");
    }
}

#[test]
fn errors_of_pages_vary_by_what_is_preferred() {
    let host = Double::with(1);
    assert_eq!(host.get("/nowhere").header("vary"), "accept");
    assert_eq!(host.get("/api/nowhere").header("vary"), "");
}
