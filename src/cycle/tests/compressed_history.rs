//! What a compressed form of sealed items would take beside the plain one, counted: captured feeds, folded and sealed by a real cycle.

use std::collections::BTreeSet;
use std::ops::Range;

use bytes::Bytes;
use serde_json::Value;

use crate::cycle::{Scope, run};
use crate::gzip::{Deflated, Effort};
use crate::host::Kv;
use crate::read;
use crate::slice::{Head, Items, SEGMENT_ITEMS_MAX, keys};
use crate::tenant::{Tenant, TenantKv};
use crate::testing::{Answer, TestConfig, TestHost, block_on, testdata};
use crate::time::Timestamp;

/// Items that would be deflated together.
const BLOCKS: [usize; 4] = [1, 5, 10, 25];
/// Items of a page.
const PAGE_ITEMS: usize = 30;
/// Items from one page that is looked at to the next: pages begin anywhere.
const PAGE_STEP: usize = 7;
/// Beside a deflated run: its checksum, its length, and where it ends, of four bytes each.
const RUN_BYTES: usize = 3 * 4;

/// One sealed segment of the view of everything.
struct Sealed {
    bytes: usize,
    items: Items,
}

/// The history of a site whose sources are the captured feeds. `None` where they are not there.
fn history() -> Option<Vec<Sealed>> {
    let folder = testdata("feeds")?;
    let manifest = std::fs::read_to_string(folder.join("manifest.jsonl")).unwrap();
    let (host, mut config) = (TestHost::default(), TestConfig::new());
    host.now.set(Timestamp::from_secs(1_790_000_000));
    for (number, line) in manifest.lines().enumerate() {
        let row: Value = serde_json::from_str(line).unwrap();
        let body = std::fs::read(folder.join(row["file"].as_str().unwrap())).unwrap();
        let headers = [("content-type", row["media_type"].as_str().unwrap())];
        let (id, url) = (
            format!("s{number}"),
            format!("https://s{number}.example/feed"),
        );
        host.answer(&url, [Answer::new(200, &headers, body)]);
        config = config.source(&id, &url, "general");
    }
    block_on(run(&host, &config.build(), Scope::All)).unwrap();
    let kv = TenantKv::new(&host.kv, &Tenant::MAIN);
    let head = block_on(kv.get(keys::HEAD)).unwrap().unwrap();
    let head = Head::open(head.value).unwrap();
    assert_eq!(head.directories(0).count(), 0, "few segments");
    let sealed = head.segments(0).map(|listed| {
        let key = keys::segment(listed.name);
        let bytes = block_on(kv.get(&key)).unwrap().unwrap().value.len();
        let items = block_on(read::segment(&kv, listed)).unwrap().items;
        Sealed { bytes, items }
    });
    Some(sealed.collect())
}

fn deflated(run: &Bytes) -> usize {
    Deflated::of(run, Effort::Kept).bytes.len()
}

/// `all`, cut where blocks of `block` items end.
fn cut(all: Range<usize>, block: usize) -> Vec<Range<usize>> {
    let mut runs = Vec::new();
    let mut from = all.start;
    while from < all.end {
        let to = ((from / block + 1) * block).min(all.end);
        runs.push(from..to);
        from = to;
    }
    runs
}

/// Bytes that the JSON and the HTML of all items take in blocks of `block`, beside the plain form.
fn beside(items: &Items, block: usize) -> usize {
    let runs = cut(0..items.len(), block).into_iter();
    runs.map(|run| {
        let (json, html) = (
            items.json_with_comma(run.start, run.end),
            items.html(run.start, run.end),
        );
        deflated(&json) + deflated(&html) + 2 * RUN_BYTES
    })
    .sum()
}

/// Where the pages that are looked at lie in a segment.
fn pages(sealed: &Sealed) -> impl Iterator<Item = Range<usize>> {
    let last = sealed.items.len().checked_sub(PAGE_ITEMS);
    let starts = last.into_iter().flat_map(|last| 0..=last);
    starts
        .step_by(PAGE_STEP)
        .map(|from| from..from + PAGE_ITEMS)
}

#[test]
#[ignore = "for figures: see ARCHITECTURE.md"]
#[expect(
    clippy::disallowed_macros,
    reason = "figures for whoever reads the test's output"
)]
fn compressed_blocks_of_captured_feeds() {
    let Some(history) = history() else { return };
    let plain: usize = history.iter().map(|sealed| sealed.bytes).sum();
    let items: usize = history.iter().map(|sealed| sealed.items.len()).sum();
    let sources: BTreeSet<&str> = history
        .iter()
        .flat_map(|one| (0..one.items.len()).map(|index| one.items.source_id(index)))
        .collect();
    println!(
        "{items} sealed items of {} feeds, {plain} bytes in {} segments",
        sources.len(),
        history.len()
    );
    let full = history
        .iter()
        .filter(|one| one.items.len() == SEGMENT_ITEMS_MAX);
    let full = full.max_by_key(|one| one.bytes).unwrap();
    let looked_at = history.iter().flat_map(pages).count();
    // Of all pages together, one page on average.
    let page = |bytes_of: &dyn Fn(&Items, Range<usize>) -> usize| -> usize {
        let all = history.iter().flat_map(|sealed| {
            let pages = pages(sealed);
            pages.map(|page| bytes_of(&sealed.items, page))
        });
        all.sum::<usize>() / looked_at
    };
    let html = |items: &Items, run: Range<usize>| items.html(run.start, run.end);
    let whole = page(&|items, run| deflated(&html(items, run)));
    let uncompressed = page(&|items, run| html(items, run).len());
    println!(
        "HTML of a page of {PAGE_ITEMS}, of {looked_at}: {uncompressed} bytes, {whole} as one run"
    );
    let mut last = (usize::MAX, usize::MAX);
    for block in BLOCKS {
        let more: usize = history.iter().map(|one| beside(&one.items, block)).sum();
        let long = page(&|items, run| {
            let runs = cut(run, block).into_iter();
            runs.map(|run| deflated(&html(items, run))).sum()
        });
        let stored = page(&|_, page| {
            let runs = cut(page, block).into_iter().map(|run| run.len());
            100 * runs.filter(|items| *items == block).sum::<usize>()
        });
        println!(
            "blocks of {block}: {more} bytes more, {} %; a full segment of {} bytes has {}; a page is {long} bytes, of {}.{:02} \
             items there is a stored form",
            more * 100 / plain,
            full.bytes,
            full.bytes + beside(&full.items, block),
            stored / 100,
            stored % 100
        );
        assert!(whole < long, "what items have in common is between them");
        assert!((more, long) < last, "larger blocks take less");
        last = (more, long);
    }
}
