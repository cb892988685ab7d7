//! Today's store writes: perhaps over-counted after a crash, never under-counted.
//!
//! The head counts the heads, the state everything else: the states themselves, segments, directories, deletions. Each is
//! only ever replaced by compare-and-swap, so each counts exactly, whoever runs at the same time. What is written before
//! the head is reserved in the state first.

use crate::slice::Ledger;
use crate::time::Timestamp;

const DAY_SECS: i64 = 24 * 60 * 60;

/// Writes of the current UTC day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Spent {
    day: u32,
    heads: u32,
    others: u32,
}

impl Spent {
    /// What head and state know of today's writes. The head repeats what the state knew, in case that is lost.
    pub(crate) fn of(now: Timestamp, head: Ledger, state: Ledger) -> Self {
        let day = u32::try_from(now.as_secs().div_euclid(DAY_SECS)).unwrap_or(0);
        let today = |ledger: Ledger| {
            if ledger.day == day {
                ledger
            } else {
                Ledger::default()
            }
        };
        let (head, state) = (today(head), today(state));
        Self {
            day,
            heads: head.heads,
            others: head.writes.saturating_sub(head.heads).max(state.writes),
        }
    }

    /// All of them.
    pub(crate) fn writes(self) -> u32 {
        self.heads.saturating_add(self.others)
    }

    /// With `more` that are no heads.
    pub(crate) fn and(self, more: usize) -> Self {
        let more = u32::try_from(more).unwrap_or(u32::MAX);
        Self {
            others: self.others.saturating_add(more),
            ..self
        }
    }

    /// What a new head says, itself included.
    pub(crate) fn in_head(self) -> Ledger {
        let heads = self.heads.saturating_add(1);
        Ledger {
            day: self.day,
            writes: heads.saturating_add(self.others),
            heads,
        }
    }

    /// What a new state says; itself is to be counted by [`Self::and`].
    pub(crate) fn in_state(self) -> Ledger {
        Ledger {
            day: self.day,
            writes: self.others,
            heads: 0,
        }
    }
}
