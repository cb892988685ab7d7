//! Methods, headers, and what is not sent again.

use std::collections::BTreeSet;

use super::double::{Double, ordinary};
use crate::page::stylesheet_path;
use crate::serve::routes::{ROUTES, Surface, Verb};

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
    let later = Double::with(40);
    later.later(60_000);
    assert_ne!(later.get("/").body, page.body);
    assert_ne!(later.get("/").header("etag"), page.header("etag"));
    assert_eq!(later.get("/api/items").header("etag"), same);
}

#[test]
fn a_browser_on_its_way_to_a_page_is_told_early_what_the_page_will_need() {
    let hints = |method: &str, target: &str, mode: &str| {
        let request = http::Request::builder().method(method).uri(target);
        let request = request.header("sec-fetch-mode", mode).body(()).unwrap();
        let link = crate::serve::early_hints(&request)?;
        Some(link.to_str().unwrap().to_owned())
    };
    let host = Double::with(40);
    for target in ["/", "/?q=title", "/status"] {
        let link = hints("GET", target, "navigate").unwrap();
        assert_eq!(link, host.get(target).header("link"), "{target}");
    }
    assert!(hints("GET", "/item/0000000000000000", "navigate").is_some());
    for (method, target, mode) in [
        ("HEAD", "/", "navigate"),
        ("POST", "/", "navigate"),
        ("GET", "/", "cors"),
        ("GET", "/api/items", "navigate"),
        ("GET", "/feed.xml", "navigate"),
        ("GET", "/nowhere", "navigate"),
    ] {
        assert_eq!(
            hints(method, target, mode),
            None,
            "{method} {target} {mode}"
        );
    }
}
