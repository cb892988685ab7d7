//! A store in memory that yields before it answers and fails as it is told to.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::poll_fn;

use crate::host::*;

/// What happens at one write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing.
    None,
    /// The answer is lost, the write is not.
    LostApplied,
    /// The write is lost, and so is its answer.
    Lost,
    /// Refused with this error.
    Refused(KvError),
    /// Another writer puts this first.
    Between(&'static str),
}

/// The store.
#[derive(Default)]
pub(crate) struct Store {
    pub(crate) values: RefCell<BTreeMap<String, (Bytes, u64)>>,
    /// What happens at the next writes, one after another; then nothing.
    pub(crate) faults: RefCell<VecDeque<Fault>>,
    pub(crate) reads: Cell<u32>,
    /// Writes asked for.
    pub(crate) writes: Cell<u32>,
    /// Writes that took place, other writers' left out.
    pub(crate) applied: Cell<u32>,
    clock: Cell<u64>,
}

impl Store {
    pub(crate) fn with(key: &str, value: &'static str) -> Self {
        let store = Self::default();
        store.set(key, Bytes::from_static(value.as_bytes()));
        store
    }

    pub(crate) fn failing(self, faults: impl IntoIterator<Item = Fault>) -> Self {
        self.faults.borrow_mut().extend(faults);
        self
    }

    pub(crate) fn set(&self, key: &str, value: Bytes) -> Version {
        self.clock.set(self.clock.get() + 1);
        let version = self.clock.get();
        self.values
            .borrow_mut()
            .insert(key.to_owned(), (value, version));
        Version(version.to_string())
    }

    pub(crate) fn text(&self, key: &str) -> Option<String> {
        let values = self.values.borrow();
        values
            .get(key)
            .map(|(value, _)| String::from_utf8(value.to_vec()).unwrap())
    }
}

/// Not ready at once: some faults show only then.
async fn yield_once() {
    let mut yielded = false;
    poll_fn(|context| {
        context.waker().wake_by_ref();
        if std::mem::replace(&mut yielded, true) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
}

/// Polls until ready.
pub(crate) fn drive<T>(future: impl Future<Output = T>) -> T {
    const POLLS_MAX: usize = 100_000;
    let mut future = pin!(future);
    for _ in 0..POLLS_MAX {
        let polled = future
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()));
        if let Poll::Ready(value) = polled {
            return value;
        }
    }
    panic!("not ready after {POLLS_MAX} polls");
}

impl Kv for Store {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            swap: true,
            ttl: false,
            list: false,
            batch: false,
            increment: false,
            staleness_ms: None,
        }
    }

    async fn get(&self, key: &str) -> Result<Option<Entry>, KvError> {
        yield_once().await;
        self.reads.set(self.reads.get() + 1);
        let stored = self.values.borrow().get(key).cloned();
        Ok(stored.map(|(value, version)| Entry {
            value,
            version: Version(version.to_string()),
        }))
    }

    async fn put(
        &self,
        key: &str,
        value: Bytes,
        when: Precondition,
        _ttl: Option<Duration>,
    ) -> Result<Version, KvError> {
        yield_once().await;
        self.writes.set(self.writes.get() + 1);
        let fault = self.faults.borrow_mut().pop_front().unwrap_or(Fault::None);
        match &fault {
            Fault::Refused(error) => return Err(error.clone()),
            Fault::Lost => return Err(KvError::Ambiguous("no answer".into())),
            Fault::Between(text) => {
                self.set(key, Bytes::from_static(text.as_bytes()));
            }
            Fault::None | Fault::LostApplied => {}
        }
        let have = self.values.borrow().get(key).map(|(_, at)| at.to_string());
        let holds = match when {
            Precondition::None => true,
            Precondition::Absent => have.is_none(),
            Precondition::Version(version) => have == Some(version.0),
        };
        if !holds {
            return Err(KvError::Conflict);
        }
        self.applied.set(self.applied.get() + 1);
        let version = self.set(key, value);
        match fault {
            Fault::LostApplied => Err(KvError::Ambiguous("no answer".into())),
            _ => Ok(version),
        }
    }

    async fn delete(&self, key: &str) -> Result<(), KvError> {
        yield_once().await;
        self.values.borrow_mut().remove(key);
        Ok(())
    }

    async fn list(&self, _: &str, _: Option<&str>) -> Result<KeyPage, KvError> {
        Ok(KeyPage::default())
    }
}
