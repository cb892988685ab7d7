//! Cycles that bring more than one run takes in.

use std::collections::{BTreeMap, BTreeSet};

use super::world::{Fault, Post, World, block_on, config, post};
use crate::config::Config;
use crate::cycle::ask::NEWS_BYTES_MAX;
use crate::cycle::{Report, Round, RunOutcome, Scope, run_round};
use crate::slice::{Segment, keys, stored_hash};

const SOURCES: usize = 9;
/// Of each source.
const POSTS: i64 = 300;
/// Of a post's address, all of them to be escaped in HTML: few posts are much that way.
const ADDRESS_BYTES: usize = 1_950;

/// Seven sources are more than a run takes in, and six are not.
const _: () = assert!(7 * POSTS as usize * (7 * ADDRESS_BYTES + 800) > NEWS_BYTES_MAX);
const _: () = assert!(6 * POSTS as usize * (7 * ADDRESS_BYTES + 1_400) < NEWS_BYTES_MAX);

fn name(source: usize) -> String {
    format!("a{source}")
}

/// No two have the same date.
fn long_post(source: usize, number: i64) -> Post {
    let mut long = post(&name(source), number);
    let rest = "&".repeat(ADDRESS_BYTES);
    long.url = Some(format!("https://a{source}.example/{number}/{rest}"));
    long.at = long.at.map(|at| at + i64::try_from(source).unwrap());
    long
}

fn site() -> (World, Config) {
    let world = World::new();
    let names: Vec<String> = (0..SOURCES).map(name).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    for source in 0..SOURCES {
        let posts = (0..POSTS).map(|number| long_post(source, number));
        world.set(&name(source), posts.collect());
    }
    (world, config(&names))
}

/// Calls until nothing is left; `carries`: passing on what the report said.
fn whole_cycle(world: &World, site: &Config, scope: Scope, carries: bool) -> Vec<Report> {
    let mut carried = "new".to_owned();
    let mut reports: Vec<Report> = Vec::new();
    loop {
        let round = carries.then(|| Round::parse(&carried).unwrap());
        let report = block_on(run_round(world, site, scope, round)).unwrap();
        carried = report.round.clone().unwrap_or_default();
        reports.push(report);
        if reports.last().is_some_and(|report| report.left == 0) {
            return reports;
        }
        world.pass(1);
        assert!(reports.len() < 20, "no end");
    }
}

fn lefts(reports: &[Report]) -> Vec<usize> {
    reports.iter().map(|report| report.left).collect()
}

/// Asked how often, by source; since the last call.
fn asked(world: &World) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for name in world.asked.take() {
        *counts.entry(name).or_default() += 1;
    }
    counts
}

/// All titles, the newest first.
fn expected() -> Vec<String> {
    let titles = (0..POSTS).rev().flat_map(|number| {
        (0..SOURCES)
            .rev()
            .map(move |source| format!("Post {number} of a{source}"))
    });
    titles.collect()
}

/// Every sealed value is stored under the name that its content gives.
fn assert_named_by_content(world: &World) {
    for (key, (value, _)) in &*world.kv.values.borrow() {
        if key.contains("/seg/") {
            Segment::open(value.clone()).unwrap();
            let name = keys::segment(stored_hash(value));
            assert!(key.ends_with(&name), "{key} is {name}");
        }
    }
}

#[test]
fn whoever_repeats_the_call_gets_everything_of_a_cycle_that_brings_too_much() {
    for (scope, carries) in [(Scope::Due, true), (Scope::Due, false), (Scope::All, false)] {
        let (world, site) = site();
        let reports = whole_cycle(&world, &site, scope, carries);
        let case = format!("{scope:?}, carries: {carries}");
        assert_eq!(lefts(&reports), [2, 0], "{case}");
        assert!(reports.iter().all(|r| r.outcome == RunOutcome::Published));
        let added: Vec<usize> = reports.iter().map(|report| report.added).collect();
        assert_eq!(added, [2_100, 600], "{case}");

        let titles = world.titles("all");
        assert_eq!(titles.len(), 2_700, "{case}");
        let expected = expected();
        let all: BTreeSet<&String> = titles.iter().collect();
        assert_eq!(all, expected.iter().collect(), "{case}");
        // Those that no run has sealed. What a later run finds of older dates lies above what an earlier one sealed.
        let newest = 2 * SOURCES;
        assert_eq!(titles[..newest], expected[..newest], "{case}");
        assert_named_by_content(&world);

        // Those of a batch that was not taken in whole are asked once more.
        let again = if scope == Scope::All && !carries {
            // This caller asks for all anew with each call.
            9
        } else {
            2
        };
        let counts = asked(&world);
        let twice = counts.values().filter(|count| **count == 2).count();
        assert_eq!((counts.len(), twice), (SOURCES, again), "{case}");
    }
}

#[test]
fn what_is_known_does_not_count() {
    let (world, site) = site();
    whole_cycle(&world, &site, Scope::Due, true);
    for round in 0..3 {
        world.pass(900);
        asked(&world);
        for source in 0..SOURCES {
            world.edit(&name(source), |posts| {
                posts.push(long_post(source, POSTS + round));
            });
        }
        let reports = whole_cycle(&world, &site, Scope::Due, true);
        assert_eq!(lefts(&reports), [0], "all documents came whole");
        assert_eq!(reports[0].added, SOURCES);
        let entries: usize = reports[0].sources.iter().map(|run| run.entries).sum();
        assert!(entries > 2_700);
        assert!(asked(&world).values().all(|count| *count == 1));
    }
    world.pass(900);
    let reports = whole_cycle(&world, &site, Scope::Due, true);
    assert_eq!(lefts(&reports), [0]);
    assert_eq!(reports[0].kv.writes, 0);
}

#[test]
fn bad_sources_stop_none_of_a_cycle_that_brings_too_much() {
    let (world, site) = site();
    world.fail("a0", 500);
    world.raw("a8", "<html><title>Sorry</title>");
    let reports = whole_cycle(&world, &site, Scope::Due, true);
    assert_eq!(world.titles("all").len(), 2_100);
    let failed = reports.iter().flat_map(|report| &report.sources);
    let failed: Vec<&str> = failed
        .filter(|run| run.outcome == "failed")
        .map(|run| run.id.as_str())
        .collect();
    assert_eq!(failed, ["a0", "a8"]);
}

#[test]
fn without_budget_to_seal_it_waits_for_the_next_run() {
    let (world, mut site) = site();
    site.budget.writes_per_day = 40;
    let report = world.due_cycle(&site);
    assert_eq!(
        (report.outcome, report.kv.writes),
        (RunOutcome::Deferred, 0)
    );
    site.budget.writes_per_day = 1_000_000;
    world.pass(900);
    whole_cycle(&world, &site, Scope::Due, true);
    assert_eq!(world.titles("all").len(), 2_700);
}

#[test]
fn a_fault_between_the_runs_loses_and_doubles_nothing() {
    // Of the second run: while it reads, seals, and writes its head.
    for (after, fault) in [
        (0, Fault::CrashBefore),
        (9, Fault::CrashAfter),
        (20, Fault::AmbiguousApplied),
        (30, Fault::CrashBefore),
    ] {
        let (world, site) = site();
        assert_eq!(world.due_cycle(&site).left, 2);
        let at = world.kv.operations.get() + after;
        world.kv.fault.set(Some((at, fault)));
        world.pass(60);
        // It fails or not: a caller who just calls again does not care.
        let _ = block_on(run_round(&world, &site, Scope::Due, None));
        assert!(
            world.kv.operations.get() > at,
            "{fault:?} after {after} struck"
        );
        world.kv.fault.set(None);
        world.pass(900);
        whole_cycle(&world, &site, Scope::Due, false);
        let titles = world.titles("all");
        let expected = expected();
        assert_eq!(titles.len(), expected.len(), "{fault:?} after {after}");
        let all: BTreeSet<&String> = titles.iter().collect();
        assert_eq!(all, expected.iter().collect(), "{fault:?} after {after}");
        assert_named_by_content(&world);
    }
}
