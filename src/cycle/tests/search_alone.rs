//! The index of an old history is made by publishes of its own: until it is done, within the budget, and never for nothing.

use std::pin::Pin;

use super::actions::Dice;
use super::concurrent::interleave;
use super::world::{World, block_on, config, post};
use crate::config::{Config, View};
use crate::cycle::{Report, RunOutcome, Scope, run, status};
use crate::publish::{UNINDEXED_ITEMS_MAX, WAITING_ITEMS_MAX};
use crate::search::{self, Query, SCAN_SEGMENTS_MAX};
use crate::slice::Position;

/// Shortly after a midnight, UTC, in seconds.
const MORNING_S: i64 = 20_718 * 86_400 + 600;
/// Cycles after which an index must be done, and nothing be written any more.
pub(super) const CYCLES_MAX: usize = 60;
/// What an unchanged cycle costs: head, state and what was purged are read.
pub(super) const UNCHANGED: (u32, u32, u32) = (3, 0, 0);

pub(super) fn cost(report: &Report) -> (u32, u32, u32) {
    (report.kv.reads, report.kv.writes, report.kv.deletes)
}

/// Views that make a seal of a short history dear, and so the budget of a day large beside an index of it.
const MORE_VIEWS: usize = 12;

/// A site of `items` whose first day had not a write to spare for an index.
pub(super) fn unindexed(items: i64, claims: bool) -> (World, Config) {
    let begin = |budget| {
        let (world, mut site) = (World::new(), config(&["a", "b"]));
        world.kv.without_swap.set(claims);
        world.now.set(MORNING_S);
        site.budget.writes_per_day = budget;
        let more = if items < 1_000 { 0..MORE_VIEWS } else { 0..0 };
        let sevens = site.views[0].clone();
        site.views.extend(more.map(|number| View {
            id: format!("all-{number}"),
            include: Vec::new(),
            ..sevens.clone()
        }));
        world.set("a", (0..items).map(|number| post("a", number)).collect());
        world.set("b", Vec::new());
        world.cycle(&site);
        (world, site)
    };
    let (probe, _) = begin(1_000_000);
    let of_history = |key: &&String| key.contains("/seg/") || key.contains("/dir/");
    let sealed = probe.kv.values.borrow().keys().filter(of_history).count();
    // With the state and what a claim costs: half of the first day's budget is theirs.
    let writes = sealed + 1 + if claims { 3 } else { 0 };
    let (world, site) = begin(u32::try_from(2 * writes).unwrap());
    assert_eq!(world.head().index().covered, None);
    assert!(waiting(&world) > 100);
    (world, site)
}

/// Sealed items that no run has and none passed over.
pub(super) fn waiting(world: &World) -> usize {
    let (head, all) = (world.head(), world.walk("all", 100));
    let index = head.index();
    let sealed = all.iter().skip(head.items_len());
    let position = |item: &serde_json::Value| Position::from_id(item["id"].as_str().unwrap());
    sealed
        .filter(|item| !index.covers(position(item).unwrap()))
        .count()
}

/// Items that a search for a word of all of them finds, and whether that is all of the history.
pub(super) fn found(world: &World) -> (u64, bool) {
    let (head, query) = (world.head(), Query::parse("post").unwrap());
    let page = block_on(search::find(&world.store(), &head, &query, None, 5)).unwrap();
    (page.total, page.searched_to.is_none())
}

/// Unchanged cycles until the index rests. Returns how many published, and how many had to wait before.
fn rest(world: &World, site: &Config) -> (usize, usize) {
    let (mut published, mut waited, mut rested) = (0, 0, 0);
    let mut before = waiting(world);
    for _ in 0..2 * CYCLES_MAX {
        world.pass(900);
        let report = world.cycle(site);
        assert_eq!((report.added, report.changed), (0, 0));
        let now = waiting(world);
        if report.outcome == RunOutcome::Published {
            assert!(now < before, "{now} of {before}: {report:?}");
            assert!(
                report.notes.iter().any(|note| note.contains("index alone")),
                "{report:?}"
            );
            (published, rested) = (published + 1, 0);
        } else {
            assert_eq!(report.outcome, RunOutcome::Unchanged);
            assert_eq!(now, before);
            // What was replaced is deleted an hour later, with one state.
            assert!(report.kv.writes == 0 || report.kv.deletes > 0, "{report:?}");
            assert_eq!(report.kv.reads, UNCHANGED.0, "nothing was read for it");
            waited += usize::from(published == 0);
            rested += usize::from(published > 0 && cost(&report) == UNCHANGED);
        }
        if rested > 20 {
            return (published, waited);
        }
        before = now;
    }
    panic!("{published} publishes, and it goes on: {before} are left");
}

#[test]
fn a_long_history_is_indexed_by_unchanged_cycles_and_then_nothing_is_written() {
    let (world, site) = (World::new(), config(&["a", "b"]));
    for id in ["a", "b"] {
        world.set(id, (0..8_000).map(|number| post(id, number)).collect());
    }
    world.cycle(&site);
    let begun = waiting(&world);
    assert!(begun > 10_000, "one publish does not index all: {begun}");
    assert!(!found(&world).1);
    let notes = |world: &World| {
        let status = block_on(status(world, &site.to_compiled())).unwrap();
        status.notes.join(" ")
    };
    let note = format!("about {begun} older items are not in the search index yet");
    assert!(notes(&world).contains(&note), "{}", notes(&world));
    // Ten thousand, and the rest.
    assert_eq!(rest(&world, &site), (2, 0));
    assert_eq!(waiting(&world), 0);
    assert!(!notes(&world).contains("search index"), "{}", notes(&world));
    let (total, whole) = found(&world);
    assert!(whole && total == search::TOTAL_MAX, "{total}");
}

#[test]
fn a_short_budget_stops_it_and_costs_nothing() {
    for items in [400, 2_400] {
        let (world, site) = unindexed(items, false);
        let budget = site.budget.writes_per_day;
        let before = world.kv.applied.get();
        let (published, waited) = rest(&world, &site);
        assert!(waited > 4, "there was nothing to wait for: {waited}");
        assert!(published > 0);
        assert!(world.kv.applied.get() - before < budget);
        assert_eq!((waiting(&world), found(&world)), (0, (items as u64, true)));
    }
}

/// Whatever the budget, what is read for the index is published.
#[test]
fn no_budget_makes_it_work_in_vain() {
    for budget in (66..126).step_by(12) {
        let (world, mut site) = (World::new(), config(&["a"]));
        world.now.set(MORNING_S);
        site.budget.writes_per_day = budget;
        world.set("a", (0..2_400).map(|number| post("a", number)).collect());
        world.cycle(&site);
        let mut day = world.kv.applied.get();
        assert!(day <= budget);
        for round in 1..80 {
            world.pass(1_800);
            if round % 48 == 0 {
                day = 0;
            }
            let before = world.kv.applied.get();
            let report = world.cycle(&site);
            day += world.kv.applied.get() - before;
            assert!(day <= budget, "{budget}, round {round}: {day}");
            let read = report.kv.reads > UNCHANGED.0;
            let published = report.outcome == RunOutcome::Published;
            assert!(published || !read, "{budget}, round {round}: {report:?}");
        }
        let sealed = world.head().segments(0).count() > 0;
        assert!(!sealed || waiting(&world) == 0, "{budget}");
    }
}

#[test]
fn about_midnight_and_at_the_end_of_a_term_nothing_is_indexed_in_vain() {
    let (world, site) = unindexed(2_400, false);
    world.now.set(MORNING_S + 86_400 - 620);
    let report = world.cycle(&site);
    assert_eq!(report.outcome, RunOutcome::Unchanged);
    assert_eq!(cost(&report), UNCHANGED);

    let (world, site) = unindexed(2_400, true);
    // The last seconds of a term of seven minutes, late in the day.
    world.pass(7 * 60 * 170 - 10);
    let report = world.cycle(&site);
    assert_eq!(report.outcome, RunOutcome::Unchanged);
    assert_eq!(cost(&report), UNCHANGED);
    world.pass(20);
    assert_eq!(world.cycle(&site).outcome, RunOutcome::Published);
}

#[test]
fn of_cycles_at_once_one_goes_on_with_it() {
    for (seed, runs, claims) in [(1, 2, false), (2, 6, false), (3, 2, true), (4, 6, true)] {
        let (world, site) = unindexed(2_400, claims);
        world.pass(12 * 3_600);
        let mut published = 0;
        for round in 0..12 {
            world.pass(930);
            let cycles = (0..runs).map(|_| {
                let cycle: Pin<Box<dyn Future<Output = _>>> =
                    Box::pin(run(&world, &site, Scope::All));
                cycle
            });
            let reports = interleave(seed * 100 + round, cycles);
            let outcomes = reports.into_iter().map(|report| report.unwrap().outcome);
            let wins = outcomes.filter(|outcome| *outcome == RunOutcome::Published);
            let wins = wins.count();
            assert!(wins <= 1, "seed {seed}, round {round}: {wins} have won");
            published += wins;
        }
        assert_eq!(waiting(&world), 0, "seed {seed}");
        assert!(published > 0 && published < 6, "seed {seed}: {published}");
        assert_eq!(found(&world), (2_400, true));
        world.pass(900);
        assert_eq!(cost(&world.cycle(&site)), UNCHANGED);
    }
}

/// Segments that a search looks through.
fn looked_through(world: &World) -> usize {
    let head = world.head();
    let upto = head.index().covered.map_or(Position::MIN, |(_, upto)| upto);
    head.segments(0)
        .filter(|listed| listed.newest > upto)
        .count()
}

/// News of any size at any hour, within a budget that is short for most of the day: what searches look through is bounded after each
/// cycle that may write, and the bound is smaller where there are always writes to spare.
#[test]
fn what_a_search_looks_through_is_bounded() {
    for (seed, budget) in [(1, 100_000), (2, 120), (3, 250)] {
        let (world, mut site) = (World::new(), config(&["a"]));
        let mut dice = Dice(seed);
        world.now.set(MORNING_S);
        site.budget.writes_per_day = budget;
        world.set("a", Vec::new());
        let (mut total, mut most, mut alone) = (0, 0, 0);
        for round in 0..36 {
            let added =
                1 + i64::try_from(dice.index(if round % 9 == 0 { 900 } else { 90 })).unwrap();
            world.edit("a", |posts| {
                posts.drain(..posts.len().saturating_sub(1_200));
                posts.extend((total..total + added).map(|number| post("a", number)));
            });
            total += added;
            world.pass(2_700);
            world.cycle(&site);
            let rich = budget > 1_000;
            // The rest of the night is quiet where the budget was short.
            for _ in 0..if round % 12 == 11 { 20 } else { 0 } {
                world.pass(2_700);
                let report = world.cycle(&site);
                alone += usize::from(report.outcome == RunOutcome::Published && report.added == 0);
            }
            if rich || round % 12 == 11 {
                let bound = if rich {
                    WAITING_ITEMS_MAX - 1
                } else {
                    UNINDEXED_ITEMS_MAX - 1
                };
                let (waits, segments) = (waiting(&world), looked_through(&world));
                assert!(waits <= bound, "seed {seed}, round {round}: {waits}");
                assert!(segments <= SCAN_SEGMENTS_MAX, "seed {seed}, round {round}");
                assert!(found(&world).1, "seed {seed}, round {round}");
                most = most.max(waits);
            }
        }
        if budget > 1_000 {
            assert!(most > 0, "nothing ever waited");
            assert_eq!(alone, 0, "publishes with news do it");
        }
    }
}
