//! Sealed items whose memory was given up: what their sources list later is neither lost nor doubled, as far as dates tell.

use super::world::{Post, World, at, config, post};
use crate::config::Config;
use crate::cycle::RunOutcome;
use crate::fold::MEMORY_ITEMS_MAX;
use crate::slice::keys;

/// More than is remembered.
const FLOOD: i64 = MEMORY_ITEMS_MAX as i64 + 400;
/// Before everything that the busy source has.
const LONG_AGO: i64 = 1_600_000_000;

fn dated(number: i64, at: Option<i64>) -> Post {
    let url = Some(format!("https://a.example/{number}"));
    Post {
        at,
        url,
        ..post("a", number)
    }
}

/// The busy source `b` has sealed items before `a`, which answers with `first`, has any. All of `first` is sealed.
fn site(first: Vec<Post>) -> (World, Config) {
    let (world, site) = (World::new(), config(&["a", "b"]));
    world.now.set(0);
    world.set("a", Vec::new());
    busy(&world, 0..400);
    world.cycle(&site);
    world.set("a", first);
    busy(&world, 300..600);
    cycle(&world, &site);
    busy(&world, 500..800);
    cycle(&world, &site);
    let head = world.head();
    let mut unsealed = head.items.rows();
    assert!(unsealed.all(|row| row.source == "b"));
    (world, site)
}

/// It has just published the last of these.
fn busy(world: &World, numbers: std::ops::Range<i64>) {
    let last = post("b", numbers.end).at.unwrap();
    world.now.set(last.max(world.now.get()));
    world.set("b", numbers.map(|number| post("b", number)).collect());
}

fn cycle(world: &World, site: &Config) {
    world.pass(900);
    world.cycle(site);
}

/// `b` brings so many that of `a` only what it lists is still remembered.
fn flood(world: &World, site: &Config) {
    for from in [800, 800 + FLOOD / 2] {
        busy(world, from..from + FLOOD / 2);
        cycle(world, site);
    }
}

/// How often each of `a` is there, by number.
fn numbers(world: &World) -> Vec<i64> {
    let titles = world.titles("all").into_iter().filter_map(|title| {
        let number = title.strip_prefix("Post ")?.strip_suffix(" of a")?;
        number.parse().ok()
    });
    let mut numbers: Vec<i64> = titles.collect();
    numbers.sort_unstable();
    numbers
}

/// What is said of `a`.
fn notes(world: &World) -> String {
    let health = world.head().health();
    let of = health.iter().find(|source| source.id == "a").unwrap();
    of.notes.join("; ")
}

#[test]
fn a_late_find_that_is_forgotten_hides_nothing_dated_after_it() {
    let old = |number| dated(number, Some(LONG_AGO + number * 86_400));
    let (world, site) = site((0..4).map(old).collect());
    world.set("a", (1..4).map(old).collect());
    flood(&world, &site);
    // Back again, and one that is dated before its place and after its date.
    let back = (0..4).map(old).chain([old(40)]);
    world.set("a", back.collect());
    cycle(&world, &site);
    assert_eq!(numbers(&world), [0, 1, 2, 3, 40]);
}

#[test]
fn a_source_without_dates_is_not_silent_once_one_of_it_is_forgotten() {
    let undated = |number| dated(number, None);
    let (world, site) = site((0..4).map(undated).collect());
    world.set("a", (1..4).map(undated).collect());
    flood(&world, &site);
    world.set("a", (1..6).map(undated).collect());
    cycle(&world, &site);
    assert_eq!(numbers(&world), [0, 1, 2, 3, 4, 5]);
    // The price: one that comes back after it left and was forgotten is a new one, once.
    for _ in 0..2 {
        world.set("a", (0..6).map(undated).collect());
        cycle(&world, &site);
        assert_eq!(numbers(&world), [0, 0, 1, 2, 3, 4, 5]);
    }
}

#[test]
fn an_entry_that_was_dated_anew_before_it_was_forgotten_is_not_doubled() {
    let entry = |number: i64, modified: &str| {
        format!(
            r#"{{ "id": "{number}", "url": "https://a.example/{number}", "title": "Post {number} of a",
                "content_text": "Words.", "date_modified": "{modified}" }}"#
        )
    };
    let document = |entries: &[String]| {
        format!(
            r#"{{ "version": "https://jsonfeed.org/version/1.1", "title": "a", "items": [{}] }}"#,
            entries.join(",")
        )
    };
    let (first, other) = (
        entry(0, "2023-11-01T00:00:00Z"),
        entry(1, "2023-11-02T00:00:00Z"),
    );
    let (world, site) = site(Vec::new());
    world.raw("a", &document(&[first, other.clone()]));
    cycle(&world, &site);
    busy(&world, 700..900);
    cycle(&world, &site);
    let edited = entry(0, "2023-11-15T12:00:00Z");
    world.raw("a", &document(&[edited.clone(), other.clone()]));
    cycle(&world, &site);
    world.raw("a", &document(std::slice::from_ref(&other)));
    flood(&world, &site);
    world.raw("a", &document(&[edited, other]));
    cycle(&world, &site);
    assert_eq!(numbers(&world), [0, 1]);
}

#[test]
fn what_is_dated_before_something_forgotten_is_left_out_and_told() {
    let old = |number| dated(number, Some(LONG_AGO + number * 86_400));
    let (world, site) = site((0..4).map(old).collect());
    world.set("a", (3..4).map(old).collect());
    flood(&world, &site);
    let before = dated(20, Some(LONG_AGO + 2 * 86_400 - 1));
    world.set("a", vec![old(3), before]);
    cycle(&world, &site);
    assert_eq!(numbers(&world), [0, 1, 2, 3]);
    assert_eq!(
        notes(&world),
        "1 entries older than what is remembered were left out"
    );
}

#[test]
fn an_empty_document_between_two_forgets_nothing() {
    let undated = |number| dated(number, None);
    let (world, site) = site((0..4).map(undated).collect());
    world.set("a", Vec::new());
    flood(&world, &site);
    world.set("a", (0..5).map(undated).collect());
    cycle(&world, &site);
    assert_eq!(numbers(&world), [0, 1, 2, 3, 4]);
}

#[test]
fn more_listed_without_dates_than_is_remembered_are_not_doubled() {
    let undated = |number| dated(number, None);
    let (world, site) = site(Vec::new());
    world.set("a", (0..FLOOD).map(undated).collect());
    cycle(&world, &site);
    for more in 1..3 {
        world.set("a", (0..FLOOD + more).map(undated).collect());
        cycle(&world, &site);
        let there = numbers(&world);
        let mut once = there.clone();
        once.dedup();
        assert_eq!(there, once);
        let quiet = (0..40).any(|_| {
            world.pass(7200);
            world.cycle(&site).outcome == RunOutcome::Unchanged
        });
        assert!(quiet, "the search index is never done");
        world.pass(7200);
        let again = world.cycle(&site);
        assert_eq!(again.kv.writes, 0, "{again:?}");
    }
    // With fewer listed it is told again what is new.
    for more in 10..12 {
        world.set("a", (FLOOD - 50..FLOOD + more).map(undated).collect());
        cycle(&world, &site);
    }
    assert_eq!(numbers(&world).last(), Some(&(FLOOD + 11 - 1)));
}

#[test]
fn a_lost_state_neither_doubles_nor_silences_a_source_without_dates() {
    let undated = |number| dated(number, None);
    let (world, site) = site((0..4).map(undated).collect());
    flood(&world, &site);
    world.kv.values.borrow_mut().remove(&at(keys::STATE));
    // Which of them is new, nobody can tell: this one document brings nothing, and says so.
    world.set("a", (0..5).map(undated).collect());
    cycle(&world, &site);
    assert_eq!(numbers(&world), [0, 1, 2, 3]);
    assert!(
        notes(&world).contains("5 entries without a date were left out"),
        "{}",
        notes(&world)
    );
    world.set("a", (1..7).map(undated).collect());
    cycle(&world, &site);
    assert_eq!(numbers(&world), [0, 1, 2, 3, 5, 6]);
    assert_eq!(notes(&world), "");
    // What was taken for known may be changed or leave: there is no item that could.
    world.set("a", vec![dated(4, None)]);
    world.edit("a", |posts| posts[0].title = "Post 44 of a".to_owned());
    cycle(&world, &site);
    assert_eq!(numbers(&world), [0, 1, 2, 3, 5, 6]);
}

#[test]
fn no_more_than_one_document_is_taken_for_known() {
    let undated = |number| dated(number, None);
    let (world, site) = site((0..4).map(undated).collect());
    flood(&world, &site);
    world.kv.values.borrow_mut().remove(&at(keys::STATE));
    world.fail("a", 500);
    cycle(&world, &site);
    // The state was stored just now, and is stored again: else the second of these would be taken for known too.
    for (listed, added) in [(4, 0), (5, 1), (6, 1)] {
        world.pass(60);
        world.set("a", (0..listed).map(undated).collect());
        assert_eq!(world.cycle(&site).added, added, "{listed}");
    }
    assert_eq!(numbers(&world), [0, 1, 2, 3, 4, 5]);
}
