//! What is remembered of a source holds only for the way it was read.

use super::world::{World, at, config, post};
use crate::cycle::{CycleError, RunOutcome};
use crate::read::ReadError;
use crate::slice::{Position, keys};

#[test]
fn a_filter_that_comes_and_goes_hides_nothing_for_ever() {
    let world = World::new();
    let site = config(&["a"]);
    world.set("a", (0..5).map(|number| post("a", number)).collect());
    world.cycle(&site);
    let mut muting = site.clone();
    muting.sources[0].mute = vec!["post 3".into()];
    for _ in 0..2 {
        // Within the hour: the state of the first cycle is still the stored one.
        world.pass(60);
        world.cycle(&muting);
        assert_eq!(world.titles("all").len(), 4);
        world.pass(60);
        let back = world.cycle(&site);
        assert_eq!((back.outcome, back.added), (RunOutcome::Published, 1));
        assert_eq!(world.titles("all").len(), 5);
    }
}

#[test]
fn a_source_that_comes_and_goes_hides_nothing_for_ever() {
    let world = World::new();
    let (both, one) = (config(&["a", "b"]), config(&["a"]));
    world.set("a", vec![post("a", 1)]);
    world.set("b", vec![post("b", 1), post("b", 2)]);
    world.cycle(&both);
    world.pass(60);
    world.cycle(&one);
    assert_eq!(world.titles("all").len(), 1);
    world.pass(60);
    world.cycle(&both);
    assert_eq!(world.titles("all").len(), 3);
}

#[test]
fn a_changed_definition_is_asked_afresh_and_at_once() {
    let world = World::new();
    let mut site = config(&["a"]);
    world.set("a", vec![post("a", 1)]);
    assert_eq!(world.due_cycle(&site).sources[0].outcome, "fresh");
    world.pass(10);
    assert!(world.due_cycle(&site).sources.is_empty(), "not due");
    site.sources[0].title = "Another name".into();
    site.sources[0].every_s = 60;
    assert!(world.due_cycle(&site).sources.is_empty(), "read as before");
    world.pass(60);
    let due = world.due_cycle(&site);
    assert_eq!(due.sources[0].outcome, "unchanged", "the new rhythm holds");
    site.sources[0].url = "https://a.example/other.json".into();
    let changed = world.due_cycle(&site);
    assert_eq!(changed.sources[0].outcome, "fresh", "validators dropped");
}

#[test]
fn a_published_check_is_not_repeated_too_early() {
    let world = World::new();
    let site = config(&["a", "b"]);
    world.set("a", vec![post("a", 1)]);
    world.set("b", vec![post("b", 1)]);
    world.due_cycle(&site);
    world.pass(900);
    // News of b publishes a head, and with it the time of a's check; the state is not written.
    world.edit("b", |posts| posts.push(post("b", 2)));
    let news = world.due_cycle(&site);
    assert_eq!((news.sources.len(), news.kv.writes), (2, 1));
    world.pass(300);
    assert!(world.due_cycle(&site).sources.is_empty());
    world.kv.values.borrow_mut().remove(&at(keys::STATE));
    assert!(
        world.due_cycle(&site).sources.is_empty(),
        "nor without the state"
    );
    world.pass(600);
    assert_eq!(world.due_cycle(&site).sources.len(), 2);
}

#[test]
fn an_edited_sealed_item_keeps_its_date() {
    let world = World::new();
    let site = config(&["a"]);
    let mut undated = post("a", 7);
    undated.at = None;
    world.set("a", vec![undated]);
    world.cycle(&site);
    let before = world.walk("all", 50).remove(0);
    world.pass(60);
    let now = world.now.get();
    world.edit("a", |posts| {
        posts.extend((100..300).map(|number| {
            let mut post = post("a", number);
            post.at = Some(now - 30 + number / 10);
            post
        }));
    });
    world.cycle(&site);
    world.pass(3600);
    world.edit("a", |posts| {
        posts[0].title = "Edited, 7".into();
        posts[0].at = Some(now - 86_400);
    });
    assert_eq!(world.cycle(&site).changed, 1);
    for view in ["all", "alpha", "sevens"] {
        let all = world.walk(view, 50);
        let after = all.iter().find(|item| item["id"] == before["id"]).unwrap();
        assert_eq!(after["title"], "Edited, 7", "{view}");
        assert_eq!(after["published"], before["published"], "{view}");
    }
    assert!(Position::from_id(before["id"].as_str().unwrap()).is_some());
}

#[test]
fn a_lost_segment_stops_no_cycle() {
    let world = World::new();
    let site = config(&["a"]);
    world.set("a", (0..600).map(|number| post("a", number)).collect());
    world.cycle(&site);
    let lost = keys::segment(world.head().segments(0).next().unwrap().name);
    world.kv.values.borrow_mut().remove(&at(&lost));
    world.kv.values.borrow_mut().remove(&at(keys::STATE));
    world.edit("a", |posts| {
        posts.extend((600..800).map(|number| post("a", number)))
    });
    world.pass(60);
    // It may be on its way: giving it up at once would leave items out for good.
    let waits = world.try_cycle(&site);
    assert!(
        matches!(&waits, Err(CycleError::Read(ReadError::Missing(key))) if *key == lost),
        "{waits:?}"
    );
    world.pass(60 * 60);
    let report = world.cycle(&site);
    assert_eq!((report.outcome, report.added), (RunOutcome::Published, 200));
    assert!(
        report.notes.iter().any(|note| note.contains(&lost)),
        "{report:?}"
    );
    let page = world.page("all", None, 50);
    assert_eq!(page.items, 50);
    world.pass(60);
    assert_eq!(world.cycle(&site).outcome, RunOutcome::Unchanged);
}
