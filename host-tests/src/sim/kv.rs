//! The simulated key-value store.

use std::collections::BTreeMap;
use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use edgefold::host::{
    Capabilities, Entry, KeyPage, Kv, KvError, Precondition, Version, no_counters,
};
use edgefold::time::Timestamp;

use super::clock::SimClock;
use super::faults::{Fault, Faults};
use super::yield_once;

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
    /// Writes refused: precondition, size or quota.
    pub refused: u64,
    /// Keys deleted.
    pub deletes: u64,
    /// Listings.
    pub lists: u64,
    /// Bytes of values read.
    pub bytes_read: u64,
    /// Bytes of values written.
    pub bytes_written: u64,
}

/// A handle on a simulated store. [`SimKv::handle`] gives another process's handle on the same store; a clone is the same handle.
#[derive(Debug, Clone)]
pub struct SimKv {
    store: Arc<Mutex<Store>>,
    process: Arc<Mutex<Process>>,
    clock: SimClock,
}

#[derive(Debug, Default)]
struct Store {
    options: KvOptions,
    values: BTreeMap<String, Stored>,
    counters: BTreeMap<String, u64>,
    /// Grows with every change, so that a key that was deleted and made anew has a new version.
    revision: u64,
    by_key: BTreeMap<String, Counts>,
    day: i64,
    writes_today: u32,
}

#[derive(Debug, Clone)]
struct Stored {
    value: Bytes,
    revision: u64,
    expires: Option<Timestamp>,
}

/// What belongs to one process that uses the store.
#[derive(Debug, Default)]
struct Process {
    faults: Faults,
    operations: u64,
    crashed: bool,
    counts: Counts,
}

impl SimKv {
    /// An empty store; `clock` decides when values expire and when a day's quota begins anew.
    #[must_use]
    pub fn new(options: KvOptions, clock: SimClock) -> Self {
        let store = Store {
            options,
            ..Store::default()
        };
        Self {
            store: Arc::new(Mutex::new(store)),
            process: Arc::default(),
            clock,
        }
    }

    /// Another process's handle on the same store, with its own faults and counts.
    #[must_use]
    pub fn handle(&self) -> Self {
        Self {
            store: Arc::clone(&self.store),
            process: Arc::default(),
            clock: self.clock.clone(),
        }
    }

    /// Sets this handle's faults; operations are counted from 0 again.
    pub fn set_faults(&self, faults: Faults) {
        let mut process = self.process();
        process.faults = faults;
        process.operations = 0;
    }

    /// Whether a crash fault has struck this handle. Its operations never return then.
    #[must_use]
    pub fn is_crashed(&self) -> bool {
        self.process().crashed
    }

    /// A new process takes this handle over: no faults, no crash.
    pub fn restart(&self) {
        self.set_faults(Faults::none());
        self.process().crashed = false;
    }

    /// Operations begun by this handle since its faults were set: what a test of every crash point counts up to.
    #[must_use]
    pub fn operations(&self) -> u64 {
        self.process().operations
    }

    /// What this handle has done since the last [`SimKv::reset_counts`].
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.process().counts
    }

    /// Begins counting anew, for this handle and for all keys.
    pub fn reset_counts(&self) {
        self.process().counts = Counts::default();
        self.store().by_key.clear();
    }

    /// What all handles together have done to each key since the last [`SimKv::reset_counts`].
    #[must_use]
    pub fn counts_by_key(&self) -> BTreeMap<String, Counts> {
        self.store().by_key.clone()
    }

    /// The stored value, past all faults and counts.
    #[must_use]
    pub fn peek(&self, key: &str) -> Option<Bytes> {
        self.store()
            .values
            .get(key)
            .map(|stored| stored.value.clone())
    }

    /// Everything stored, past all faults and counts.
    #[must_use]
    pub fn contents(&self) -> BTreeMap<String, Bytes> {
        let store = self.store();
        let pairs = store.values.iter();
        pairs
            .map(|(key, stored)| (key.clone(), stored.value.clone()))
            .collect()
    }

    /// Puts a value in place, past all faults and counts.
    pub fn plant(&self, key: &str, value: impl Into<Bytes>) {
        self.store().apply(key, value.into(), None);
    }

    /// Changes what the store is like from here on.
    pub fn set_options(&self, change: impl FnOnce(&mut KvOptions)) {
        change(&mut self.store().options);
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn process(&self) -> MutexGuard<'_, Process> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts `key` in this handle's and the store's books.
    fn count(&self, key: &str, change: impl Fn(&mut Counts)) {
        change(&mut self.process().counts);
        change(self.store().by_key.entry(key.to_owned()).or_default());
    }

    /// The way to the store: gives way, and applies faults that strike before it.
    async fn arrive(&self) -> Option<Fault> {
        let fault = {
            let mut process = self.process();
            let operation = process.operations;
            process.operations += 1;
            process.faults.hit(operation)
        };
        let yields = self.store().options.yields_per_operation.max(1);
        for _ in 0..yields {
            yield_once().await;
        }
        if fault == Some(Fault::CrashBefore) {
            self.crash().await;
        }
        if self.is_crashed() {
            pending::<()>().await;
        }
        fault
    }

    /// Never returns; whoever polls this through [`super::until_crash`] sees the crash.
    async fn crash(&self) {
        self.process().crashed = true;
        pending::<()>().await;
    }

    /// The way back of a read.
    async fn read_back<T>(&self, fault: Option<Fault>, value: T) -> Result<T, KvError> {
        match fault {
            Some(Fault::CrashAfter) => {
                self.crash().await;
                Ok(value)
            }
            Some(Fault::Fail | Fault::AmbiguousApplied | Fault::AmbiguousLost) => {
                Err(unavailable())
            }
            Some(Fault::Throttle) => Err(KvError::Throttled { retry_after: None }),
            Some(Fault::CrashBefore | Fault::Quota) | None => Ok(value),
        }
    }

    /// Carries a change out unless `fault` strikes.
    async fn change<T>(
        &self,
        fault: Option<Fault>,
        apply: impl FnOnce() -> Result<T, KvError>,
    ) -> Result<T, KvError> {
        match fault {
            Some(Fault::Fail) => Err(unavailable()),
            Some(Fault::Throttle) => Err(KvError::Throttled { retry_after: None }),
            Some(Fault::Quota) => Err(KvError::QuotaExceeded),
            Some(Fault::AmbiguousLost) => Err(KvError::Ambiguous("simulated".into())),
            Some(Fault::AmbiguousApplied) => {
                apply()?;
                Err(KvError::Ambiguous("simulated".into()))
            }
            Some(Fault::CrashAfter) => {
                let applied = apply();
                self.crash().await;
                applied
            }
            Some(Fault::CrashBefore) | None => apply(),
        }
    }
}

impl Kv for SimKv {
    fn capabilities(&self) -> Capabilities {
        let options = &self.store().options;
        Capabilities {
            swap: options.swap,
            ttl: options.ttl,
            list: true,
            batch: false,
            increment: options.increment,
            staleness_ms: options.staleness_ms,
        }
    }

    async fn get(&self, key: &str) -> Result<Option<Entry>, KvError> {
        let fault = self.arrive().await;
        let entry = self.store().read(key, self.clock.now());
        let bytes = entry.as_ref().map_or(0, |entry| entry.value.len() as u64);
        self.count(key, |counts| {
            counts.reads += 1;
            counts.bytes_read += bytes;
        });
        self.read_back(fault, entry).await
    }

    async fn put(
        &self,
        key: &str,
        value: Bytes,
        when: Precondition,
        ttl: Option<Duration>,
    ) -> Result<Version, KvError> {
        let fault = self.arrive().await;
        let now = self.clock.now();
        let mut when = when;
        if !self.store().options.swap {
            self.store().check(key, &when, now)?;
            when = Precondition::None;
            yield_once().await;
        }
        let bytes = value.len() as u64;
        self.change(fault, || {
            let applied = self.store().write(key, value, &when, ttl, now);
            self.count(key, |counts| match applied {
                Ok(_) => {
                    counts.writes += 1;
                    counts.bytes_written += bytes;
                }
                Err(_) => counts.refused += 1,
            });
            applied
        })
        .await
    }

    async fn delete(&self, key: &str) -> Result<(), KvError> {
        let fault = self.arrive().await;
        self.change(fault, || {
            self.count(key, |counts| counts.deletes += 1);
            let mut store = self.store();
            store.values.remove(key);
            store.counters.remove(key);
            Ok(())
        })
        .await
    }

    async fn increment(&self, key: &str) -> Result<u64, KvError> {
        let fault = self.arrive().await;
        let now = self.clock.now();
        self.change(fault, || {
            let counted = self.store().increment(key, now);
            self.count(key, |counts| match counted {
                Ok(_) => counts.writes += 1,
                Err(_) => counts.refused += 1,
            });
            counted
        })
        .await
    }

    async fn list(&self, prefix: &str, cursor: Option<&str>) -> Result<KeyPage, KvError> {
        let fault = self.arrive().await;
        self.count(prefix, |counts| counts.lists += 1);
        let page = self.store().page(prefix, cursor);
        self.read_back(fault, page).await
    }
}

impl Store {
    fn live(&self, key: &str, now: Timestamp) -> Option<&Stored> {
        let stored = self.values.get(key)?;
        stored.expires.is_none_or(|at| at > now).then_some(stored)
    }

    fn read(&self, key: &str, now: Timestamp) -> Option<Entry> {
        self.live(key, now).map(|stored| Entry {
            value: stored.value.clone(),
            version: version(stored.revision),
        })
    }

    fn check(&self, key: &str, when: &Precondition, now: Timestamp) -> Result<(), KvError> {
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

    fn write(
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
        self.check(key, when, now)?;
        self.spend(now)?;
        let expires = ttl
            .filter(|_| self.options.ttl)
            .map(|ttl| now.plus_millis(i64::try_from(ttl.as_millis()).unwrap_or(i64::MAX)));
        Ok(self.apply(key, value, expires))
    }

    fn increment(&mut self, key: &str, now: Timestamp) -> Result<u64, KvError> {
        if !self.options.increment {
            return Err(no_counters(key));
        }
        self.spend(now)?;
        let counter = self.counters.entry(key.to_owned()).or_default();
        *counter += 1;
        Ok(*counter)
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

    fn apply(&mut self, key: &str, value: Bytes, expires: Option<Timestamp>) -> Version {
        self.revision += 1;
        let stored = Stored {
            value,
            revision: self.revision,
            expires,
        };
        self.values.insert(key.to_owned(), stored);
        version(self.revision)
    }

    fn page(&self, prefix: &str, cursor: Option<&str>) -> KeyPage {
        let mut keys: Vec<String> = self
            .values
            .keys()
            .filter(|key| key.starts_with(prefix))
            .filter(|key| cursor.is_none_or(|after| key.as_str() > after))
            .take(KEYS_PER_PAGE + 1)
            .cloned()
            .collect();
        let more = keys.len() > KEYS_PER_PAGE;
        keys.truncate(KEYS_PER_PAGE);
        let cursor = keys.last().filter(|_| more).cloned();
        KeyPage { keys, cursor }
    }
}

fn version(revision: u64) -> Version {
    Version(revision.to_string())
}

fn unavailable() -> KvError {
    KvError::Unavailable("simulated".into())
}
