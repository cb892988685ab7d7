//! Many points of presence before one store and one origin, in virtual time.
//!
//! A write is applied at one place, where it is compared, and shows elsewhere after a delay of its own for each point of
//! presence. Every operation takes time, so whoever starts at the same moment interleaves. The same seed gives the same run.

mod pop;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use bytes::Bytes;
use futures_util::future::poll_fn;

pub(in crate::cache::tests) use pop::Pop;

use crate::cache::{Answer, Failure};
use crate::config::{Config, PASSABLE_TYPES, Proxy};
use crate::testing::TestConfig;

const START: i64 = 1_790_000_000_000;

/// A write, where it was made and when it shows at each other place.
struct Write {
    value: Bytes,
    version: u64,
    by: usize,
    shows: BTreeMap<usize, i64>,
    applied: i64,
}

/// Whether a task is to be polled.
struct Woken(AtomicBool);

impl Woken {
    fn new() -> Arc<Self> {
        Arc::new(Self(AtomicBool::new(true)))
    }
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Time, store and origin.
pub(in crate::cache::tests) struct World {
    pub(in crate::cache::tests) now_ms: Cell<i64>,
    timers: RefCell<Vec<(i64, Waker)>>,
    random: Cell<u64>,
    pops: usize,
    writes: RefCell<BTreeMap<String, Vec<Write>>>,
    /// Writes that took place.
    pub(in crate::cache::tests) applied: Cell<u32>,
    version: Cell<u64>,
    /// One write in so many loses its answer, in turn after and before it takes place; 0: none does.
    pub(in crate::cache::tests) lose_one_in: Cell<u64>,
    pub(in crate::cache::tests) refuse_writes: Cell<bool>,
    pub(in crate::cache::tests) reads: Cell<u32>,
    /// Requests that the origin has seen.
    pub(in crate::cache::tests) asked: Cell<u32>,
    pub(in crate::cache::tests) conditional: Cell<u32>,
    pub(in crate::cache::tests) status: Cell<u16>,
    pub(in crate::cache::tests) body: RefCell<String>,
    pub(in crate::cache::tests) content_type: Cell<&'static str>,
    /// How long the origin takes, in milliseconds.
    pub(in crate::cache::tests) origin_ms: Cell<i64>,
    pub(in crate::cache::tests) lines: RefCell<Vec<String>>,
}

impl World {
    pub(in crate::cache::tests) fn new(seed: u64, pops: usize) -> Self {
        Self {
            now_ms: Cell::new(0),
            timers: RefCell::default(),
            random: Cell::new(seed),
            pops,
            writes: RefCell::default(),
            applied: Cell::new(0),
            version: Cell::new(0),
            lose_one_in: Cell::new(0),
            refuse_writes: Cell::new(false),
            reads: Cell::new(0),
            asked: Cell::new(0),
            conditional: Cell::new(0),
            status: Cell::new(200),
            body: RefCell::new(r#"{"price":1}"#.to_owned()),
            content_type: Cell::new("application/json; charset=utf-8"),
            origin_ms: Cell::new(300),
            lines: RefCell::default(),
        }
    }

    /// `SplitMix64`.
    fn next(&self) -> u64 {
        let state = self.random.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
        self.random.set(state);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn between(&self, least: i64, most: i64) -> i64 {
        least + i64::try_from(self.next() % u64::try_from(most - least + 1).unwrap()).unwrap()
    }

    /// Lets `ms` pass; others run meanwhile.
    pub(in crate::cache::tests) async fn sleep(&self, ms: i64) {
        let deadline = self.now_ms.get() + ms;
        let mut yielded = false;
        poll_fn(|context| {
            if std::mem::replace(&mut yielded, true) && self.now_ms.get() >= deadline {
                return Poll::Ready(());
            }
            self.timers
                .borrow_mut()
                .push((deadline, context.waker().clone()));
            Poll::Pending
        })
        .await;
    }

    /// Moves time to `now_ms`, and wakes whoever waited for that.
    pub(in crate::cache::tests) fn advance_to(&self, now_ms: i64) {
        self.now_ms.set(now_ms);
        let due = |timer: &mut (i64, Waker)| timer.0 <= now_ms;
        let due: Vec<_> = self.timers.borrow_mut().extract_if(.., due).collect();
        for (_, waker) in due {
            waker.wake();
        }
    }

    /// Runs all tasks to their ends, moving time on whenever all of them wait.
    pub(in crate::cache::tests) fn run<'t, T>(
        &self,
        tasks: impl IntoIterator<Item = Pin<Box<dyn Future<Output = T> + 't>>>,
    ) -> Vec<T> {
        let mut tasks: Vec<_> = tasks.into_iter().map(|task| (task, Woken::new())).collect();
        let mut outcomes: Vec<Option<T>> = tasks.iter().map(|_| None).collect();
        while outcomes.iter().any(Option::is_none) {
            let mut polled = false;
            for ((task, woken), outcome) in tasks.iter_mut().zip(&mut outcomes) {
                if outcome.is_some() || !woken.0.swap(false, Ordering::Relaxed) {
                    continue;
                }
                polled = true;
                let waker = Waker::from(Arc::clone(woken));
                if let Poll::Ready(value) = task.as_mut().poll(&mut Context::from_waker(&waker)) {
                    *outcome = Some(value);
                }
            }
            if !polled {
                let next = self.timers.borrow().iter().map(|(at, _)| *at).min();
                let next = next.expect("a task waits for nothing");
                self.advance_to(self.now_ms.get().max(next));
            }
        }
        outcomes.into_iter().map(Option::unwrap).collect()
    }

    pub(in crate::cache::tests) fn pop(&self, id: usize) -> Pop<'_> {
        Pop {
            world: self,
            id,
            in_flight: None,
        }
    }

    /// One request to each of `pops`, all at once.
    pub(in crate::cache::tests) fn at_once(
        &self,
        config: &Config,
        pops: std::ops::Range<usize>,
    ) -> Vec<Result<Answer, Failure>> {
        self.run(pops.map(|id| {
            let task = async move { self.pop(id).ask(config).await };
            Box::pin(task) as Pin<Box<dyn Future<Output = _> + '_>>
        }))
    }

    /// One request to point of presence 0.
    pub(in crate::cache::tests) fn ask(&self, config: &Config) -> Result<Answer, Failure> {
        self.at_once(config, 0..1).remove(0)
    }

    /// As one future run alone.
    pub(in crate::cache::tests) fn alone<T>(&self, future: impl Future<Output = T>) -> T {
        self.run([Box::pin(future) as Pin<Box<dyn Future<Output = T> + '_>>])
            .remove(0)
    }

    pub(in crate::cache::tests) fn pass(&self, secs: i64) {
        self.now_ms.set(self.now_ms.get() + secs * 1000);
    }
}

/// A proxy that is fresh for 60 s, may be stale for 60 more, and for 600 where the origin fails.
pub(in crate::cache::tests) fn proxy(id: &str) -> Proxy {
    Proxy {
        id: id.to_owned(),
        url: format!("https://origin.example/{id}?key=hidden"),
        ttl_s: 60,
        stale_while_revalidate_s: 60,
        stale_if_error_s: 600,
        tags: vec!["shop".to_owned()],
        version: 1,
        headers: BTreeMap::new(),
        types: PASSABLE_TYPES.iter().map(|t| (*t).to_owned()).collect(),
        timeout_ms: 10_000,
        body_bytes_max: 100_000,
    }
}

pub(in crate::cache::tests) fn config() -> Config {
    TestConfig::new()
        .with(|config| {
            config.budget.writes_per_day = 100_000;
            config.budget.cache_writes_per_day = 10_000;
            config.limits.body_bytes_max = 100_000;
            config.limits.items_per_source = 100;
            config.proxies = vec![proxy("prices")];
        })
        .build()
}
