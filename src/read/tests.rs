//! Ten million items of a view: every page in three reads or round trips, no value too large.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;

use super::{Cursor, Page, Query, READS_MAX, item, page};
use crate::host::*;
use crate::slice::{
    DIRECTORY_SEGMENTS_MAX, HEAD_BYTES_TARGET, Head, HeadParts, PAGE_ITEMS_MAX, Position, Row,
    SEGMENT_ITEMS_MAX, SEGMENTS_IN_HEAD_MAX, SliceRef, Stamp, VALUE_BYTES_MAX, ViewParts,
    encode_directory, encode_segment, keys,
};
use crate::time::Timestamp;

const ITEMS: u64 = 10_000_000;
const IN_HEAD: u64 = 60;
const SEALED: u64 = ITEMS - IN_HEAD;
const PER_SEGMENT: u64 = SEGMENT_ITEMS_MAX as u64;
const PER_DIRECTORY: u64 = DIRECTORY_SEGMENTS_MAX as u64;
/// Named by directories; the rest by the head.
const FILED: u64 = SEALED.div_ceil(PER_SEGMENT) - SEGMENTS_IN_HEAD_MAX as u64;
const STAMP: Stamp<'static> = Stamp {
    view: "all",
    generation: 1,
};

fn position(number: u64) -> Position {
    Position {
        rank: number.cast_signed(),
        hash: number,
    }
}

/// Item `number`, of which 0 is the oldest, about as long as an item gets when a full segment is just under the limit.
fn row(number: u64) -> Row {
    Row {
        position: position(number),
        source: "a".to_owned(),
        views: vec![0],
        address: number,
        content: number,
        seen: Timestamp(0),
        json: format!("{{\"n\":{number},\"text\":\"{}\"}}", "x".repeat(850)),
        html: format!("<li>{number}{}</li>", "y".repeat(850)),
    }
}

/// The items `from..to` as something that lists them.
fn listed(name: u64, from: u64, to: u64, segments: u64) -> SliceRef {
    SliceRef {
        name: name.into(),
        newest: position(to - 1),
        oldest: position(from),
        items: u32::try_from(to - from).unwrap(),
        segments: u32::try_from(segments).unwrap(),
        json_bytes: 0,
    }
}

/// Segments by their number, of which 0 is the oldest.
fn segment(number: u64) -> SliceRef {
    let from = number * PER_SEGMENT;
    listed(number, from, (from + PER_SEGMENT).min(SEALED), 1)
}

fn directory_segments(number: u64) -> std::ops::Range<u64> {
    number * PER_DIRECTORY..((number + 1) * PER_DIRECTORY).min(FILED)
}

fn directory(number: u64) -> SliceRef {
    let within = directory_segments(number);
    let (from, to) = (within.start * PER_SEGMENT, within.end * PER_SEGMENT);
    listed(number, from, to, within.end - within.start)
}

fn head() -> Bytes {
    let view = |id: &str| ViewParts {
        id: id.to_owned(),
        items: ITEMS,
        segments: (FILED..SEALED.div_ceil(PER_SEGMENT))
            .rev()
            .map(segment)
            .collect(),
        directories: (0..FILED.div_ceil(PER_DIRECTORY))
            .rev()
            .map(directory)
            .collect(),
    };
    let parts = HeadParts {
        generation: 1,
        views: vec![view("all"), view("alpha")],
        sources: vec!["a".to_owned()],
        rows: (SEALED..ITEMS).rev().map(row).collect(),
        ..HeadParts::default()
    };
    parts.encode()
}

/// A store that makes its values when they are asked for.
#[derive(Default)]
struct Lazy {
    reads: Cell<u32>,
    round_trips: Cell<u32>,
    largest: Cell<usize>,
}

impl Lazy {
    fn value(key: &str) -> Bytes {
        let number = |name: &str| u64::from_str_radix(name, 16).unwrap();
        if let Some(name) = key.strip_prefix(keys::SEGMENTS) {
            let reference = segment(number(name));
            let rows: Vec<Row> = (reference.oldest.hash..=reference.newest.hash)
                .rev()
                .map(row)
                .collect();
            return encode_segment(&rows.iter().collect::<Vec<_>>(), STAMP).1;
        }
        let name = key.strip_prefix(keys::DIRECTORIES).unwrap();
        let within: Vec<SliceRef> = directory_segments(number(name))
            .rev()
            .map(segment)
            .collect();
        encode_directory(&within, STAMP).1
    }

    fn read(&self, key: &str) -> Entry {
        let value = Self::value(key);
        self.reads.set(self.reads.get() + 1);
        self.largest.set(self.largest.get().max(value.len()));
        Entry {
            value,
            version: Version(String::new()),
        }
    }
}

impl Kv for Lazy {
    fn capabilities(&self) -> Capabilities {
        unreachable!("a read does not ask what the store can do")
    }
    async fn get(&self, key: &str) -> Result<Option<Entry>, KvError> {
        self.round_trips.set(self.round_trips.get() + 1);
        Ok(Some(self.read(key)))
    }
    async fn get_many(&self, keys: &[&str]) -> Result<Vec<Option<Entry>>, KvError> {
        self.round_trips.set(self.round_trips.get() + 1);
        Ok(keys.iter().map(|key| Some(self.read(key))).collect())
    }
    async fn put(
        &self,
        _: &str,
        _: Bytes,
        _: Precondition,
        _: Option<Duration>,
    ) -> Result<Version, KvError> {
        unreachable!("a read writes nothing")
    }
    async fn delete(&self, _: &str) -> Result<(), KvError> {
        unreachable!("a read deletes nothing")
    }
    async fn list(&self, _: &str, _: Option<&str>) -> Result<KeyPage, KvError> {
        unreachable!("a read lists nothing")
    }
}

/// One page, and the numbers of its items; its reads are those that the store saw.
fn read(
    kv: &Lazy,
    head: &Head,
    cursor: Option<Position>,
    skip: u64,
    limit: usize,
) -> (Page, Vec<u64>) {
    kv.reads.set(0);
    kv.round_trips.set(0);
    let query = Query {
        view: "all",
        source: None,
        cursor: cursor.map(Cursor::from),
        skip,
        limit,
    };
    let page = page(kv, head, &query)
        .now_or_never()
        .unwrap()
        .unwrap()
        .unwrap();
    assert_eq!(page.reads, kv.reads.get());
    assert_eq!(page.round_trips, kv.round_trips.get());
    assert!(page.round_trips <= READS_MAX, "{query:?}");
    assert_eq!(page.total, ITEMS);
    let mut json = b"[".to_vec();
    json.extend(page.json.concat());
    json.push(b']');
    let items: Vec<serde_json::Value> = serde_json::from_slice(&json).unwrap();
    let numbers = items
        .iter()
        .map(|item| item["n"].as_u64().unwrap())
        .collect();
    (page, numbers)
}

/// Places, counted from the newest item: both ends, the seams between head, segments and directories, and between them.
fn places() -> Vec<u64> {
    let newest_directory = FILED % PER_DIRECTORY;
    let in_head = SEALED - FILED * PER_SEGMENT;
    let seams = [
        0,
        IN_HEAD,
        IN_HEAD + SEALED % PER_SEGMENT,
        IN_HEAD + in_head,
        IN_HEAD + in_head + newest_directory * PER_SEGMENT,
        IN_HEAD + in_head + (newest_directory + PER_DIRECTORY) * PER_SEGMENT,
        ITEMS / 2,
        ITEMS - PER_SEGMENT,
        ITEMS - 1,
    ];
    let near = seams.into_iter().flat_map(|seam| {
        [
            seam.saturating_sub(31),
            seam.saturating_sub(1),
            seam,
            seam + 1,
        ]
    });
    let between = (0..40).map(|step| step * 249_977);
    near.chain(between).filter(|place| *place < ITEMS).collect()
}

/// How many segments and directories the items lie in.
fn values_of(items: &[u64]) -> u32 {
    let segments = items
        .iter()
        .filter(|number| **number < SEALED)
        .map(|number| number / PER_SEGMENT);
    let segments: BTreeSet<u64> = segments.collect();
    let filed = segments.iter().filter(|segment| **segment < FILED);
    let directories: BTreeSet<u64> = filed.map(|segment| segment / PER_DIRECTORY).collect();
    u32::try_from(segments.len() + directories.len()).unwrap()
}

#[test]
fn numbered_pages_have_each_of_ten_million_items_once() {
    let (kv, head) = (Lazy::default(), Head::open(head()).unwrap());
    for limit in [1, 7, 30, 99, PAGE_ITEMS_MAX] {
        for place in places() {
            // The pages around this place, by their numbers.
            let number = place / limit as u64;
            let pages: Vec<u64> = (number.saturating_sub(1)..number + 2)
                .flat_map(|number| read(&kv, &head, None, number * limit as u64, limit).1)
                .collect();
            let newest = ITEMS - number.saturating_sub(1) * limit as u64;
            let oldest = ITEMS.saturating_sub((number + 2) * limit as u64);
            let want: Vec<u64> = (oldest..newest).rev().collect();
            assert_eq!(pages, want, "{place}, {limit}");
        }
    }
    let (beyond, found) = read(&kv, &head, None, ITEMS, 30);
    assert_eq!((beyond.reads, beyond.next, found.len()), (0, None, 0));
}

#[test]
#[expect(
    clippy::disallowed_macros,
    reason = "figures for whoever reads the test's output"
)]
fn any_page_of_ten_million_items_is_three_round_trips() {
    let stored = head();
    let bytes = stored.len();
    let rows: usize = (SEALED..ITEMS).map(|number| row(number).bytes()).sum();
    println!(
        "a head of two views of ten million items: {bytes} bytes, {} without its items",
        bytes - rows
    );
    assert!(bytes - rows < HEAD_BYTES_TARGET / 8, "{bytes}");
    let (kv, head) = (Lazy::default(), Head::open(stored).unwrap());
    let (mut crossing, mut numbered) = (0, 0);
    for place in places() {
        for limit in [30, PAGE_ITEMS_MAX] {
            let newest = ITEMS - place;
            let want: Vec<u64> = (newest.saturating_sub(limit as u64)..newest)
                .rev()
                .collect();
            // By cursor: the head and two reads more. A page may end where a value ends, and the next one goes on there.
            let cursor = (place > 0).then(|| position(newest));
            let (page, found) = read(&kv, &head, cursor, 0, limit);
            assert!(page.reads <= READS_MAX, "{place}: {}", page.reads);
            assert!(
                !found.is_empty() && want.starts_with(&found),
                "{place}, {limit}"
            );
            let last = position(*found.last().unwrap());
            assert_eq!(
                page.next,
                (last.hash > 0).then(|| Cursor::from(last)),
                "{place}"
            );
            // By number: whole, and just the values that it lies in.
            let (page, found) = read(&kv, &head, None, place, limit);
            assert_eq!(found, want, "{place}, {limit}");
            assert_eq!(page.reads, values_of(&want), "{place}, {limit}");
            crossing += u32::from(page.reads > READS_MAX);
            numbered += 1;
        }
    }
    println!(
        "{crossing} of {numbered} numbered pages, most of them at seams, read more than two values"
    );
    assert!(crossing < numbered / 2, "{crossing} of {numbered}");
    for number in [0, ITEMS / 2, ITEMS - 1] {
        let found = item(&kv, &head, &position(number).to_string())
            .now_or_never()
            .unwrap()
            .unwrap();
        assert!(
            found.is_some_and(|found| found.reads <= READS_MAX),
            "{number}"
        );
    }
    println!("the largest value read: {} bytes", kv.largest.get());
    assert!(kv.largest.get() < VALUE_BYTES_MAX);
}
