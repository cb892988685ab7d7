//! Sources after a purge.

use super::world::{World, block_on, config, post};
use crate::cache::{Purge, purge};
use crate::cycle::RunOutcome;
use crate::tenant::TenantHost;

#[test]
fn a_purged_source_is_asked_for_its_whole_document_once() {
    let world = World::new();
    let mut config = config(&["a", "b"]);
    config.budget.cache_writes_per_day = 10;
    for source in ["a", "b"] {
        world.set(source, (0..3).map(|n| post(source, n)).collect());
    }
    world.cycle(&config);
    world.pass(60);
    let asked = Purge {
        keys: vec!["a".to_owned()],
        ..Purge::default()
    };
    let purged = block_on(purge(&TenantHost::main(&world), &config, &asked)).unwrap();
    assert_eq!((purged.sources.len(), purged.proxies.len()), (1, 0));
    world.asked.borrow_mut().clear();
    let report = world.due_cycle(&config);
    // Not due, and asked; its document is the same, and read anew.
    assert_eq!(*world.asked.borrow(), ["a"]);
    assert_eq!(report.sources[0].outcome, "fresh");
    assert_eq!(report.outcome, RunOutcome::Unchanged);
    assert_eq!((report.added, report.kv.writes), (0, 1));
    // Once: the state knows of it. The first call before anything is due is noted there too, once a day.
    world.pass(60);
    world.due_cycle(&config);
    let report = world.due_cycle(&config);
    assert_eq!(world.asked.borrow().len(), 1);
    // The head, the state, and the value that says what was purged.
    assert_eq!((report.kv.reads, report.kv.writes), (3, 0));
    // Purging all asks both.
    let all = Purge {
        all: true,
        ..Purge::default()
    };
    block_on(purge(&TenantHost::main(&world), &config, &all)).unwrap();
    world.due_cycle(&config);
    // The longest unasked first.
    assert_eq!(*world.asked.borrow(), ["a", "b", "a"]);
    assert_eq!(world.titles("all").len(), 6);
}

#[test]
fn what_was_voided_stays_void_while_the_source_fails() {
    let world = World::new();
    let mut config = config(&["a"]);
    config.budget.cache_writes_per_day = 10;
    world.set("a", vec![post("a", 1)]);
    world.cycle(&config);
    let all = Purge {
        all: true,
        ..Purge::default()
    };
    block_on(purge(&TenantHost::main(&world), &config, &all)).unwrap();
    world.fail("a", 500);
    world.pass(60);
    // The failure is remembered, and what was voided stays void.
    let report = world.due_cycle(&config);
    assert_eq!(report.sources[0].outcome, "failed");
    world.set("a", vec![post("a", 1)]);
    world.pass(4_000);
    let report = world.due_cycle(&config);
    assert_eq!(report.sources[0].outcome, "fresh");
}
