//! Runs that are not what they should be.

use super::*;
use crate::item::Item;
use crate::search::{Document, Index, index};
use crate::slice::{HeadParts, ViewParts};
use crate::testing::{TestKv, block_on};

const PLACE: Position = Position { rank: 9, hash: 7 };

fn document() -> Document {
    let item = Item {
        id: PLACE.to_string(),
        title: "Rust".to_owned(),
        url: None,
        source: "a".to_owned(),
        category: "alpha".to_owned(),
        tags: Vec::new(),
        author: None,
        published: Timestamp(PLACE.rank),
        updated: None,
        summary: String::new(),
        image: None,
    };
    Document::of(item, PLACE, std::iter::empty())
}

/// A site of one sealed item, whose record is said to be in values that begin with these documents.
fn found(records: impl Fn(u128) -> Vec<(u32, u128)>) -> Found {
    let (kv, mut made) = (TestKv::default(), index(vec![document()], 1));
    for (key, value) in made.values {
        kv.set(&key, value);
    }
    made.run.records = records(made.run.records[0].1);
    let all = ViewParts {
        id: "all".to_owned(),
        items: 1,
        ..ViewParts::default()
    };
    let head = HeadParts {
        views: vec![all],
        search: Index {
            covered: Some((Position::MIN, PLACE)),
            runs: vec![made.run],
        },
        ..HeadParts::default()
    };
    let head = Head::open(head.encode()).unwrap();
    let query = Query::parse("rust").unwrap();
    block_on(find(&kv, &head, &query, None, 30)).unwrap()
}

#[test]
fn a_run_that_names_no_record_is_left_out() {
    let right = found(|name| vec![(0, name)]);
    assert_eq!((right.hits.len(), right.searched_to), (1, None));
    for wrong in [found(|_| Vec::new()), found(|name| vec![(5, name)])] {
        assert_eq!(wrong.hits, []);
        assert_eq!(wrong.searched_to, Some(Timestamp(PLACE.rank)));
    }
}
