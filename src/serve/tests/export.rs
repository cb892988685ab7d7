//! `GET /api/export.ndjson`: its headers, parts and preconditions. What the bytes are is judged in `src/cycle/tests/export.rs`.

use super::double::{Double, head, ordinary, site};
use crate::item::Item;

const TARGET: &str = "/api/export.ndjson";

fn lines(items: &[Item]) -> String {
    let line = |item: &Item| serde_json::to_string(item).unwrap() + "\n";
    items.iter().rev().map(line).collect()
}

#[test]
fn the_whole_is_every_item_oldest_first() {
    let items = ordinary(40);
    let host = Double::with(40);
    let answer = host.get(TARGET);
    assert_eq!(answer.body, lines(&items));
    assert_eq!(answer.header("content-type"), "application/x-ndjson");
    assert_eq!(answer.header("accept-ranges"), "bytes");
    assert_eq!(
        answer.header("content-length"),
        answer.body.len().to_string()
    );
    assert_eq!(host.kv.reads.get(), 1);
    let head = host.ask("HEAD", TARGET, &["range: bytes=0-9"]);
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    assert_eq!(
        head.header("content-length"),
        answer.header("content-length")
    );
    let news: Vec<Item> = items
        .iter()
        .filter(|item| item.category == "news")
        .cloned()
        .collect();
    let some = host.get(&format!("{TARGET}?category=news"));
    assert_eq!(some.body, lines(&news));
    assert_ne!(some.header("etag"), answer.header("etag"));
    let last = &items[3].id;
    let rest = host.get(&format!("{TARGET}?after={last}"));
    assert_eq!(rest.body, lines(&items[..3]));
    for (query, status) in [("after=x", 400), ("cursor=x", 400), ("category=x", 404)] {
        assert_eq!(host.get(&format!("{TARGET}?{query}")).status, status);
    }
    let empty = Double::default().get(TARGET);
    assert_eq!((empty.status, empty.body.as_str()), (200, ""));
    assert_eq!(empty.header("cache-control"), "no-store");
}

#[test]
fn a_part_is_given_of_this_very_content_only() {
    let host = Double::with(20);
    let whole = host.get(TARGET);
    let len = whole.body.len();
    let etag = format!("if-range: {}", whole.header("etag"));
    for (from, to) in [(0, 0), (0, len - 1), (17, 1717), (len - 1, len - 1)] {
        let range = format!("range: bytes={from}-{to}");
        for headers in [&[range.as_str()][..], &[&range, &etag]] {
            let part = host.ask("GET", TARGET, headers);
            assert_eq!(part.status, 206);
            assert_eq!(part.body, whole.body[from..=to]);
            let content = format!("bytes {from}-{to}/{len}");
            assert_eq!(part.header("content-range"), content);
            assert_eq!(part.header("content-length"), (to + 1 - from).to_string());
            assert_eq!(part.header("etag"), whole.header("etag"));
        }
    }
    let resumed = host.ask("GET", TARGET, &["range: bytes=1000-"]);
    assert_eq!(resumed.body, whole.body[1000..]);
    let behind = host.ask("GET", TARGET, &[&format!("range: bytes={len}-")]);
    assert_eq!(behind.status, 416);
    assert_eq!(behind.header("content-range"), format!("bytes */{len}"));
    assert!(behind.body.contains("#no-such-range"), "{}", behind.body);
    let several = host.ask("GET", TARGET, &["range: bytes=0-1,5-6"]);
    assert_eq!((several.status, several.body), (200, whole.body));

    let mut parts = head(&ordinary(21), &site());
    parts.generation += 1;
    let newer = Double::publishing(&parts);
    let stale = newer.ask("GET", TARGET, &["range: bytes=1000-", &etag]);
    assert_eq!(stale.status, 200);
    assert_eq!(stale.body, lines(&ordinary(21)));
    let unchanged = format!("if-none-match: {}", stale.header("etag"));
    for range in ["range: bytes=0-9", "range: items=0-9"] {
        let answer = newer.ask("GET", TARGET, &[range, &unchanged]);
        assert_eq!((answer.status, answer.body.as_str()), (304, ""), "{range}");
    }
}
