//! Long cycles in several runs: killed anywhere they go on, and repeat at most one run's requests.

use std::collections::BTreeMap;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use super::world::{World, block_on, config, post};
use crate::config::Config;
use crate::cycle::{Report, Round, RunOutcome, Scope, run_round};

const SOURCES: usize = 23;
/// Requests of one run.
const CHUNK: usize = 5;

fn names() -> Vec<String> {
    (0..SOURCES).map(|number| format!("a{number}")).collect()
}

/// A site of many sources, one post each.
fn site() -> (World, Config) {
    let world = World::new();
    let names = names();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut site = config(&names);
    site.limits.requests_per_run = CHUNK;
    for name in names {
        world.set(name, vec![post(name, 1)]);
    }
    (world, site)
}

/// How a caller goes on where sources are left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Caller {
    /// Passes on what the report said.
    Carries,
    /// Calls again, no more.
    Forgets,
}

/// Polls until done, or until `polls` have run out: then the run is dropped, as with a process that dies.
fn run_or_die<F: Future>(future: F, polls: &mut usize) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if *polls == 0 {
            // Once.
            *polls = usize::MAX;
            return None;
        }
        *polls -= 1;
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return Some(output);
        }
    }
}

/// Calls until nothing is left. The run under way at poll number `polls` dies. Returns the reports.
fn whole_cycle(world: &World, site: &Config, caller: Caller, polls: &mut usize) -> Vec<Report> {
    let mut carried = "new".to_owned();
    let mut reports = Vec::new();
    loop {
        let round = (caller == Caller::Carries).then(|| Round::parse(&carried).unwrap());
        let run = run_round(world, site, Scope::Due, round);
        if let Some(report) = run_or_die(run, polls) {
            let report = report.unwrap();
            let left = report.left;
            carried = report.round.clone().unwrap_or_default();
            reports.push(report);
            if left == 0 {
                return reports;
            }
        }
        world.pass(1);
        assert!(reports.len() < 100, "no end");
    }
}

/// Asked how often, by source.
fn asked(world: &World) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for name in world.asked.take() {
        *counts.entry(name).or_default() += 1;
    }
    counts
}

/// A cycle in which the sources with these numbers have something new, killed at every poll in turn.
fn killed_anywhere(caller: Caller, changed: &[usize]) {
    let mut at = 0;
    loop {
        let (world, site) = site();
        whole_cycle(&world, &site, caller, &mut usize::MAX.clone());
        world.pass(900);
        for number in changed {
            let name = format!("a{number}");
            world.edit(&name, |posts| posts.push(post(&name, 2)));
        }
        asked(&world);
        let mut polls = at;
        whole_cycle(&world, &site, caller, &mut polls);
        let case = format!("{caller:?}, {changed:?} changed, killed at poll {at}");
        let counts = asked(&world);
        assert_eq!(counts.len(), SOURCES, "{case}: {counts:?}");
        let again = counts.values().filter(|count| **count > 1).count();
        assert!(again <= CHUNK, "{case}: {counts:?}");
        assert!(
            counts.values().all(|count| *count <= 2),
            "{case}: {counts:?}"
        );
        let titles = world.titles("all");
        assert_eq!(titles.len(), SOURCES + changed.len(), "{case}");
        at += 1;
        if polls < usize::MAX / 2 {
            // Each run waits for head and state, its requests, and its write at least.
            assert!(at > 3 * SOURCES / CHUNK, "{at} kills");
            return;
        }
    }
}

#[test]
fn a_cycle_killed_anywhere_repeats_at_most_one_run() {
    for caller in [Caller::Carries, Caller::Forgets] {
        killed_anywhere(caller, &[]);
        killed_anywhere(caller, &[0, 7, 22]);
        killed_anywhere(caller, &(0..SOURCES).collect::<Vec<_>>());
    }
}

#[test]
fn a_caller_that_carries_the_round_costs_no_write_where_nothing_is_new() {
    for (caller, expected) in [(Caller::Carries, 0), (Caller::Forgets, 5)] {
        let (world, site) = site();
        whole_cycle(&world, &site, caller, &mut usize::MAX.clone());
        world.pass(900);
        let reports = whole_cycle(&world, &site, caller, &mut usize::MAX.clone());
        let left: Vec<usize> = reports.iter().map(|report| report.left).collect();
        assert_eq!(left, [18, 13, 8, 3, 0]);
        let writes: u32 = reports.iter().map(|report| report.kv.writes).sum();
        assert_eq!(writes, expected, "{caller:?}");
        assert!(reports.iter().all(|r| r.outcome == RunOutcome::Unchanged));
    }
}

#[test]
fn all_sources_can_be_asked_in_several_runs_too() {
    let (world, site) = site();
    let mut round = Round::parse("new").unwrap();
    loop {
        let report = block_on(run_round(&world, &site, Scope::All, Some(round))).unwrap();
        let Some(next) = report.round else { break };
        round = Round::parse(&next).unwrap();
    }
    let counts = asked(&world);
    assert!(counts.values().all(|count| *count == 1) && counts.len() == SOURCES);
}

/// A scheduler that calls every five minutes for a quiet site whose sources are asked every `every_s` seconds. Returns
/// requests and writes of the last of some days.
fn quiet_day(every_s: u64, calls_come_early: bool) -> (usize, u32) {
    let world = World::new();
    let mut site = config(&["a"]);
    site.sources[0].every_s = every_s;
    world.set("a", vec![post("a", 1)]);
    let apart_s = if calls_come_early {
        300
    } else {
        i64::try_from(every_s).unwrap()
    };
    let day = |world: &World| {
        let before = world.kv.writes.get();
        asked(world);
        for _ in 0..86_400 / apart_s {
            world.due_cycle(&site);
            world.pass(apart_s);
        }
        let requests = asked(world).values().sum();
        (requests, world.kv.writes.get() - before)
    };
    day(&world);
    day(&world)
}

#[test]
fn a_scheduler_that_comes_too_often_asks_a_quiet_source_little_more_than_it_should() {
    assert_eq!(quiet_day(1800, false), (48, 0), "goes by what is due");
    // Asked at 0, 30, 35, … 55 of each hour; a check time is stored once an hour, and once a day that calls come early.
    let (requests, writes) = quiet_day(1800, true);
    assert!(
        (160..=170).contains(&requests),
        "{requests} requests of 288 calls"
    );
    assert!((24..=25).contains(&writes), "{writes} writes");
    let (requests, writes) = quiet_day(7200, true);
    assert_eq!(requests, 12, "no more than it should");
    assert!((12..=13).contains(&writes), "{writes} writes");
}
