//! Today's store writes: perhaps over-counted after a crash, never under-counted.
//!
//! The head counts the heads, the state everything else: the states themselves, segments, directories, deletions. Each is
//! only ever replaced by compare-and-swap, so each counts exactly, whoever runs at the same time. What is written before
//! the head is reserved in the state first.

use crate::slice::Ledger;
use crate::time::Timestamp;

pub(super) const DAY_SECS: i64 = 24 * 60 * 60;
const DAY_MS: i64 = DAY_SECS * 1000;
/// The budget runs short when less than this share of what an even day would have left is left.
const SHORT_PERCENT: i64 = 50;

/// Days since 1970-01-01, UTC.
pub(super) fn day(now: Timestamp) -> u32 {
    u32::try_from(now.as_secs().div_euclid(DAY_SECS)).unwrap_or(0)
}

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
        let day = day(now);
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

    /// Where the rest of the day's `budget` runs short: the wait between two publishes, in milliseconds, that spreads it
    /// evenly over the rest of the day. `None` where there is enough, or nothing at all.
    pub(crate) fn pace_ms(self, budget: u32, now: Timestamp) -> Option<i64> {
        let left = i64::from(budget.saturating_sub(self.writes()));
        let rest_ms = DAY_MS - now.0.rem_euclid(DAY_MS);
        let even = i64::from(budget).saturating_mul(rest_ms) / DAY_MS;
        let short = left.saturating_mul(100) < even.saturating_mul(SHORT_PERCENT);
        (short && left > 0).then(|| rest_ms / left)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_budget_is_spread_over_the_rest_of_the_day() {
        let morning = Timestamp::from_secs(20_000 * DAY_SECS);
        let spent = |heads| Spent {
            day: 20_000,
            heads,
            others: 0,
        };
        assert_eq!(spent(0).pace_ms(100, morning), None);
        assert_eq!(spent(50).pace_ms(100, morning), None);
        assert_eq!(spent(60).pace_ms(100, morning), Some(DAY_MS / 40));
        let evening = morning.plus_millis(DAY_MS / 4 * 3);
        assert_eq!(spent(60).pace_ms(100, evening), None, "enough for the rest");
        assert_eq!(spent(98).pace_ms(100, evening), Some(DAY_MS / 8));
        assert_eq!(spent(100).pace_ms(100, evening), None, "nothing to spread");
    }
}
