//! The clauses of a query, looked up in a run.

use std::collections::BTreeMap;

use super::lists::Union;
use super::query::{Clause, Query, What};
use super::run::Run;
use super::shard::Shard;

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

/// A clause, looked up.
pub(super) struct Asked<'v> {
    pub(super) negated: bool,
    pub(super) scores: bool,
    /// Several are a phrase.
    pub(super) words: Vec<Union<'v>>,
}

impl<'v> Asked<'v> {
    /// The clauses of `query`: the one with the fewest documents first, those that must not hold last. `None` where one must hold that
    /// can't.
    pub(super) fn all(
        run: &Run,
        shards: &'v BTreeMap<usize, Shard>,
        query: &Query,
    ) -> Option<Vec<Self>> {
        let mut all = Vec::new();
        for clause in &query.clauses {
            let terms = terms(clause);
            let words = terms.iter();
            let words = words.map(|(term, prefix)| union(run, shards, term, *prefix));
            let asked = Self {
                negated: clause.negated,
                scores: query.scores(clause),
                words: words.collect(),
            };
            match (asked.count(), clause.negated) {
                (0, false) => return None,
                (0, true) => {}
                _ => all.push(asked),
            }
        }
        all.sort_by_key(|asked| (asked.negated, asked.count()));
        Some(all)
    }

    pub(super) fn rarest(&mut self) -> Option<&mut Union<'v>> {
        self.words.iter_mut().min_by_key(|word| word.count())
    }

    fn count(&self) -> u64 {
        let counts = self.words.iter().map(Union::count);
        counts.min().unwrap_or(0)
    }

    /// What it comes to at most: a phrase counts by its last word.
    pub(super) fn bound(&self) -> u32 {
        let last = self.words.last().filter(|_| self.scores);
        last.map_or(0, Union::bound)
    }
}

fn union<'v>(
    run: &Run,
    shards: &'v BTreeMap<usize, Shard>,
    term: &[u8],
    prefix: bool,
) -> Union<'v> {
    let mut union = Union::default();
    for index in run.shards_of(term, prefix) {
        let Some(shard) = shards.get(&index) else {
            continue;
        };
        let mut terms = shard.terms_from(term);
        while terms.term() == term || (prefix && terms.term().starts_with(term)) {
            union.push(terms.postings(), terms.term() == term);
            if !terms.advance() {
                break;
            }
        }
    }
    union
}
