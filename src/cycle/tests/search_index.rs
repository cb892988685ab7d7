//! Searches against a list while the index is made, merged, lost and mended, at some thousand items.

use std::cmp::Reverse;

use super::actions::Dice;
use super::search::{Site, asks, check, expected};
use super::world::{at, block_on};
use crate::search::{self, Query};
use crate::slice::{Position, VALUE_BYTES_MAX};
use crate::time::Timestamp;

/// A cycle with news, and those that publish what had to wait.
fn grown(site: &mut Site, dice: &mut Dice, items: usize) {
    site.grow(dice, items);
    for _ in 0..2 {
        site.cycle().unwrap();
    }
}

#[test]
fn results_are_right_while_runs_merge() {
    let mut dice = Dice(11);
    let mut site = Site::new();
    let (mut struck, mut largest) = (0, 0);
    for step in 0..10 {
        grown(&mut site, &mut dice, 700);
        site.change(&mut dice, 40, false);
        site.change(&mut dice, 15, true);
        site.cycle().unwrap();
        for run in site.world.head().index().runs {
            struck += run.struck.len();
            largest = largest.max(run.documents);
        }
        if step > 6 {
            check(&site, &mut dice, 3, &format!("step {step}"));
        }
    }
    // The youngest run grows to 3,000 items.
    assert!(largest > 4_000, "nothing was merged: {largest}");
    assert!(struck > 0, "no edit met a run");
}

/// What is found is right as far as it goes: in order, and all of what is newer than `searched_to`. Returns whether that is all.
fn check_part(site: &Site, dice: &mut Dice, case: &str) -> bool {
    let all = site.world.walk("all", 100);
    let mut whole = true;
    for _ in 0..3 {
        let asks = asks(dice, &all);
        let text = asks
            .iter()
            .map(|ask| ask.write())
            .collect::<Vec<_>>()
            .join(" ");
        let query = Query::parse(&text).unwrap();
        let want = expected(&site.world, &all, &asks);
        let (head, mut found, mut after) = (site.world.head(), Vec::new(), None);
        let searched_to = loop {
            let page =
                block_on(search::find(&site.world.store(), &head, &query, after, 50)).unwrap();
            found.extend(page.hits.iter().map(|hit| hit.position));
            after = page.next;
            if after.is_none() {
                assert_eq!(page.total, found.len() as u64, "{case}: {text}");
                break page.searched_to;
            }
        };
        whole &= searched_to.is_none();
        let mut rest = want.iter();
        for position in &found {
            let id = position.to_string();
            assert!(
                rest.any(|wanted| *wanted == id),
                "{case}: {text}: {id} is not wanted, or not here"
            );
        }
        let bound = searched_to.unwrap_or(Timestamp(i64::MIN));
        for id in &want {
            let position = Position::from_id(id).unwrap();
            assert!(
                position.rank <= bound.0 || found.contains(&position),
                "{case}: {text}: {id} is missing, searched to {searched_to:?}"
            );
        }
    }
    whole
}

/// Where the store has the values of the index.
fn index_keys(site: &Site) -> Vec<String> {
    let index = site.world.head().index();
    index.keys().map(|key| at(&key)).collect()
}

#[test]
fn an_old_history_is_indexed_little_by_little() {
    let mut dice = Dice(12);
    let mut site = Site::new();
    for _ in 0..8 {
        grown(&mut site, &mut dice, 800);
    }
    // As a site of before there was an index, or one whose index is of another layout.
    let named = index_keys(&site);
    site.world
        .kv
        .values
        .borrow_mut()
        .retain(|key, _| !named.contains(key));
    assert!(!check_part(&site, &mut dice, "without an index"));
    let mut steps = 0;
    loop {
        grown(&mut site, &mut dice, 60);
        steps += 1;
        if check_part(&site, &mut dice, &format!("step {steps}")) {
            break;
        }
        assert!(steps < 12, "the index is never made");
    }
    assert!(site.world.head().index().is_complete());
    check(&site, &mut dice, 5, "indexed anew");
}

#[test]
fn what_is_damaged_is_left_out_and_mended() {
    for (seed, how) in [(21, "lost"), (22, "cut short")] {
        let mut dice = Dice(seed);
        let mut site = Site::new();
        for _ in 0..5 {
            grown(&mut site, &mut dice, 800);
        }
        let mut named = index_keys(&site);
        named.sort();
        let key = named.swap_remove(dice.index(named.len()));
        {
            let mut values = site.world.kv.values.borrow_mut();
            let value = values[&key].0.clone();
            if how == "lost" {
                values.remove(&key);
            } else {
                values.get_mut(&key).unwrap().0 = value.slice(..value.len() / 2);
            }
        }
        check_part(&site, &mut dice, how);
        let mut steps = 0;
        while site
            .world
            .head()
            .index()
            .keys()
            .any(|named| at(&named) == key)
        {
            grown(&mut site, &mut dice, 120);
            steps += 1;
            assert!(steps < 40, "{how}: never noticed");
        }
        while !site.world.head().index().is_complete() {
            grown(&mut site, &mut dice, 60);
            steps += 1;
            assert!(steps < 60, "{how}: never mended");
        }
        check(&site, &mut dice, 5, how);
    }
}

#[test]
fn more_results_than_are_counted_are_all_found() {
    const ITEMS: usize = 10_400;
    let mut dice = Dice(31);
    let mut site = Site::new();
    for _ in 0..13 {
        grown(&mut site, &mut dice, ITEMS / 13);
    }
    let (world, query) = (&site.world, Query::parse("n").unwrap());
    // A word of few items, to have its pages; then a condition of all of them.
    let of = |query: &Query, limit| {
        let (head, mut found, mut after) = (world.head(), Vec::new(), None);
        loop {
            let page = block_on(search::find(&world.store(), &head, query, after, limit)).unwrap();
            assert_eq!(page.searched_to, None);
            found.extend(page.hits.iter().map(|hit| hit.position));
            let Some(next) = page.next else {
                return (found, page.total, page.more_than_total);
            };
            after = Some(next);
        }
    };
    assert!(of(&query, 10).1 < search::TOTAL_MAX);
    let query = Query::parse("after:2000").unwrap();
    let (found, total, more) = of(&query, 100);
    let mut listed: Vec<_> = world
        .walk("all", 100)
        .iter()
        .map(|item| Position::from_id(item["id"].as_str().unwrap()).unwrap())
        .collect();
    listed.sort_by_key(|position| Reverse(*position));
    assert_eq!((total, more), (search::TOTAL_MAX, true));
    assert!(found == listed, "{} of {}", found.len(), listed.len());
    let words = Query::parse("-quorumquorum rele").unwrap();
    let (found, ..) = of(&words, 100);
    let unique: std::collections::BTreeSet<_> = found.iter().collect();
    assert_eq!(unique.len(), found.len());
    assert_eq!(of(&words.newest_first(), 90).0.len(), found.len());
    for key in world.head().index().keys() {
        let value = &world.kv.values.borrow()[&at(&key)].0;
        assert!(value.len() <= VALUE_BYTES_MAX);
    }
}
