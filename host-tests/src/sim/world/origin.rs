//! The store: one origin where writes take effect.

use std::collections::BTreeMap;

use bytes::Bytes;
use edgefold::host::{Capabilities, KeyPage, KvError, Precondition, Version, no_counters};
use edgefold::time::Timestamp;

use super::options::{Lie, StoreKind, WorldOptions};
use super::replication::{At, Replication, Revision, Seen};
use crate::sim::clock::mix;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// Longest key, in bytes: the port's limit.
const KEY_BYTES_MAX: usize = 512;
/// What the strictest platform takes, in bytes.
const VALUE_BYTES_MAX: usize = 1_000_000;
/// How late [`Lie::SegmentsLate`] is, in milliseconds.
const LATE_MS: i64 = 30_000;
/// Keys on one page of a listing.
const KEYS_PER_PAGE: usize = 100;

/// A change that the store charges for.
#[derive(Debug, Clone)]
pub(super) struct Charge {
    pub(super) at: Timestamp,
    pub(super) deleted: bool,
    /// Of the value.
    pub(super) bytes: usize,
    /// Of what kind the key is; a counter is [`Kind::Counter`].
    pub(super) kind: Kind,
}

/// All values, with as much of their past as a PoP may still see.
#[derive(Debug)]
pub(super) struct Origin {
    replication: Replication,
    options: WorldOptions,
    values: BTreeMap<String, Vec<Revision>>,
    counters: BTreeMap<String, u64>,
    number: u64,
    charges: Vec<Charge>,
}

impl Origin {
    pub(super) fn new(options: &WorldOptions, seed: u64) -> Self {
        Self {
            replication: Replication::new(options, seed),
            options: options.clone(),
            values: BTreeMap::new(),
            counters: BTreeMap::new(),
            number: 0,
            charges: Vec::new(),
        }
    }

    /// Changes so far, oldest first.
    pub(super) fn charges(&self) -> &[Charge] {
        &self.charges
    }

    /// Changes charged on the UTC day of `now`.
    pub(super) fn charged_on(&self, now: Timestamp) -> u32 {
        self.charged(now, |_| true)
    }

    /// Those of one kind.
    pub(super) fn charged_for(&self, kind: Kind, now: Timestamp) -> u32 {
        self.charged(now, |charge| charge.kind == kind)
    }

    fn charged(&self, now: Timestamp, which: impl Fn(&Charge) -> bool) -> u32 {
        let day = |at: Timestamp| at.as_millis().div_euclid(DAY_MS);
        let recent = self.charges.iter().rev();
        let today = recent.take_while(|charge| day(charge.at) >= day(now));
        let counts = |charge: &&Charge| day(charge.at) == day(now) && which(charge);
        u32::try_from(today.filter(counts).count()).unwrap_or(u32::MAX)
    }

    /// The newest revision that `at` sees.
    pub(super) fn read(&self, key: &str, at: At) -> Seen {
        let Some(revisions) = self.values.get(key) else {
            return Seen::Never;
        };
        self.replication.read(key, revisions, at, self.number)
    }

    /// Every value of a kind that was current at the origin at some moment since `since`, with its key.
    pub(super) fn values_of(&self, kind: Kind, since: Timestamp) -> Vec<(String, Bytes)> {
        let mut values = Vec::new();
        for (key, revisions) in self.values.iter().filter(|(key, _)| Kind::of(key) == kind) {
            for (index, revision) in revisions.iter().enumerate() {
                let replaced = revisions.get(index + 1).map(|next| next.at);
                if let Some(value) = &revision.value
                    && replaced.is_none_or(|at| at >= since)
                {
                    values.push((key.clone(), value.clone()));
                }
            }
        }
        values
    }

    /// Whether `when` holds now.
    pub(super) fn check(&self, key: &str, when: &Precondition) -> Result<(), KvError> {
        let newest = self.values.get(key).and_then(|revisions| revisions.last());
        let current = newest.filter(|revision| revision.value.is_some());
        let holds = match when {
            Precondition::None => true,
            Precondition::Absent => current.is_none(),
            Precondition::Version(wanted) => {
                current.is_some_and(|current| version(current.number) == *wanted)
            }
        };
        holds.then_some(()).ok_or(KvError::Conflict)
    }

    /// What it promises.
    pub(super) fn capabilities(&self) -> Capabilities {
        Capabilities {
            swap: self.options.store == StoreKind::Swap,
            ttl: false,
            list: true,
            batch: false,
            increment: self.options.store == StoreKind::Counters,
            staleness_ms: None,
        }
    }

    /// Counts at the origin, in one step.
    pub(super) fn increment(&mut self, key: &str, now: Timestamp) -> Result<u64, KvError> {
        if self.options.store != StoreKind::Counters {
            return Err(no_counters(key));
        }
        self.charge(Kind::Counter, None, now);
        let counter = self.counters.entry(key.to_owned()).or_default();
        *counter += 1;
        Ok(*counter)
    }

    /// Writes, if `when` holds and nothing else forbids it.
    pub(super) fn put(
        &mut self,
        key: &str,
        value: Bytes,
        when: &Precondition,
        now: Timestamp,
    ) -> Result<Version, KvError> {
        if value.len() > VALUE_BYTES_MAX {
            return Err(KvError::TooLarge);
        }
        if key.is_empty() || key.len() > KEY_BYTES_MAX {
            return Err(KvError::Unavailable("a bad key".into()));
        }
        self.admit(key, now)?;
        let sealed = Kind::of(key) == Kind::Sealed;
        match self.options.lie {
            Some(Lie::NoPreconditions) => {}
            Some(Lie::SegmentsLost) if sealed && mix(self.number).is_multiple_of(8) => {
                self.number += 1;
                return Ok(version(self.number));
            }
            Some(Lie::SegmentsLate) if sealed => {
                self.apply(key, Some(value), now.plus_millis(LATE_MS));
                return Ok(version(self.number));
            }
            Some(Lie::ChargesTwice) => {
                self.check(key, when)?;
                self.charge(Kind::of(key), Some(&value), now);
            }
            _ => self.check(key, when)?,
        }
        self.apply(key, Some(value), now);
        Ok(version(self.number))
    }

    /// Deletes; an absent key costs nothing.
    pub(super) fn delete(&mut self, key: &str, now: Timestamp) -> Result<(), KvError> {
        self.counters.remove(key);
        self.admit(key, now)?;
        if self.check(key, &Precondition::Absent).is_err() {
            self.apply(key, None, now);
        }
        Ok(())
    }

    /// Keys at the origin that begin with `prefix`.
    pub(super) fn list(&self, prefix: &str, cursor: Option<&str>) -> KeyPage {
        let there = |(_, revisions): &(&String, &Vec<Revision>)| {
            revisions
                .last()
                .is_some_and(|newest| newest.value.is_some())
        };
        let keys = self
            .values
            .iter()
            .filter(there)
            .map(|(key, _)| key)
            .filter(|key| key.starts_with(prefix))
            .filter(|key| cursor.is_none_or(|after| key.as_str() > after));
        KeyPage::first(keys.cloned(), KEYS_PER_PAGE)
    }

    /// The platform's limits of rate and quota.
    fn admit(&self, key: &str, now: Timestamp) -> Result<(), KvError> {
        let interval = i64::try_from(self.options.key_write_interval_ms).unwrap_or(i64::MAX);
        let newest = self.values.get(key).and_then(|revisions| revisions.last());
        if newest.is_some_and(|newest| newest.at.plus_millis(interval) > now) {
            let retry_after = Some(std::time::Duration::from_secs(1));
            return Err(KvError::Throttled { retry_after });
        }
        if self.charged_on(now) >= self.options.writes_per_day.saturating_mul(2) {
            return Err(KvError::QuotaExceeded);
        }
        Ok(())
    }

    fn charge(&mut self, kind: Kind, value: Option<&Bytes>, now: Timestamp) {
        self.charges.push(Charge {
            at: now,
            deleted: value.is_none() && kind != Kind::Counter,
            kind,
            bytes: value.map_or(0, Bytes::len),
        });
    }

    fn apply(&mut self, key: &str, value: Option<Bytes>, now: Timestamp) {
        self.number += 1;
        self.charge(Kind::of(key), value.as_ref(), now);
        let revisions = self.values.entry(key.to_owned()).or_default();
        revisions.push(Revision {
            number: self.number,
            at: now,
            value,
        });
        // What every PoP has seen replaced, and what no checker looks back to, is forgotten.
        let keep_ms = self
            .options
            .replication_delay_max_ms
            .max(super::checkers::GRACE_MS);
        let since = now.plus_millis(-i64::try_from(keep_ms).unwrap_or(i64::MAX));
        let old = revisions.partition_point(|revision| revision.at < since);
        revisions.drain(..old.saturating_sub(1));
    }
}

/// What a key is for, told from its name alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Head,
    State,
    /// A segment, a directory or a part of the search index: named by its content, never changed.
    Sealed,
    /// What [`Origin::increment`] counts; never told from a name.
    Counter,
    Other,
}

impl Kind {
    pub(super) fn of(key: &str) -> Self {
        match key.rsplit('/').next() {
            Some("head") => Self::Head,
            Some("state") => Self::State,
            _ if ["seg/", "dir/", "run/"]
                .iter()
                .any(|kind| key.contains(kind)) =>
            {
                Self::Sealed
            }
            _ => Self::Other,
        }
    }
}

pub(super) fn version(number: u64) -> Version {
    Version(number.to_string())
}
