//! Histories of small segments: pages are whole, and what they leave out is said.

use super::*;
use crate::host::Capabilities;
use crate::read::{Arrival, Page, Query, page, page_of_the_rest};
use crate::slice::{HeadParts, Row, Stamp, ViewParts, encode_directory, encode_segment};
use crate::testing::{TestKv, block_on};
use crate::time::Timestamp;

const STAMP: Stamp<'static> = Stamp {
    view: "all",
    generation: 1,
};

fn row(number: u64) -> Row {
    Row {
        position: Position {
            rank: number.cast_signed(),
            hash: number,
        },
        source: "a".to_owned(),
        views: vec![0],
        address: 0,
        content: 0,
        seen: Timestamp(0),
        json: number.to_string(),
        html: format!("<li>{number}"),
    }
}

/// What withdrawals leave: segments of 1 to `most` items, directories of a few segments. All items of the head but one are sealed.
fn ragged(items: u64, most: u64) -> (TestKv, Head) {
    let kv = TestKv::default();
    let (mut to, mut step) = (items - 1, 0);
    let mut segments = Vec::new();
    while to > 0 {
        step += 1;
        let from = to.saturating_sub(1 + step * 7 % most);
        let rows: Vec<Row> = (from..to).rev().map(row).collect();
        let (reference, value) = encode_segment(&rows.iter().collect::<Vec<_>>(), STAMP);
        kv.set(&keys::segment(reference.name), value);
        segments.push(reference);
        to = from;
    }
    let mut directories = Vec::new();
    let (in_head, filed) = segments.split_at(segments.len().min(3));
    for listed in filed.chunks(5) {
        let (reference, value) = encode_directory(listed, STAMP);
        kv.set(&keys::directory(reference.name), value);
        directories.push(reference);
    }
    let view = ViewParts {
        id: "all".to_owned(),
        items,
        segments: in_head.to_vec(),
        directories,
    };
    let head = HeadParts {
        views: vec![view],
        sources: vec!["a".to_owned()],
        rows: vec![row(items - 1)],
        ..HeadParts::default()
    };
    (kv, Head::open(head.encode()).unwrap())
}

fn query(number: u64, limit: usize) -> Query<'static> {
    Query {
        view: "all",
        source: None,
        cursor: None,
        skip: number * limit as u64,
        limit,
    }
}

fn numbers(page: &Page) -> Vec<u64> {
    let json = page.json.concat();
    let text = std::str::from_utf8(&json).unwrap();
    text.split_terminator(',')
        .map(|number| number.parse().unwrap())
        .collect()
}

#[test]
fn pages_of_ragged_segments_are_whole_and_two_round_trips() {
    let (kv, head) = ragged(611, 6);
    let all: Vec<u64> = (0..611).rev().collect();
    for limit in [1, 2, 5, 13, 30, 50] {
        let mut found = Vec::new();
        for number in 0..all.len().div_ceil(limit) as u64 {
            let page = block_on(page(&kv, &head, &query(number, limit)))
                .unwrap()
                .unwrap();
            assert!(page.round_trips <= READS_MAX, "{number}, {limit}");
            let last = (number + 1) * limit as u64 >= 611;
            assert!(page.items == limit || last, "{number}, {limit}");
            assert_eq!(page.next.is_none(), last, "{number}, {limit}");
            found.extend(numbers(&page));
        }
        assert_eq!(found, all, "{limit}");
    }
}

#[test]
fn a_page_of_too_many_values_ends_early_and_says_where() {
    let (kv, head) = ragged(400, 1);
    let first = block_on(page(&kv, &head, &query(1, 100))).unwrap().unwrap();
    assert_eq!(first.reads as usize, COUNTED_VALUES_MAX);
    let found = numbers(&first);
    assert_eq!(found[0], 299);
    let after = Query {
        cursor: first.next,
        ..query(0, 1)
    };
    let next = block_on(page(&kv, &head, &after)).unwrap().unwrap();
    assert_eq!(numbers(&next), [found.last().unwrap() - 1]);
}

#[test]
fn what_is_lost_keeps_its_places_and_is_counted() {
    let (kv, head) = ragged(611, 40);
    let directory = head.directories(0).nth(1).unwrap();
    let segment = head.segments(0).nth(1).unwrap();
    let mut values = kv.values.borrow_mut();
    values.remove(&keys::directory(directory.name)).unwrap();
    values.remove(&keys::segment(segment.name)).unwrap();
    drop(values);
    let is_lost = |number: &u64| {
        [directory, segment]
            .iter()
            .any(|lost| lost.spans(row(*number).position))
    };
    let arrival = Arrival::new(&head, Capabilities::ALL, Timestamp(0));
    let mut lost = 0;
    for number in 0..611_u64.div_ceil(25) {
        let query = query(number, 25);
        let newest = 611 - query.skip;
        let places: Vec<u64> = (newest.saturating_sub(25)..newest).rev().collect();
        let strict = block_on(page(&kv, &head, &query));
        assert_eq!(strict.is_err(), places.iter().any(is_lost), "{number}");
        let page = block_on(page_of_the_rest(&kv, &head, &query, &arrival))
            .unwrap()
            .unwrap();
        let want: Vec<u64> = places.into_iter().filter(|place| !is_lost(place)).collect();
        assert_eq!(numbers(&page), want, "{number}");
        lost += page.lost;
    }
    assert_eq!(lost, u64::from(directory.items + segment.items));
}
