//! How sources and their entries are treated over time.

use super::world::{World, at, block_on, config, post};
use crate::cycle::{RunOutcome, Scope, configured, run, status};
use crate::slice::keys;

#[test]
fn the_first_source_of_an_address_wins() {
    let world = World::new();
    let site = config(&["a", "b"]);
    let mut twin = post("b", 1);
    twin.url = Some("http://A.example/posts/1/?utm_source=b#top".into());
    let mut home = post("b", 2);
    home.url = Some("https://a.example/".into());
    world.set("a", vec![post("a", 1), post("a", 2)]);
    world.set("b", vec![twin, home]);
    assert_eq!(world.cycle(&site).added, 3);
    assert_eq!(world.cycle(&site).kv.writes, 0);
}

#[test]
fn the_first_source_of_the_configuration_wins_whichever_is_asked_first() {
    let world = World::new();
    let mut site = config(&["a", "b"]);
    site.limits.requests_per_run = 1;
    world.set("a", vec![post("a", 1)]);
    world.cycle(&site);
    assert_eq!(world.asked.take(), ["a"]);
    site.limits.requests_per_run = 50;
    world.pass(60);
    let mut twin = post("b", 1);
    twin.url = post("a", 2).url;
    world.set("a", vec![post("a", 1), post("a", 2)]);
    world.set("b", vec![twin]);
    assert_eq!(world.cycle(&site).added, 1);
    assert_eq!(world.asked.take(), ["b", "a"], "the longest unasked first");
    assert_eq!(world.titles("all")[0], "Post 2 of a");
}

#[test]
fn dates_are_clamped_and_given_once() {
    let world = World::new();
    let site = config(&["a"]);
    let mut future = post("a", 1);
    future.at = Some(world.now.get() + 86_400);
    let mut undated = post("a", 2);
    undated.at = None;
    world.set("a", vec![future, undated, post("a", 3)]);
    world.cycle(&site);
    let first = world.walk("all", 50);
    assert_eq!(
        first[0]["published"],
        first[1]["published"]
            .as_str()
            .map_or("", |_| "2026-09-21T14:13:20Z")
    );
    world.pass(3600);
    assert_eq!(world.cycle(&site).outcome, RunOutcome::Unchanged);
    assert_eq!(world.walk("all", 50), first);
}

#[test]
fn a_clock_that_was_ahead_puts_no_source_off() {
    let world = World::new();
    let site = config(&["a"]);
    world.set("a", vec![post("a", 1)]);
    // Another host, whose clock is an hour ahead, runs a cycle.
    world.pass(3600);
    world.cycle(&site);
    world.now.set(world.now.get() - 3600 + 60);
    world.edit("a", |posts| posts.push(post("a", 2)));
    let report = block_on(run(&world, &site, Scope::Due)).unwrap();
    assert_eq!((report.outcome, report.added), (RunOutcome::Published, 1));
    // By its own clock it is not due again.
    world.pass(60);
    let report = block_on(run(&world, &site, Scope::Due)).unwrap();
    assert_eq!(report.sources.len(), 0);
}

#[test]
fn a_failing_source_keeps_its_items_and_shows_its_error_once() {
    let world = World::new();
    let site = config(&["a", "b"]);
    world.set("a", vec![post("a", 1)]);
    world.set("b", vec![post("b", 1)]);
    world.cycle(&site);
    world.fail("a", 503);
    world.edit("b", |posts| posts.push(post("b", 2)));
    world.pass(60);
    let report = world.cycle(&site);
    assert_eq!((report.outcome, report.added), (RunOutcome::Published, 1));
    assert_eq!(world.titles("all").len(), 3);
    let health = world.head().health();
    assert_eq!(health[0].status, "failing");
    assert!(health[0].error.is_some() && health[1].error.is_none());
    world.pass(60);
    assert_eq!(world.cycle(&site).outcome, RunOutcome::Unchanged);
    world.set("a", vec![post("a", 1)]);
    world.pass(60);
    assert_eq!(world.cycle(&site).outcome, RunOutcome::Published);
    assert_eq!(world.head().health()[0].status, "ok");
}

#[test]
fn a_run_stops_at_its_limit_and_the_next_goes_on() {
    let world = World::new();
    let mut site = config(&["a", "a2", "b", "b2", "b3"]);
    site.limits.requests_per_run = 2;
    for source in ["a", "a2", "b", "b2", "b3"] {
        world.set(source, vec![post(source, 1)]);
    }
    let mut left = Vec::new();
    for _ in 0..4 {
        left.push(block_on(run(&world, &site, Scope::Due)).unwrap().left);
        world.pass(1);
    }
    assert_eq!(left, [3, 1, 0, 0]);
    assert_eq!(*world.asked.borrow(), ["a", "a2", "b", "b2", "b3"]);
    assert_eq!(world.titles("all").len(), 5);
}

#[test]
fn a_removed_source_leaves_and_a_filter_applies() {
    let world = World::new();
    let mut site = config(&["a", "b"]);
    world.set("a", (0..5).map(|number| post("a", number)).collect());
    world.set("b", (0..5).map(|number| post("b", number)).collect());
    world.cycle(&site);
    site.sources.remove(1);
    site.sources[0].mute = vec!["POST 3".into()];
    let report = world.cycle(&site);
    assert_eq!(report.outcome, RunOutcome::Published);
    assert_eq!(world.titles("all").len(), 4);
    assert!(world.head().view("beta").is_none());
}

#[test]
fn without_budget_the_head_goes_first_and_then_nothing() {
    let world = World::new();
    let mut site = config(&["a"]);
    site.budget.writes_per_day = 5;
    world.set("a", (0..50).map(|number| post("a", number)).collect());
    let first = world.cycle(&site);
    assert_eq!((first.outcome, first.kv.writes), (RunOutcome::Published, 2));
    // Sealing takes more writes than are left: the head takes all for now.
    world.edit("a", |posts| {
        posts.extend((50..170).map(|number| post("a", number)))
    });
    let second = world.cycle(&site);
    assert_eq!(
        (second.outcome, second.kv.writes),
        (RunOutcome::Published, 1)
    );
    assert_eq!(world.titles("all").len(), 170);
    world.edit("a", |posts| posts.push(post("a", 200)));
    assert_eq!(world.cycle(&site).outcome, RunOutcome::Published);
    world.edit("a", |posts| posts.push(post("a", 201)));
    let spent = world.cycle(&site);
    assert_eq!((spent.outcome, spent.kv.writes), (RunOutcome::Deferred, 0));
    let today = block_on(status(&world, &site.to_compiled())).unwrap();
    // The last one is the state's, as far as heads know.
    assert_eq!((today.writes_today, today.writes_left), (4, 1));
    world.pass(86_400);
    site.budget.writes_per_day = 100;
    assert_eq!(world.cycle(&site).outcome, RunOutcome::Published);
    assert_eq!(world.titles("all").len(), 172);
}

#[test]
fn what_another_format_has_stored_is_left_alone_and_the_site_is_made_anew() {
    let world = World::new();
    let site = config(&["a"]);
    world.set("a", vec![post("a", 1)]);
    for key in ["ef/1/main/head", "ef/1/main/state"] {
        let old = ("EFLD\u{1}of another build".into(), 1);
        world.kv.values.borrow_mut().insert(key.to_owned(), old);
    }
    assert_eq!(world.cycle(&site).outcome, RunOutcome::Published);
    assert_eq!(world.titles("all").len(), 1);
    let old = world.kv.values.borrow()["ef/1/main/head"].0.clone();
    assert!(old.ends_with(b"another build"));
    // Under this format's own key it is refused, and never overwritten.
    world
        .kv
        .values
        .borrow_mut()
        .insert(at(keys::HEAD), (b"EFLD\x01".repeat(20).into(), 7));
    let error = world.try_cycle(&site).unwrap_err().to_string();
    assert!(error.contains("another version of edgefold"), "{error}");
}

#[test]
fn a_broken_override_is_told_and_passed_over() {
    let world = World::new();
    let site = config(&["a"]);
    world
        .kv
        .values
        .borrow_mut()
        .insert(at(keys::CONFIG), ("[site]".into(), 1));
    let found = block_on(configured(&world, &site.to_compiled())).unwrap();
    assert_eq!(found.config, site);
    assert!(found.problem.unwrap().contains("ef/2/main/config"));
}

#[test]
fn a_short_budget_spaces_publishes_out() {
    let world = World::new();
    let mut site = config(&["a"]);
    site.budget.writes_per_day = 40;
    // Midnight: 40 writes for the whole day, half of them for what is no head, because nothing is published yet.
    world.now.set(20_000 * 86_400);
    world.set("a", vec![post("a", 0)]);
    let mut outcomes = Vec::new();
    for number in 1..=40 {
        world.edit("a", |posts| posts.push(post("a", number)));
        world.pass(60);
        outcomes.push(world.cycle(&site).outcome);
    }
    let published = |outcomes: &[RunOutcome]| {
        let published = |outcome: &&RunOutcome| **outcome == RunOutcome::Published;
        outcomes.iter().filter(published).count()
    };
    assert!((10..=12).contains(&published(&outcomes)), "{outcomes:?}");
    assert_eq!(outcomes.last(), Some(&RunOutcome::Deferred));
    let waiting = world.cycle(&site);
    assert!(waiting.notes.iter().any(|note| note.contains("runs short")));
    let today = block_on(status(&world, &site.to_compiled())).unwrap();
    assert!(
        today
            .paced_s
            .is_some_and(|wait| (7_200..12_000).contains(&wait))
    );
    // The rest of the day: news every ten minutes, never more than the budget, some to the end. Once enough is left for
    // it, a seal takes its share.
    let mut rest = Vec::new();
    for number in 100..236 {
        world.edit("a", |posts| posts.push(post("a", number)));
        world.pass(600);
        rest.push(world.cycle(&site).outcome);
    }
    assert!(
        published(&rest[..68]) >= 4 && published(&rest[68..]) >= 2,
        "{rest:?}"
    );
    assert!(world.kv.applied.get() <= 40);
    world.pass(7_200);
    assert_eq!(world.cycle(&site).outcome, RunOutcome::Published);
    assert_eq!(world.titles("all").len(), 177);
}
