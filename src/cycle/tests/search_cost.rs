//! What a search costs at 20,000 items, counted: real cycles, texts as long and as varied as real ones.

use serde_json::{Value, json};

use super::actions::Dice;
use super::world::{World, block_on, config};
use crate::search::{self, Found, Query};
use crate::slice::{Head, VALUE_BYTES_MAX};
use crate::time::Timestamp;

const PER_CYCLE: usize = 2_500;
/// Of those, what comes little by little in the end.
const LATELY: i64 = 975;
/// Store reads of a page of results, the head's own among them.
const READS_MAX: u32 = 8;
/// Words that there are.
const VOCABULARY: u64 = 60_000;

/// A word, the frequent ones as often as in natural text (Zipf): number 7 some hundred times as often as number 5,000.
fn word(dice: &mut Dice) -> String {
    let exponent = dice.roll(1_000_000) as f64 / 1_000_000.0;
    named((VOCABULARY as f64).powf(exponent) as u64)
}

/// Word `number`, of three to nine letters.
fn named(number: u64) -> String {
    const SYLLABLES: [&str; 16] = [
        "ka", "ren", "to", "li", "mos", "ve", "dan", "fu", "gri", "pe", "sto", "wa", "xi", "bor",
        "ne", "cu",
    ];
    let mut word = String::new();
    let mut rest = number + 16;
    while rest > 0 {
        word.push_str(SYLLABLES[(rest % 16) as usize]);
        rest /= 16;
    }
    word
}

fn text(dice: &mut Dice, words: usize) -> String {
    (0..words).map(|_| word(dice)).collect::<Vec<_>>().join(" ")
}

fn entry(dice: &mut Dice, number: i64) -> Value {
    json!({
        "id": number.to_string(),
        "url": format!("https://a.example/2026/11/{}", text(dice, 6).replace(' ', "-")),
        "title": text(dice, 10),
        "content_text": format!("{} in the world of widgets", text(dice, 36)),
        "tags": [word(dice), "news"],
        "authors": [{ "name": format!("Ada {}", named(dice.roll(300))) }],
        "date_published": Timestamp::from_secs(1_700_000_000 + number * 431).to_string(),
    })
}

#[test]
fn a_search_of_twenty_thousand_items_is_eight_reads() {
    let most = reads_of_searches(20_000);
    assert!(most <= READS_MAX, "{most}");
}

#[test]
#[ignore = "for figures: see docs/search.md"]
fn a_search_of_a_thousand_items() {
    reads_of_searches(1_000);
}

#[test]
#[ignore = "for figures: see docs/search.md"]
fn a_search_of_a_hundred_thousand_items() {
    reads_of_searches(100_000);
}

/// One search: a function of its own, so that what it takes can be counted.
#[inline(never)]
fn one_search(world: &World, head: &Head, query: &Query) -> Found {
    block_on(search::find(&world.store(), head, query, None, 30)).unwrap()
}

/// Store reads that a page of results takes at most.
#[expect(
    clippy::disallowed_macros,
    reason = "figures for whoever reads the test's output"
)]
fn reads_of_searches(items: i64) -> u32 {
    let lately = LATELY.min(items / 2);
    let (world, config) = (World::new(), config(&["a"]));
    let mut dice = Dice(7);
    let mut writes = 0;
    let mut publish = |from: i64, to: i64| {
        let entries: Vec<Value> = (from..to)
            .rev()
            .map(|number| entry(&mut dice, number))
            .collect();
        let feed = json!({ "version": "https://jsonfeed.org/version/1.1", "title": "A", "items": entries });
        world.raw("a", &feed.to_string());
        world.pass(900);
        writes += world.cycle(&config).kv.writes;
    };
    for from in (0..items - lately).step_by(PER_CYCLE) {
        publish(from, (from + PER_CYCLE as i64).min(items - lately));
    }
    // Then as most days are: the youngest run grows, and what was sealed last has no index yet.
    for from in (items - lately..items).step_by(65) {
        publish(from, (from + 65).min(items));
    }
    let (head, index) = (world.head(), world.head().index());
    let sizes = |key: &str| -> Vec<usize> {
        let values = world.kv.values.borrow();
        let named: Vec<String> = index.keys().map(|key| super::world::at(&key)).collect();
        let of = values
            .iter()
            .filter(|(name, _)| name.contains(key) && named.contains(name));
        of.map(|(_, (value, _))| value.len()).collect()
    };
    let runs: Vec<_> = index
        .runs
        .iter()
        .map(|run| (run.documents, run.terms.len(), run.records.len()))
        .collect();
    println!("{writes} writes in all; runs (documents, values of terms, of records): {runs:?}");
    println!(
        "values of {:?} bytes; the head {} bytes",
        sizes("/run/"),
        head.bytes()
    );
    assert!(sizes("/run/").iter().all(|bytes| *bytes <= VALUE_BYTES_MAX));
    let queries = [
        named(3),
        named(40),
        named(900),
        named(30_000),
        format!("{} {}", named(5), named(11)),
        format!("{} {}", named(60), named(300)),
        format!("\"{} {}\"", named(1), named(2)),
        format!("{} -{}", named(30), named(4)),
        named(50).get(..3).unwrap().to_owned(),
        format!("tag:{} source:a", named(20)),
        format!("ada {} after:2023-12 before:2024-01", named(9)),
        format!("{} {} {}", named(2), named(6), named(14)),
        "widgets".to_owned(),
        "\"world of widgets\"".to_owned(),
        format!("\"world of widgets\" {}", named(30_000)),
    ];
    let mut most = 0;
    for text in queries {
        let query = Query::parse(&text).unwrap();
        // The first makes ready what an instance keeps.
        one_search(&world, &head, &query);
        let found = one_search(&world, &head, &query);
        println!(
            "{:2} reads, {:6} results: {text}",
            found.reads + 1,
            found.total
        );
        most = most.max(found.reads + 1);
        assert_eq!(found.searched_to, None);
    }
    most
}
