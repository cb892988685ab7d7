//! Edits and withdrawals of sealed items: every view and count follows, only their own segments are written anew.

use std::collections::BTreeSet;

use super::world::{World, at, block_on, config, post};
use crate::config::Config;
use crate::cycle::RunOutcome;
use crate::slice::keys;

/// A site whose history reaches into directories: the document has the last `kept` of 6,000 items.
fn deep(kept: i64) -> (World, Config) {
    let world = World::new();
    let site = config(&["a"]);
    for from in [0, 2_000, 4_000] {
        let posts = (from..from + 2_000).map(|number| post("a", number));
        world.set("a", posts.collect());
        world.pass(900);
        world.cycle(&site);
    }
    let head = world.head();
    assert!(head.directories(0).count() > 0);
    world.set(
        "a",
        (6_000 - kept..6_000)
            .map(|number| post("a", number))
            .collect(),
    );
    world.pass(900);
    world.cycle(&site);
    (world, site)
}

fn stored(world: &World, prefix: &str) -> BTreeSet<String> {
    let values = world.kv.values.borrow();
    let keys = values.keys().filter(|key| key.contains(prefix));
    keys.cloned().collect()
}

fn sum_of_sources(world: &World, view: &str) -> u64 {
    let head = world.head();
    let view = head.view(view).unwrap();
    let counts = head.counts().filter(|((of, _), _)| *of == view);
    counts.map(|(_, items)| items).sum()
}

#[test]
fn an_edit_below_a_directory_writes_its_own_values_only() {
    let (world, site) = deep(6_000);
    let (segments, directories) = (stored(&world, "/seg/"), stored(&world, "/dir/"));
    world.edit("a", |posts| posts[10].title = "Edited".into());
    world.pass(60);
    let edit = world.cycle(&site);
    assert_eq!((edit.outcome, edit.changed), (RunOutcome::Published, 1));
    // The state, a segment and a directory of each of two views, the search index of what changed, the head.
    assert_eq!(edit.kv.writes, 7, "{edit:?}");
    assert_eq!(stored(&world, "/seg/").difference(&segments).count(), 2);
    assert_eq!(stored(&world, "/dir/").difference(&directories).count(), 2);
    let mut want: Vec<String> = (0..6_000).rev().map(|n| post("a", n).title).collect();
    want[5_989] = "Edited".into();
    assert_eq!(world.titles("all"), want);
    assert_eq!(world.titles("alpha"), want);
    world.pass(60);
    assert_eq!(world.cycle(&site).kv.writes, 0);
}

#[test]
fn edits_beyond_the_limit_wait_and_are_not_lost() {
    let (world, site) = deep(6_000);
    world.edit("a", |posts| {
        for post in posts.iter_mut().step_by(100) {
            post.title.push_str(", edited");
        }
    });
    let mut rounds = 0;
    loop {
        world.pass(900);
        let report = world.cycle(&site);
        assert!(report.kv.writes < 60, "{report:?}");
        rounds += 1;
        if report.outcome == RunOutcome::Unchanged {
            break;
        }
    }
    assert!(
        (3..12).contains(&rounds),
        "{rounds}: two views of 24 segments, 16 a publish"
    );
    let edited = |view: &str| {
        let titles = world.titles(view);
        titles
            .iter()
            .filter(|title| title.ends_with("edited"))
            .count()
    };
    assert_eq!((edited("all"), edited("alpha")), (60, 60));
    assert_eq!(world.walk("all", 100).len(), 6_000);
}

#[test]
fn what_no_longer_passes_leaves_and_comes_back_when_it_passes() {
    let (world, mut site) = deep(6_000);
    let before = world.walk("all", 100);
    let id = before[5_000]["id"].as_str().unwrap().to_owned();
    site.sources[0].mute = vec!["post 999 of".into(), "hush".into()];
    world.edit("a", |posts| {
        posts[70].title = "Hush".into();
        posts[5_999].title = "Hush, in the head".into();
    });
    world.pass(60);
    let report = world.cycle(&site);
    assert_eq!((report.outcome, report.added), (RunOutcome::Published, 0));
    let mut want: Vec<String> = (0..5_999).rev().map(|n| post("a", n).title).collect();
    want.retain(|title| *title != "Post 999 of a" && *title != "Post 70 of a");
    for _ in 0..2 {
        assert_eq!(world.titles("all"), want);
        assert_eq!(world.titles("alpha"), want);
        assert!(
            world
                .titles("sevens")
                .iter()
                .all(|title| !title.contains(" 70 "))
        );
        for view in ["all", "alpha", "sevens"] {
            let head = world.head();
            let items = head.view_items(head.view(view).unwrap());
            assert_eq!(sum_of_sources(&world, view), items, "{view}");
        }
        let gone = block_on(crate::read::item(&world.store(), &world.head(), &id)).unwrap();
        assert!(gone.is_none(), "the item of the id is not found");
        // Nor after the state is lost, while the document still has them.
        world.kv.values.borrow_mut().remove(&at(keys::STATE));
        world.pass(60);
        assert_eq!(world.cycle(&site).added, 0);
    }
    site.sources[0].mute.clear();
    world.pass(60);
    assert_eq!(world.cycle(&site).added, 3);
    assert_eq!(world.walk("all", 100).len(), 6_000);
    world.pass(60);
    assert_eq!(world.cycle(&site).kv.writes, 0);
}

#[test]
fn membership_follows_edits_and_categories() {
    let (world, mut site) = deep(6_000);
    let sevens = world.titles("sevens").len();
    world.edit("a", |posts| {
        posts[7].title = "Left".into();
        posts[8].title = "Joined 7".into();
    });
    world.pass(60);
    world.cycle(&site);
    let listed = world.titles("sevens");
    assert_eq!(listed.len(), sevens);
    assert_eq!(listed[sevens - 2..], ["Post 17 of a", "Joined 7"]);
    // Another category for what the document still has.
    world.edit("a", |posts| drop(posts.drain(..5_900)));
    site.sources[0].category = "gamma".into();
    site.sources.push(config(&["ab"]).sources.remove(0));
    world.set("ab", Vec::new());
    for _ in 0..4 {
        world.pass(60);
        world.cycle(&site);
    }
    assert_eq!(world.titles("gamma").len(), 100);
    assert_eq!(world.titles("alpha").len(), 5_900);
    assert_eq!(world.walk("all", 100).len(), 6_000);
    world.pass(60);
    assert_eq!(world.cycle(&site).kv.writes, 0);
}

#[test]
fn a_tombstone_withdraws_what_is_sealed_and_what_is_not() {
    let world = World::new();
    let site = config(&["a"]);
    let date = |number: i64| crate::time::Timestamp::from_secs(1_700_000_000 + number * 60);
    let entry = |number: i64| {
        let (guid, at) = (format!("tag:a.example,2026:{number}"), date(number));
        format!("<entry><id>{guid}</id><title>Post {number}</title><updated>{at}</updated></entry>")
    };
    let tombstone = |number: i64, when: i64| {
        let when = date(when);
        format!(
            "<at:deleted-entry ref='tag:a.example,2026:{number}' when='{when}'><at:comment>spam</at:comment></at:deleted-entry>"
        )
    };
    let feed = |body: String| {
        world.raw(
            "a",
            &format!("<feed xmlns='http://www.w3.org/2005/Atom' xmlns:at='http://purl.org/atompub/tombstones/1.0'><title>A</title>{body}</feed>"),
        );
        world.pass(60);
        world.cycle(&site)
    };
    feed((0..300).map(entry).collect());
    assert_eq!(world.walk("all", 100).len(), 300);
    // Number 3 was changed after it was taken back: it stays. Number 4 is still listed, older than its removal.
    let body = [
        tombstone(0, 900),
        tombstone(3, 2),
        tombstone(4, 900),
        tombstone(299, 900),
        tombstone(5_000, 900),
    ]
    .concat();
    let with_entries = |body: &str| format!("{body}{}", (1..299).map(entry).collect::<String>());
    let report = feed(with_entries(&body));
    assert_eq!((report.added, report.changed), (0, 3), "{report:?}");
    let titles = world.titles("all");
    assert_eq!(titles.len(), 297);
    assert!(titles.contains(&"Post 3".to_owned()) && !titles.contains(&"Post 4".to_owned()));
    assert_eq!(feed(with_entries(&body)).outcome, RunOutcome::Unchanged);
    // Listed again without a tombstone, it is published again.
    assert_eq!(feed(with_entries("")).added, 1);
}
