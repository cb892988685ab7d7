//! Two, ten and a hundred cycles at once on one store, in orders that seeds decide: one wins each round, the others report
//! it, nothing is lost or doubled.

use std::collections::BTreeSet;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use super::world::{Hold, World, block_on, config, post};
use crate::cycle::{RunOutcome, Scope, run};

/// Items that each round adds: the first and the third make a seal.
const ROUNDS: [i64; 4] = [120, 1, 90, 3];

/// Polls the futures one at a time, in an order that `seed` decides, until all are ready.
pub(super) fn interleave<'a, T>(
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

fn at_once(runs: usize, seed: u64, claims: bool) {
    let world = World::new();
    world.kv.without_swap.set(claims);
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
    // A publish counts two runs that claim in vain, not all of a hundred.
    let in_vain = if claims { runs * ROUNDS.len() } else { 0 };
    assert!(
        counted as usize + in_vain >= applied as usize,
        "{runs} runs, seed {seed}: {counted} of {applied} counted"
    );
    world.pass(600);
    assert_eq!(block_on(run(&world, &site, Scope::All)).unwrap().added, 0);
}

#[test]
fn of_two_cycles_at_once_one_wins() {
    (0..200).for_each(|seed| at_once(2, seed, false));
}

#[test]
fn of_ten_cycles_at_once_one_wins() {
    (0..20).for_each(|seed| at_once(10, seed, false));
}

#[test]
fn of_a_hundred_cycles_at_once_one_wins() {
    (0..2).for_each(|seed| at_once(100, seed, false));
}

#[test]
fn of_cycles_that_claim_one_wins() {
    (0..30).for_each(|seed| at_once(2, seed, true));
    (0..5).for_each(|seed| at_once(10, seed, true));
    at_once(40, 0, true);
}

/// An owner stalls in the write of its head, with and without sealing; the next term's owner publishes; then the old head
/// arrives and hides that. Later cycles find everything again, once.
#[test]
fn a_delayed_owner_hides_nothing_for_long() {
    for (first, second) in [(1, 1), (120, 1), (1, 120), (120, 120)] {
        let (world, site) = (World::new(), config(&["a"]));
        world.kv.without_swap.set(true);
        world.set("a", (0..60).map(|number| post("a", number)).collect());
        world.cycle(&site);
        let add = |range: std::ops::Range<i64>| {
            world.edit("a", |posts| posts.extend(range.map(|n| post("a", n))));
        };
        add(60..60 + first);
        world.pass(900);
        world.kv.hold.set(Hold::Next);
        let mut context = Context::from_waker(Waker::noop());
        let mut delayed = Box::pin(run(&world, &site, Scope::All));
        while world.kv.hold.get() != Hold::Waits {
            assert!(delayed.as_mut().poll(&mut context).is_pending());
        }
        let early = world.cycle(&site);
        assert_eq!(early.outcome, RunOutcome::Conflict, "the claim holds");
        add(60 + first..60 + first + second);
        world.pass(480);
        assert_eq!(world.cycle(&site).outcome, RunOutcome::Published);
        world.kv.hold.set(Hold::Nobody);
        let report = block_on(delayed).unwrap();
        assert_eq!(report.outcome, RunOutcome::Published);
        assert!(world.walk("all", 50).len() < usize::try_from(60 + first + second).unwrap());
        for _ in 0..2 {
            world.pass(900);
            world.cycle(&site);
        }
        let newest = (0..60 + first + second).rev();
        let newest: Vec<String> = newest.map(|n| post("a", n).title).collect();
        assert_eq!(world.titles("all"), newest, "{first}, {second}");
        world.pass(900);
        assert_eq!(world.cycle(&site).outcome, RunOutcome::Unchanged);
    }
}

/// Four writers at once all day long: what they write together, losers' segments included, stays within the budget.
#[test]
fn a_budget_is_never_exceeded() {
    const DAY_S: i64 = 86_400;
    const ROUND_S: i64 = 2_700;
    for (seed, budget) in [(1, 12), (2, 30), (3, 100), (4, 250)] {
        let (world, mut site) = (World::new(), config(&["a", "b"]));
        site.budget.writes_per_day = budget;
        site.retention.items = Some(500);
        world.now.set(20_718 * DAY_S);
        world.set("a", Vec::new());
        world.set("b", vec![post("b", 0)]);
        let mut total = 0;
        for day in 0..2 {
            let before = world.kv.applied.get();
            for round in 0..DAY_S / ROUND_S {
                let added = [0, 1, 40, 3, 7][usize::try_from((round + seed) % 5).unwrap()];
                world.edit("a", |posts| {
                    posts.drain(..posts.len().saturating_sub(60));
                    posts.extend((total..total + added).map(|number| post("a", number)));
                });
                total += added;
                let cycles = (0..4).map(|_| {
                    let cycle: Pin<Box<dyn Future<Output = _>>> =
                        Box::pin(run(&world, &site, Scope::All));
                    cycle
                });
                let reports = interleave((seed * 100 + day * 50 + round).unsigned_abs(), cycles);
                assert!(reports.iter().all(Result::is_ok), "{reports:?}");
                let applied = world.kv.applied.get() - before;
                assert!(
                    applied <= budget,
                    "seed {seed}, day {day}, round {round}: {applied} of {budget}"
                );
                world.pass(ROUND_S);
            }
            let (applied, head) = (world.kv.applied.get() - before, world.head());
            assert!(
                applied * 4 > budget.min(100),
                "it is used: {applied} of {budget}"
            );
            assert!(head.generation() > 3);
        }
    }
}
