//! Simulated time: a queue of what happens when, and the tasks that wait for it.

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use crate::sim::SplitMix;

type Task = Pin<Box<dyn Future<Output = ()>>>;

/// Runs tasks on simulated time, one poll at a time, in an order that the seed decides. Clones are the same timeline.
///
/// Time stands still while a task runs and jumps to the next event when none can.
#[derive(Clone)]
pub struct Timeline {
    inner: Rc<RefCell<Inner>>,
    ready: Ready,
}

/// Tasks that may be polled.
type Ready = Arc<Mutex<Vec<usize>>>;

struct Inner {
    now: Duration,
    order: SplitMix,
    timers: BinaryHeap<Reverse<Timer>>,
    timers_made: u64,
    /// By number; `None`: ended, or being polled.
    tasks: Vec<Option<Task>>,
    unused: Vec<usize>,
    steps: u64,
}

struct Timer {
    at: Duration,
    /// Of two at the same time the one with the smaller number comes first: random, then by age.
    tie: (u64, u64),
    waker: Waker,
}

impl Timeline {
    /// Time 0, and nothing to do. The same seed and the same tasks give the same run.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            inner: Rc::new(RefCell::new(Inner {
                now: Duration::ZERO,
                order: SplitMix::new(seed),
                timers: BinaryHeap::new(),
                timers_made: 0,
                tasks: Vec::new(),
                unused: Vec::new(),
                steps: 0,
            })),
            ready: Ready::default(),
        }
    }

    /// Time since the beginning.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.inner.borrow().now
    }

    /// Polls so far: a measure of a run's size.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.inner.borrow().steps
    }

    /// Adds a task.
    pub fn spawn(&self, task: impl Future<Output = ()> + 'static) {
        let mut inner = self.inner.borrow_mut();
        let number = inner.unused.pop().unwrap_or_else(|| {
            inner.tasks.push(None);
            inner.tasks.len() - 1
        });
        inner.tasks[number] = Some(Box::pin(task));
        wake(&self.ready, number);
    }

    /// Pending for `time` of simulated time.
    pub async fn sleep(&self, time: Duration) {
        self.sleep_until(self.now().saturating_add(time)).await;
    }

    /// Pending until `at`; gives way once even where that is past.
    pub async fn sleep_until(&self, at: Duration) {
        let mut asked = false;
        std::future::poll_fn(|context| {
            let mut inner = self.inner.borrow_mut();
            if asked && inner.now >= at {
                return Poll::Ready(());
            }
            // A future may be moved to another task while it waits: its newest waker counts, an old one does no harm.
            asked = true;
            inner.timers_made += 1;
            let tie = (inner.order.next_u64(), inner.timers_made);
            let timer = Timer {
                at: at.max(inner.now),
                tie,
                waker: context.waker().clone(),
            };
            inner.timers.push(Reverse(timer));
            Poll::Pending
        })
        .await;
    }

    /// Polls one task that can go on, or lets time pass until one can. `false` where nothing is left to wait for.
    pub fn step(&self) -> bool {
        if let Some(number) = self.next_ready() {
            self.poll(number);
            return true;
        }
        let Some(Reverse(timer)) = self.inner.borrow_mut().timers.pop() else {
            return false;
        };
        let mut inner = self.inner.borrow_mut();
        inner.now = inner.now.max(timer.at);
        drop(inner);
        timer.waker.wake();
        true
    }

    /// Takes steps until time `until`, and `after_step` after each.
    pub fn run_until(&self, until: Duration, mut after_step: impl FnMut()) {
        while self.next_at().is_some_and(|at| at <= until) && self.step() {
            after_step();
        }
        let mut inner = self.inner.borrow_mut();
        inner.now = inner.now.max(until);
    }

    fn next_at(&self) -> Option<Duration> {
        let inner = self.inner.borrow();
        if !lock(&self.ready).is_empty() {
            return Some(inner.now);
        }
        inner.timers.peek().map(|Reverse(timer)| timer.at)
    }

    fn next_ready(&self) -> Option<usize> {
        let mut ready = lock(&self.ready);
        let count = ready.len() as u64;
        let chosen = usize::try_from(self.inner.borrow().order.below(count)).ok()?;
        (count > 0).then(|| ready.swap_remove(chosen))
    }

    fn poll(&self, number: usize) {
        let Some(mut task) = self.take(number) else {
            return;
        };
        let waker = Waker::from(Arc::new(TaskWaker {
            number,
            ready: Arc::clone(&self.ready),
        }));
        let outcome = task.as_mut().poll(&mut Context::from_waker(&waker));
        let mut inner = self.inner.borrow_mut();
        match outcome {
            Poll::Pending => inner.tasks[number] = Some(task),
            Poll::Ready(()) => inner.unused.push(number),
        }
    }

    fn take(&self, number: usize) -> Option<Task> {
        let mut inner = self.inner.borrow_mut();
        inner.steps += 1;
        inner.tasks.get_mut(number)?.take()
    }
}

fn lock(ready: &Ready) -> std::sync::MutexGuard<'_, Vec<usize>> {
    ready.lock().unwrap_or_else(PoisonError::into_inner)
}

fn wake(ready: &Ready, number: usize) {
    let mut ready = lock(ready);
    if !ready.contains(&number) {
        ready.push(number);
    }
}

struct TaskWaker {
    number: usize,
    ready: Ready,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        wake(&self.ready, self.number);
    }
}

impl PartialEq for Timer {
    fn eq(&self, other: &Self) -> bool {
        (self.at, self.tie) == (other.at, other.tie)
    }
}

impl Eq for Timer {}

impl PartialOrd for Timer {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Timer {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.tie).cmp(&(other.at, other.tie))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(seed: u64) -> Vec<(u64, &'static str)> {
        let timeline = Timeline::new(seed);
        let told: Rc<RefCell<Vec<_>>> = Rc::default();
        for (name, wait) in [("a", 30), ("b", 10), ("c", 10), ("d", 10)] {
            let (here, told) = (timeline.clone(), Rc::clone(&told));
            timeline.spawn(async move {
                for _ in 0..2 {
                    here.sleep(Duration::from_secs(wait)).await;
                    told.borrow_mut().push((here.now().as_secs(), name));
                }
            });
        }
        timeline.run_until(Duration::from_secs(29), || {});
        assert_eq!(timeline.now(), Duration::from_secs(29));
        timeline.run_until(Duration::from_secs(100), || {});
        told.take()
    }

    #[test]
    fn time_jumps_from_event_to_event_in_an_order_that_the_seed_decides() {
        let times: Vec<u64> = told(1).iter().map(|(at, _)| *at).collect();
        assert_eq!(times, [10, 10, 10, 20, 20, 20, 30, 60]);
        assert_eq!(told(1), told(1));
        assert!((2..40).any(|seed| told(seed) != told(1)));
    }
}
