//! What the caller did wrong is told precisely.

use std::collections::BTreeSet;

use bytes::Bytes;
use http::Request;

use super::double::Double;
use crate::serve::{REQUEST_BODY_BYTES_MAX, TARGET_BYTES_MAX};

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
    let sources = [
        include_str!("../problem/caller.rs"),
        include_str!("../problem/ours.rs"),
    ];
    let kinds: BTreeSet<&str> = sources
        .iter()
        .flat_map(|source| source.split('"'))
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
    assert_eq!(host.kv.reads.get(), 0);
}
