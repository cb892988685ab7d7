//! Which documents of a run a query finds, the best of them, and how many there are.
//!
//! Documents are numbered from the newest, and looked at from there, some at a time: those of the clause that has the fewest, and of these
//! those that the others have too. No document comes before one that is newer by more than its points can make up for, so that the
//! walk ends where all that is left could neither be shown nor counted.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::clauses::Asked;
use super::lists::look_up_phrase;
use super::postings::END;
use super::query::Query;
use super::run::{NO_TERMS, Run};
use super::shard::Shard;
use super::times::Times;
use crate::slice::Corrupt;
use crate::time::Timestamp;

/// Results are counted up to this number; of more it is only said that there are more.
pub const TOTAL_MAX: u64 = 10_000;

/// Documents of a run that are looked at together.
const WINDOW_DOCUMENTS: u32 = 2_048;

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

/// What a page needs of a run.
#[derive(Debug)]
pub(super) struct Wanted {
    /// Results, at most.
    pub(super) most: usize,
    /// Only what comes after this key and rank.
    pub(super) after: Option<(i64, i64)>,
    /// There are enough results of this key or a higher one.
    pub(super) enough: i64,
    /// Results that were counted so far.
    pub(super) counted: u64,
}

/// What a run has for a page.
#[derive(Debug, Default)]
pub(super) struct Matches {
    /// The first ones, in order.
    pub(super) best: Vec<Match>,
    /// Those of the very key and rank that the page comes after: records tell which of them do.
    pub(super) ties: Vec<Match>,
}

/// The documents of `run` that `query` finds, as far as `wanted`. `shards` has the values that are [`super::clauses::needed`].
///
/// # Errors
/// Where a value makes no sense.
pub(super) fn matches(
    run: &Run,
    shards: &BTreeMap<usize, Shard>,
    query: &Query,
    wanted: &mut Wanted,
) -> Result<Matches, Corrupt> {
    let first = shards.values().next();
    let times = first.ok_or(NO_TERMS)?.times()?;
    let Some(asked) = Asked::all(run, shards, query) else {
        return Ok(Matches::default());
    };
    let mut walk = Walk {
        run,
        query,
        times,
        bound: asked.iter().map(Asked::bound).sum(),
        asked,
        documents: Vec::new(),
        points: Vec::new(),
        best: Vec::new(),
        found: Matches::default(),
    };
    walk.all(wanted)?;
    Ok(walk.found)
}

/// From the newest document to older ones.
struct Walk<'v> {
    run: &'v Run,
    query: &'v Query,
    times: Times<'v>,
    asked: Vec<Asked<'v>>,
    /// Points of a document, at most.
    bound: u32,
    /// Of this window: what is left, ascending, and the points so far.
    documents: Vec<u32>,
    points: Vec<u16>,
    /// What each comes to by the clause that is looked at.
    best: Vec<u8>,
    found: Matches,
}

impl Walk<'_> {
    fn all(&mut self, wanted: &mut Wanted) -> Result<(), Corrupt> {
        let kept = self.run.kept.min(self.run.documents);
        let mut from = 0;
        loop {
            from = self.next(from);
            if from >= kept {
                break;
            }
            let over = wanted.counted > TOTAL_MAX;
            let rank = self.times.at(from as usize)?.rank;
            if let Some((key, _)) = wanted.after.filter(|(key, _)| over && rank > *key) {
                // Points only add to a rank: what comes after the key is not above it.
                let below = self.times.first_at(key)?;
                from = from.max(u32::try_from(below).unwrap_or(END));
                continue;
            }
            self.keep_best(wanted);
            let shows = self.key(rank, self.bound) >= wanted.enough;
            if over && !shows {
                break;
            }
            let to = from.saturating_add(WINDOW_DOCUMENTS).min(kept);
            self.fill(from, to);
            self.filter();
            if shows || self.query.has_times() {
                self.take(wanted)?;
            } else {
                wanted.counted += self.documents.len() as u64;
            }
            from = to;
        }
        self.keep_best(wanted);
        Ok(())
    }

    fn key(&self, rank: i64, points: u32) -> i64 {
        super::key(rank, points, self.query.scoring())
    }

    /// The first document from `from` on that may be found.
    fn next(&mut self, from: u32) -> u32 {
        let rarest = self.asked.first_mut().filter(|asked| !asked.negated);
        rarest
            .and_then(Asked::rarest)
            .map_or(from, |union| union.next(from))
    }

    /// The documents of the first clause, or all where none must hold.
    fn fill(&mut self, from: u32, to: u32) {
        let first = self.asked.first_mut().filter(|asked| !asked.negated);
        match first.map(|asked| (asked.words.len() > 1, asked.rarest())) {
            // Its words are gone through once more, for their places.
            Some((true, Some(rarest))) => {
                let mut rarest = rarest.clone();
                rarest.fill(from, to, &mut self.documents, &mut self.best);
            }
            Some((false, Some(word))) => {
                word.fill(from, to, &mut self.documents, &mut self.best);
            }
            _ => {
                self.documents.clear();
                self.documents.extend(from..to);
            }
        }
        self.points.clear();
        self.points.resize(self.documents.len(), 0);
    }

    /// Leaves what all clauses hold of.
    fn filter(&mut self) {
        for (index, asked) in self.asked.iter_mut().enumerate() {
            match asked.words.as_mut_slice() {
                // The one that filled the window.
                [_] if index == 0 && !asked.negated => {}
                [word] => {
                    self.best.clear();
                    self.best.resize(self.documents.len(), 0);
                    word.look_up(&self.documents, &mut self.best);
                }
                words => {
                    self.best.clear();
                    self.best.resize(self.documents.len(), 0);
                    look_up_phrase(words, &self.documents, &mut self.best);
                }
            }
            let mut kept = 0;
            for at in 0..self.documents.len() {
                let best = self.best[at];
                if (best > 0) != asked.negated {
                    let points = if asked.scores { u16::from(best) } else { 0 };
                    self.documents[kept] = self.documents[at];
                    self.points[kept] = self.points[at] + points;
                    kept += 1;
                }
            }
            self.documents.truncate(kept);
            self.points.truncate(kept);
        }
        if !self.run.struck.is_empty() {
            let struck = &self.run.struck;
            let mut points = std::mem::take(&mut self.points).into_iter();
            self.documents.retain(|document| {
                let points = points.next().unwrap_or(0);
                let stays = struck.binary_search(document).is_err();
                if stays {
                    self.points.push(points);
                }
                stays
            });
        }
    }

    /// Counts what is left, and keeps what may be shown.
    fn take(&mut self, wanted: &mut Wanted) -> Result<(), Corrupt> {
        for (number, points) in self.documents.iter().zip(&self.points) {
            let time = self.times.at(*number as usize)?;
            if !self.query.at(Timestamp(time.published)) {
                continue;
            }
            wanted.counted += 1;
            let key = super::key(time.rank, u32::from(*points), self.query.scoring());
            let found = Match {
                key,
                rank: time.rank,
                number: *number,
                published: time.published,
            };
            let after = wanted.after;
            match after.map_or(std::cmp::Ordering::Less, |after| {
                (key, time.rank).cmp(&after)
            }) {
                std::cmp::Ordering::Less if key >= wanted.enough => self.found.best.push(found),
                std::cmp::Ordering::Equal => self.found.ties.push(found),
                _ => {}
            }
        }
        Ok(())
    }

    /// Keeps the first of what was found, and takes note of what would not come before them.
    fn keep_best(&mut self, wanted: &mut Wanted) {
        keep_first(&mut self.found.best, wanted.most);
        if let Some(last) = self.found.best.get(wanted.most.saturating_sub(1)) {
            wanted.enough = wanted.enough.max(last.key);
        }
    }
}

/// Keeps the first `most`, in order, of what is ordered by number.
fn keep_first(all: &mut Vec<Match>, most: usize) {
    let order = |one: &Match| (Reverse(one.key), one.number);
    if all.len() > most {
        all.select_nth_unstable_by_key(most, order);
        all.truncate(most);
    }
    all.sort_unstable_by_key(order);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_are_kept_in_order() {
        let of = |key: i64, number: u32| Match {
            key,
            rank: 0,
            number,
            published: 0,
        };
        let mut all: Vec<Match> = (0..100)
            .map(|number| of(i64::from(number * 37 % 10), number))
            .collect();
        let mut want = all.clone();
        want.sort_by_key(|one| (Reverse(one.key), one.number));
        want.truncate(25);
        keep_first(&mut all, 25);
        assert_eq!(all, want);
    }
}
