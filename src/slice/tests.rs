//! No bytes make a reader panic, and a value gives back what was put in.

use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::time::Timestamp;

fn sealed(count: i64) -> (SliceRef, Bytes) {
    encode_segment(&rows(count).iter().collect::<Vec<_>>(), STAMP)
}

fn rows(count: i64) -> Vec<Row> {
    let row = |number: i64| Row {
        position: Position {
            rank: 1_000 - number,
            hash: number.cast_unsigned() * 77,
        },
        source: if number % 2 == 0 { "even" } else { "odd" }.to_owned(),
        views: if number % 3 == 0 { vec![0, 9] } else { vec![0] },
        address: 5,
        content: 6,
        seen: Timestamp(7),
        json: format!("{{\"n\":{number}}}"),
        html: format!("<li>{number}</li>"),
    };
    (0..count).map(row).collect()
}

const STAMP: Stamp<'static> = Stamp {
    view: "all",
    generation: 1,
};

fn head(count: i64) -> Bytes {
    let reference = sealed(3).0;
    let view = |index: usize| ViewParts {
        id: format!("view-{index}"),
        items: 12,
        segments: vec![reference],
        directories: vec![reference, reference],
    };
    let parts = HeadParts {
        generation: 3,
        updated: Timestamp(4),
        dropped_upto: Some(Position { rank: 2, hash: 3 }),
        ledger: Ledger {
            day: 20_000,
            writes: 12,
            heads: 5,
            granted: 6,
        },
        lineage: Lineage { mark: 7, parent: 6 },
        claims: vec![(3, 1)],
        views: (0..10).map(view).collect(),
        sources: vec!["odd".into(), "even".into()],
        counts: [((9, 1), 8)].into(),
        checks: vec![Check {
            definition: 9,
            checked: Timestamp(8),
            basis: 5,
        }],
        sections: vec![(
            Section::PageTop,
            vec![b"one".to_vec(), Vec::new(), b"two".to_vec()],
        )],
        rows: rows(count),
        ..HeadParts::default()
    };
    parts.encode()
}

/// Calls everything that reads; the answers may be nonsense, but there must be answers. Also with a header and a hash that fit:
/// whoever writes a store could make them.
fn exercise(bytes: &Bytes) {
    read(bytes);
    for kind in [Kind::Head, Kind::Segment, Kind::Directory, Kind::State] {
        let mut fitting = bytes.to_vec();
        header::seal(&mut fitting, kind, None);
        read(&fitting.into());
    }
}

fn read(bytes: &Bytes) {
    if let Ok(head) = Head::open(bytes.clone()) {
        let _ = (
            head.generation(),
            head.updated(),
            head.ledger(),
            head.expiry(),
            head.health(),
        );
        for view in [0, 9, u16::MAX] {
            let _ = (
                head.view_id(view),
                head.view_items(view),
                head.view_source_items(view, 1),
            );
            let _ = (head.segments(view).count(), head.directories(view).count());
        }
        let _ = (
            head.section(Section::PageTop),
            head.sources(),
            head.counts().count(),
            head.sealed_upto(),
            head.check("odd"),
            head.dropped_upto(),
        );
        read_items(&head.items);
    }
    if let Ok(segment) = Segment::open(bytes.clone()) {
        read_items(&segment.items);
    }
    if let Ok(directory) = Directory::open(bytes.clone()) {
        let _ = directory.segments().count();
    }
    let _ = crate::fold::State::open(bytes.clone());
}

fn read_items(items: &Items) {
    for index in [0, 1, items.len(), usize::MAX - 1] {
        let _ = (
            items.position(index),
            items.source(index),
            items.in_view(index.min(9), 9),
        );
        let _ = (items.json(0, index), items.html(index, index + 1));
    }
    let _ = (items.first_below(Position::MAX), items.find(Position::MIN));
    let _ = items.rows().take(3).count();
}

#[test]
fn a_head_gives_back_what_was_put_in() {
    let head = Head::open(head(7)).unwrap();
    assert_eq!(
        (head.generation(), head.updated(), head.ledger().writes),
        (3, Timestamp(4), 12)
    );
    assert_eq!(head.section(Section::PageTop), ["one", "", "two"]);
    assert_eq!(head.items.rows().collect::<Vec<_>>(), rows(7));
    assert_eq!(head.view("view-9"), Some(9));
    assert_eq!(head.view_source_items(9, 1), 8);
    assert_eq!(head.ledger().heads, 5);
    let check = head.check("odd").unwrap();
    assert_eq!((check.definition, check.checked), (9, Timestamp(8)));
    assert_eq!(head.check("even"), None);
    assert_eq!(head.dropped_upto(), Some(Position { rank: 2, hash: 3 }));
    assert_eq!(head.items.json(1, 3), "{\"n\":1},{\"n\":2}");
    assert_eq!(
        head.items.find(Position {
            rank: 997,
            hash: 231
        }),
        Some(3)
    );
    assert_eq!(
        head.items.first_below(Position {
            rank: 997,
            hash: 231
        }),
        4
    );
}

#[test]
fn equal_content_has_equal_names() {
    assert_eq!(sealed(9), sealed(9));
    assert_ne!(sealed(9).0.name, sealed(8).0.name);
}

#[test]
fn ids_and_cursors_come_back() {
    for rank in [i64::MIN, -1, 0, 1, i64::MAX] {
        let position = Position { rank, hash: 42 };
        assert_eq!(Position::from_id(&position.to_string()), Some(position));
        let cursor = crate::read::Cursor::from(position);
        assert_eq!(crate::read::Cursor::parse(&cursor.to_string()), Ok(cursor));
    }
    for bad in [
        "",
        "x",
        "+0000000000000000000000000000001",
        "0000000000000000000000000000000G",
    ] {
        assert_eq!(Position::from_id(bad), None, "{bad}");
        assert!(crate::read::Cursor::parse(bad).is_err(), "{bad}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        exercise(&bytes.into());
    }

    #[test]
    fn mutations_are_survived(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<prop::sample::Index>(),
        shorten in any::<bool>(),
        kind in 0..3_u8,
    ) {
        let whole = match kind {
            0 => head(5),
            1 => sealed(5).1,
            _ => crate::fold::State::default().encode(),
        };
        let mut bytes = whole.to_vec();
        for (at, value) in changes {
            // Headers and tables are where a change does most.
            let at = at.index(bytes.len().min(600));
            bytes[at] = value;
        }
        if shorten {
            bytes.truncate(cut.index(bytes.len()));
        }
        exercise(&bytes.into());
    }

    #[test]
    fn any_cursor_text_is_survived(text in "\\PC{0,40}") {
        let _ = (crate::read::Cursor::parse(&text), Position::from_id(&text));
    }
}

#[test]
fn what_a_publish_took_does_not_show_in_answers() {
    let parts = HeadParts {
        generation: 3,
        ..HeadParts::default()
    };
    let hash = |parts: &HeadParts| Head::open(parts.encode()).unwrap().answers_hash();
    let books = HeadParts {
        ledger: Ledger {
            day: 20_000,
            writes: 7,
            ..Ledger::default()
        },
        claims: vec![(3, 0)],
        checks: vec![Check::default()],
        ..parts.clone()
    };
    assert_eq!(hash(&books), hash(&parts));
    assert_ne!(books.encode(), parts.encode());
    let later = HeadParts {
        updated: Timestamp(1),
        ..parts.clone()
    };
    assert_ne!(hash(&later), hash(&parts));
    let section = HeadParts {
        sections: vec![(Section::SourcesJson, vec![b"[]".to_vec()])],
        ..parts.clone()
    };
    assert_ne!(hash(&section), hash(&parts));
}

/// A layout that changes without its number would be read as something else. Whoever changes one raises [`FORMAT_VERSION`] and
/// writes the new hash here.
#[test]
fn the_layout_goes_with_the_format_number() {
    let (_, segment) = sealed(5);
    let reference = sealed(3).0;
    let (_, directory) = encode_directory(&[reference], STAMP);
    let whole = [head(5), segment, directory].concat();
    let layout = (
        FORMAT_VERSION,
        format!("{:032x}", xxhash_rust::xxh3::xxh3_128(&whole)),
    );
    assert_eq!(layout, (2, "bf39f77fedda80a47b3b67d527a2508b".to_owned()));
}

#[test]
fn a_version_is_told_by_the_header_of_what_has_one() {
    let cached = |secs| {
        let mut writer = Writer::default();
        writer.section(1, vec![b"body".to_vec()]);
        writer.finish(Kind::Cached, Some(Timestamp::from_secs(secs)))
    };
    let (one, other) = (cached(1), cached(2));
    assert_eq!(content_version(&one), content_version(&cached(1)));
    assert_ne!(
        content_version(&one),
        content_version(&other),
        "another expiry"
    );
    assert_eq!(content_version(&one).0.len(), 48);
    for (one, other) in [("", "x"), ("[site]", "[site] "), ("EFLD", "EFLD\u{2}")] {
        assert_ne!(
            content_version(one.as_bytes()),
            content_version(other.as_bytes())
        );
        assert_eq!(content_version(one.as_bytes()).0.len(), 32);
    }
}
