//! Two, ten and a hundred cycles at once on one store, in orders that seeds decide: one wins each round, the others report
//! it, nothing is lost or doubled.

use std::collections::BTreeSet;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use super::world::{World, block_on, config, post};
use crate::cycle::{RunOutcome, Scope, run};

/// Items that each round adds: the first and the third make a seal.
const ROUNDS: [i64; 4] = [120, 1, 90, 3];

/// Polls the futures one at a time, in an order that `seed` decides, until all are ready.
fn interleave<'a, T>(
    mut seed: u64,
    futures: impl Iterator<Item = Pin<Box<dyn Future<Output = T> + 'a>>>,
) -> Vec<T> {
    let mut context = Context::from_waker(Waker::noop());
    let (mut running, mut done): (Vec<_>, _) = (futures.collect(), Vec::new());
    while !running.is_empty() {
        // SplitMix64.
        seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (seed ^ (seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let chosen = usize::try_from((mixed ^ (mixed >> 31)) % running.len() as u64).unwrap();
        if let Poll::Ready(output) = running[chosen].as_mut().poll(&mut context) {
            done.push(output);
            drop(running.swap_remove(chosen));
        }
    }
    done
}

fn at_once(runs: usize, seed: u64) {
    let world = World::new();
    let site = config(&["a"]);
    world.set("a", Vec::new());
    let mut total = 0;
    for (round, added) in ROUNDS.into_iter().enumerate() {
        world.edit("a", |posts| {
            posts.extend((total..total + added).map(|number| post("a", number)));
        });
        total += added;
        world.pass(600);
        let cycles = (0..runs).map(|_| {
            let cycle: Pin<Box<dyn Future<Output = _>>> = Box::pin(run(&world, &site, Scope::All));
            cycle
        });
        let reports = interleave(seed.wrapping_mul(4) + round as u64, cycles);
        let case = format!("{runs} runs, seed {seed}, round {round}");
        let outcomes: Vec<RunOutcome> = reports
            .into_iter()
            .map(|report| {
                report
                    .unwrap_or_else(|error| panic!("{case}: {error}"))
                    .outcome
            })
            .collect();
        let count = |wanted| {
            outcomes
                .iter()
                .filter(|outcome| **outcome == wanted)
                .count()
        };
        assert_eq!(count(RunOutcome::Published), 1, "{case}: {outcomes:?}");
        // Those that began after the winner had published find nothing new.
        let others = count(RunOutcome::Conflict) + count(RunOutcome::Unchanged);
        assert_eq!(others, runs - 1, "{case}: {outcomes:?}");
        let ids: BTreeSet<String> = world
            .walk("all", 50)
            .iter()
            .map(|item| item["id"].to_string())
            .collect();
        assert_eq!(ids.len(), usize::try_from(total).unwrap(), "{case}");
        let newest: Vec<String> = (0..total).rev().map(|n| post("a", n).title).collect();
        assert_eq!(world.titles("all"), newest, "{case}");
    }
    let (counted, applied) = (world.writes_counted(&site), world.kv.applied.get());
    assert!(
        counted >= applied,
        "{runs} runs, seed {seed}: {counted} of {applied} counted"
    );
    world.pass(600);
    assert_eq!(block_on(run(&world, &site, Scope::All)).unwrap().added, 0);
}

#[test]
fn of_two_cycles_at_once_one_wins() {
    (0..200).for_each(|seed| at_once(2, seed));
}

#[test]
fn of_ten_cycles_at_once_one_wins() {
    (0..20).for_each(|seed| at_once(10, seed));
}

#[test]
fn of_a_hundred_cycles_at_once_one_wins() {
    (0..2).for_each(|seed| at_once(100, seed));
}
