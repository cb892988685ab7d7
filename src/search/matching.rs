//! Which documents of a run a query finds, and with how many points.

use std::collections::BTreeMap;

use super::document::NEXT;
use super::document::points;
use super::query::{Clause, Query, What};
use super::run::Run;
use super::shard::Shard;
use super::times::Times;
use crate::slice::Corrupt;

/// A document that a query finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Match {
    /// What results are ordered by: see [`super::key`].
    pub(super) key: i64,
    pub(super) rank: i64,
    /// Its number in the run.
    pub(super) number: u32,
    pub(super) published: i64,
}

/// The terms of a clause, and whether others count that begin with one.
fn terms(clause: &Clause) -> Vec<(Vec<u8>, bool)> {
    match &clause.what {
        What::Label { label, id } => vec![(label.term(id), false)],
        What::Words { words, prefix } => {
            let last = words.len().saturating_sub(1);
            let all = words.iter().enumerate();
            all.map(|(index, word)| (word.as_bytes().to_vec(), *prefix && index == last))
                .collect()
        }
    }
}

/// The values of `run` that a query has to read: at least one, for its times.
pub(super) fn needed(run: &Run, query: &Query) -> Vec<usize> {
    let all = query.clauses.iter().flat_map(terms);
    let mut needed: Vec<usize> = all
        .flat_map(|(term, prefix)| run.shards_of(&term, prefix))
        .collect();
    if needed.is_empty() {
        needed.push(0);
    }
    needed.sort_unstable();
    needed.dedup();
    needed
}

/// All documents of `run` that `query` finds, newest first. `shards` has the values that are [`needed`].
///
/// # Errors
/// Where a value makes no sense.
pub(super) fn matches(
    run: &Run,
    shards: &BTreeMap<usize, Shard>,
    query: &Query,
) -> Result<Vec<Match>, Corrupt> {
    let times = shards
        .values()
        .next()
        .ok_or(Corrupt("a run without terms"))?
        .times()?;
    let count = times.ranks.len();
    let mut tally = Tally {
        points: vec![0; count],
        held: vec![0; count],
        best: vec![0; count],
        touched: Vec::new(),
    };
    for number in &run.struck {
        tally.exclude(*number);
    }
    let index = Lookup { run, shards };
    let mut asked = 0;
    for clause in &query.clauses {
        index.mark(clause, &mut tally);
        if clause.negated {
            tally.exclude_touched();
        } else {
            asked += 1;
            tally.add_touched(matches!(clause.what, What::Words { .. }));
        }
    }
    Ok(tally.found(run, &times, query, asked))
}

/// What the clauses come to, by document.
struct Tally {
    points: Vec<u16>,
    /// Clauses that hold; [`NEVER`] where one holds that must not.
    held: Vec<u8>,
    /// Of the clause that is looked at.
    best: Vec<u8>,
    touched: Vec<u32>,
}

const NEVER: u8 = u8::MAX;

impl Tally {
    fn mark(&mut self, number: u32, points: u8) {
        if let Some(best) = self.best.get_mut(number as usize) {
            if *best == 0 {
                self.touched.push(number);
            }
            *best = points.max(*best);
        }
    }

    fn exclude(&mut self, number: u32) {
        if let Some(held) = self.held.get_mut(number as usize) {
            *held = NEVER;
        }
    }

    fn exclude_touched(&mut self) {
        for number in std::mem::take(&mut self.touched) {
            self.exclude(number);
            self.best[number as usize] = 0;
        }
    }

    fn add_touched(&mut self, scores: bool) {
        for number in std::mem::take(&mut self.touched) {
            let at = number as usize;
            if self.held[at] != NEVER {
                self.held[at] += 1;
            }
            if scores {
                self.points[at] += u16::from(self.best[at]);
            }
            self.best[at] = 0;
        }
    }

    fn found(&self, run: &Run, times: &Times, query: &Query, asked: u8) -> Vec<Match> {
        let scoring = query.scoring();
        let all = (0_u32..run.kept).zip(times.ranks.iter().zip(&self.held).zip(&self.points));
        let held = all.filter(|(_, ((_, held), _))| **held == asked);
        let found = held.map(|(number, ((rank, _), points))| Match {
            key: super::key(*rank, u32::from(*points), scoring),
            rank: *rank,
            number,
            published: times.published(number, *rank),
        });
        found
            .filter(|found| query.at(crate::time::Timestamp(found.published)))
            .collect()
    }
}

/// Where the terms of a run are looked up.
struct Lookup<'a> {
    run: &'a Run,
    shards: &'a BTreeMap<usize, Shard>,
}

impl Lookup<'_> {
    fn mark(&self, clause: &Clause, tally: &mut Tally) {
        match &clause.what {
            What::Label { label, id } => {
                self.each(&label.term(id), false, |number, _| tally.mark(number, 1));
            }
            What::Words { words, prefix } => {
                let Some((last, before)) = words.split_last() else {
                    return;
                };
                let Some((first, between)) = before.split_first() else {
                    self.each_word(last, *prefix, |number, place, whole| {
                        tally.mark(number, points(place, whole));
                    });
                    return;
                };
                // The phrase's words in turn: where the next one has to stand.
                let mut expected = self.places(first);
                for word in between {
                    expected = follow(&expected, &self.places(word));
                }
                self.each_word(last, *prefix, |number, place, whole| {
                    if expected.binary_search(&pair(number, place)).is_ok() {
                        tally.mark(number, points(place, whole));
                    }
                });
            }
        }
    }

    /// Where the word after `word` would stand, in order.
    fn places(&self, word: &str) -> Vec<u64> {
        let mut pairs = Vec::new();
        self.each(word.as_bytes(), false, |number, places| {
            pairs.extend(
                places
                    .iter()
                    .map(|place| pair(number, place.saturating_add(NEXT))),
            );
        });
        pairs.sort_unstable();
        pairs
    }

    fn each_word(&self, word: &str, prefix: bool, mut each: impl FnMut(u32, u32, bool)) {
        self.each_term(word.as_bytes(), prefix, |term, number, places| {
            for place in places {
                each(number, *place, term == word.as_bytes());
            }
        });
    }

    fn each(&self, term: &[u8], prefix: bool, mut each: impl FnMut(u32, &[u32])) {
        self.each_term(term, prefix, |_, number, places| each(number, places));
    }

    fn each_term(&self, term: &[u8], prefix: bool, mut each: impl FnMut(&[u8], u32, &[u32])) {
        let mut places = Vec::new();
        for index in self.run.shards_of(term, prefix) {
            let Some(shard) = self.shards.get(&index) else {
                continue;
            };
            let mut terms = shard.terms_from(term);
            while terms.term() == term || (prefix && terms.term().starts_with(term)) {
                let mut postings = terms.postings();
                while let Some(number) = postings.next(&mut places) {
                    each(terms.term(), number, &places);
                }
                if !terms.advance() {
                    break;
                }
            }
        }
    }
}

fn pair(number: u32, place: u32) -> u64 {
    u64::from(number) << 32 | u64::from(place)
}

/// Of the places where a word stands (given by where the next one would), those that are `expected`.
fn follow(expected: &[u64], next: &[u64]) -> Vec<u64> {
    let here = |pair: &&u64| expected.binary_search(&(**pair - u64::from(NEXT))).is_ok();
    next.iter().filter(here).copied().collect()
}
