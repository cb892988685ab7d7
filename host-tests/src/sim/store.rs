//! What a simulated store holds and grants: values with their versions and expiry, counters, a day's quota.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use edgefold::host::{Entry, KeyPage, KvError, Precondition, Version, no_counters};
use edgefold::time::Timestamp;

/// Keys on one page of a listing.
const KEYS_PER_PAGE: usize = 100;
/// Longest key, in bytes: the port's limit.
const KEY_BYTES_MAX: usize = 512;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// What the store is like.
#[derive(Debug, Clone)]
pub struct KvOptions {
    /// Preconditions are atomic. Where `false` they are compared, then others get their turn, then it is written.
    pub swap: bool,
    /// Counters work, atomically.
    pub increment: bool,
    /// What the store says of how far a read may be behind, in milliseconds.
    pub staleness_ms: Option<u32>,
    /// Values expire by themselves.
    pub ttl: bool,
    /// Largest value taken, in bytes.
    pub value_bytes_max: usize,
    /// Writes granted per UTC day, all handles together; `None`: any number.
    pub writes_per_day: Option<u32>,
    /// Two changes of one key must be this far apart, or the second is throttled, in milliseconds. 0: no such limit.
    pub key_write_interval_ms: u64,
    /// Times that each operation gives way before it answers; at least 1.
    pub yields_per_operation: u32,
}

impl Default for KvOptions {
    fn default() -> Self {
        Self {
            swap: true,
            increment: true,
            staleness_ms: None,
            ttl: true,
            value_bytes_max: 1_000_000,
            writes_per_day: None,
            key_write_interval_ms: 0,
            yields_per_operation: 1,
        }
    }
}

/// Operations that reached the store, whether or not they were answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Keys read.
    pub reads: u64,
    /// Values written.
    pub writes: u64,
    /// Writes refused: precondition, size, rate or quota.
    pub refused: u64,
    /// Of those, by the rate.
    pub throttled: u64,
    /// Keys deleted.
    pub deletes: u64,
    /// Listings.
    pub lists: u64,
    /// Bytes of values read.
    pub bytes_read: u64,
    /// Bytes of values written.
    pub bytes_written: u64,
}

impl Counts {
    pub(super) fn refuse<T>(&mut self, refused: &Result<T, KvError>) {
        self.refused += 1;
        self.throttled += u64::from(matches!(refused, Err(KvError::Throttled { .. })));
    }
}

#[derive(Debug, Default)]
pub(super) struct Store {
    pub(super) options: KvOptions,
    pub(super) values: BTreeMap<String, Stored>,
    counters: BTreeMap<String, u64>,
    changed: BTreeMap<String, Timestamp>,
    /// Grows with every change, so that a key that was deleted and made anew has a new version.
    revision: u64,
    pub(super) by_key: BTreeMap<String, Counts>,
    day: i64,
    writes_today: u32,
}

#[derive(Debug, Clone)]
pub(super) struct Stored {
    pub(super) value: Bytes,
    revision: u64,
    expires: Option<Timestamp>,
}

impl Store {
    pub(super) fn new(options: KvOptions) -> Self {
        Self {
            options,
            ..Self::default()
        }
    }

    fn live(&self, key: &str, now: Timestamp) -> Option<&Stored> {
        let stored = self.values.get(key)?;
        stored.expires.is_none_or(|at| at > now).then_some(stored)
    }

    pub(super) fn read(&self, key: &str, now: Timestamp) -> Option<Entry> {
        self.live(key, now).map(|stored| Entry {
            value: stored.value.clone(),
            version: version(stored.revision),
        })
    }

    pub(super) fn check(
        &self,
        key: &str,
        when: &Precondition,
        now: Timestamp,
    ) -> Result<(), KvError> {
        let current = self.live(key, now).map(|stored| version(stored.revision));
        let holds = match when {
            Precondition::None => true,
            Precondition::Absent => current.is_none(),
            Precondition::Version(wanted) => current.as_ref() == Some(wanted),
        };
        if holds {
            Ok(())
        } else {
            Err(KvError::Conflict)
        }
    }

    pub(super) fn write(
        &mut self,
        key: &str,
        value: Bytes,
        when: &Precondition,
        ttl: Option<Duration>,
        now: Timestamp,
    ) -> Result<Version, KvError> {
        if value.len() > self.options.value_bytes_max {
            return Err(KvError::TooLarge);
        }
        if key.is_empty() || key.len() > KEY_BYTES_MAX {
            return Err(KvError::Unavailable(format!(
                "bad key of {} bytes",
                key.len()
            )));
        }
        self.pace(key, now)?;
        self.check(key, when, now)?;
        self.spend(now)?;
        self.changed.insert(key.to_owned(), now);
        let expires = ttl
            .filter(|_| self.options.ttl)
            .map(|ttl| now.plus_millis(i64::try_from(ttl.as_millis()).unwrap_or(i64::MAX)));
        Ok(self.apply(key, value, expires))
    }

    pub(super) fn increment(&mut self, key: &str, now: Timestamp) -> Result<u64, KvError> {
        if !self.options.increment {
            return Err(no_counters(key));
        }
        self.pace(key, now)?;
        self.spend(now)?;
        self.changed.insert(key.to_owned(), now);
        let counter = self.counters.entry(key.to_owned()).or_default();
        *counter += 1;
        Ok(*counter)
    }

    pub(super) fn remove(&mut self, key: &str) {
        self.values.remove(key);
        self.counters.remove(key);
    }

    /// Whether the last change of `key` is long enough ago.
    fn pace(&self, key: &str, now: Timestamp) -> Result<(), KvError> {
        let interval = i64::try_from(self.options.key_write_interval_ms).unwrap_or(i64::MAX);
        let next = self.changed.get(key).map(|at| at.plus_millis(interval));
        match next.filter(|next| *next > now) {
            None => Ok(()),
            Some(_) => Err(KvError::Throttled {
                retry_after: Some(Duration::from_millis(self.options.key_write_interval_ms)),
            }),
        }
    }

    /// One write of the day's quota.
    fn spend(&mut self, now: Timestamp) -> Result<(), KvError> {
        let day = now.as_millis().div_euclid(DAY_MS);
        if day != self.day {
            self.day = day;
            self.writes_today = 0;
        }
        if self
            .options
            .writes_per_day
            .is_some_and(|max| self.writes_today >= max)
        {
            return Err(KvError::QuotaExceeded);
        }
        self.writes_today += 1;
        Ok(())
    }

    pub(super) fn apply(&mut self, key: &str, value: Bytes, expires: Option<Timestamp>) -> Version {
        self.revision += 1;
        let stored = Stored {
            value,
            revision: self.revision,
            expires,
        };
        self.values.insert(key.to_owned(), stored);
        version(self.revision)
    }

    pub(super) fn page(&self, prefix: &str, cursor: Option<&str>) -> KeyPage {
        let keys = self
            .values
            .keys()
            .filter(|key| key.starts_with(prefix))
            .filter(|key| cursor.is_none_or(|after| key.as_str() > after));
        KeyPage::first(keys.cloned(), KEYS_PER_PAGE)
    }
}

fn version(revision: u64) -> Version {
    Version(revision.to_string())
}
