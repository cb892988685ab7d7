//! The simulated store for the compiled component: PoPs' views of one origin, on a clock that a test moves.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use edgefold_host::kv::{Capabilities, Entry, KeyPage, Kv, KvError, Precondition, Version};

use super::options::{StoreFaultRates, WorldOptions};
use super::origin::{Kind, Origin, version};
use super::replication::{At, Seen};
use crate::sim::clock::{SimClock, SplitMix, mix};

/// One store that several PoPs share. They see each other's writes late, by the clock.
#[derive(Debug, Clone)]
pub struct PopStore {
    origin: Arc<Mutex<Origin>>,
    seed: u64,
    rates: StoreFaultRates,
    clock: SimClock,
    findings: Arc<Mutex<Vec<String>>>,
}

/// What one PoP sees of a [`PopStore`]. Every operation gives way before it answers; latency is not waited for, because the
/// component's own clock does not stand still.
#[derive(Debug, Clone)]
pub struct PopKv {
    store: PopStore,
    pop: usize,
    random: Arc<SplitMix>,
}

impl PopStore {
    /// An empty store. Of `options`, what concerns the store counts.
    #[must_use]
    pub fn new(options: &WorldOptions, seed: u64, clock: SimClock) -> Self {
        Self {
            origin: Arc::new(Mutex::new(Origin::new(options, seed))),
            seed,
            rates: options.store_faults,
            clock,
            findings: Arc::default(),
        }
    }

    /// The view of PoP number `pop`.
    #[must_use]
    pub fn pop(&self, pop: usize) -> PopKv {
        PopKv {
            store: self.clone(),
            pop,
            random: Arc::new(SplitMix::new(mix(self.seed ^ mix(pop as u64)))),
        }
    }

    /// Nothing goes wrong in views taken from here on.
    pub fn heal(&mut self) {
        self.rates = StoreFaultRates::default();
    }

    /// What must never happen and did.
    #[must_use]
    pub fn findings(&self) -> Vec<String> {
        self.findings
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Changes charged so far.
    #[must_use]
    pub fn charged(&self) -> usize {
        self.origin().charges().len()
    }

    fn origin(&self) -> MutexGuard<'_, Origin> {
        self.origin.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn watch(&self, key: &str, seen: &Seen) {
        if Kind::of(key) == Kind::Sealed && *seen == Seen::Deleted {
            let mut findings = self.findings.lock().unwrap_or_else(PoisonError::into_inner);
            findings.push(format!("{key} is deleted and still needed"));
        }
    }
}

impl PopKv {
    /// Gives way; then whether the operation fails, or takes effect and loses its answer.
    async fn arrive(&self) -> Strike {
        tokio::task::yield_now().await;
        let rates = self.store.rates;
        let drawn = self.random.below(1000);
        let lost = rates.unavailable + rates.ambiguous_lost;
        match drawn {
            drawn if drawn < rates.unavailable => Strike::Fails,
            drawn if drawn < lost => Strike::Lost,
            drawn if drawn < lost + rates.ambiguous_applied => Strike::AnswerLost,
            _ => Strike::None,
        }
    }

    /// Carries out `apply` unless something strikes.
    fn change<T>(strike: Strike, apply: impl FnOnce() -> Result<T, KvError>) -> Result<T, KvError> {
        match strike {
            Strike::Fails => Err(KvError::Unavailable("simulated".into())),
            Strike::Lost => Err(KvError::Ambiguous("simulated".into())),
            Strike::AnswerLost => apply().and_then(|_| Err(KvError::Ambiguous("simulated".into()))),
            Strike::None => apply(),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Strike {
    None,
    Fails,
    Lost,
    AnswerLost,
}

impl Kv for PopKv {
    fn capabilities(&self) -> Capabilities {
        self.store.origin().capabilities()
    }

    async fn get(&self, key: &str) -> Result<Option<Entry>, KvError> {
        if self.arrive().await == Strike::Fails {
            return Err(KvError::Unavailable("simulated".into()));
        }
        let at = At {
            pop: Some(self.pop),
            now: self.store.clock.now(),
        };
        let seen = self.store.origin().read(key, at);
        self.store.watch(key, &seen);
        Ok(match seen {
            Seen::Value(value, number) => Some(Entry {
                value,
                version: version(number),
            }),
            Seen::Deleted | Seen::NotYet | Seen::Never => None,
        })
    }

    async fn put(
        &self,
        key: &str,
        value: Bytes,
        when: Precondition,
        _ttl: Option<Duration>,
    ) -> Result<Version, KvError> {
        let strike = self.arrive().await;
        let now = self.store.clock.now();
        let mut origin = self.store.origin();
        Self::change(strike, || origin.put(key, value, &when, now))
    }

    async fn delete(&self, key: &str) -> Result<(), KvError> {
        let strike = self.arrive().await;
        let now = self.store.clock.now();
        let mut origin = self.store.origin();
        Self::change(strike, || origin.delete(key, now))
    }

    async fn increment(&self, key: &str) -> Result<u64, KvError> {
        let strike = self.arrive().await;
        let now = self.store.clock.now();
        let mut origin = self.store.origin();
        Self::change(strike, || origin.increment(key, now))
    }

    async fn list(&self, prefix: &str, cursor: Option<&str>) -> Result<KeyPage, KvError> {
        self.arrive().await;
        Ok(self.store.origin().list(prefix, cursor))
    }
}
