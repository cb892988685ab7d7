//! Today's store writes: perhaps over-counted after a crash, never under-counted, and never more than the budget.
//!
//! The head counts the heads, the state everything else: the states themselves, segments, directories, deletions. Each is
//! only ever replaced by compare-and-swap, so each counts exactly, whoever runs at the same time; what is written beside
//! them is counted in the state first. But two runs may each look at both and then write one of them, so neither may spend
//! what the other could: the head says how many of the day's writes are *granted* to everything else, and that number only
//! grows. A run that has seen an older head thinks that it may write less, never more: heads + granted is at most the
//! budget, and others at most granted.
//!
//! A write is counted for the day on which it is begun, by this machine's clock, and charged for the day on which the store
//! sees it. So half a minute before midnight, UTC, nothing more is begun until both agree that it is the next day.

#[cfg(test)]
mod tests;

use crate::slice::Ledger;
use crate::time::{DAY_MS, Timestamp};

pub(super) const DAY_SECS: i64 = DAY_MS / 1000;
/// The budget runs short when less than this share of what an even day would have left is left.
const SHORT_PERCENT: i64 = 50;
/// Share of the budget that a day begins with granted to other writes than heads.
const FIRST_GRANT_PERCENT: u64 = 25;
/// The same before anything is published: the first cycle has most to seal.
const FIRST_DAY_GRANT_PERCENT: u64 = 50;
/// Each head sees to it that this part of the budget is granted and unspent, where it can.
const GRANT_AHEAD: u32 = 8;

/// A publish takes less than this, in milliseconds, waits for a store that throttles included: what is begun so long before
/// midnight is written on that day.
pub(super) const PUBLISH_MS: i64 = 20 * 1000;
/// The clocks of machines and of the store are at most so far apart, in milliseconds.
const CLOCKS_MS: i64 = 10 * 1000;

/// Whether it is so near to midnight, UTC, that what is begun now may be written on either day, by the store's clock.
pub(super) fn between_days(now: Timestamp) -> bool {
    let of_day = now.0.rem_euclid(DAY_MS);
    !(CLOCKS_MS..DAY_MS - CLOCKS_MS - PUBLISH_MS).contains(&of_day)
}

/// What a write is for, beside the head, which goes first. Those further down wait earlier when the day's budget runs short.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Priority {
    /// That the budget runs short: what [`Purse::keeping`] keeps back is for this.
    Budget,
    /// What else somebody is to be told: a few writes a day.
    Alert,
    /// Segments and directories with the state that goes before them: the head takes what they would have held.
    Seal,
    /// The state alone: a re-fetch is saved.
    State,
    /// What is made from the published items or the upstreams' answers, and can be made again: snapshots, runs, copies.
    Derived,
    /// Deleting what nothing names any more.
    Sweep,
}

impl Priority {
    /// What must be left afterwards, in percent of what an even day would have left.
    fn leaves_percent(self) -> i64 {
        match self {
            Self::Budget | Self::Alert => 0,
            Self::Seal | Self::State => SHORT_PERCENT,
            Self::Derived => 60,
            Self::Sweep => 75,
        }
    }
}

/// The day's budget, as far as head and state tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Purse {
    budget: u32,
    now: Timestamp,
    day: u32,
    heads: u32,
    others: u32,
    granted: u32,
    /// Granted, and for [`Priority::Budget`] alone.
    kept: u32,
}

impl Purse {
    /// What head (if there is one) and state know of today's writes. The head repeats what the state knew, in case that is
    /// lost.
    pub(crate) fn of(budget: u32, now: Timestamp, head: Option<Ledger>, state: Ledger) -> Self {
        let state = Some(state);
        let day = counted_day(now, [head, state]);
        let today = |ledger: Option<Ledger>| ledger.filter(|ledger| ledger.day == day);
        let percent = match head {
            Some(_) => FIRST_GRANT_PERCENT,
            None => FIRST_DAY_GRANT_PERCENT,
        };
        let first = u32::try_from(u64::from(budget) * percent / 100);
        let (of_head, of_state) = (today(head), today(state));
        let known = of_head.unwrap_or_default();
        let granted = of_head.map_or(first.unwrap_or(budget), |head| head.granted);
        let others = known.writes.saturating_sub(known.heads);
        let others = others.max(of_state.unwrap_or_default().writes);
        Self {
            budget,
            now,
            day,
            heads: known.heads,
            others,
            granted,
            kept: 0,
        }
    }

    /// Keeps the last `writes` of the day back for [`Priority::Budget`]. Nobody who keeps them takes them for anything else, so
    /// they are granted whatever the head says.
    pub(crate) fn keeping(self, writes: u32) -> Self {
        Self {
            kept: writes,
            granted: self.granted.max(self.granted_for(writes, self.heads)),
            ..self
        }
    }

    /// What must be granted for `kept` more, beside so many heads.
    fn granted_for(self, kept: u32, heads: u32) -> u32 {
        let wanted = self.others.saturating_add(kept);
        wanted.min(self.budget.saturating_sub(heads))
    }

    /// All of today's writes.
    pub(crate) fn writes(self) -> u32 {
        self.heads.saturating_add(self.others)
    }

    /// What is left of the budget.
    pub(crate) fn left(self) -> u32 {
        self.budget.saturating_sub(self.writes())
    }

    /// Heads that may be published today.
    pub(crate) fn heads_left(self) -> u32 {
        let others = self.others.saturating_add(self.kept);
        let spoken_for = self.heads.saturating_add(self.granted.max(others));
        self.budget.saturating_sub(spoken_for)
    }

    /// Other writes that may happen today.
    pub(crate) fn others_left(self) -> u32 {
        self.granted.saturating_sub(self.others)
    }

    /// What an even day would have left.
    fn even(self) -> i64 {
        i64::from(self.budget).saturating_mul(self.now.rest_of_day_ms()) / DAY_MS
    }

    /// Where the rest of the heads' budget runs short: the wait between two publishes, in milliseconds, that spreads it
    /// evenly over the rest of the day. `None` where there is enough, or nothing at all.
    pub(crate) fn pace_ms(self) -> Option<i64> {
        let left = i64::from(self.heads_left());
        let even = i64::from(self.budget.saturating_sub(self.granted));
        let even = even.saturating_mul(self.now.rest_of_day_ms()) / DAY_MS;
        let short = left.saturating_mul(100) < even.saturating_mul(SHORT_PERCENT);
        (short && left > 0).then(|| self.now.rest_of_day_ms() / left)
    }

    /// Whether `writes` of this kind may happen now. Whoever makes them calls [`Self::spend`], and stores the state before.
    pub(crate) fn may(self, what: Priority, writes: usize) -> bool {
        let writes = u32::try_from(writes).unwrap_or(u32::MAX);
        let after = i64::from(self.left()) - i64::from(writes);
        let kept = if what == Priority::Budget {
            0
        } else {
            self.kept
        };
        writes.saturating_add(kept) <= self.others_left()
            && after.saturating_mul(100) >= self.even().saturating_mul(what.leaves_percent())
    }

    /// Counts `writes` that are no heads.
    pub(crate) fn spend(&mut self, writes: usize) {
        let writes = u32::try_from(writes).unwrap_or(u32::MAX);
        self.others = self.others.saturating_add(writes);
    }

    /// What a new head says, itself included. It grants what the day's other writes may need, `wanted` above all, and
    /// keeps half of what is free for heads.
    pub(crate) fn in_head(self, wanted: usize) -> Ledger {
        let heads = self.heads.saturating_add(1);
        let ahead = (self.budget / GRANT_AHEAD).max(u32::try_from(wanted).unwrap_or(u32::MAX));
        let missing = self
            .others
            .saturating_add(self.kept)
            .saturating_add(ahead)
            .saturating_sub(self.granted);
        let free = self
            .budget
            .saturating_sub(heads)
            .saturating_sub(self.granted);
        Ledger {
            day: self.day,
            writes: heads.saturating_add(self.others),
            heads,
            granted: self
                .granted
                .saturating_add(missing.min(free / 2))
                .max(self.granted_for(self.kept, heads)),
        }
    }

    /// What a new state says; itself is to be counted by [`Self::spend`].
    pub(crate) fn in_state(self) -> Ledger {
        Ledger {
            day: self.day,
            writes: self.others,
            ..Ledger::default()
        }
    }
}

/// The day that is counted: the clock's, or the next one where another machine's clock is there already, so that no day is
/// begun twice.
fn counted_day(now: Timestamp, ledgers: [Option<Ledger>; 2]) -> u32 {
    let clock = now.utc_day();
    let tomorrow = clock.saturating_add(1);
    let ahead = ledgers
        .iter()
        .flatten()
        .any(|ledger| ledger.day == tomorrow);
    if ahead { tomorrow } else { clock }
}
