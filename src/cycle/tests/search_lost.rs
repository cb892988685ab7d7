//! The index goes on behind what the store has lost, waits for what is late, and neither keeps cycles publishing for ever.

use super::search_alone::{CYCLES_MAX, UNCHANGED, cost, found, unindexed, waiting};
use super::world::{World, at, config, post};
use crate::cycle::RunOutcome;
use crate::slice::keys;

#[test]
fn what_is_lost_is_passed_over_and_not_looked_for_again() {
    for (items, kind, index, staleness_ms) in [
        (2_400, "/seg/", 0, Some(0)),
        (2_400, "/seg/", 2, Some(0)),
        (2_400, "/dir/", 0, Some(0)),
        (2_400, "/seg/", 2, None),
        (2_400, "/dir/", 0, None),
    ] {
        for damaged in [false, true] {
            let (world, site) = unindexed(items, false);
            world.kv.staleness_ms.set(staleness_ms);
            let case = format!("{kind} {index}, {staleness_ms:?}, damaged {damaged}");
            let head = world.head();
            let lost = match kind {
                "/dir/" => keys::directory(head.directories(0).next().unwrap().name),
                _ => keys::segment(head.segments(0).nth(index).unwrap().name),
            };
            let mut values = world.kv.values.borrow_mut();
            let (value, _) = values.get_mut(&at(&lost)).unwrap();
            *value = value.slice(..value.len() / 2);
            if !damaged {
                values.remove(&at(&lost));
            }
            drop(values);
            // Late enough for writes to spare.
            world.pass(12 * 3_600);
            let mut outcomes = Vec::new();
            for _ in 0..CYCLES_MAX / 2 {
                world.pass(900);
                outcomes.push(world.cycle(&site).outcome);
            }
            let published = outcomes
                .iter()
                .filter(|outcome| **outcome == RunOutcome::Published);
            let published = published.count();
            assert!((1..6).contains(&published), "{case}: {published}");
            let last = outcomes.iter().rev().take(12);
            let mut last = last.filter(|outcome| **outcome != RunOutcome::Unchanged);
            assert_eq!(last.next(), None, "{case}");
            world.pass(900);
            assert_eq!(cost(&world.cycle(&site)), UNCHANGED, "{case}");
            let (total, whole) = found(&world);
            assert!(whole, "{case}");
            let most = items as u64 - 1;
            assert!((1..most).contains(&total), "{case}: {total}");
        }
    }
}

/// The index has of an item what a list of results shows: its segment may be lost since.
#[test]
fn what_was_indexed_is_found_though_its_segment_is_lost() {
    let (world, site) = unindexed(2_400, false);
    world.kv.staleness_ms.set(Some(0));
    world.pass(12 * 3_600);
    for _ in 0..CYCLES_MAX {
        world.pass(900);
        world.cycle(&site);
    }
    assert_eq!(found(&world), (2_400, true));
    let lost = keys::segment(world.head().segments(0).nth(2).unwrap().name);
    world.kv.values.borrow_mut().remove(&at(&lost)).unwrap();
    assert_eq!(found(&world), (2_400, true));
}

/// A value that is late is waited for, and its items are found when it is there.
#[test]
fn what_is_on_its_way_is_waited_for() {
    let (world, site) = unindexed(2_400, false);
    world.pass(12 * 3_600);
    world.kv.staleness_ms.set(Some(i32::MAX as u32));
    let lost = at(&keys::segment(
        world.head().segments(0).next().unwrap().name,
    ));
    let late = world.kv.values.borrow_mut().remove(&lost).unwrap();
    // It was named a moment ago, and is waited for as long as that is less than an hour ago, whatever is published meanwhile.
    world.now.set(world.head().updated().as_secs() + 60 * 5);
    let mut site = site;
    site.budget.writes_per_day = 100_000;
    // Another configuration is news.
    assert_eq!(world.cycle(&site).outcome, RunOutcome::Published);
    for _ in 0..3 {
        world.pass(900);
        let report = world.cycle(&site);
        assert_eq!(report.outcome, RunOutcome::Unchanged, "{report:?}");
        assert_eq!(report.kv.writes, 0);
    }
    world.kv.values.borrow_mut().insert(lost, late);
    world.pass(300);
    assert_eq!(world.cycle(&site).outcome, RunOutcome::Published);
    assert_eq!((waiting(&world), found(&world)), (0, (2_400, true)));
}

/// A value of the index is lost while it is made: it is made anew, and that ends.
#[test]
fn a_lost_run_does_not_keep_it_going() {
    let (world, mut site) = (World::new(), config(&["a"]));
    site.limits.items_per_source = 100_000;
    world.set("a", (0..16_000).map(|number| post("a", number)).collect());
    world.cycle(&site);
    let key = world.head().index().keys().next().unwrap();
    world.kv.values.borrow_mut().remove(&at(&key));
    let mut published = 0;
    for _ in 0..CYCLES_MAX {
        world.pass(900);
        published += usize::from(world.cycle(&site).outcome == RunOutcome::Published);
    }
    assert!((3..8).contains(&published), "{published}");
    assert_eq!(waiting(&world), 0);
    assert!(found(&world).1);
    world.pass(900);
    assert_eq!(cost(&world.cycle(&site)), UNCHANGED);
}
