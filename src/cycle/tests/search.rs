//! Searches against a list: sites that live through seals, edits, withdrawals, retention, lost values and crashes, and are
//! asked the same of everything that they publish.
//!
//! The oracle reads what the site lists, item by item, and knows nothing of runs. A failure names its seed and step.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::actions::Dice;
use super::world::{Fault, World, at, block_on, config};
use crate::config::{Config, Retention};
use crate::search::{self, Hit, Query, SearchCursor};
use crate::slice::{Position, VALUE_BYTES_MAX, keys};
use crate::time::Timestamp;

const START: i64 = 1_700_000_000;

/// What texts are made of: rare ones at the end.
const WORDS: [&str; 24] = [
    "the",
    "a",
    "of",
    "release",
    "Kernel",
    "kernels",
    "rust",
    "Rustic",
    "wasm",
    "café",
    "naïve",
    "fast",
    "Edge",
    "edges",
    "fold",
    "store",
    "7",
    "v17",
    "zero-copy",
    "node.js",
    "Łódź",
    "quorum",
    "lease",
    "gravité",
];
const TAGS: [&str; 5] = ["news", "Open Source", "kernel", "Café", "x"];

fn pick<'w>(dice: &mut Dice, words: &[&'w str]) -> &'w str {
    // The smaller of two: the first ones are the frequent ones.
    let (one, other) = (dice.index(words.len()), dice.index(words.len()));
    words[one.min(other)]
}

fn text(dice: &mut Dice, most: usize) -> String {
    let count = 1 + dice.index(most);
    let words: Vec<&str> = (0..count).map(|_| pick(dice, &WORDS)).collect();
    words.join(if dice.index(9) == 0 { ", " } else { " " })
}

fn entry(dice: &mut Dice, source: &str, number: i64) -> Value {
    // Some are found late, and some share a moment.
    let number_then = number - i64::try_from(dice.index(3)).unwrap();
    let late = if dice.index(20) == 0 { 40_000 } else { 0 };
    let at = Timestamp::from_secs(START + number_then * 90 - late);
    let tags: Vec<&str> = (0..dice.index(3)).map(|_| pick(dice, &TAGS)).collect();
    json!({
        "id": format!("{source}-{number}"),
        "url": format!("https://{source}.example/{number}"),
        "title": format!("{} n{number}", text(dice, 7)),
        "content_text": text(dice, 20),
        "tags": tags,
        "authors": [{ "name": pick(dice, &["Ada Fold", "Grace Édge", "Kernel Panic"]) }],
        "date_published": at.to_string(),
    })
}

/// Entries that a source's document lists, the newest.
const LISTED_MAX: usize = 500;

/// A site under test: the entries of each source, oldest first.
pub(super) struct Site {
    pub(super) world: World,
    config: Config,
    entries: [Vec<Value>; 2],
    next: i64,
}

const SOURCES: [&str; 2] = ["a", "b"];

impl Site {
    pub(super) fn new() -> Self {
        let mut config = config(&SOURCES);
        for source in &mut config.sources {
            source.mute = vec!["hush".into()];
        }
        Self {
            world: World::new(),
            config,
            entries: [Vec::new(), Vec::new()],
            next: 0,
        }
    }

    pub(super) fn grow(&mut self, dice: &mut Dice, count: usize) {
        for _ in 0..count {
            let source = dice.index(2);
            let entry = entry(dice, SOURCES[source], self.next);
            self.entries[source].push(entry);
            self.next += 1;
            let excess = self.entries[source].len().saturating_sub(LISTED_MAX);
            self.entries[source].drain(..excess);
        }
    }

    pub(super) fn change(&mut self, dice: &mut Dice, count: usize, withdraw: bool) {
        for _ in 0..count {
            let entries = &mut self.entries[dice.index(2)];
            if entries.is_empty() {
                continue;
            }
            let at = dice.index(entries.len());
            let title = if withdraw {
                "hush".to_owned()
            } else {
                format!("{} edited", text(dice, 5))
            };
            entries[at]["title"] = title.into();
        }
    }

    pub(super) fn cycle(&mut self) -> Result<crate::cycle::Report, crate::cycle::CycleError> {
        for (source, entries) in SOURCES.iter().zip(&self.entries) {
            let items: Vec<&Value> = entries.iter().rev().collect();
            let feed = json!({ "version": "https://jsonfeed.org/version/1.1", "title": "T", "items": items });
            self.world.raw(source, &feed.to_string());
        }
        self.world.pass(900);
        self.world.try_cycle(&self.config)
    }
}

/// A condition, as the oracle has it and as it is written.
#[derive(Debug, Clone)]
pub(super) enum Ask {
    Words(Vec<String>, bool),
    Without(String),
    Source(&'static str),
    View(&'static str),
    Tag(&'static str),
    Before(Timestamp),
    After(Timestamp),
}

impl Ask {
    pub(super) fn write(&self) -> String {
        match self {
            Self::Words(words, true) => words.join("-"),
            Self::Words(words, false) => format!("\"{}\"", words.join(" ")),
            Self::Without(word) => format!("-{word}"),
            Self::Source(id) => format!("source:{id}"),
            Self::View(id) => format!("category:{id}"),
            Self::Tag(tag) => format!("tag:\"{tag}\""),
            Self::Before(at) => format!("before:{at}"),
            Self::After(at) => format!("after:{at}"),
        }
    }
}

/// What is asked: the last words may be a beginning.
pub(super) fn asks(dice: &mut Dice, all: &[Value]) -> Vec<Ask> {
    let mut asks = Vec::new();
    for _ in 0..1 + dice.index(3) {
        let ask = match dice.index(12) {
            0..=3 => Ask::Words(split(pick(dice, &WORDS)), false),
            4..=5 if !all.is_empty() => {
                // Words that do stand together, mostly.
                let item = &all[dice.index(all.len())];
                let field = if dice.index(2) == 0 {
                    "title"
                } else {
                    "summary"
                };
                let words = split(item[field].as_str().unwrap());
                let from = dice.index(words.len().max(1));
                Ask::Words(
                    words
                        .into_iter()
                        .skip(from)
                        .take(2 + dice.index(2))
                        .collect(),
                    false,
                )
            }
            6 => Ask::Without(split(pick(dice, &WORDS)).swap_remove(0)),
            7 => Ask::Source(SOURCES[dice.index(2)]),
            8 => Ask::View(["alpha", "beta", "sevens"][dice.index(3)]),
            9 => Ask::Tag(TAGS[dice.index(TAGS.len())]),
            10 | 11 => {
                let at = Timestamp::from_secs(START + i64::try_from(dice.index(200_000)).unwrap());
                if dice.index(2) == 0 {
                    Ask::Before(at)
                } else {
                    Ask::After(at)
                }
            }
            _ => Ask::Words(vec!["release".into()], false),
        };
        if !matches!(&ask, Ask::Words(words, _) if words.is_empty()) {
            asks.push(ask);
        }
    }
    if dice.index(2) == 0 || asks.is_empty() {
        let words = split(pick(dice, &WORDS));
        let mut words: Vec<String> = words.into_iter().filter(|word| word.len() > 2).collect();
        if let Some(last) = words.last_mut() {
            last.truncate(2 + dice.index(last.len() - 1));
            asks.push(Ask::Words(words, true));
        }
    }
    if asks.is_empty() {
        asks.push(Ask::Words(vec!["rust".into()], false));
    }
    asks
}

/// The words of a text, in the plainest way that will do for [`WORDS`].
fn split(text: &str) -> Vec<String> {
    let plain = |c: char| match c {
        'é' | 'É' => 'e',
        'ï' => 'i',
        'ó' => 'o',
        'ł' | 'Ł' => 'l',
        'ź' => 'z',
        c => c.to_ascii_lowercase(),
    };
    let text: String = text.chars().map(plain).collect();
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    words
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// The points of one phrase in an item, the best of its fields.
fn points(item: &Value, words: &[String], prefix: bool) -> i64 {
    let tags = item["tags"].as_array().unwrap().iter();
    let mut fields: Vec<(i64, &str)> = tags.map(|tag| (5, tag.as_str().unwrap())).collect();
    fields.push((8, item["title"].as_str().unwrap()));
    fields.push((3, item["author"].as_str().unwrap_or_default()));
    fields.push((2, item["summary"].as_str().unwrap()));
    let mut best = 0;
    for (worth, text) in fields {
        let text = split(text);
        for window in text.windows(words.len()) {
            let (last, before) = window.split_last().unwrap();
            let (wanted, wanted_before) = words.split_last().unwrap();
            if before == wanted_before && last == wanted {
                best = best.max(worth);
            } else if before == wanted_before && prefix && last.starts_with(wanted.as_str()) {
                best = best.max(worth - 1);
            }
        }
    }
    best
}

/// What is to be found: all items in order.
pub(super) fn expected(world: &World, all: &[Value], asks: &[Ask]) -> Vec<String> {
    let members = |view: &str| -> BTreeSet<String> {
        let listed = world.walk(view, 100);
        listed
            .iter()
            .map(|item| item["id"].as_str().unwrap().to_owned())
            .collect()
    };
    let views: Vec<(&str, BTreeSet<String>)> = asks
        .iter()
        .filter_map(|ask| match ask {
            Ask::View(view) => Some((*view, members(view))),
            _ => None,
        })
        .collect();
    let mut found = Vec::new();
    for item in all {
        let id = item["id"].as_str().unwrap().to_owned();
        let published = Timestamp::parse(item["published"].as_str().unwrap()).unwrap();
        let (mut sum, mut scoring) = (0, 0);
        let holds = asks.iter().all(|ask| match ask {
            Ask::Words(words, prefix) => {
                let points = points(item, words, *prefix);
                sum += points;
                scoring += 1;
                points > 0
            }
            Ask::Without(word) => points(item, std::slice::from_ref(word), false) == 0,
            Ask::Source(source) => item["source"] == *source,
            Ask::View(view) => views
                .iter()
                .any(|(of, ids)| of == view && ids.contains(&id)),
            Ask::Tag(tag) => item["tags"]
                .as_array()
                .unwrap()
                .iter()
                .any(|of| split(of.as_str().unwrap()) == split(tag)),
            Ask::Before(at) => published < *at,
            Ask::After(at) => published >= *at,
        });
        if holds {
            let position = Position::from_id(&id).unwrap();
            let days = sum * 5 * 86_400_000 / i64::from(scoring.max(1));
            found.push((position.rank + days, position, id));
        }
    }
    found.sort_by_key(|(key, position, _)| Reverse((*key, *position)));
    found.into_iter().map(|(_, _, id)| id).collect()
}

/// All results, page by page.
fn results(world: &World, query: &Query, limit: usize) -> (Vec<Hit>, u32) {
    let (head, mut hits, mut after, mut reads) = (world.head(), Vec::new(), None, 0);
    loop {
        let found = block_on(search::find(&world.store(), &head, query, after, limit)).unwrap();
        assert_eq!(found.searched_to, None);
        assert!(found.hits.len() <= limit);
        reads = reads.max(found.reads);
        hits.extend(found.hits);
        let Some(next) = found.next else {
            assert_eq!(found.total, hits.len() as u64);
            return (hits, reads);
        };
        after = Some(SearchCursor::parse(&next.to_string(), query).unwrap());
    }
}

pub(super) fn check(site: &Site, dice: &mut Dice, queries: usize, case: &str) {
    let all = site.world.walk("all", 100);
    for _ in 0..queries {
        let asks = asks(dice, &all);
        let text = asks.iter().map(Ask::write).collect::<Vec<_>>().join(" ");
        let query = Query::parse(&text).unwrap();
        let want = expected(&site.world, &all, &asks);
        let (hits, reads) = results(&site.world, &query, 1 + dice.index(40));
        let ids: Vec<String> = hits.iter().map(|hit| hit.position.to_string()).collect();
        let odd = ids.iter().zip(&want).find(|(one, other)| one != other);
        let odd = odd.map(|(one, other)| {
            let item = |id: &String| all.iter().find(|item| item["id"] == **id);
            format!(
                "found {one} {:?}, wanted {other} {:?}, dropped {:?}",
                item(one),
                item(other),
                site.world.head().dropped_upto()
            )
        });
        assert!(odd.is_none(), "{case}: {text}: {odd:?}");
        assert_eq!(ids.len(), want.len(), "{case}: {text}");
        assert!(reads <= 31, "{case}: {text}: {reads} reads");
        for (hit, id) in hits.iter().zip(&want) {
            let item = all.iter().find(|item| item["id"] == **id).unwrap();
            assert_eq!(item["title"], hit.title, "{case}");
            assert_eq!(item["url"].as_str(), hit.url.as_deref(), "{case}");
            assert_eq!(item["published"], hit.published.to_string(), "{case}");
            assert_eq!(item["source"], hit.source, "{case}");
        }
    }
    for (key, (value, _)) in site.world.kv.values.borrow().iter() {
        assert!(
            value.len() <= VALUE_BYTES_MAX,
            "{case}: {key} has {} bytes",
            value.len()
        );
    }
}

fn live(seed: u64, steps: usize) {
    let mut dice = Dice(seed);
    let mut site = Site::new();
    for step in 0..steps {
        let case = format!("seed {seed}, step {step}");
        let count = dice.index(if step % 6 == 0 { 400 } else { 60 });
        site.grow(&mut dice, count);
        let edits = dice.index(6);
        site.change(&mut dice, edits, false);
        if dice.index(3) == 0 {
            let count = dice.index(4);
            site.change(&mut dice, count, true);
        }
        if dice.index(8) == 0 {
            let items = 300 + dice.index(900) as u64;
            site.config.retention = Retention {
                items: (dice.index(2) == 0).then_some(items),
                days: None,
            };
        }
        match dice.index(10) {
            0 => {
                let at = site.world.kv.operations.get() + u32::try_from(dice.index(14)).unwrap();
                site.world.kv.fault.set(Some((at, Fault::CrashBefore)));
                let _crashed = site.cycle();
                site.world.kv.fault.set(None);
            }
            1 => drop(site.world.kv.values.borrow_mut().remove(&at(keys::STATE))),
            _ => {}
        }
        site.cycle().unwrap();
        // What waits for its turn is published by later cycles.
        for _ in 0..2 {
            site.cycle().unwrap();
        }
        check(&site, &mut dice, 5, &case);
    }
}

#[test]
fn searches_find_what_is_listed() {
    for seed in 1..4 {
        live(seed, 12);
    }
}
