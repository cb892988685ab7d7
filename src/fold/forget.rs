//! Giving up what is remembered, and what that says of a document's entries that nobody knows.
//!
//! An entry that is dated after everything that was given up of its source is new; one dated before is left out, because it may be
//! there already. An undated one is new, unless what was given up was listed at that time: then the next document is taken for known.

use std::collections::BTreeMap;

use super::dated::Dated;
use super::memory::Memory;
use super::state::SourceState;
use crate::time::Timestamp;

/// What was given up of a source's items.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct GivenUp {
    /// The newest date; of undated ones the place. What is dated up to it can no longer be told from something new.
    pub(crate) upto: Option<i64>,
    /// Undated ones that its last document had, or may have had.
    pub(crate) listed_undated: bool,
}

/// What was given up of a source's items until its next document: see the fields of [`SourceState`].
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Forgotten {
    pub(super) upto: Option<i64>,
    pub(super) adopts_undated: bool,
}

impl Forgotten {
    /// Of a source.
    pub(crate) fn of(known: &SourceState) -> Self {
        Self {
            upto: known.forgotten_upto,
            adopts_undated: known.adopts_undated,
        }
    }
}

impl SourceState {
    /// Entries that can't be told from these are taken for known from here on.
    pub(crate) fn give_up(&mut self, given_up: GivenUp) {
        self.forgotten_upto = self.forgotten_upto.max(given_up.upto);
        self.adopts_undated |= given_up.listed_undated;
    }
}

impl Memory {
    /// Forgets the oldest beyond `max`; those in last documents last, and of these last the ones whose dates would not tell
    /// that they were forgotten. Returns what is given up by source, at `now`.
    pub(crate) fn trim(&mut self, max: usize, now: Timestamp) -> BTreeMap<String, GivenUp> {
        let mut all = BTreeMap::<String, GivenUp>::new();
        let excess = self.len().saturating_sub(max);
        if excess == 0 {
            return all;
        }
        let mut order: Vec<(bool, bool, i64, u64)> = self
            .iter()
            .map(|known| {
                let present = self.is_present(&known);
                let last = present && self.dated(&known).is_ahead();
                (present, last, known.rank, known.hash)
            })
            .collect();
        order.sort_unstable();
        for (present, _, rank, hash) in order.into_iter().take(excess) {
            if let Some(known) = self.get(hash) {
                let dated = self.dated(&known);
                let stated = dated.stated(rank).min(rank.max(now.0));
                let given_up = all.entry(known.source.into_owned()).or_default();
                given_up.upto = given_up.upto.max(Some(stated));
                given_up.listed_undated |= present && dated == Dated::UNDATED;
            }
            self.forget(hash);
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::super::memory::tests::{row, stored};
    use super::*;

    #[test]
    fn the_oldest_leave_first_and_those_still_listed_last() {
        let mut memory = Memory::default();
        for hash in 1..=20 {
            memory.insert_sealed(&row(hash, 0));
        }
        let mut memory = stored(&memory);
        memory.begin_document("s0");
        for hash in [3, 6] {
            memory.seen(hash);
        }
        let horizon = memory.trim(16, Timestamp(100));
        // Of source s0 its document has only 3 and 6 any more: the others may go.
        let gone: Vec<u64> = (1..=20)
            .filter(|hash| memory.get(*hash).is_none())
            .collect();
        assert_eq!(gone, [9, 12, 15, 18]);
        let given_up = GivenUp {
            upto: Some(6),
            listed_undated: false,
        };
        assert_eq!(horizon, [("s0".to_owned(), given_up)].into());
    }

    #[test]
    fn of_those_still_listed_the_undated_leave_last() {
        let mut memory = Memory::default();
        for hash in 1..=9 {
            memory.insert_sealed(&row(hash, 0));
            let stated = (hash != 3).then_some(Timestamp(i64::from(hash == 4)));
            let dated = Dated::of(stated, i64::try_from(hash * 37 % 11).unwrap());
            memory.seen_dated(hash, dated);
        }
        let mut memory = stored(&memory);
        let given_up = memory.trim(1, Timestamp(100));
        assert!(memory.get(3).is_some());
        assert!(given_up.values().all(|given_up| !given_up.listed_undated));
        assert_eq!(given_up["s1"].upto, Some(1), "a date, not a place");
        let given_up = memory.trim(0, Timestamp(100));
        assert!(given_up["s0"].listed_undated);
    }
}
