//! One run or request on one PoP: every port of the logic, on simulated time.

use std::cell::Cell;
use std::future::pending;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use edgefold::host::{
    Capabilities, Clock, Entry, Host, HttpClient, HttpError, Incoming, KeyPage, Kv, KvError, Level,
    Log, Outgoing, Precondition, Random, Variables, Version,
};
use edgefold::time::Timestamp;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::Shared;
use super::options::StoreFaultRates;
use super::origin::version;
use super::replication::{At, Seen, exponential};
use crate::sim::clock::mix;
use crate::sim::{Fault, SplitMix};

/// A process that carries out one run or request, and may die at any of its operations.
pub(super) struct Execution {
    world: Rc<Shared>,
    /// `None`: at the origin, at once and without faults.
    pop: Option<usize>,
    permits: Semaphore,
    random: SplitMix,
    rates: StoreFaultRates,
    /// A request of a reader: what it asks for, somebody has listed.
    reads_only: bool,
    crashed: Cell<bool>,
}

impl Execution {
    /// On PoP `pop`, with faults as often as the world has them.
    pub(super) fn on(world: &Rc<Shared>, pop: usize) -> Self {
        let rates = if world.healed.get() {
            StoreFaultRates::default()
        } else {
            world.options.store_faults
        };
        Self::new(world, Some(pop), rates)
    }

    /// As [`Execution::on`], for a reader's request.
    pub(super) fn of_reader(world: &Rc<Shared>, pop: usize) -> Self {
        Self {
            reads_only: true,
            ..Self::on(world, pop)
        }
    }

    /// At the origin: sees everything at once, takes no time, and nothing goes wrong.
    pub(super) fn at_origin(world: &Rc<Shared>) -> Self {
        Self::new(world, None, StoreFaultRates::default())
    }

    fn new(world: &Rc<Shared>, pop: Option<usize>, rates: StoreFaultRates) -> Self {
        let number = world.executions.get();
        world.executions.set(number + 1);
        Self {
            permits: Semaphore::new(world.options.concurrency_max),
            random: SplitMix::new(mix(world.seed ^ mix(number))),
            world: Rc::clone(world),
            pop,
            rates,
            reads_only: false,
            crashed: Cell::new(false),
        }
    }

    /// Runs `future`, which uses this execution, to its end or to the crash: then it is dropped as a process that dies
    /// drops everything, and the result is `None`.
    pub(super) async fn until_crash<F: Future>(&self, future: F) -> Option<F::Output> {
        let mut future = std::pin::pin!(future);
        std::future::poll_fn(|context| match future.as_mut().poll(context) {
            std::task::Poll::Ready(output) => std::task::Poll::Ready(Some(output)),
            std::task::Poll::Pending if self.crashed.get() => std::task::Poll::Ready(None),
            std::task::Poll::Pending => std::task::Poll::Pending,
        })
        .await
    }

    fn at(&self) -> At {
        At {
            pop: self.pop,
            now: self.world.true_time(),
        }
    }

    /// Half a way between PoP and origin. At the origin the way is short but still a way: a store always yields.
    async fn travel(&self) {
        let options = &self.world.options;
        if self.pop.is_none() {
            return crate::sim::yield_once().await;
        }
        let whole = exponential(self.random.next_u64(), options.latency_mean_ms);
        let half_us = whole.clamp(1, options.latency_max_ms) * 500;
        self.world
            .timeline
            .sleep(Duration::from_micros(half_us))
            .await;
    }

    /// Waits for a free place, then goes to the store. Strikes with what strikes before it.
    async fn arrive(&self) -> (SemaphorePermit<'_>, Option<Fault>) {
        let permit = match self.permits.acquire().await {
            Ok(permit) => permit,
            Err(_closed) => pending().await,
        };
        let fault = self.draw();
        self.travel().await;
        if fault == Some(Fault::CrashBefore) {
            self.crash().await;
        }
        (permit, fault)
    }

    fn draw(&self) -> Option<Fault> {
        let rates = self.rates;
        let drawn = self.random.below(1000);
        let crash = if self.random.chance(500) {
            Fault::CrashBefore
        } else {
            Fault::CrashAfter
        };
        let table = [
            (rates.unavailable, Fault::Fail),
            (rates.throttled, Fault::Throttle),
            (rates.ambiguous_applied, Fault::AmbiguousApplied),
            (rates.ambiguous_lost, Fault::AmbiguousLost),
            (rates.crash, crash),
        ];
        let mut upto = 0;
        table.into_iter().find_map(|(rate, fault)| {
            upto += rate;
            (drawn < upto).then_some(fault)
        })
    }

    /// Never returns: [`Execution::until_crash`] ends.
    async fn crash(&self) {
        self.crashed.set(true);
        pending::<()>().await;
    }

    /// Carries out `apply` at the origin, unless `fault` strikes, and brings the answer back.
    async fn change<T>(
        &self,
        fault: Option<Fault>,
        apply: impl FnOnce() -> Result<T, KvError>,
    ) -> Result<T, KvError> {
        let answer = match fault {
            Some(Fault::Fail) => Err(unavailable()),
            Some(Fault::Throttle) => Err(KvError::Throttled { retry_after: None }),
            Some(Fault::Quota) => Err(KvError::QuotaExceeded),
            Some(Fault::AmbiguousLost) => Err(KvError::Ambiguous("simulated".into())),
            Some(Fault::AmbiguousApplied) => {
                // Only what took effect can be ambiguous: a refusal is not written down anywhere.
                apply().and_then(|_| Err(KvError::Ambiguous("simulated".into())))
            }
            Some(Fault::CrashAfter) => {
                let _applied = apply();
                self.crash().await;
                Err(unavailable())
            }
            Some(Fault::CrashBefore) | None => apply(),
        };
        self.travel().await;
        answer
    }
}

impl Host for Execution {
    type Kv = Self;
    type Http = Self;

    fn kv(&self) -> &Self {
        self
    }

    fn http(&self) -> &Self {
        self
    }
}

impl Kv for Execution {
    fn capabilities(&self) -> Capabilities {
        self.world.origin().capabilities()
    }

    async fn get(&self, key: &str) -> Result<Option<Entry>, KvError> {
        let (_permit, fault) = self.arrive().await;
        let seen = self.world.origin().read(key, self.at());
        self.world.watch_read(key, &seen, self.reads_only);
        if fault == Some(Fault::CrashAfter) {
            self.crash().await;
        }
        self.travel().await;
        match fault {
            Some(Fault::Fail | Fault::AmbiguousApplied | Fault::AmbiguousLost) => {
                Err(unavailable())
            }
            Some(Fault::Throttle) => Err(KvError::Throttled { retry_after: None }),
            _ => Ok(match seen {
                Seen::Value(value, number) => Some(Entry {
                    value,
                    version: version(number),
                }),
                Seen::Deleted | Seen::NotYet | Seen::Never => None,
            }),
        }
    }

    async fn put(
        &self,
        key: &str,
        value: Bytes,
        when: Precondition,
        _ttl: Option<Duration>,
    ) -> Result<Version, KvError> {
        let (_permit, fault) = self.arrive().await;
        let mut when = when;
        if !self.capabilities().swap {
            self.world.origin().check(key, &when)?;
            when = Precondition::None;
            self.travel().await;
        }
        let bytes = value.len();
        self.change(fault, || {
            let now = self.world.true_time();
            let put = self.world.origin().put(key, value, &when, now);
            self.world.watch_write(key, bytes, put.is_ok());
            put
        })
        .await
    }

    async fn delete(&self, key: &str) -> Result<(), KvError> {
        let (_permit, fault) = self.arrive().await;
        self.change(fault, || {
            self.world.watch_delete(key);
            let now = self.world.true_time();
            self.world.origin().delete(key, now)
        })
        .await
    }

    async fn increment(&self, key: &str) -> Result<u64, KvError> {
        let (_permit, fault) = self.arrive().await;
        self.change(fault, || {
            let now = self.world.true_time();
            self.world.origin().increment(key, now)
        })
        .await
    }

    async fn list(&self, prefix: &str, cursor: Option<&str>) -> Result<KeyPage, KvError> {
        let (_permit, fault) = self.arrive().await;
        let page = self.world.origin().list(prefix, cursor);
        self.travel().await;
        match fault {
            Some(Fault::Fail) => Err(unavailable()),
            _ => Ok(page),
        }
    }
}

impl HttpClient for Execution {
    async fn send(&self, request: Outgoing) -> Result<Incoming, HttpError> {
        let (_permit, fault) = self.arrive().await;
        if matches!(fault, Some(Fault::CrashAfter)) {
            self.crash().await;
        }
        let answer = self.world.upstreams.borrow_mut().answer(&request);
        let took = answer.took.min(request.timeout);
        self.world.timeline.sleep(took).await;
        if answer.took > request.timeout {
            return Err(HttpError::Timeout);
        }
        let incoming = answer.result?;
        if incoming.body.len() > request.body_bytes_max {
            return Err(HttpError::TooLarge);
        }
        Ok(incoming)
    }
}

impl Clock for Execution {
    fn now(&self) -> Timestamp {
        let skew = self.pop.map_or(0, |pop| self.world.skew_ms(pop));
        self.world.true_time().plus_millis(skew)
    }

    fn elapsed(&self) -> Duration {
        self.world.timeline.now()
    }

    async fn pause(&self, time: Duration) {
        self.world.timeline.sleep(time).await;
    }
}

impl Random for Execution {
    fn random_u64(&self) -> u64 {
        self.random.next_u64()
    }
}

impl Variables for Execution {
    async fn variable(&self, _: &str) -> Option<String> {
        None
    }
}

impl Log for Execution {
    fn log(&self, level: Level, line: &str) {
        if self.world.is_loud {
            let at = self.world.true_time();
            println!("{at} pop {:?} {level:?}: {line}", self.pop);
        }
    }
}

fn unavailable() -> KvError {
    KvError::Unavailable("simulated".into())
}
