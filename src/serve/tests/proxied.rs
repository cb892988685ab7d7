//! `/api/proxy/{id}` and `/_edgefold/purge` as clients see them.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::Request;
use xxhash_rust::xxh3::xxh3_128;

use super::double::{Answered, Double, config};
use crate::config::{PASSABLE_TYPES, Proxy};
use crate::host::HttpError;
use crate::slice::keys;
use crate::tenant::Tenant;
use crate::testing::Answer;

const PRICES: &str = "/api/proxy/prices";
const PURGE: &str = "/_edgefold/purge";
const TOKEN: &str = "authorization: Bearer right";

/// A deployment with the proxies `prices` and `rates`, whose upstream answers so.
pub(super) fn deployment(upstream: Option<(u16, &'static str, &'static str)>) -> Double {
    let proxy = |id: &str| Proxy {
        id: id.to_owned(),
        url: format!("https://user-data.example/{id}?api_key=hidden"),
        ttl_s: 60,
        stale_while_revalidate_s: 120,
        stale_if_error_s: 600,
        tags: vec!["shop".to_owned(), "money".to_owned()],
        version: 1,
        headers: BTreeMap::new(),
        types: PASSABLE_TYPES.iter().map(|t| (*t).to_owned()).collect(),
        timeout_ms: 1_000,
        body_bytes_max: 10_000,
    };
    let mut config = config();
    config.budget.cache_writes_per_day = 100;
    config.cache.jitter_percent = 0;
    config.proxies = vec![proxy("prices"), proxy("rates")];
    let answer = upstream.map_or_else(
        || Answer::failure(HttpError::Timeout),
        |(status, media_type, body)| {
            let hidden = [("set-cookie", "a=hidden"), ("x-powered-by", "hidden")];
            let headers = [&[("content-type", media_type)], &hidden[..]].concat();
            Answer::new(status, &headers, body)
        },
    );
    let double = Double::default();
    for proxy in &config.proxies {
        double.answer(&proxy.url, [answer.clone()]);
    }
    double
        .set("config", &config.to_compiled())
        .set("admin_token", "right")
}

fn json_upstream() -> Option<(u16, &'static str, &'static str)> {
    Some((200, "application/json; charset=utf-8", r#"{"eur":1.5}"#))
}

fn purge(host: &Double, query: &str, body: &'static str) -> Answered {
    let request = Request::builder()
        .method("POST")
        .uri(format!("{PURGE}{query}"))
        .header("authorization", "Bearer right")
        .body(Bytes::from_static(body.as_bytes()));
    host.send(request.unwrap())
}

#[test]
fn an_answer_is_passed_on_with_the_policy_and_nothing_else() {
    let host = deployment(json_upstream());
    let first = host.get(PRICES);
    assert_eq!((first.status, first.body.as_str()), (200, r#"{"eur":1.5}"#));
    for (name, value) in [
        ("content-type", "application/json"),
        ("age", "0"),
        (
            "cache-control",
            "public, max-age=60, stale-while-revalidate=120, stale-if-error=600",
        ),
        (
            "cdn-cache-control",
            "max-age=60, stale-while-revalidate=120, stale-if-error=600",
        ),
        (
            "surrogate-key",
            "edgefold site proxy-prices tag-shop tag-money",
        ),
        ("x-content-type-options", "nosniff"),
        ("access-control-allow-origin", "*"),
        ("set-cookie", ""),
        ("x-powered-by", ""),
    ] {
        assert_eq!(first.header(name), value, "{name}");
    }
    host.later(7_000);
    let hit = host.get(PRICES);
    assert_eq!((hit.status, hit.header("age")), (200, "7"));
    assert_eq!(hit.header("etag"), first.header("etag"));
    let condition = format!("if-none-match: {}", first.header("etag"));
    let unchanged = host.ask("GET", PRICES, &[&condition]);
    assert_eq!((unchanged.status, unchanged.body.as_str()), (304, ""));
    assert_eq!(unchanged.header("age"), "7");
    let head = host.ask("HEAD", PRICES, &[]);
    assert_eq!((head.status, head.header("content-length")), (200, "11"));
    assert_eq!(host.ask("POST", PRICES, &[]).status, 405);
    assert_eq!(host.get("/api/proxy/prices?x=1").status, 400);
}

#[test]
fn a_damaged_answer_is_asked_for_anew() {
    let host = deployment(json_upstream());
    let first = host.get(PRICES);
    let key = Tenant::MAIN.key(&keys::cached(xxh3_128(b"prices")));
    let stored = host.kv.value(&key).unwrap();
    let body = first.body.as_bytes();
    let place = stored.windows(body.len()).position(|part| part == body);
    let mut damaged = stored.to_vec();
    damaged[place.unwrap() + 8] ^= 1;
    host.kv.set(&key, damaged);
    let again = host.get(PRICES);
    assert_eq!((again.status, again.body), (200, first.body));
    assert_eq!(
        host.kv.value(&key).map(|value| value.len()),
        Some(stored.len())
    );
}

#[test]
fn text_says_its_character_set_where_it_is_sure() {
    let host = deployment(Some((200, "text/csv", "a,b\n1,2\n")));
    let answer = host.get(PRICES);
    assert_eq!(answer.header("content-type"), "text/csv; charset=utf-8");
}

#[test]
fn failures_are_problems_without_words_of_the_upstream() {
    for (upstream, status, kind) in [
        (None, 504, "upstream-timeout"),
        (
            Some((500, "text/plain", "trace: hidden")),
            502,
            "upstream-failed",
        ),
        (
            Some((200, "text/html", "<script>hidden</script>")),
            502,
            "upstream-failed",
        ),
    ] {
        let host = deployment(upstream);
        let answer = host.get(PRICES);
        assert_eq!(answer.status, status);
        assert!(answer.json()["type"].as_str().unwrap().ends_with(kind));
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_ne!(answer.header("retry-after"), "");
        for word in ["hidden", "user-data", "script", "trace"] {
            assert!(!answer.body.contains(word), "{}", answer.body);
        }
        let lines = host.lines.borrow();
        assert!(lines.iter().all(|(_, line)| !line.contains("hidden")));
    }
}

#[test]
fn an_unknown_proxy_is_named_with_the_nearest() {
    let answer = deployment(json_upstream()).get("/api/proxy/price");
    assert_eq!(answer.status, 404);
    assert_eq!(answer.json()["nearest"], "prices");
    // Where there is none at all it is as unknown.
    assert_eq!(Double::with(1).get(PRICES).status, 404);
}

#[test]
fn a_purge_needs_the_token() {
    let host = deployment(json_upstream()).set("refresh_token", "cron");
    assert_eq!(host.ask("POST", "/_edgefold/purge?all=1", &[]).status, 401);
    let cron = "authorization: Bearer cron";
    assert_eq!(
        host.ask("POST", "/_edgefold/purge?all=1", &[cron]).status,
        401
    );
    assert_eq!(host.ask("GET", PURGE, &[TOKEN]).status, 405);
    assert_eq!(host.kv.writes.get(), 0);
    let open = Double::with(1);
    assert_eq!(open.ask("POST", "/_edgefold/purge?all=1", &[]).status, 404);
}

#[test]
fn a_purge_says_what_it_did() {
    let host = deployment(json_upstream());
    for (query, body, proxies) in [
        ("?key=prices", "", 1),
        ("?tag=money", "", 2),
        ("?all=1", "", 2),
        ("", r#"{"keys":["rates"]}"#, 1),
        ("", r#"{"all":true}"#, 2),
    ] {
        let answer = purge(&host, query, body);
        assert_eq!(answer.status, 200, "{}", answer.body);
        let purged = answer.json()["proxies"].as_array().unwrap().len();
        assert_eq!(purged, proxies, "{query}{body}");
    }
    assert_eq!(purge(&host, "?key=rates", "").json()["writes_left"], 94);
    let status = host.ask("GET", "/_edgefold/status", &[TOKEN]).json();
    assert_eq!(status["cache"]["writes_today"], 6);
    assert!(status["cache"]["purged"].is_string());
    assert_eq!(status["writes_today"], 0);
}

#[test]
fn a_malformed_purge_is_refused() {
    let host = deployment(json_upstream());
    for (query, body, status, word) in [
        ("", "", 400, "bad-body"),
        ("", "{}", 400, "bad-body"),
        ("", r#"{"key":["prices"]}"#, 400, "bad-body"),
        ("", r#"{"keys":"prices"}"#, 400, "bad-body"),
        ("?all=1", r#"{"all":true}"#, 400, "bad-body"),
        ("?all=yes", "", 400, "bad-parameter"),
        ("?keys=prices", "", 400, "unknown-parameter"),
        ("?key=price", "", 404, "unknown-key"),
        ("?tag=prices", "", 404, "unknown-tag"),
    ] {
        let answer = purge(&host, query, body);
        assert_eq!(answer.status, status, "{query}{body}");
        let kind = answer.json()["type"].as_str().unwrap().to_owned();
        assert!(kind.ends_with(&format!("#{word}")), "{query}{body}: {kind}");
    }
    assert_eq!(purge(&host, "?key=price", "").json()["nearest"], "prices");
    assert_eq!(host.kv.writes.get(), 0);
}
