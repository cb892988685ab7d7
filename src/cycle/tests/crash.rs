//! A crash or a lost answer at every write: nothing lost, nothing doubled, nothing torn.

use std::collections::BTreeSet;

use futures_util::future::join;

use super::world::{Fault, World, at, block_on, config, post};
use crate::cycle::{RunOutcome, Scope, run};
use crate::slice::keys;

const FAULTS: [Fault; 4] = [
    Fault::Refused,
    Fault::Applied,
    Fault::AmbiguousApplied,
    Fault::AmbiguousLost,
];

/// A site at some moment, and how many items it is to have after the next cycle.
fn scenario(name: &str) -> (World, usize) {
    let world = World::new();
    let site = config(&["a", "b"]);
    match name {
        "first" => world.set("a", (0..300).map(|number| post("a", number)).collect()),
        "changed" => {
            world.set("a", (0..80).map(|number| post("a", number)).collect());
            world.cycle(&site);
            world.edit("a", |posts| posts.push(post("a", 80)));
        }
        _ => {
            world.set("a", (0..300).map(|number| post("a", number)).collect());
            world.cycle(&site);
            world.edit("a", |posts| {
                posts[299].title = "Edited in the head, 7".into();
                posts[100].title = "Edited after it was sealed".into();
                posts.extend((300..420).map(|number| post("a", number)));
            });
        }
    }
    world.set("b", (0..5).map(|number| post("b", number)).collect());
    let count = match name {
        "first" => 300,
        "changed" => 81,
        _ => 420,
    };
    (world, count + 5)
}

#[test]
fn a_fault_at_any_write_loses_and_doubles_nothing() {
    let site = config(&["a", "b"]);
    for name in ["first", "changed", "sealing"] {
        let (clean, count) = scenario(name);
        let before = clean.kv.writes.get();
        clean.cycle(&site);
        let writes = clean.kv.writes.get() - before;
        assert_eq!(clean.writes_counted(&site), clean.kv.applied.get());
        let want = clean.titles("all");
        assert_eq!(want.len(), count);
        for fault in FAULTS {
            for index in 0..writes {
                let (world, count) = scenario(name);
                world
                    .kv
                    .fault
                    .set(Some((world.kv.writes.get() + index, fault)));
                let _crashed = world.try_cycle(&site);
                if world.kv.values.borrow().contains_key(&at(keys::HEAD)) {
                    // What is visible after the crash is whole.
                    world.walk("all", 50);
                }
                world.kv.fault.set(None);
                let counted = world.writes_counted(&site);
                let applied = world.kv.applied.get();
                assert!(
                    counted >= applied,
                    "{name}, {fault:?} at write {index}: {counted} of {applied} counted"
                );
                world.pass(60);
                world.cycle(&site);
                let case = format!("{name}, {fault:?} at write {index} of {writes}");
                let ids: BTreeSet<String> = world
                    .walk("all", 50)
                    .iter()
                    .map(|item| item["id"].to_string())
                    .collect();
                assert_eq!(ids.len(), count, "{case}");
                assert_eq!(world.titles("all"), want, "{case}");
                for view in ["alpha", "beta", "sevens"] {
                    assert_eq!(world.titles(view), clean.titles(view), "{case}: {view}");
                }
                world.pass(60);
                let idle = world.cycle(&site);
                assert_eq!(idle.outcome, RunOutcome::Unchanged, "{case}");
            }
        }
    }
}

#[test]
fn of_two_runs_at_once_one_wins() {
    let world = World::new();
    let (small, large) = (config(&["a"]), config(&["a", "b"]));
    world.set("a", (0..150).map(|number| post("a", number)).collect());
    world.set("b", (0..150).map(|number| post("b", number)).collect());
    for _ in 0..3 {
        let (one, other) = block_on(join(
            run(&world, &small, Scope::All),
            run(&world, &large, Scope::All),
        ));
        let outcomes = [one.unwrap().outcome, other.unwrap().outcome];
        assert!(outcomes.contains(&RunOutcome::Published), "{outcomes:?}");
        assert!(outcomes.contains(&RunOutcome::Conflict), "{outcomes:?}");
        world.walk("all", 50);
        world.edit("a", |posts| {
            posts.push(post("a", 1000 + i64::try_from(posts.len()).unwrap()))
        });
    }
    world.cycle(&large);
    let all = world.walk("all", 50);
    let ids: BTreeSet<String> = all.iter().map(|item| item["id"].to_string()).collect();
    assert_eq!((all.len(), ids.len()), (303, 303));
}

#[test]
fn a_lost_state_doubles_nothing() {
    let world = World::new();
    let site = config(&["a"]);
    world.set("a", (0..3_000).map(|number| post("a", number)).collect());
    world.cycle(&site);
    let before = world.titles("all");
    world.kv.values.borrow_mut().remove(&at(keys::STATE));
    world.edit("a", |posts| posts.push(post("a", 5_000)));
    let report = world.cycle(&site);
    assert_eq!(report.added, 1, "{report:?}");
    assert_eq!(report.notes.len(), 1);
    let after = world.titles("all");
    assert_eq!(after.get(1..), Some(&before[..]));
}
