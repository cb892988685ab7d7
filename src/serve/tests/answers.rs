//! Methods, statuses, headers and data.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use http::Request;

use super::double::{Double, ordinary};
use crate::host::{KvError, Level};
use crate::page::stylesheet_path;
use crate::serve::routes::{ROUTES, Surface, Verb};
use crate::serve::{REQUEST_BODY_BYTES_MAX, TARGET_BYTES_MAX};
use crate::slice::{SliceRef, keys};
use crate::tenant::Tenant;

/// Needs a proxy and an upstream: see `proxied.rs`.
const PROXY_ROUTE: &str = "/api/proxy/{id}";

/// A target of every public route that answers 200 out of the store.
fn good_targets() -> Vec<String> {
    ROUTES
        .iter()
        .filter(|route| route.surface != Surface::Admin && route.path != PROXY_ROUTE)
        .map(|route| match route.path {
            "/api/items/{id}" => format!("/api/items/{}", ordinary(1)[0].id),
            "/item/{id}" => format!("/item/{}", ordinary(1)[0].id),
            "/assets/{name}" => stylesheet_path().to_owned(),
            path => path.to_owned(),
        })
        .collect()
}

#[test]
fn every_route_answers_its_methods_and_no_others() {
    let host = Double::with(3).set("admin_token", "secret");
    for route in ROUTES.iter().filter(|route| route.path != PROXY_ROUTE) {
        let target = route
            .path
            .replace("{id}", &ordinary(1)[0].id)
            .replace("/assets/{name}", stylesheet_path());
        for method in [
            "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW",
        ] {
            let answer = host.ask(method, &target, &["authorization: Bearer secret"]);
            let known = match method {
                "GET" | "HEAD" => route.operation(Verb::Get).is_some(),
                "POST" => route.operation(Verb::Post).is_some(),
                _ => false,
            };
            let at = format!("{method} {target}: {answer:?}");
            if known {
                assert!(!matches!(answer.status, 401 | 404 | 405), "{at}");
                continue;
            }
            assert_eq!(answer.header("allow"), route.allow(), "{at}");
            if method == "OPTIONS" {
                assert_eq!((answer.status, answer.body.as_str()), (204, ""), "{at}");
            } else {
                assert_eq!(answer.status, 405, "{at}");
                let told = answer.body.contains("Method not allowed");
                assert_eq!(told, method != "HEAD", "{at}");
            }
        }
    }
}

#[test]
fn every_answer_is_secured_and_named() {
    let host = Double::with(3);
    let mut targets = good_targets();
    targets.extend([
        "/nowhere".into(),
        "/api/items?x=1".into(),
        "/_edgefold/status".into(),
    ]);
    for target in targets {
        let answer = host.get(&target);
        assert_eq!(
            answer.header("x-content-type-options"),
            "nosniff",
            "{target}"
        );
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{target}");
        let policy = answer.header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'"),
            "{target}: {policy}"
        );
        assert!(
            policy.contains("frame-ancestors 'none'"),
            "{target}: {policy}"
        );
        assert!(!policy.contains("unsafe"), "{target}: {policy}");
        assert_eq!(
            answer.header("x-request-id"),
            "0000000000005eed",
            "{target}"
        );
        assert_eq!(
            answer.header("content-length"),
            answer.body.len().to_string(),
            "{target}"
        );
    }
}

#[test]
fn a_sane_request_id_is_kept() {
    let host = Double::with(1);
    let id = |given: &str| {
        host.ask("GET", "/health", &[&format!("x-request-id: {given}")])
            .header("x-request-id")
            .to_owned()
    };
    assert_eq!(id("a-B_3.x"), "a-B_3.x");
    for bad in ["a b", "<x>", &"x".repeat(129)] {
        assert_eq!(id(bad), "0000000000005eed");
    }
}

#[test]
fn head_is_get_without_its_content() {
    let host = Double::with(3);
    let mut targets = good_targets();
    targets.push("/nowhere".into());
    for target in targets {
        let get = host.get(&target);
        let head = host.ask("HEAD", &target, &[]);
        assert_eq!(head.status, get.status, "{target}");
        assert_eq!(head.headers, get.headers, "{target}");
        assert_eq!(head.body, "", "{target}");
    }
}

#[test]
fn what_is_current_is_not_sent_again() {
    let host = Double::with(3);
    for target in good_targets() {
        let full = host.get(&target);
        assert_eq!(full.status, 200, "{target}");
        // Without a snapshot there is nothing to name by an entity tag.
        if ["/health", "/api/engagement"].contains(&target.as_str()) {
            assert_eq!(full.header("cache-control"), "no-store", "{target}");
            continue;
        }
        let etag = full.header("etag");
        assert!(
            etag.starts_with('"') && etag.len() == 34,
            "{target}: {etag}"
        );
        assert!(
            full.header("cache-control").starts_with("public, max-age="),
            "{target}"
        );
        assert!(
            full.header("surrogate-key").starts_with("edgefold "),
            "{target}"
        );
        for (method, condition) in [
            ("GET", etag.to_owned()),
            ("HEAD", etag.to_owned()),
            ("GET", format!("W/{etag}")),
            ("GET", format!("\"other\", {etag}")),
            ("GET", "*".to_owned()),
        ] {
            let given = format!("if-none-match: {condition}");
            let answer = host.ask(method, &target, &[&given]);
            assert_eq!(
                (answer.status, answer.body.as_str()),
                (304, ""),
                "{target} {condition}"
            );
            // RFC 9110 §15.4.5
            for name in [
                "etag",
                "cache-control",
                "cdn-cache-control",
                "surrogate-control",
                "surrogate-key",
                "last-modified",
                "vary",
                "x-request-id",
            ] {
                assert_eq!(answer.header(name), full.header(name), "{target} {name}");
            }
            assert_eq!(answer.header("content-type"), "", "{target}");
            assert_eq!(answer.header("content-length"), "", "{target}");
        }
        assert_eq!(
            host.ask("GET", &target, &["if-none-match: \"other\""])
                .status,
            200
        );
    }
    assert!(
        host.get(stylesheet_path())
            .header("cache-control")
            .contains("immutable")
    );
}

#[test]
fn entity_tags_differ_by_what_is_asked() {
    let host = Double::with(40);
    let targets = [
        "/",
        "/?category=news",
        "/?source=a",
        "/?category=all",
        "/api/items",
        "/api/items?limit=5",
        "/api/items?category=news",
        "/api/items?source=a",
        "/api/sources",
        "/api/views",
    ];
    let tags: BTreeSet<String> = targets
        .iter()
        .map(|target| host.get(target).header("etag").to_owned())
        .collect();
    assert_eq!(tags.len(), targets.len(), "{tags:?}");
    let same = host.get("/api/items?limit=30").header("etag").to_owned();
    assert_eq!(same, host.get("/api/items").header("etag"));
    // The page says how old it is.
    let page = host.get("/");
    let later = Double {
        later_ms: 60_000,
        ..Double::with(40)
    };
    assert_ne!(later.get("/").body, page.body);
    assert_ne!(later.get("/").header("etag"), page.header("etag"));
    assert_eq!(later.get("/api/items").header("etag"), same);
}

#[test]
fn items_have_the_documented_shape_in_one_read() {
    let host = Double::with(2);
    let answer = host.get("/api/items?limit=1");
    assert_eq!(host.reads.get(), 1);
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    let item = serde_json::to_string(&ordinary(1)[0]).unwrap();
    let next = answer.json()["next"].as_str().unwrap().to_owned();
    assert_eq!(
        answer.body,
        format!(
            r#"{{"items":[{item}],"next":"{next}","total":2,"generation":7,"updated":"2026-11-21T09:24:05Z"}}"#
        )
    );
    let keys: Vec<&str> = item.split('"').skip(1).step_by(2).collect();
    assert_eq!(keys[0], "id");
    let last = host
        .get(&format!("/api/items?limit=1&cursor={next}"))
        .json();
    assert_eq!(last["items"][0]["id"], ordinary(2)[1].id.as_str());
    assert_eq!(last["next"], serde_json::Value::Null);
    assert_eq!(host.writes.get(), 0);
}

#[test]
fn paging_shows_every_item_once() {
    let host = Double::with(75);
    for (selection, expected) in [
        ("", 75),
        ("category=news", 38),
        ("source=b", 37),
        ("category=code&source=b", 37),
    ] {
        let mut seen = Vec::new();
        let mut cursor = String::new();
        for _ in 0..100 {
            let answer = host.get(&format!("/api/items?limit=7&{selection}{cursor}"));
            assert_eq!(answer.status, 200, "{}", answer.body);
            let page = answer.json();
            assert_eq!(page["total"], expected, "{selection}");
            for item in page["items"].as_array().unwrap() {
                seen.push(item["id"].as_str().unwrap().to_owned());
            }
            let Some(next) = page["next"].as_str() else {
                break;
            };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(seen.len(), expected, "{selection}");
        assert!(
            seen.is_sorted_by(|a, b| a > b),
            "{selection}: newest first, none twice"
        );
    }
    let quiet = host.get("/api/items?source=quiet");
    assert_eq!(
        (quiet.status, &quiet.json()["total"]),
        (200, &0.into()),
        "{}",
        quiet.body
    );
}

#[test]
fn one_item_is_found_by_its_id() {
    let host = Double::with(3);
    let item = &ordinary(3)[2];
    let answer = host.get(&format!("/api/items/{}", item.id));
    assert_eq!(answer.body, serde_json::to_string(item).unwrap());
    for id in ["nope", &ordinary(9)[8].id, "%00", "8000019a%2F"] {
        let answer = host.get(&format!("/api/items/{id}"));
        assert_eq!(answer.status, 404, "{id}");
        assert_eq!(answer.json()["title"], "Unknown item", "{id}");
    }
}

#[test]
fn bad_queries_are_told_precisely() {
    let host = Double::with(3);
    for (target, status, kind, part) in [
        (
            "/api/items?catgory=news",
            400,
            "unknown-parameter",
            "Did you mean `category`? Known: `q`, `category`, `source`, `cursor`, `page`, `limit`.",
        ),
        (
            "/?limit=3",
            400,
            "unknown-parameter",
            "Known: `q`, `category`, `source`, `cursor`, `page`.",
        ),
        (
            "/health?x=1",
            400,
            "unknown-parameter",
            "None are known here.",
        ),
        (
            "/api/items?limit=0",
            400,
            "bad-limit",
            "from 1 to 100, not `0`",
        ),
        ("/api/items?limit=101", 400, "bad-limit", "not `101`"),
        ("/api/items?limit=-1", 400, "bad-limit", "not `-1`"),
        ("/api/items?limit=1e3", 400, "bad-limit", "not `1e3`"),
        (
            "/api/items?limit=99999999999999999999",
            400,
            "bad-limit",
            "not `9",
        ),
        ("/api/items?limit=2&limit=2", 400, "bad-limit", "once only"),
        ("/api/items?category=", 400, "bad-parameter", "is empty"),
        (
            "/api/items?cursor=abc",
            400,
            "bad-cursor",
            "`abc` is not a cursor",
        ),
        ("/?cursor=%00%ff", 400, "bad-cursor", "is not a cursor"),
        ("/?page=0", 400, "bad-page", "not `0`"),
        ("/api/items?page=x", 400, "bad-page", "not `x`"),
        (
            "/api/items?page=2&source=a",
            400,
            "bad-page",
            "with `source`",
        ),
        (
            "/api/items?category=nws",
            404,
            "unknown-category",
            "Did you mean `news`? Known: `all`, `news`, `code`.",
        ),
        (
            "/api/items?source=zzz",
            404,
            "unknown-source",
            "Known: `a`, `b`, `quiet`.",
        ),
        (
            "/?category=news&source=x",
            404,
            "unknown-source",
            "no source `x`",
        ),
        ("/api/itms", 404, "not-found", "Did you mean `/api/items`?"),
        ("/assets/edgefold.css", 404, "not-found", "nothing at"),
    ] {
        let answer = host.get(target);
        assert_eq!(answer.status, status, "{target}: {}", answer.body);
        assert_eq!(
            answer.header("content-type"),
            "application/problem+json",
            "{target}"
        );
        assert_eq!(answer.header("cache-control"), "no-store", "{target}");
        let problem = answer.json();
        assert!(
            problem["type"]
                .as_str()
                .unwrap()
                .ends_with(&format!("#{kind}")),
            "{target}: {problem}"
        );
        assert_eq!(problem["status"], status, "{target}");
        assert!(
            problem["detail"].as_str().unwrap().contains(part),
            "{target}: {problem}"
        );
        assert_eq!(
            problem["instance"],
            target.split('?').next().unwrap(),
            "{target}"
        );
    }
}

#[test]
fn every_problem_is_explained() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/api.md");
    let text = std::fs::read_to_string(path).unwrap();
    let source = include_str!("../problem.rs");
    let kinds: BTreeSet<&str> = source
        .split('"')
        .filter(|word| text.contains(&format!("### {word}\n")))
        .collect();
    for kind in [
        "unknown-parameter",
        "bad-parameter",
        "bad-cursor",
        "bad-limit",
        "bad-page",
        "cursor-gone",
        "unknown-category",
        "unknown-source",
        "unknown-item",
        "not-found",
        "method-not-allowed",
        "body-too-large",
        "target-too-long",
        "misdirected",
        "unauthorized",
        "bad-configuration",
        "store-unavailable",
    ] {
        assert!(
            kinds.contains(kind),
            "{kind} is not both sent and explained"
        );
    }
}

#[test]
fn too_much_is_refused() {
    let host = Double::with(1);
    let body = Bytes::from(vec![b'x'; REQUEST_BODY_BYTES_MAX + 1]);
    let answer = host.send(Request::post("/health").body(body).unwrap());
    assert_eq!(answer.status, 413);
    let target = format!("/?category={}", "x".repeat(TARGET_BYTES_MAX));
    assert_eq!(host.get(&target).status, 414);
    assert_eq!(host.reads.get(), 0);
}

#[test]
fn a_store_that_fails_is_told() {
    for (error, after) in [
        (KvError::Unavailable("no route\nto host".into()), "10"),
        (
            KvError::Throttled {
                retry_after: Some(Duration::from_millis(200)),
            },
            "1",
        ),
        (
            KvError::Throttled {
                retry_after: Some(Duration::from_secs(30)),
            },
            "30",
        ),
    ] {
        let host = Double {
            failure: Some(error),
            ..Double::with(1)
        };
        for target in [
            "/",
            "/api/items",
            "/api/items/x",
            "/api/sources",
            "/api/views",
            "/health",
        ] {
            let answer = host.get(target);
            assert_eq!(answer.status, 503, "{target}");
            assert_eq!(answer.header("retry-after"), after, "{target}");
            assert!(
                !answer.body.contains("no route"),
                "{target}: {}",
                answer.body
            );
        }
        assert!(
            host.lines
                .borrow()
                .iter()
                .all(|(_, line)| !line.contains('\n'))
        );
    }
}

#[test]
fn what_is_corrupt_is_not_served() {
    let host = Double::with(1);
    let key = Tenant::MAIN.key(keys::HEAD);
    let whole = host.values.borrow()[&key].clone();
    for bytes in [
        whole.slice(..whole.len() / 2),
        Bytes::from_static(b"junk"),
        Bytes::new(),
    ] {
        host.values.borrow_mut().insert(key.clone(), bytes);
        host.lines.borrow_mut().clear();
        for target in ["/", "/api/items", "/health"] {
            let answer = host.get(target);
            assert_eq!(answer.status, 503, "{target}");
            assert!(
                answer.header("retry-after").parse::<u32>().unwrap() > 0,
                "{target}"
            );
        }
        assert!(
            host.lines
                .borrow()
                .iter()
                .all(|(level, _)| *level == Level::Error)
        );
        assert_eq!(host.lines.borrow().len(), 3);
    }
}

#[test]
fn a_listed_segment_that_is_missing_is_told() {
    use super::double::{head, site};
    let items = ordinary(2);
    let mut parts = head(&items, &site());
    let oldest = parts.rows[1].position;
    parts.views[0].items = 3;
    parts.views[0].segments = vec![SliceRef {
        name: 1,
        newest: crate::slice::Position {
            rank: oldest.rank - 1,
            ..oldest
        },
        oldest: crate::slice::Position {
            rank: oldest.rank - 9,
            ..oldest
        },
        items: 1,
        segments: 0,
        json_bytes: 0,
    }];
    let host = Double::publishing(&parts);
    let answer = host.get("/api/items");
    assert_eq!(answer.status, 503, "{}", answer.body);
    assert_eq!(host.lines.borrow()[0].0, Level::Warn);
}

#[test]
fn before_the_first_cycle() {
    let host = Double::default();
    let page = host.get("/");
    assert_eq!(page.status, 200);
    assert!(
        page.body.contains("Nothing is published yet") && page.body.contains("/_edgefold/refresh")
    );
    assert_eq!(page.header("cache-control"), "no-store");
    assert_eq!(
        host.get("/api/items").body,
        r#"{"items":[],"next":null,"total":0,"generation":0,"updated":null}"#
    );
    assert_eq!(host.get("/health").json()["status"], "starting");
    assert_eq!(
        host.get("/api/sources").json()["sources"],
        serde_json::json!([])
    );
    assert_eq!(host.get("/api/items/x").status, 404);
    assert_eq!(host.get("/api/items?limit=0").status, 400);
}

#[test]
fn health_says_how_old() {
    let answer = Double::with(1).get("/health");
    assert_eq!(
        answer.body,
        r#"{"status":"ok","generation":7,"updated":"2026-11-21T09:24:05Z","age_s":435}"#
    );
}
