//! Several sites behind one deployment: each request sees one of them, whatever its host looks like.

use std::collections::BTreeSet;

use bytes::Bytes;
use http::{HeaderValue, Request};
use proptest::prelude::*;

use super::double::{Double, head, ordinary, site};
use crate::host::Level;
use crate::slice::keys;
use crate::tenant::Tenant;

const ROSTER: &str = "news=news.example,[::1] news-de=news.example.de main=main.example";

/// `news` has published three items, `main` one, `news-de` nothing.
fn several(roster: &str) -> Double {
    let host = Double::default().set("tenants", roster);
    for (tenant, items) in [("news", 3), ("main", 1)] {
        let key = tenant.parse::<Tenant>().unwrap().key(keys::HEAD);
        let head = head(&ordinary(items), &site()).encode();
        host.kv.set(&key, head);
    }
    host
}

fn total(host: &Double, name: &str) -> (u16, u64) {
    let answer = host.ask("GET", "/api/items", &[&format!("host: {name}")]);
    let total = answer.json()["total"].as_u64().unwrap_or_default();
    (answer.status, total)
}

#[test]
fn each_host_has_its_own_site() {
    let host = several(ROSTER);
    assert_eq!(total(&host, "news.example"), (200, 3));
    assert_eq!(total(&host, "NEWS.example.:8443"), (200, 3));
    assert_eq!(total(&host, "[::1]:3000"), (200, 3));
    assert_eq!(total(&host, "main.example"), (200, 1));
    assert_eq!(total(&host, "news.example.de"), (200, 0));
    // The target's authority goes before `Host`.
    let request = Request::get("https://main.example/api/items").header("host", "news.example");
    let answer = host.send(request.body(Bytes::new()).unwrap());
    assert_eq!(answer.json()["total"], 1);
    // One read each, as without tenants.
    assert_eq!(host.kv.reads.get(), 6);
}

#[test]
fn an_unknown_host_is_misdirected() {
    let host = several(ROSTER);
    for target in [
        "/",
        "/health",
        "/api/items",
        "/nowhere",
        "/_edgefold/status",
        "/openapi.json",
    ] {
        for name in [
            "other.example",
            "news.example@main.example",
            "news.example, main.example",
            "*",
            "",
        ] {
            let answer = host.ask("GET", target, &[&format!("host: {name}")]);
            assert_eq!(answer.status, 421, "{target} of {name}");
            assert_eq!(answer.header("content-type"), "application/problem+json");
            assert_eq!(answer.header("cache-control"), "no-store");
        }
        assert_eq!(host.get(target).status, 421, "{target} of nobody");
    }
    assert_eq!(host.kv.reads.get(), 0);
    let page = host.ask("GET", "/", &["host: x.example", "accept: text/html"]);
    assert!(page.status == 421 && page.body.contains("x.example"));
}

#[test]
fn a_default_takes_what_nobody_names() {
    let host = several("news=news.example main=*");
    assert_eq!(total(&host, "news.example"), (200, 3));
    assert_eq!(total(&host, "other.example"), (200, 1));
    assert_eq!(host.get("/api/items").json()["total"], 1);
}

#[test]
fn without_tenants_the_host_does_not_matter() {
    let host = Double::with(2);
    for name in ["news.example", "x", "*", "@", ""] {
        assert_eq!(total(&host, name), (200, 2), "{name}");
    }
}

#[test]
fn a_token_opens_one_tenant() {
    let host = several(ROSTER)
        .set("admin_token", "of-main")
        .set("news_admin_token", "of-news");
    let status = |name: &str, token: &str| {
        let headers = [
            format!("host: {name}"),
            format!("authorization: Bearer {token}"),
        ];
        let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
        host.ask("GET", "/_edgefold/status", &headers)
    };
    assert_eq!(status("main.example", "of-main").json()["tenant"], "main");
    assert_eq!(status("main.example", "of-news").status, 401);
    assert_eq!(status("news.example", "of-main").status, 401);
    // `news` has no configuration here: that is told to its own operator.
    let answer = status("news.example", "of-news");
    assert_eq!(answer.status, 500);
    assert!(answer.body.contains("ef/2/news/config"), "{}", answer.body);
    // No token: no routes. Not even for the token of `news` and `main`.
    for token in ["of-news", "of-main", ""] {
        assert_eq!(status("news.example.de", token).status, 404);
    }
    let lines = host.lines.borrow();
    let errors = lines.iter().filter(|(level, _)| *level == Level::Error);
    assert!(errors.count() > 0 && lines.iter().all(|(_, line)| line.starts_with("news: ")));
}

#[test]
fn a_tenants_configuration_is_its_own() {
    let compiled = super::double::config().to_compiled();
    let host = several(ROSTER).set("news_admin_token", "t");
    let status = || {
        let headers = ["host: news.example", "authorization: Bearer t"];
        host.ask("GET", "/_edgefold/status", &headers)
    };
    // Another's override says nothing about this one.
    for other in ["ef/2/main/config", "ef/2/news-de/config"] {
        host.kv.set(other, compiled.clone());
    }
    assert_eq!(status().status, 500);
    host.kv.set("ef/2/news/config", compiled.clone());
    assert_eq!(status().json()["config"], "store");
    let form = crate::tenant::Form::write(ROSTER, [&compiled[..], &compiled, &compiled]);
    let host = host.set("config", &form);
    let headers = ["host: news.example", "authorization: Bearer t"];
    let answer = host.ask("GET", "/_edgefold/status", &headers);
    assert_eq!(answer.json()["config"], "variable");
    // Tenants that are not those served: told, and passed over.
    let host = host.set("config", &form.replace("main.example", "else.example"));
    let answer = host.ask("GET", "/_edgefold/status", &headers).json();
    assert_eq!(answer["config"], "store");
    let problem = answer["config_problem"].as_str().unwrap();
    assert!(problem.contains("set the variable `tenants`"), "{problem}");
}

fn hostile() -> impl Strategy<Value = Vec<u8>> {
    let known = prop_oneof![
        Just("news.example"),
        Just("main.example"),
        Just("news.example.de"),
        Just("[::1]"),
        Just("news"),
        Just("main"),
    ];
    let around = prop_oneof![
        Just(String::new()),
        Just(".".to_owned()),
        Just("/".to_owned()),
        Just("../".to_owned()),
        Just("%2f".to_owned()),
        Just("%00".to_owned()),
        Just("@".to_owned()),
        Just(",".to_owned()),
        Just(" ".to_owned()),
        Just("=".to_owned()),
        Just("*".to_owned()),
        Just(":80".to_owned()),
        Just("\u{430}".to_owned()),
        Just("x".repeat(300)),
        "[ -~]{0,4}",
    ];
    (around.clone(), known, around.clone(), any::<bool>(), around).prop_map(
        |(before, known, after, upper, end)| {
            let known = if upper {
                known.to_uppercase()
            } else {
                known.to_owned()
            };
            format!("{before}{known}{after}{end}").into_bytes()
        },
    )
}

proptest! {
    /// Whatever a request's host looks like, the keys that are read are those of one tenant, and it is the one that the host
    /// names when everything that may be ignored is taken off.
    #[test]
    fn a_request_reads_the_keys_of_one_tenant(name in hostile(), target in proptest::sample::select(&["/", "/api/items", "/api/items/..%2f..%2fmain%2fhead", "/api/items/zzz", "/health"][..])) {
        let host = several(ROSTER);
        let Ok(value) = HeaderValue::from_bytes(&name) else { return Ok(()) };
        let request = Request::get(target).header("host", value).body(Bytes::new()).unwrap();
        let answer = host.send(request);
        let asked = host.kv.asked.borrow();
        let prefixes: BTreeSet<&str> = asked.iter().map(|key| &key[..key.rfind('/').unwrap()]).collect();
        let plain = String::from_utf8_lossy(&name).to_lowercase();
        let plain = match plain.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) && (!host.contains(':') || host.ends_with(']')) => host,
            _ => &plain[..],
        };
        // Only a name may end with a dot.
        let plain = if plain.ends_with("].") { plain } else { plain.strip_suffix('.').unwrap_or(plain) };
        let meant = match plain {
            "news.example" | "[::1]" => Some("ef/2/news"),
            "news.example.de" => Some("ef/2/news-de"),
            "main.example" => Some("ef/2/main"),
            _ => None,
        };
        prop_assert_eq!(answer.status == 421, meant.is_none(), "{:?}", plain);
        prop_assert_eq!(prefixes.into_iter().collect::<Vec<_>>(), meant.into_iter().collect::<Vec<_>>());
    }
}
