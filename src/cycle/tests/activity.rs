//! The charts' counts: right whatever was sealed meanwhile, and never a reason to write.

use std::collections::BTreeMap;

use super::world::{Post, World, config, post};
use crate::cycle::RunOutcome;
use crate::slice::activity::{SOURCE_SLOTS, VIEW_HOURS};
use crate::time::Timestamp;

const HOUR_S: i64 = 3600;

/// `count` posts of `source`, ten minutes apart, the last one now.
fn recent(world: &World, source: &str, first: i64, count: i64) -> Vec<Post> {
    let now = world.now.get();
    (0..count)
        .map(|index| Post {
            at: Some(now - (count - 1 - index) * 600),
            ..post(source, first + index)
        })
        .collect()
}

/// Items of a view by the hour, counted from everything that the site lists.
fn counted(world: &World, view: &str) -> [u16; VIEW_HOURS] {
    let last = world.head().updated().as_secs().div_euclid(HOUR_S);
    let mut hours = [0; VIEW_HOURS];
    for item in world.walk(view, 50) {
        let at = Timestamp::parse(item["published"].as_str().unwrap()).unwrap();
        let back = usize::try_from(last - at.as_secs().div_euclid(HOUR_S)).unwrap();
        if back < VIEW_HOURS {
            hours[VIEW_HOURS - 1 - back] += 1;
        }
    }
    hours
}

fn assert_counted(world: &World) {
    let head = world.head();
    let activity = head.activity();
    for (index, view) in ["all", "alpha", "beta", "sevens"].iter().enumerate() {
        assert_eq!(
            usize::from(head.view(view).unwrap()),
            index,
            "the order of views"
        );
        assert_eq!(activity.views[index], counted(world, view), "{view}");
    }
}

#[test]
fn counts_are_right_across_seals_and_days() {
    let world = World::new();
    let config = config(&["a", "b"]);
    let mut posts: BTreeMap<&str, Vec<Post>> = BTreeMap::new();
    for round in 0..8 {
        for (source, count) in [("a", 40), ("b", 9)] {
            let first = round * count;
            let new = recent(&world, source, first, count);
            let all = posts.entry(source).or_default();
            all.extend(new);
            world.set(source, all.clone());
        }
        assert_eq!(world.cycle(&config).outcome, RunOutcome::Published);
        assert_counted(&world);
        world.pass(7 * HOUR_S);
    }
    let head = world.head();
    assert!(head.segments(0).count() > 0, "nothing was sealed");
    let activity = head.activity();
    assert_eq!(activity.publishes.len(), 8);
    assert_eq!(
        (activity.publishes[0].added, activity.publishes[0].failing),
        (49, 0)
    );
    assert!(activity.publishes.is_sorted_by(|a, b| a.at > b.at));
    let items = activity.sources[1]
        .items
        .iter()
        .map(|count| u32::from(*count));
    assert_eq!(items.sum::<u32>(), 72);
}

#[test]
fn time_that_passes_is_no_news() {
    let world = World::new();
    let config = config(&["a", "b"]);
    world.set("a", recent(&world, "a", 0, 20));
    world.set("b", recent(&world, "b", 0, 20));
    world.cycle(&config);
    for _ in 0..5 {
        world.pass(5 * HOUR_S);
        let report = world.cycle(&config);
        assert_eq!(report.outcome, RunOutcome::Unchanged);
        assert_eq!(report.kv.writes, 0);
    }
}

#[test]
fn failures_are_kept_for_a_week() {
    let world = World::new();
    let config = config(&["a", "b"]);
    let newest = 1 << (SOURCE_SLOTS - 1);
    world.set("a", recent(&world, "a", 0, 2));
    world.fail("b", 503);
    world.cycle(&config);
    let strips = world.head().activity().sources;
    assert_eq!((strips[0].failing, strips[0].known), (0, newest));
    assert_eq!((strips[1].failing, strips[1].known), (newest, newest));
    // Two slots later it is still failing, and then answers: the slots between were failures.
    world.pass(12 * HOUR_S);
    world.set("b", recent(&world, "b", 0, 2));
    world.cycle(&config);
    let strip = world.head().activity().sources[1];
    assert_eq!(strip.failing, newest | newest >> 1 | newest >> 2);
    world.pass(7 * 24 * HOUR_S);
    world.set("b", recent(&world, "b", 5, 3));
    world.cycle(&config);
    let strip = world.head().activity().sources[1];
    assert_eq!((strip.failing, strip.known), (0, (newest << 1) - 1));
    assert_eq!(
        strip
            .items
            .iter()
            .map(|count| u32::from(*count))
            .sum::<u32>(),
        3
    );
}
