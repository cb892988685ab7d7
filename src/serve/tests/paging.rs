//! Numbered pages, and cursors whose list has ended.

use super::double::{Double, head, ordinary, site};
use crate::read::Cursor;

fn ids(host: &Double, target: &str) -> Vec<String> {
    let answer = host.get(target);
    assert_eq!(answer.status, 200, "{target}: {}", answer.body);
    answer.json()["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["id"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn numbered_pages_are_those_that_next_gives() {
    let host = Double::with(75);
    let mut target = "/api/items?limit=20".to_owned();
    for number in 1..=4 {
        let numbered = format!("/api/items?limit=20&page={number}");
        assert_eq!(ids(&host, &target), ids(&host, &numbered), "{number}");
        let next = host.get(&numbered).json()["next"].clone();
        let Some(next) = next.as_str() else {
            assert_eq!(number, 4);
            break;
        };
        target = format!("/api/items?limit=20&cursor={next}");
    }
    assert!(ids(&host, "/api/items?limit=20&page=5").is_empty());
    assert!(ids(&host, "/api/items?page=1000000000").is_empty());
    let (first, second) = (host.get("/?page=1"), host.get("/?page=2"));
    assert!(first.body.contains("30 of 75 <a") && second.body.contains("30 of 75, older"));
    assert_ne!(first.header("etag"), second.header("etag"));
    assert_eq!(first.header("etag"), host.get("/").header("etag"));
}

#[test]
fn a_cursor_into_what_is_no_longer_kept_is_gone() {
    let mut parts = head(&ordinary(10), &site());
    let last = parts.rows.last().unwrap().position;
    let end = Cursor::from(last).to_string();
    let empty = Double::publishing(&parts).get(&format!("/api/items?cursor={end}"));
    assert_eq!(empty.status, 200, "without retention the list just ends");
    parts.dropped_upto = Some(crate::slice::Position {
        rank: last.rank - 1,
        hash: 0,
    });
    let host = Double::publishing(&parts);
    for (target, first) in [
        (format!("/api/items?cursor={end}"), "/api/items"),
        (
            format!("/api/items?category=news&source=a&cursor={end}"),
            "/api/items?category=news&source=a",
        ),
        (format!("/?cursor={end}"), "/"),
    ] {
        let answer = host.get(&target);
        assert_eq!(answer.status, 410, "{target}");
        let problem = answer.json();
        assert!(problem["type"].as_str().unwrap().ends_with("#cursor-gone"));
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(&format!("`{first}`")), "{detail}");
        assert_eq!(answer.header("link"), format!("<{first}>; rel=\"first\""));
    }
    assert_eq!(host.get("/api/items").status, 200);
    let page = host.ask("GET", &format!("/?cursor={end}"), &["accept: text/html"]);
    assert_eq!(
        (page.status, page.header("content-type")),
        (410, "text/html; charset=utf-8")
    );
}
