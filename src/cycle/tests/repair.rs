//! What the store has lost is found and mended: everything is where it was, and what no view has any more comes back from the
//! sources, once.

use std::collections::BTreeSet;

use super::lost::{get, json};
use super::search_alone::{CYCLES_MAX, UNCHANGED, cost, found, unindexed};
use super::world::{World, at, block_on, config, post};
use crate::config::Config;
use crate::cycle::{Place, Repair, RunOutcome, repair};
use crate::slice::{SliceRef, keys};

const VIEWS: [&str; 4] = ["all", "alpha", "beta", "sevens"];
/// Calls that mend one lost value at most.
const CALLS_MAX: usize = 20;

/// Two sources in turn, with a history that reaches into directories.
pub(super) fn site(claims: bool) -> (World, Config) {
    let (world, site) = (World::new(), config(&["a", "b"]));
    world.kv.without_swap.set(claims);
    world.kv.staleness_ms.set(Some(0));
    for until in (1_000..=5_000).step_by(1_000) {
        for (source, every) in [("a", 1), ("b", 4)] {
            let posts = (0..until).filter(|number| number % every == 0);
            world.set(source, posts.map(|number| post(source, number)).collect());
        }
        world.pass(900);
        world.cycle(&site);
    }
    assert!(world.head().directories(0).count() > 0);
    (world, site)
}

pub(super) fn look(world: &World, site: &Config, from: Option<&str>) -> Repair {
    let from = from.map(|text| Place::parse(text).unwrap());
    block_on(repair(world, &site.to_compiled(), from)).unwrap()
}

/// Looks at everything.
pub(super) fn mend(world: &World, site: &Config) -> Vec<Repair> {
    let mut all = Vec::new();
    let mut next = None;
    for _ in 0..CALLS_MAX {
        world.pass(60);
        let one = look(world, site, next.as_deref());
        assert!(one.kv.reads < 100 && one.kv.writes < 40, "{one:?}");
        next = one.next.clone();
        all.push(one);
        if next.is_none() {
            return all;
        }
    }
    panic!("it does not end: {:?}", all.last());
}

/// All that a reader sees of the items.
fn shown(world: &World, site: &Config) -> Vec<(Vec<serde_json::Value>, String)> {
    let of = |view: &&str| {
        let export = get(world, site, &format!("/api/export.ndjson?category={view}"));
        (world.walk(view, 100), export.1)
    };
    VIEWS.iter().map(of).collect()
}

/// Keys of every segment and directory that the head names, by view.
fn named(world: &World) -> Vec<(u16, SliceRef, String)> {
    let head = world.head();
    let mut named = Vec::new();
    for view in 0..4 {
        for segment in head.segments(view) {
            named.push((view, segment, keys::segment(segment.name)));
        }
        for listed in head.directories(view) {
            named.push((view, listed, keys::directory(listed.name)));
            let opened = block_on(crate::read::directory(&world.store(), listed)).unwrap();
            for segment in opened.segments() {
                named.push((view, segment, keys::segment(segment.name)));
            }
        }
    }
    named
}

fn remove(world: &World, key: &str) {
    assert!(world.kv.values.borrow_mut().remove(&at(key)).is_some());
}

fn damage(world: &World, key: &str) {
    if let Some((value, _)) = world.kv.values.borrow_mut().get_mut(&at(key)) {
        let mut bytes = value.to_vec();
        let place = bytes.len() - 9;
        bytes[place] ^= 1;
        *value = bytes.into();
    }
}

#[test]
fn any_lost_value_is_made_again_in_its_place() {
    let (world, site) = site(false);
    let before = shown(&world, &site);
    let mut at = 0;
    // Names change with each repair, their number need not.
    while let Some((view, _, key)) = named(&world).get(at).cloned() {
        if at % 2 == 0 {
            remove(&world, &key);
        } else {
            damage(&world, &key);
        }
        let repairs = mend(&world, &site);
        let lost: BTreeSet<&String> = repairs.iter().flat_map(|one| &one.lost).collect();
        assert!(lost.contains(&key), "{view} {key}");
        assert!(
            repairs
                .iter()
                .all(|one| one.gone == 0 && one.sources.is_empty())
        );
        assert!(repairs.iter().any(|one| one.restored > 0));
        assert!(shown(&world, &site) == before, "{view} {key}");
        at += 7;
    }
    assert!(at > 50, "{at}");
    world.pass(60);
    let clean = mend(&world, &site);
    for one in &clean {
        assert_eq!((one.outcome, one.kv.writes), (RunOutcome::Unchanged, 0));
        assert!(one.lost.is_empty() && one.waiting.is_empty());
    }
    assert!(clean.len() > 1, "it goes on where it stopped");
    world.pass(900);
    let idle = world.cycle(&site);
    assert_eq!((idle.outcome, idle.added), (RunOutcome::Unchanged, 0));
    assert_eq!(cost(&idle), UNCHANGED);
}

/// The same span is lost in every view: so it is gone, and comes back as far as the sources still offer it.
#[test]
fn what_no_view_has_any_more_comes_back_from_the_sources() {
    for directory in [false, true] {
        let (world, site) = site(false);
        let (twin, _) = self::site(false);
        let all = named(&world);
        let head = world.head();
        let span = match directory {
            true => head.directories(0).next().unwrap(),
            false => head.segments(0).nth(1).unwrap(),
        };
        for (_, reference, key) in &all {
            if reference.oldest <= span.newest && span.oldest <= reference.newest {
                remove(&world, key);
            }
        }
        let total = |world: &World| json(world, &site, "/api/items?limit=1")["total"].as_u64();
        let repairs = mend(&world, &site);
        let gone: u64 = repairs.iter().map(|one| one.gone).sum();
        assert!(gone > 0);
        assert_eq!(repairs.last().unwrap().next, None);
        for view in VIEWS {
            // Nothing counts what is not there: `walk` compares with the total.
            assert!(world.walk(view, 100).len() < twin.walk(view, 100).len());
        }
        assert!(total(&world) < total(&twin));
        assert!(mend(&world, &site).iter().all(|one| one.lost.is_empty()));

        // The sources are asked for their whole documents, though nothing in them has changed.
        world.pass(900);
        let report = world.cycle(&site);
        assert!(report.added > 0, "{report:?}");
        for view in VIEWS {
            let mut found = world.titles(view);
            let mut want = twin.titles(view);
            found.sort();
            want.sort();
            assert!(found == want, "{view}: {} and {}", found.len(), want.len());
            let found = json(
                &world,
                &site,
                &format!("/api/items?limit=1&category={view}"),
            );
            assert_eq!(found["total"].as_u64(), Some(want.len() as u64));
        }
        let sources = |world: &World| json(world, &site, "/api/sources")["sources"].clone();
        for (one, other) in
            [0, 1].map(|at| (sources(&world)[at].clone(), sources(&twin)[at].clone()))
        {
            assert_eq!(one["items"], other["items"]);
        }
        // Each is found once.
        for number in [0, 1_500, 2_999] {
            let q = format!("/api/items?q=%22Post+{number}+of+a%22");
            let found = json(&world, &site, &q);
            assert_eq!(found["items"].as_array().map(Vec::len), Some(1), "{number}");
        }
        // What came back may wait for its index; then all is quiet, but for what is deleted.
        world.cycle(&site);
        let mut quiet = 0;
        for _ in 0..8 {
            world.pass(900);
            let idle = world.cycle(&site);
            assert_eq!(idle.outcome, RunOutcome::Unchanged);
            quiet += usize::from(cost(&idle) == UNCHANGED);
        }
        assert!(quiet > 4, "{quiet}");
    }
}

/// The index went on without what was lost: what is there again is found too.
#[test]
fn what_the_index_passed_over_is_found_again() {
    let (world, site) = unindexed(2_400, false);
    world.kv.staleness_ms.set(Some(0));
    let lost = keys::segment(world.head().segments(0).nth(2).unwrap().name);
    remove(&world, &lost);
    world.pass(12 * 3_600);
    for _ in 0..CYCLES_MAX {
        world.pass(900);
        world.cycle(&site);
    }
    assert!(found(&world).0 < 2_400);
    let repairs = mend(&world, &site);
    assert!(repairs.iter().all(|one| one.gone == 0));
    assert_eq!(found(&world), (2_400, true));
}

/// More than one look reads or writes: each publishes what it has mended, and the next goes on behind it.
#[test]
fn a_large_hole_is_mended_by_several_looks() {
    let (world, mut site) = (World::new(), config(&["a", "b"]));
    site.limits.items_per_source = 100_000;
    world.kv.staleness_ms.set(Some(0));
    world.set("a", (0..15_000).map(|number| post("a", number)).collect());
    world.set("b", (0..38).map(|number| post("b", number * 390)).collect());
    world.cycle(&site);
    let before = shown(&world, &site);
    let head = world.head();
    let beta = head.view("beta").unwrap();
    for lost in [
        keys::directory(head.directories(0).next().unwrap().name),
        // Few items, and all over the history.
        keys::segment(head.segments(beta).next().unwrap().name),
    ] {
        remove(&world, &lost);
        let repairs = mend(&world, &site);
        let published = repairs.iter().filter(|one| one.restored > 0);
        assert!(published.count() > 1, "{repairs:?}");
        assert!(repairs.iter().all(|one| one.gone == 0));
        assert!(shown(&world, &site) == before, "{lost}");
    }
    world.pass(900);
    assert_eq!(world.cycle(&site).outcome, RunOutcome::Unchanged);
}

#[test]
fn what_may_be_on_its_way_is_left_alone() {
    let (world, site) = site(false);
    world.kv.staleness_ms.set(None);
    let (_, _, key) = named(&world)[1].clone();
    let kept = world.kv.values.borrow_mut().remove(&at(&key)).unwrap();
    let first = look(&world, &site, None);
    assert_eq!(
        (first.outcome, first.lost.len()),
        (RunOutcome::Unchanged, 0)
    );
    assert_eq!(first.waiting, std::slice::from_ref(&key));
    world.kv.values.borrow_mut().insert(at(&key), kept);
    assert!(mend(&world, &site).iter().all(|one| one.waiting.is_empty()));
}
