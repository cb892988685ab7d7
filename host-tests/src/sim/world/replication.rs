//! Replication: which PoP sees which revision of a value, and when.

use bytes::Bytes;
use edgefold::time::Timestamp;

use super::options::{Lie, WorldOptions};
use crate::sim::clock::mix;

/// Where an operation comes from, and when.
#[derive(Debug, Clone, Copy)]
pub(super) struct At {
    /// `None`: at the origin itself, where everything is seen at once.
    pub(super) pop: Option<usize>,
    /// True simulated time, in milliseconds since 1970.
    pub(super) now: Timestamp,
}

/// What a read finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Seen {
    /// A value and its revision.
    Value(Bytes, u64),
    /// It was there and is deleted.
    Deleted,
    /// Written, but not seen here yet.
    NotYet,
    /// Nobody ever wrote it.
    Never,
}

/// One write of a key. `None`: a deletion.
#[derive(Debug)]
pub(super) struct Revision {
    pub(super) number: u64,
    pub(super) at: Timestamp,
    pub(super) value: Option<Bytes>,
}

/// How long writes are on their way to PoPs: drawn for each revision and PoP.
#[derive(Debug)]
pub(super) struct Replication {
    seed: u64,
    delay_mean_ms: u64,
    delay_max_ms: u64,
    lie: Option<Lie>,
}

impl Replication {
    pub(super) fn new(options: &WorldOptions, seed: u64) -> Self {
        Self {
            seed: mix(seed ^ 0x0916_0000),
            delay_mean_ms: options.replication_delay_mean_ms,
            delay_max_ms: options.replication_delay_max_ms,
            lie: options.lie,
        }
    }

    /// The newest of a key's `revisions` that `at` sees. `changes`: of the whole store so far.
    pub(super) fn read(&self, key: &str, revisions: &[Revision], at: At, changes: u64) -> Seen {
        let mut seen = revisions
            .iter()
            .rev()
            .filter(|revision| self.is_seen(key, revision, at));
        let lies = self.lie == Some(Lie::BackInTime) && at.pop.is_some();
        let back = lies && mix(changes ^ at.now.as_millis().unsigned_abs()).is_multiple_of(4);
        let newest = seen.next();
        let older = if back { seen.next() } else { None };
        match older.or(newest) {
            Some(Revision {
                value: Some(value),
                number,
                ..
            }) => Seen::Value(value.clone(), *number),
            Some(_) => Seen::Deleted,
            None if revisions.iter().all(|revision| revision.at > at.now) => Seen::Never,
            None => Seen::NotYet,
        }
    }

    fn is_seen(&self, key: &str, revision: &Revision, at: At) -> bool {
        let Some(pop) = at.pop else {
            return revision.at <= at.now;
        };
        let mean = self.delay_mean_ms;
        let name = key.bytes().fold(self.seed ^ revision.number, |hash, byte| {
            mix(hash ^ u64::from(byte))
        });
        let delay = exponential(mix(name ^ mix(pop as u64)), mean).min(self.delay_max_ms);
        revision
            .at
            .plus_millis(i64::try_from(delay).unwrap_or(i64::MAX))
            <= at.now
    }
}

/// A number of about exponential distribution from 64 random bits, in whole numbers so that every machine draws the same.
pub(super) fn exponential(random: u64, mean: u64) -> u64 {
    let halvings = u64::from(random.leading_zeros().min(20));
    let fraction = random & 0x3ff;
    // ln 2 = 0.693: one halving more is that much of the mean later.
    mean.saturating_mul(halvings * 1024 + fraction) / 1024 * 693 / 1000
}
