//! What caches in front are told of a publish: the keys of the answers that it changes, and no others.

use std::collections::BTreeSet;

use super::world::{World, config, post};
use crate::cycle::RunOutcome;

/// The keys of the last publish.
fn told(world: &World) -> BTreeSet<String> {
    let all = std::mem::take(&mut *world.purged.borrow_mut());
    assert!(all.len() <= 1, "{all:?}");
    all.into_iter().flatten().collect()
}

fn keys(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn id_of(world: &World, title: &str) -> String {
    let items = world.walk("all", 100);
    let item = items.iter().find(|item| item["title"] == title).unwrap();
    item["id"].as_str().unwrap().to_owned()
}

fn start() -> World {
    let world = World::new();
    for source in ["a", "b"] {
        world.set(source, (1..4).map(|n| post(source, n)).collect());
    }
    world.cycle(&config(&["a", "b"]));
    world.pass(900);
    world
}

#[test]
fn news_change_their_views_and_their_source() {
    let world = start();
    // Of what was there before there is nothing to drop.
    assert_eq!(told(&world), keys(&[]));
    let config = config(&["a", "b"]);
    assert_eq!(world.cycle(&config).outcome, RunOutcome::Unchanged);
    assert_eq!(told(&world), keys(&[]));
    let ever = ["sources", "status", "view-all", "views"];
    world.edit("b", |posts| posts.push(post("b", 50)));
    world.pass(900);
    world.cycle(&config);
    let mut expected = keys(&ever);
    expected.extend(keys(&["source-b", "view-beta"]));
    assert_eq!(told(&world), expected);
    world.edit("a", |posts| posts.push(post("a", 57)));
    world.pass(900);
    world.cycle(&config);
    expected = keys(&ever);
    expected.extend(keys(&["source-a", "view-alpha", "view-sevens"]));
    assert_eq!(told(&world), expected);
}

#[test]
fn an_edit_changes_the_item_and_the_lists_it_was_and_is_in() {
    let world = start();
    told(&world);
    let config = config(&["a", "b"]);
    let id = id_of(&world, "Post 2 of a");
    world.edit("a", |posts| posts[1].title = "Now with a 7".into());
    world.pass(900);
    world.cycle(&config);
    let told = told(&world);
    let item = format!("item-{id}");
    for key in ["view-all", "view-alpha", "view-sevens", "source-a", &item] {
        assert!(told.contains(key), "{key}: {told:?}");
    }
    for key in ["view-beta", "source-b"] {
        assert!(!told.contains(key), "{key}: {told:?}");
    }
    assert_eq!(
        told.iter().filter(|key| key.starts_with("item-")).count(),
        1
    );
}

#[test]
fn a_seal_changes_nothing_but_what_is_new_and_sealed_items_can_change() {
    let world = start();
    let config = config(&["a", "b"]);
    world.edit("a", |posts| posts.extend((100..400).map(|n| post("a", n))));
    world.pass(900);
    world.cycle(&config);
    assert!(world.head().segments(0).count() > 0);
    let told_first = told(&world);
    assert!(
        !told_first.iter().any(|key| key.starts_with("item-")),
        "{told_first:?}"
    );
    assert!(!told_first.contains("view-beta") && !told_first.contains("source-b"));
    let id = id_of(&world, "Post 2 of b");
    world.edit("b", |posts| posts[1].title = "Edited".into());
    world.pass(900);
    world.cycle(&config);
    let told = told(&world);
    let item = format!("item-{id}");
    for key in ["view-all", "view-beta", "source-b", "status", &item] {
        assert!(told.contains(key), "{key}: {told:?}");
    }
    for key in ["view-alpha", "source-a", "view-sevens"] {
        assert!(!told.contains(key), "{key}: {told:?}");
    }
}

#[test]
fn another_configuration_and_very_many_changes_drop_the_site() {
    let world = start();
    let mut other = config(&["a", "b"]);
    other.site.title = "Another".into();
    world.cycle(&other);
    assert_eq!(told(&world), keys(&["site"]));
    world.set("a", (0..60).map(|n| post("a", n)).collect());
    world.pass(900);
    world.cycle(&other);
    told(&world);
    world.edit("a", |posts| {
        for post in posts {
            post.title.push('!');
        }
    });
    world.pass(900);
    world.cycle(&other);
    assert_eq!(told(&world), keys(&["site"]));
}

#[test]
fn a_failure_is_told_and_costs_no_run() {
    let world = start();
    world.purge_fails.set(true);
    world.edit("b", |posts| posts.push(post("b", 50)));
    world.pass(900);
    let report = world.cycle(&config(&["a", "b"]));
    assert_eq!(report.outcome, RunOutcome::Published);
    let notes = report.notes.join("\n");
    assert!(notes.contains("were not told"), "{notes}");
}
