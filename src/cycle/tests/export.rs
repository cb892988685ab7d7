//! The whole history as lines, out of what real cycles have sealed: in constant memory, from any byte, whatever is published
//! meanwhile.

use proptest::test_runner::{Config as Cases, RngAlgorithm, TestRng, TestRunner};

use super::world::{World, at, block_on, config, post};
use crate::read::{Export, ReadError};
use crate::slice::{Position, VALUE_BYTES_MAX, keys};

/// Enough for directories.
const FEW: i64 = 6_000;
const MANY: i64 = 24_000;

/// A history that reaches into directories.
fn deep(items: i64) -> World {
    let world = World::new();
    let site = config(&["a"]);
    for from in (0..items).step_by(2_000) {
        let posts = (from..from + 2_000).map(|number| post("a", number));
        world.set("a", posts.collect());
        world.pass(900);
        world.cycle(&site);
    }
    assert!(world.head().directories(0).count() > 0);
    world
}

fn export(world: &World, view: &str) -> Export {
    let head = world.head();
    let view = head.view(view).unwrap();
    Export::new(&head, view)
}

#[derive(Default)]
struct Sent {
    bytes: Vec<u8>,
    pieces: usize,
    largest: usize,
    broken: Option<ReadError>,
}

fn send(world: &World, export: &mut Export, pieces: usize) -> Sent {
    let mut sent = Sent::default();
    let kv = world.store();
    while sent.pieces < pieces {
        match block_on(export.next(&kv)) {
            None => break,
            Some(Err(error)) => sent.broken = Some(error),
            Some(Ok(piece)) => {
                assert!(!piece.is_empty());
                sent.pieces += 1;
                sent.largest = sent.largest.max(piece.len());
                sent.bytes.extend_from_slice(&piece);
            }
        }
    }
    sent
}

fn all(world: &World, mut export: Export) -> Vec<u8> {
    let sent = send(world, &mut export, usize::MAX);
    assert_eq!(sent.broken, None);
    assert!(export.is_empty());
    sent.bytes
}

/// The same by pages, newest first, turned round.
fn expected(world: &World, view: &str) -> Vec<serde_json::Value> {
    let mut items = world.walk(view, 100);
    items.reverse();
    items
}

#[test]
fn a_long_history_is_streamed_whole_and_in_any_part() {
    let world = deep(MANY);
    every_item_is_a_line_and_no_piece_is_longer_than_a_value(&world);
    any_part_is_what_the_whole_has_there(&world);
}

#[expect(
    clippy::disallowed_macros,
    reason = "figures for whoever reads the test's output"
)]
fn every_item_is_a_line_and_no_piece_is_longer_than_a_value(world: &World) {
    for view in ["all", "alpha", "sevens"] {
        let mut whole = export(world, view);
        let len = whole.len();
        world.kv.reads.set(0);
        let sent = send(world, &mut whole, usize::MAX);
        let reads = world.kv.reads.get() as usize;
        assert_eq!((sent.broken, sent.bytes.len() as u64), (None, len));
        let lines: Vec<serde_json::Value> = sent
            .bytes
            .split_inclusive(|byte| *byte == b'\n')
            .map(|line| serde_json::from_slice(line).unwrap())
            .collect();
        assert_eq!(lines, expected(world, view), "{view}");
        assert!(sent.largest < VALUE_BYTES_MAX, "{}", sent.largest);
        // A read a piece, but for the head's own, and one a directory.
        let head = world.head();
        let directories = head.directories(head.view(view).unwrap()).count();
        assert_eq!(reads + 1, sent.pieces + directories, "{view}");
        assert!(sent.pieces >= lines.len() / 250, "{}", sent.pieces);
        println!(
            "{view}: {} lines, {len} bytes, {} pieces, the largest {} bytes; {reads} reads",
            lines.len(),
            sent.pieces,
            sent.largest
        );
    }
}

fn any_part_is_what_the_whole_has_there(world: &World) {
    let whole = all(world, export(world, "all"));
    let len = whole.len() as u64;
    let mut runner = runner(400);
    let cuts = (0..=len, 0_u64..3_000_000);
    let outcome = runner.run(&cuts, |(from, most)| {
        world.kv.reads.set(0);
        let part = export(world, "all").part(from, most);
        let end = (from + most).min(len);
        proptest::prop_assert_eq!(part.len(), end - from);
        let found = all(world, part);
        let range = usize::try_from(from).unwrap()..usize::try_from(end).unwrap();
        proptest::prop_assert!(found == whole[range], "{from} {most}");
        // What comes before is not read: the segments that the part touches, and the directories that list them.
        let touched = u32::try_from((end - from) / 40_000).unwrap() + 4;
        proptest::prop_assert!(
            world.kv.reads.get() <= touched,
            "{} reads",
            world.kv.reads.get()
        );
        Ok(())
    });
    outcome.unwrap();
    // Cut and resumed, at the ends and everywhere between.
    for step in 0..=60 {
        let cut = len * step / 60;
        let mut found = all(world, export(world, "all").part(0, cut));
        found.extend(all(world, export(world, "all").part(cut, u64::MAX)));
        assert!(found == whole, "{cut}");
    }
}

#[test]
fn it_goes_on_after_any_line() {
    let world = deep(FEW);
    let kv = world.store();
    let whole = all(&world, export(&world, "all"));
    let lines: Vec<&[u8]> = whole.split_inclusive(|byte| *byte == b'\n').collect();
    let id = |line: &[u8]| {
        let item: serde_json::Value = serde_json::from_slice(line).unwrap();
        Position::from_id(item["id"].as_str().unwrap()).unwrap()
    };
    let near_the_end = lines.len() - 130..lines.len();
    let before_seams = (0..lines.len()).step_by(249).chain(near_the_end);
    for index in before_seams {
        let place = id(lines[index]);
        // The item itself need not be there.
        let between = Position {
            hash: place.hash.wrapping_add(1),
            ..place
        };
        for place in [place, between] {
            world.kv.reads.set(0);
            let rest = block_on(export(&world, "all").after(&kv, place)).unwrap();
            assert!(world.kv.reads.get() <= 2, "{index}");
            let bytes: usize = lines[index + 1..].iter().map(|line| line.len()).sum();
            assert_eq!(rest.len(), bytes as u64, "{index}");
            let mut first = rest.part(0, 4_000);
            let first = send(&world, &mut first, 1);
            let want = &whole[whole.len() - bytes..];
            assert!(want.starts_with(&first.bytes), "{index}");
        }
    }
    let none = block_on(export(&world, "all").after(&kv, Position::MAX)).unwrap();
    assert!(none.is_empty());
    let every = block_on(export(&world, "all").after(&kv, Position::MIN)).unwrap();
    assert_eq!(every.len(), whole.len() as u64);
}

#[test]
fn what_is_published_meanwhile_changes_nothing() {
    let world = deep(FEW);
    let site = config(&["a"]);
    let whole = all(&world, export(&world, "all"));
    let mut underway = export(&world, "all");
    let mut found = send(&world, &mut underway, 3).bytes;
    // Seals, and an edit of what is still to come.
    world.set(
        "a",
        (FEW - 2_000..FEW + 1_000)
            .map(|number| post("a", number))
            .collect(),
    );
    world.edit("a", |posts| posts[17].title = "Edited".into());
    world.pass(900);
    world.cycle(&site);
    found.extend(all(&world, underway));
    assert!(found == whole);
    let newer = all(&world, export(&world, "all"));
    assert!(newer.len() > whole.len() && newer != whole);
    let edited = br#""title":"Edited""#;
    assert!(newer.windows(edited.len()).any(|window| window == edited));
}

#[test]
fn it_breaks_off_visibly_where_history_is_gone() {
    let world = deep(FEW);
    let whole = all(&world, export(&world, "all"));
    let mut underway = export(&world, "all");
    let mut found = send(&world, &mut underway, 5).bytes;
    let segments = at(keys::SEGMENTS);
    let dropped = |key: &String| key.starts_with(&segments);
    world.kv.values.borrow_mut().retain(|key, _| !dropped(key));
    let rest = send(&world, &mut underway, usize::MAX);
    assert!(matches!(rest.broken, Some(ReadError::Missing(_))));
    found.extend(rest.bytes);
    assert!(found.len() < whole.len() && whole.starts_with(&found));
    assert!(found.ends_with(b"\n"));
    assert!(underway.is_empty());
}

/// The same cases each time.
fn runner(cases: u32) -> TestRunner {
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let cases = Cases {
        cases,
        failure_persistence: None,
        ..Cases::default()
    };
    TestRunner::new_with_rng(cases, rng)
}
