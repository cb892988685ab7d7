//! All ports as one host.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use edgefold::host::{Clock, Host, HttpClient, Level, Log, Random, Variables};
use edgefold::time::Timestamp;

use super::clock::{SimClock, SplitMix};
use super::http::SimHttp;
use super::kv::SimKv;
use super::loopback::LoopbackHttp;
use super::store::KvOptions;

/// A simulated host: one process that runs the logic. Several may share a store ([`SimHost::neighbour`]).
#[derive(Debug)]
pub struct SimHost<C = SimHttp> {
    /// The store.
    pub kv: SimKv,
    /// The upstreams.
    pub http: C,
    /// Time.
    pub clock: SimClock,
    /// [`Clock::pause`] lets time pass. Where `false` it returns at once, as on a host without timers.
    pub timers: bool,
    random: SplitMix,
    variables: Mutex<BTreeMap<String, String>>,
    log: Mutex<Vec<(Level, String)>>,
}

impl SimHost<SimHttp> {
    /// A host with scripted upstreams, an empty store and the default clock.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let clock = SimClock::default();
        let http = SimHttp::new(clock.clone());
        Self::with(http, KvOptions::default(), clock, seed)
    }
}

impl SimHost<LoopbackHttp> {
    /// A host that asks upstreams on this machine by real HTTP, with an empty store and the default clock. Needs tokio.
    #[must_use]
    pub fn loopback(seed: u64) -> Self {
        let clock = SimClock::default();
        Self::with(LoopbackHttp::default(), KvOptions::default(), clock, seed)
    }
}

impl<C: HttpClient> SimHost<C> {
    /// A host of the given parts, with an empty store.
    #[must_use]
    pub fn with(http: C, store: KvOptions, clock: SimClock, seed: u64) -> Self {
        Self {
            kv: SimKv::new(store, clock.clone()),
            http,
            clock,
            timers: true,
            random: SplitMix::new(seed),
            variables: Mutex::default(),
            log: Mutex::default(),
        }
    }

    /// Another process on the same store and clock, with its own faults, counts, randomness, variables and log.
    #[must_use]
    pub fn neighbour<D: HttpClient>(&self, http: D, seed: u64) -> SimHost<D> {
        SimHost {
            kv: self.kv.handle(),
            http,
            clock: self.clock.clone(),
            timers: self.timers,
            random: SplitMix::new(seed),
            variables: Mutex::default(),
            log: Mutex::default(),
        }
    }

    /// Sets a variable.
    pub fn set_variable(&self, name: &str, value: &str) {
        let mut variables = self
            .variables
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        variables.insert(name.to_owned(), value.to_owned());
    }

    /// Unsets a variable.
    pub fn unset_variable(&self, name: &str) {
        let mut variables = self
            .variables
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        variables.remove(name);
    }

    /// All that was logged so far.
    #[must_use]
    pub fn log_lines(&self) -> Vec<(Level, String)> {
        self.log
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl<C: HttpClient> Host for SimHost<C> {
    type Kv = SimKv;
    type Http = C;

    fn kv(&self) -> &SimKv {
        &self.kv
    }

    fn http(&self) -> &C {
        &self.http
    }
}

impl<C> Clock for SimHost<C> {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn elapsed(&self) -> Duration {
        self.clock.elapsed()
    }

    /// Those who wait at the same time wait side by side.
    async fn pause(&self, time: Duration) {
        let began = self.clock.elapsed();
        super::yield_once().await;
        if self.timers {
            let passed = self.clock.elapsed().saturating_sub(began);
            self.clock.advance(time.saturating_sub(passed));
        }
    }
}

impl<C> Random for SimHost<C> {
    fn random_u64(&self) -> u64 {
        self.random.next_u64()
    }
}

impl<C> Variables for SimHost<C> {
    async fn variable(&self, name: &str) -> Option<String> {
        super::yield_once().await;
        let variables = self
            .variables
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        variables.get(name).cloned()
    }
}

impl<C> Log for SimHost<C> {
    fn log(&self, level: Level, line: &str) {
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        log.push((level, line.to_owned()));
    }
}
