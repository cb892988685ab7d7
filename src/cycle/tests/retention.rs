//! What is no longer kept leaves every list at once, does not come back, and is deleted later.

use std::collections::BTreeSet;

use super::world::{World, at, block_on, config, post};
use crate::config::Retention;
use crate::cycle::RunOutcome;
use crate::slice::{SEGMENT_ITEMS_MAX, keys};

fn keeping(items: Option<u64>, days: Option<u32>) -> crate::config::Config {
    crate::config::Config {
        retention: Retention { items, days },
        ..config(&["a", "b"])
    }
}

pub(super) fn numbers(from: i64, to: i64) -> Vec<super::world::Post> {
    (from..to).map(|number| post("a", number)).collect()
}

/// Every key that the published head names, directly or through directories.
pub(super) fn named(world: &World) -> BTreeSet<String> {
    let head = world.head();
    let mut named = BTreeSet::from([keys::HEAD.to_owned(), keys::STATE.to_owned()]);
    named.extend(head.index().keys());
    for view in 0..u16::try_from(head.views_len()).unwrap() {
        named.extend(head.segments(view).map(|listed| keys::segment(listed.name)));
        for listed in head.directories(view) {
            named.insert(keys::directory(listed.name));
            let directory = block_on(crate::read::directory(&world.store(), listed)).unwrap();
            named.extend(
                directory
                    .segments()
                    .map(|listed| keys::segment(listed.name)),
            );
        }
    }
    named.iter().map(|key| at(key)).collect()
}

pub(super) fn stored(world: &World) -> BTreeSet<String> {
    world.kv.values.borrow().keys().cloned().collect()
}

#[test]
fn a_count_drops_whole_segments_and_nothing_comes_back() {
    let world = World::new();
    let site = keeping(Some(1_000), None);
    world.set("b", Vec::new());
    world.set("a", numbers(0, 3_000));
    assert_eq!(world.cycle(&site).added, 3_000);
    let kept = world.walk("all", 50).len();
    assert!(
        (1_000..1_000 + SEGMENT_ITEMS_MAX).contains(&kept),
        "{kept} kept"
    );
    assert_eq!(world.titles("alpha"), world.titles("all"));
    let newest: Vec<String> = (0..3_000).rev().map(|n| post("a", n).title).collect();
    assert_eq!(world.titles("all"), newest[..kept]);
    // The document still has everything; so it has when what was remembered is lost.
    world.pass(60);
    assert_eq!(world.cycle(&site).outcome, RunOutcome::Unchanged);
    world.kv.values.borrow_mut().remove(&at(keys::STATE));
    let again = world.cycle(&site);
    assert_eq!(again.added, 0, "{again:?}");
    assert_eq!(world.titles("all"), newest[..kept]);
}

#[test]
fn an_old_cursor_gets_its_page_or_is_told_that_it_is_gone() {
    let world = World::new();
    let site = keeping(Some(500), None);
    world.set("b", Vec::new());
    world.set("a", numbers(0, 600));
    world.cycle(&site);
    let mut cursors = Vec::new();
    let mut cursor = None;
    while let Some(next) = world.page("all", cursor, 100).next {
        cursors.push(next);
        cursor = Some(next);
    }
    world.set("a", numbers(600, 900));
    world.pass(900);
    world.cycle(&site);
    let oldest = world.walk("all", 50).pop().unwrap();
    let answers: Vec<bool> = cursors
        .iter()
        .map(|cursor| {
            let page = world.page("all", Some(*cursor), 100);
            assert_eq!(page.gone, page.items == 0);
            page.gone
        })
        .collect();
    assert!(answers.is_sorted(), "{answers:?}: the older ones");
    assert!(
        answers.contains(&true) && answers.contains(&false),
        "{answers:?}"
    );
    let end = crate::slice::Position::from_id(oldest["id"].as_str().unwrap()).unwrap();
    assert!(world.page("all", Some(end.into()), 100).gone);
    assert!(!world.page("all", None, 100).gone);
}

#[test]
fn what_is_old_leaves_by_itself() {
    let world = World::new();
    let site = keeping(None, Some(30));
    let start = world.now.get();
    world.set("b", Vec::new());
    world.set(
        "a",
        (0..600)
            .map(|number| {
                let mut post = post("a", number);
                post.at = Some(start - 86_400 + number);
                post
            })
            .collect(),
    );
    world.cycle(&site);
    assert_eq!(world.walk("all", 50).len(), 600);
    world.pass(20 * 86_400);
    assert_eq!(world.cycle(&site).outcome, RunOutcome::Unchanged);
    world.pass(20 * 86_400);
    let aged = world.cycle(&site);
    assert_eq!((aged.outcome, aged.added), (RunOutcome::Published, 0));
    let kept = world.walk("all", 50).len();
    assert_eq!(kept, world.head().items_len(), "the head keeps what it has");
    assert!((30..=100).contains(&kept), "{kept}");
    assert_eq!(world.cycle(&site).outcome, RunOutcome::Unchanged);
}

#[test]
fn what_nothing_names_is_deleted_after_its_grace_time() {
    let world = World::new();
    let site = keeping(Some(500), None);
    world.set("b", Vec::new());
    for round in 0..8 {
        world.edit("a", |posts| {
            posts.extend(numbers(round * 120, round * 120 + 120))
        });
        if round == 0 {
            world.set("a", numbers(0, 120));
        }
        world.pass(900);
        world.cycle(&site);
        assert!(stored(&world).is_superset(&named(&world)), "round {round}");
    }
    let waiting = stored(&world).len() - named(&world).len();
    assert!(waiting > 0, "superseded segments wait");
    world.pass(1_800);
    assert_eq!(world.cycle(&site).kv.deletes, 0);
    for _ in 0..3 {
        world.pass(3_700);
        world.cycle(&site);
    }
    assert_eq!(stored(&world), named(&world));
    assert_eq!(world.cycle(&site).kv.writes, 0);
}

#[test]
fn a_history_in_directories_shrinks_too() {
    let world = World::new();
    let site = keeping(Some(6_000), None);
    world.set("b", Vec::new());
    for round in 0..8 {
        world.set("a", numbers(round * 2_500, (round + 1) * 2_500));
        world.pass(900);
        world.cycle(&site);
        assert!(stored(&world).is_superset(&named(&world)), "round {round}");
    }
    assert!(world.head().directories(0).count() > 0);
    let kept = world.titles("all");
    assert!((6_000..7_500).contains(&kept.len()), "{}", kept.len());
    let newest: Vec<String> = (0..20_000).rev().map(|n| post("a", n).title).collect();
    assert_eq!(kept, newest[..kept.len()]);
    assert_eq!(world.titles("alpha"), kept);
    let sevens = kept.iter().filter(|title| title.contains('7')).count();
    let listed = world.walk("sevens", 50).len();
    assert!(
        (sevens..sevens + 1_300).contains(&listed),
        "{listed} of {sevens}"
    );
}
