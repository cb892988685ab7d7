//! When cycles began, against how often they are meant to.
//!
//! A cycle without news stores nothing, so the store doesn't know when each began. Where somebody wants to know whether
//! cycles are missed, a cycle leaves a trace when the last one is [`PULSE_MS`] old. What follows of two traces is said as what it
//! is: a number of missed cycles *at least*.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// A cycle leaves a trace when the last one is so old, in milliseconds.
pub(crate) const PULSE_MS: i64 = 60 * 60 * 1000;
/// Most gaps that are remembered.
const GAPS_MAX: usize = 8;

/// A time in which no cycle began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// The last trace before it. Cycles without news may have run for up to an hour after.
    pub from: Timestamp,
    /// The cycle that ended it.
    pub until: Timestamp,
    /// Cycles that should have begun in it, at least.
    pub missed: u64,
}

/// What is remembered of when cycles began.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Rhythm {
    /// How often they were meant to begin, in seconds; 0 where nothing was recorded.
    pub(crate) every_s: u64,
    /// The last one that left a trace here.
    pub(crate) at: Timestamp,
    /// How far its begin was from the beat of the trace before, in seconds; negative: early.
    pub(crate) drift_s: i64,
    /// Newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) gaps: Vec<Gap>,
    /// All missed cycles since recording began, at least.
    #[serde(default)]
    pub(crate) missed: u64,
}

impl Rhythm {
    /// The last trace: this record, or the publish of the head at `published`.
    pub(crate) fn last(&self, published: Option<Timestamp>) -> Timestamp {
        self.at.max(published.unwrap_or_default())
    }

    /// Since when it is sure that none began, where that is longer than one and a half times `every`.
    pub(crate) fn silence_ms(&self, published: Option<Timestamp>, now: Timestamp) -> Option<i64> {
        let every_ms = self.every_ms();
        let silence = now.0.saturating_sub(self.last(published).0) - PULSE_MS;
        (every_ms > 0 && silence > every_ms / 2 * 3).then_some(silence)
    }

    fn every_ms(&self) -> i64 {
        i64::try_from(self.every_s.saturating_mul(1000)).unwrap_or(i64::MAX / 4)
    }

    /// A cycle begins `now`. `judge`: every cycle since the last trace could have left one. Gives the gap that it ends.
    pub(crate) fn begin(
        &mut self,
        every_s: u64,
        published: Option<Timestamp>,
        now: Timestamp,
        judge: bool,
    ) -> Option<Gap> {
        if self.every_s != every_s {
            // Nothing is known of another rhythm.
            *self = Self {
                every_s,
                at: now,
                ..Self::default()
            };
            return None;
        }
        let from = self.last(published);
        let passed = now.0.saturating_sub(from.0);
        if passed <= 0 {
            return None;
        }
        let every = self.every_ms().max(1);
        let silence = self.silence_ms(published, now).filter(|_| judge);
        let gap = silence.map(|silence| Gap {
            from,
            until: now,
            missed: u64::try_from(silence / every).unwrap_or(0).max(1),
        });
        if let Some(gap) = gap {
            self.gaps.insert(0, gap);
            self.gaps.truncate(GAPS_MAX);
            self.missed = self.missed.saturating_add(gap.missed);
        }
        self.drift_s = ((passed + every / 2).rem_euclid(every) - every / 2).div_euclid(1000);
        self.at = now;
        gap
    }
}
