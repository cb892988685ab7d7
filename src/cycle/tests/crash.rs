//! A crash, a refusal or a lost answer at every operation: nothing lost, nothing doubled, nothing torn, nothing uncounted.

use std::collections::BTreeSet;

use futures_util::future::join;

use super::search_alone::{found, unindexed, waiting};
use super::world::{FAULTS, Fault, World, at, block_on, config, post};
use crate::config::Config;
use crate::cycle::{RunOutcome, Scope, run};
use crate::slice::keys;

/// A site at some moment, and how many items it is to have after the next cycle.
fn scenario(name: &str, claims: bool) -> (World, Config, usize) {
    let world = World::new();
    world.kv.without_swap.set(claims);
    let mut site = config(&["a", "b"]);
    let numbers = |range: std::ops::Range<i64>| range.map(|number| post("a", number)).collect();
    match name {
        "first" => world.set("a", numbers(0..300)),
        "changed" => {
            world.set("a", numbers(0..80));
            world.cycle(&site);
            world.edit("a", |posts| posts.push(post("a", 80)));
        }
        "indexing" => {
            let (world, site) = unindexed(350, claims);
            // Late enough for writes to spare.
            world.pass(12 * 3_600);
            return (world, site, 350);
        }
        "sealing" => {
            world.set("a", numbers(0..300));
            world.cycle(&site);
            world.edit("a", |posts| {
                posts[299].title = "Edited in the head, 7".into();
                posts[100].title = "Edited after it was sealed".into();
                posts.extend((300..420).map(|number| post("a", number)));
            });
        }
        _ => {
            site.retention.items = Some(400);
            world.set("a", numbers(0..500));
            world.cycle(&site);
            world.edit("a", |posts| {
                posts.extend((500..620).map(|number| post("a", number)));
            });
        }
    }
    world.set("b", (0..5).map(|number| post("b", number)).collect());
    world.pass(900);
    let count = match name {
        "first" => 305,
        "changed" => 86,
        "sealing" => 425,
        _ => 0,
    };
    (world, site, count)
}

/// One fault at one operation of a cycle, and what a later cycle makes of it.
fn survives(name: &str, claims: bool, fault: Fault, index: u32, clean: &World) {
    let case = format!("{name}, claims {claims}, {fault:?} at operation {index}");
    let (world, site, _) = scenario(name, claims);
    let operation = world.kv.operations.get() + index;
    world.kv.fault.set(Some((operation, fault)));
    let _crashed = world.try_cycle(&site);
    world.kv.fault.set(None);
    if world.kv.values.borrow().contains_key(&at(keys::HEAD)) {
        // What is visible after the crash is whole.
        world.walk("all", 50);
    }
    let (counted, applied) = (world.writes_counted(&site), world.kv.applied.get());
    // What a claim costs is counted with the head.
    let slack = if claims { 1 } else { 0 };
    assert!(
        counted + slack >= applied,
        "{case}: {counted} of {applied} counted"
    );
    // A claim is taken over in the next term.
    world.pass(480);
    world.cycle(&site);
    let ids: BTreeSet<String> = world
        .walk("all", 50)
        .iter()
        .map(|item| item["id"].to_string())
        .collect();
    let want = clean.titles("all");
    assert_eq!(ids.len(), want.len(), "{case}");
    assert_eq!(world.titles("all"), want, "{case}");
    for view in ["alpha", "beta", "sevens"] {
        assert_eq!(world.titles(view), clean.titles(view), "{case}: {view}");
    }
    world.pass(60);
    let idle = world.cycle(&site);
    assert_eq!(idle.outcome, RunOutcome::Unchanged, "{case}");
    if name == "indexing" {
        assert_eq!((waiting(&world), found(&world)), (0, (350, true)), "{case}");
    }
    let (counted, applied) = (world.writes_counted(&site), world.kv.applied.get());
    assert!(counted >= applied, "{case}: {counted} of {applied} counted");
}

fn at_any_operation(names: &[&str], claims: bool) {
    for name in names {
        let (clean, site, count) = scenario(name, claims);
        let before = clean.kv.operations.get();
        clean.cycle(&site);
        let operations = clean.kv.operations.get() - before;
        let (counted, applied) = (clean.writes_counted(&site), clean.kv.applied.get());
        assert!(counted >= applied, "{name}: {counted} of {applied}");
        assert!(
            claims || counted == applied,
            "{name}: {counted} of {applied}"
        );
        if count > 0 {
            assert_eq!(clean.titles("all").len(), count);
        }
        for fault in FAULTS {
            (0..operations).for_each(|index| survives(name, claims, fault, index, &clean));
        }
    }
}

#[test]
fn a_fault_at_any_operation_loses_and_doubles_nothing() {
    at_any_operation(&["first", "changed", "sealing", "retention"], false);
}

#[test]
fn nor_where_the_index_goes_on_alone() {
    at_any_operation(&["indexing"], false);
    at_any_operation(&["indexing"], true);
}

#[test]
fn nor_where_runs_claim() {
    at_any_operation(&["changed", "sealing"], true);
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
