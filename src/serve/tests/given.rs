//! What an instance gives again is what a new one would answer.

use std::thread;

use super::double::{Answered, Double, head, ordinary, site};
use crate::slice::keys;
use crate::tenant::Tenant;

/// What an instance answers that has answered nothing before: what it keeps is a thread's.
#[expect(clippy::disallowed_methods, reason = "a test of what is kept")]
fn fresh(target: &'static str, fields: Vec<String>, later_ms: i64) -> Answered {
    let answer = move || {
        let host = Double::with(40);
        host.later(later_ms);
        host.ask("GET", target, &strs(&fields))
    };
    thread::spawn(answer).join().unwrap()
}

fn strs(fields: &[String]) -> Vec<&str> {
    fields.iter().map(String::as_str).collect()
}

const LASTING: [&str; 9] = [
    "/",
    "/?category=news",
    "/?page=2",
    "/api/items",
    "/api/items?limit=7",
    "/api/views",
    "/api/sources",
    "/feed.xml",
    "/sitemap.xml",
];

#[test]
fn an_answer_is_given_again_to_those_who_ask_for_the_same() {
    for target in LASTING {
        let host = Double::with(40);
        // The first answer is of a head that is new, the second is kept, the third is given again.
        let answers: Vec<Answered> = (0..4).map(|_| host.get(target)).collect();
        let want = fresh(target, Vec::new(), 0);
        for answer in answers {
            assert_eq!(answer.body, want.body, "{target}");
            assert_eq!(answer.headers, want.headers, "{target}");
        }
        let before = host.kv.reads.get();
        host.get(target);
        assert_eq!(host.kv.reads.get() - before, 1, "{target}");
    }
}

#[test]
fn whatever_an_answer_looks_at_makes_another_one() {
    for target in LASTING {
        let host = Double::with(40);
        let etag = host.get(target).header("etag").to_owned();
        let modified = host.get(target).header("last-modified").to_owned();
        let mut asked = vec![
            vec![],
            vec!["accept-encoding: gzip".to_owned()],
            vec!["accept-encoding: gzip;q=0".to_owned()],
            vec![format!("if-none-match: {etag}")],
            vec!["if-none-match: \"other\"".to_owned()],
            vec!["if-match: \"other\"".to_owned()],
            vec!["if-match: *".to_owned()],
            vec!["host: other.example".to_owned()],
            vec!["host: other.example:8080".to_owned()],
            vec![
                "if-none-match: \"other\"".to_owned(),
                format!("if-none-match: {etag}"),
            ],
            vec!["x-request-id: mine".to_owned()],
        ];
        if !modified.is_empty() {
            asked.push(vec![format!("if-modified-since: {modified}")]);
            asked.push(vec![
                "if-unmodified-since: Mon, 02 Nov 2020 00:00:00 GMT".to_owned(),
            ]);
        }
        for _ in 0..3 {
            for fields in &asked {
                let answer = host.ask("GET", target, &strs(fields));
                let want = fresh(target, fields.clone(), 0);
                assert_eq!(answer.status, want.status, "{target} {fields:?}");
                assert_eq!(answer.headers, want.headers, "{target} {fields:?}");
                assert_eq!(answer.body, want.body, "{target} {fields:?}");
            }
            let head = host.ask("HEAD", target, &[]);
            assert_eq!((head.status, head.body.as_str()), (200, ""), "{target}");
        }
    }
}

#[test]
fn what_has_changed_is_never_given_again() {
    let host = Double::with(40);
    for _ in 0..3 {
        assert!(host.get("/").body.contains("7 minutes ago"));
    }
    // The minute.
    host.later(60_000);
    let later = host.get("/");
    assert!(later.body.contains("8 minutes ago"));
    assert_eq!(
        later.header("etag"),
        fresh("/", Vec::new(), 60_000).header("etag")
    );
    // Also where no minutes are told.
    for target in LASTING {
        host.later(0);
        for _ in 0..3 {
            host.get(target);
        }
        host.later(90 * 60_000);
        let (answer, want) = (host.get(target), fresh(target, Vec::new(), 90 * 60_000));
        assert_eq!(answer.body, want.body, "{target}");
        assert_eq!(answer.headers, want.headers, "{target}");
    }
    // The moment: lifetimes are spread by it.
    let lifetimes: std::collections::BTreeSet<String> = (0..40)
        .map(|moment| {
            let later_ms = 60_000 + moment * 100;
            host.later(later_ms);
            let answer = host.get("/");
            let want = fresh("/", Vec::new(), later_ms);
            assert_eq!(answer.headers, want.headers);
            answer.header("cache-control").to_owned()
        })
        .collect();
    assert!(lifetimes.len() > 1, "{lifetimes:?}");
    // The head, in the same place.
    let next = head(&ordinary(41), &site()).encode();
    host.kv.set(&Tenant::MAIN.key(keys::HEAD), next);
    for _ in 0..3 {
        assert_ne!(host.get("/").header("etag"), later.header("etag"));
    }
    // The store fails.
    host.fail(crate::host::KvError::Unavailable("away".to_owned()));
    assert_eq!(host.get("/").status, 503);
}

#[test]
fn sites_that_are_alike_are_not_taken_for_each_other() {
    let (one, other) = (Double::with(3), Double::with(3));
    for _ in 0..3 {
        one.get("/");
    }
    let before = other.kv.reads.get();
    other.get("/?category=news");
    other.get("/");
    assert!(other.kv.reads.get() - before >= 2);
    let gone = Double::default();
    assert!(gone.get("/").body.contains("Nothing is published yet"));
}
