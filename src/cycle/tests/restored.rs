//! The head is damaged or lost: it is restored from the state, whatever happens meanwhile.

use std::collections::BTreeSet;

use bytes::Bytes;

use super::world::{FAULTS, Fault, World, at, config, post};
use crate::config::Config;
use crate::cycle::{CycleError, RunOutcome};
use crate::fold::{MEMORY_ITEMS_MAX, State};
use crate::read::ReadError;
use crate::slice::keys;

const VIEWS: [&str; 4] = ["all", "alpha", "beta", "sevens"];

/// Items of source `a`.
const ITEMS: i64 = 480;

/// What becomes of the stored head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Loss {
    Damaged,
    Lost,
}

/// A site with sealed items that its source no longer lists, edits, and publishes since it has sealed last.
fn scenario(claims: bool) -> (World, Config) {
    let (world, mut site) = (World::new(), config(&["a", "b"]));
    world.kv.without_swap.set(claims);
    site.budget.writes_per_day = 10_000;
    world.set("a", (0..300).map(|number| post("a", number)).collect());
    world.set("b", (0..20).map(|number| post("b", number)).collect());
    world.cycle(&site);
    for last in [350, 430, ITEMS - 2] {
        world.set("a", (100..last).map(|number| post("a", number)).collect());
        world.edit("a", |posts| {
            posts[20].title = format!("Edited before {last}")
        });
        world.pass(900);
        world.cycle(&site);
    }
    let (sealed, state) = (world.head().sealed_upto(), saved(&world));
    world.set("a", (100..ITEMS).map(|number| post("a", number)).collect());
    world.edit("a", |posts| {
        posts[20].title = format!("Edited before {}", ITEMS - 2)
    });
    world.pass(900);
    world.cycle(&site);
    assert_eq!((world.head().sealed_upto(), saved(&world)), (sealed, state));
    assert!(
        world.head().items_len() > 20,
        "{}",
        world.head().items_len()
    );
    (world, site)
}

/// The stored state.
fn saved(world: &World) -> Bytes {
    world.kv.values.borrow()[&at(keys::STATE)].0.clone()
}

fn lose(world: &World, loss: Loss) {
    let mut values = world.kv.values.borrow_mut();
    if loss == Loss::Lost {
        values.remove(&at(keys::HEAD));
    } else if let Some((head, _)) = values.get_mut(&at(keys::HEAD)) {
        let mut bytes = head.to_vec();
        bytes[200] ^= 1;
        *head = bytes.into();
    }
}

fn sorted(world: &World, view: &str) -> Vec<String> {
    let mut titles = world.titles(view);
    titles.sort();
    titles
}

/// Everything is there, once, and nothing is left to do.
fn is_whole(world: &World, site: &Config, clean: &World, case: &str) {
    for view in VIEWS {
        assert!(sorted(world, view) == sorted(clean, view), "{case}: {view}");
        let head = world.head();
        let items = head.view_items(head.view(view).unwrap());
        assert_eq!(items, world.titles(view).len() as u64, "{case}: {view}");
    }
    let ids: BTreeSet<String> = world
        .walk("all", 50)
        .iter()
        .map(|item| item["id"].to_string())
        .collect();
    assert_eq!(ids.len(), clean.walk("all", 50).len(), "{case}");
    world.pass(900);
    let idle = world.cycle(site);
    assert_eq!(
        (idle.outcome, idle.added),
        (RunOutcome::Unchanged, 0),
        "{case}"
    );
}

#[test]
fn what_is_sealed_is_where_it_was_and_the_rest_comes_back() {
    for claims in [false, true] {
        for loss in [Loss::Damaged, Loss::Lost] {
            let case = format!("claims {claims}, {loss:?}");
            let (clean, _) = scenario(claims);
            let (world, site) = scenario(claims);
            let before = world.head();
            lose(&world, loss);
            // On a store without swaps and bound a lost one is waited for.
            world.pass(if claims { 3_600 } else { 60 });
            let report = world.cycle(&site);
            assert_eq!(report.outcome, RunOutcome::Published, "{case}");
            let word = if loss == Loss::Lost {
                "is lost and restored"
            } else {
                "is damaged and restored"
            };
            assert!(
                report.notes.iter().any(|note| note.contains(word)),
                "{case}: {:?}",
                report.notes
            );
            let after = world.head();
            assert!(after.generation() > before.generation(), "{case}");
            // What the head held comes in as new, and nothing else does.
            assert_eq!(report.added, before.items_len(), "{case}");
            let history = |world: &World| {
                let sealed = world.head().sealed_upto().unwrap().to_string();
                let all = world.walk("all", 50).into_iter();
                all.skip_while(|item| item["id"] != sealed.as_str())
                    .collect::<Vec<_>>()
            };
            assert!(history(&clean).len() > 300, "{case}");
            assert_eq!(history(&world), history(&clean), "{case}");
            is_whole(&world, &site, &clean, &case);
        }
    }
}

/// So that a deployment whose state was written before is not left behind: the first state of all has a backup too.
#[test]
fn a_site_that_has_sealed_nothing_is_restored_too() {
    let (world, site) = (World::new(), config(&["a"]));
    world.set("a", (0..30).map(|number| post("a", number)).collect());
    world.cycle(&site);
    let titles = world.titles("all");
    lose(&world, Loss::Damaged);
    world.pass(900);
    assert_eq!(world.cycle(&site).added, 30);
    assert_eq!(world.titles("all"), titles);
}

/// It may only not have arrived, and nothing would hinder a write over it.
#[test]
fn without_swaps_a_missing_head_is_waited_for() {
    let (world, site) = scenario(true);
    let (clean, _) = scenario(true);
    let head = world.kv.values.borrow()[&at(keys::HEAD)].clone();
    lose(&world, Loss::Lost);
    world.pass(60);
    let writes = world.kv.writes.get();
    let error = world.try_cycle(&site).unwrap_err();
    assert!(
        matches!(&error, CycleError::Read(ReadError::Missing(key)) if key == keys::HEAD),
        "{error}"
    );
    assert_eq!(world.kv.writes.get(), writes);
    // There it is.
    world.kv.values.borrow_mut().insert(at(keys::HEAD), head);
    assert_eq!(world.cycle(&site).outcome, RunOutcome::Unchanged);
    is_whole(&world, &site, &clean, "arrived");
}

/// The memory of a long history leaves the state no room: it makes some.
#[test]
fn a_full_state_has_a_backup_too() {
    let others: Vec<String> = (0..120).map(|number| format!("other-{number}")).collect();
    let mut ids: Vec<&str> = others.iter().map(String::as_str).collect();
    ids.insert(0, "a");
    let (world, site) = (World::new(), config(&ids));
    for id in &others {
        world.set(id, (0..2).map(|number| post(id, number)).collect());
    }
    world.set("a", (0..13_000).map(|number| post("a", number)).collect());
    world.cycle(&site);
    world.set("a", (0..13_040).map(|number| post("a", number)).collect());
    world.pass(900);
    world.cycle(&site);
    let state = State::open(saved(&world)).unwrap();
    assert!(saved(&world).len() > 455_000, "{}", saved(&world).len());
    let known = state.memory.len();
    assert!((10_500..MEMORY_ITEMS_MAX).contains(&known), "{known}");
    assert!(!state.backup.is_empty());
    // More sources than one run asks.
    let round = || (0..3).for_each(|_| drop(world.cycle(&site)));
    round();
    let before = sorted(&world, "all");
    assert_eq!(before.len(), 13_040 + 2 * others.len());
    lose(&world, Loss::Damaged);
    world.pass(900);
    round();
    let after = sorted(&world, "all");
    let gone = before.iter().filter(|title| !after.contains(title)).count();
    assert_eq!((after.len(), gone), (before.len(), 0));
}

/// Nothing tells any more what is sealed: nothing is written, as a copy of one of them may be put back.
#[test]
fn with_the_state_damaged_too_it_is_refused_until_it_is_given_up() {
    let (world, site) = scenario(false);
    lose(&world, Loss::Damaged);
    let damage = Bytes::from_static(b"EFLD\x02\x04");
    world
        .kv
        .values
        .borrow_mut()
        .get_mut(&at(keys::STATE))
        .unwrap()
        .0 = damage;
    world.pass(900);
    let writes = world.kv.writes.get();
    let error = world.try_cycle(&site).unwrap_err();
    assert!(
        matches!(error, CycleError::Read(ReadError::Corrupt(_))),
        "{error}"
    );
    assert_eq!(world.kv.writes.get(), writes);
    lose(&world, Loss::Lost);
    world.cycle(&site);
    assert_eq!(world.walk("all", 50).len(), 400, "what the sources offer");
}

/// Whatever a search finds, it finds afterwards.
#[test]
fn the_search_index_is_kept() {
    let (world, site) = super::search_alone::unindexed(600, false);
    world.pass(12 * 3_600);
    (0..4).for_each(|_| {
        world.pass(900);
        world.cycle(&site);
    });
    let runs = world.head().index().keys().count();
    assert!(runs > 0);
    lose(&world, Loss::Damaged);
    world.pass(900);
    world.cycle(&site);
    assert!(world.head().index().keys().count() >= runs);
}

fn survives(claims: bool, fault: Fault, index: u32, clean: &World) {
    let case = format!("claims {claims}, {fault:?} at operation {index}");
    let (world, site) = scenario(claims);
    lose(&world, Loss::Damaged);
    world.pass(900);
    let operation = world.kv.operations.get() + index;
    world.kv.fault.set(Some((operation, fault)));
    let _crashed = world.try_cycle(&site);
    world.kv.fault.set(None);
    // A claim is taken over in the next term.
    world.pass(480);
    world.cycle(&site);
    is_whole(&world, &site, clean, &case);
}

#[test]
fn a_fault_at_any_operation_loses_and_doubles_nothing() {
    for claims in [false, true] {
        let (clean, site) = scenario(claims);
        let (measured, _) = scenario(claims);
        lose(&measured, Loss::Damaged);
        let before = measured.kv.operations.get();
        measured.cycle(&site);
        let operations = measured.kv.operations.get() - before;
        assert!(operations > 4);
        for fault in FAULTS {
            (0..operations).for_each(|index| survives(claims, fault, index, &clean));
        }
    }
}
