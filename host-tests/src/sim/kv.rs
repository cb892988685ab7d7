//! A handle on the simulated store: what strikes on the way there and back, and what it has done.

use std::collections::BTreeMap;
use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use edgefold::host::{Capabilities, Entry, KeyPage, Kv, KvError, Precondition, Version};

use super::clock::SimClock;
use super::faults::{Fault, Faults};
use super::store::{Counts, KvOptions, Store};
use super::yield_once;

/// A handle on a simulated store. [`SimKv::handle`] gives another process's handle on the same store; a clone is the same handle.
#[derive(Debug, Clone)]
pub struct SimKv {
    store: Arc<Mutex<Store>>,
    process: Arc<Mutex<Process>>,
    clock: SimClock,
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
        Self {
            store: Arc::new(Mutex::new(Store::new(options))),
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
                Err(_) => counts.refuse(&applied),
            });
            applied
        })
        .await
    }

    async fn delete(&self, key: &str) -> Result<(), KvError> {
        let fault = self.arrive().await;
        self.change(fault, || {
            self.count(key, |counts| counts.deletes += 1);
            self.store().remove(key);
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
                Err(_) => counts.refuse(&counted),
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

fn unavailable() -> KvError {
    KvError::Unavailable("simulated".into())
}
