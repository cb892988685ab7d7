//! Values of crashed publishes are found and deleted; what is named is not, whoever publishes meanwhile.

use futures_util::future::join;

use super::retention::{named, numbers, stored};
use super::world::{Fault, World, at, block_on, config, post};
use crate::cycle::{RunOutcome, Scope, run};
use crate::slice::keys;

/// A site whose store lists its keys, with a history of 3,000 items in directories.
fn site() -> (World, crate::config::Config) {
    let world = World::new();
    world.kv.lists.set(true);
    let site = config(&["a", "b"]);
    world.set("b", Vec::new());
    world.set("a", numbers(0, 3_000));
    world.cycle(&site);
    (world, site)
}

/// A busy site: news every hour, enough of it for a seal now and then.
fn hours(world: &World, site: &crate::config::Config, count: i64, from: &mut i64) {
    for _ in 0..count {
        world.edit("a", |posts| {
            posts.drain(..posts.len().saturating_sub(200));
            posts.extend(numbers(*from, *from + 60));
        });
        *from += 60;
        world.pass(3_700);
        world.cycle(site);
        assert!(stored(world).is_superset(&named(world)));
    }
}

#[test]
fn values_of_crashed_publishes_are_deleted() {
    let (world, site) = site();
    let mut next = 3_000;
    for operations in 5..14 {
        // Another title each time: what the next publish writes is not what the crashed one wrote.
        world.edit("a", |posts| {
            posts.extend(numbers(next, next + 60));
            posts[40].title = format!("Edited {operations} times");
        });
        world.kv.fault.set(Some((
            world.kv.operations.get() + operations,
            Fault::CrashBefore,
        )));
        let _crashed = world.try_cycle(&site);
        world.kv.fault.set(None);
        world.edit("a", |posts| posts[40].title = "Never mind".into());
        hours(&world, &site, 1, &mut next);
    }
    let orphans = |world: &World| stored(world).difference(&named(world)).count();
    let before = orphans(&world);
    assert!(before > 4, "{before}");
    hours(&world, &site, 36, &mut next);
    // Nothing is left but what the last hours superseded.
    let state =
        crate::fold::State::open(world.kv.values.borrow()[&at(keys::STATE)].0.clone()).unwrap();
    // Discarded by the newest head, or before.
    let waits: Vec<&String> = state.garbage.keys().chain(&state.discarding).collect();
    let waiting = stored(&world);
    let unnamed = waiting
        .difference(&named(&world))
        .cloned()
        .collect::<Vec<_>>();
    assert!(
        unnamed
            .iter()
            .all(|key| waits.iter().any(|waits| at(waits) == **key)),
        "{unnamed:?}"
    );
    assert!(
        state
            .garbage
            .values()
            .all(|since| world.now.get() - since.as_secs() < 3 * 3_700)
    );
    assert_eq!(world.walk("all", 100).len(), usize::try_from(next).unwrap());
    world.pass(60);
    assert_eq!(
        world.cycle(&site).outcome,
        RunOutcome::Unchanged,
        "the search alone is no reason to write"
    );
}

#[test]
fn a_search_beside_another_publish_deletes_nothing_named() {
    let (world, site) = site();
    for round in 0..15 {
        world.edit("a", |posts| {
            posts.drain(..posts.len().saturating_sub(150));
            posts.extend(numbers(3_000 + round * 60, 3_060 + round * 60));
            posts[7].title = format!("Edited {round} times");
        });
        if round % 3 == 0 {
            world.set("b", (0..round).map(|number| post("b", number)).collect());
        }
        world.pass(3_700);
        let (one, other) = block_on(join(
            run(&world, &site, Scope::All),
            run(&world, &site, Scope::All),
        ));
        let outcomes = [one.unwrap().outcome, other.unwrap().outcome];
        assert!(
            outcomes.contains(&RunOutcome::Published),
            "{round}: {outcomes:?}"
        );
        assert!(stored(&world).is_superset(&named(&world)), "round {round}");
    }
    assert_eq!(world.walk("all", 100).len(), 3_900 + 12);
}
