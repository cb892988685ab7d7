//! For how long an answer lasts, as its host is told.

use super::double::{Answered, Double, HOST, head, ordinary, site};
use crate::serve::LASTS;
use crate::slice::keys;
use crate::tenant::Tenant;

fn lasts(answer: &Answered) -> &str {
    answer.header(LASTS.as_str())
}

/// [`Double`] on a host that keeps answers.
fn keeping() -> Double {
    let host = Double::with(40);
    host.keeps_answers.set(true);
    host
}

/// The version that the store has of `key`.
fn version(host: &Double, key: &str) -> String {
    let stored = host.kv.values.borrow();
    stored[key].1.to_string()
}

#[test]
fn what_follows_from_the_head_says_so() {
    let key = Tenant::MAIN.key(keys::HEAD);
    for target in [
        "/",
        "/?category=news",
        "/api/items",
        "/api/views",
        "/feed.xml",
        "/sitemap.xml",
        "/?q=title",
        "/api/items?q=title",
        "/atom.xml?q=title",
    ] {
        let host = keeping();
        let want = format!("1000 {key} {}", version(&host, &key));
        // The first one, what this instance keeps, and what it gives again; also to those who have it.
        for _ in 0..4 {
            assert_eq!(lasts(&host.get(target)), want, "{target}");
        }
        assert_eq!(lasts(&host.ask("HEAD", target, &[])), want);
        let etag = host.get(target).header("etag").to_owned();
        let known = host.ask("GET", target, &[&format!("if-none-match: {etag}")]);
        assert_eq!(
            (known.status, lasts(&known)),
            (304, want.as_str()),
            "{target}"
        );
        // Another head is of another version.
        let next = head(&ordinary(41), &site()).encode();
        host.kv.set(&key, next);
        let next = format!("1000 {key} {}", version(&host, &key));
        assert_ne!(next, want);
        assert_eq!(lasts(&host.get(target)), next, "{target}");
    }
}

#[test]
fn minutes_end() {
    let host = keeping();
    for later_ms in [0, 44_000, 44_999] {
        host.later(later_ms);
        let page = host.get("/");
        assert!(page.body.contains("7 minutes ago"));
        let ms = (45_000 - later_ms).min(1_000);
        assert!(lasts(&page).starts_with(&format!("{ms} ")), "{page:?}");
        // Nothing here tells minutes.
        assert!(lasts(&host.get("/api/items")).starts_with("1000 "));
    }
    host.later(45_000);
    assert!(host.get("/").body.contains("8 minutes ago"));
}

#[test]
fn whatever_depends_on_more_says_nothing() {
    let host = keeping().set("admin_token", "correct-horse");
    let bearer = "authorization: Bearer correct-horse";
    for (method, target, fields) in [
        ("GET", "/status", vec![]),
        ("GET", "/health", vec![]),
        ("GET", "/api/export.ndjson", vec![]),
        ("GET", "/api/items?cursor=none", vec![]),
        ("GET", "/nowhere", vec![]),
        ("GET", "/_edgefold/status", vec![bearer]),
        ("POST", "/_edgefold/refresh", vec![bearer]),
        ("POST", "/", vec![]),
        ("OPTIONS", "/", vec![]),
        ("GET", "/", vec!["if-match: \"other\""]),
    ] {
        for _ in 0..3 {
            let answer = host.ask(method, target, &fields);
            assert_eq!(lasts(&answer), "", "{method} {target}");
        }
    }
    // Nor does anything where nobody asks for it.
    let host = Double::with(40);
    for _ in 0..4 {
        assert_eq!(lasts(&host.get("/")), "");
    }
}

#[test]
fn a_site_among_many_names_its_own_head() {
    let host = Double::default().set("tenants", "news=news.example main=fold.example");
    host.keeps_answers.set(true);
    let news = "news".parse::<Tenant>().unwrap().key(keys::HEAD);
    for key in [&news, &Tenant::MAIN.key(keys::HEAD)] {
        host.kv.set(key, head(&ordinary(3), &site()).encode());
    }
    for (name, key) in [
        ("news.example", &news),
        (HOST, &Tenant::MAIN.key(keys::HEAD)),
    ] {
        let answer = host.ask("GET", "/api/items", &[&format!("host: {name}")]);
        let want = format!("1000 {key} {}", version(&host, key));
        assert_eq!(lasts(&answer), want);
    }
}
