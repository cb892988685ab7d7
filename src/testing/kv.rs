//! A store in memory that counts, yields before it answers, and fails as it is told to.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use bytes::Bytes;

use super::yield_once;
use crate::host::{Capabilities, Entry, KeyPage, Kv, KvError, Precondition, Version};

/// Keys of one page of [`Kv::list`]: few, so that whoever lists has to go on.
pub const KEYS_PER_PAGE: usize = 7;

/// What goes wrong at one write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// It is not done, and answered with this.
    Refused(KvError),
    /// It is done, and answered with this.
    Late(KvError),
    /// Another writer puts this under the key first.
    Overtaken(Bytes),
}

/// The store. It does all that the port has, whatever it says of itself, and keeps every value until it is deleted.
#[derive(Debug, Clone)]
pub struct TestKv {
    /// Values with their versions, which count all writes.
    pub values: RefCell<BTreeMap<String, (Bytes, u64)>>,
    /// Counters of [`Kv::increment`].
    pub counters: RefCell<BTreeMap<String, u64>>,
    /// What it says of itself: compare-and-swap and nothing else, unless told otherwise. Without `swap` it compares, lets
    /// others have their turn, and then writes.
    pub capabilities: Cell<Capabilities>,
    /// What goes wrong at the next writes, one after another; then, and at a `None`, nothing.
    pub faults: RefCell<VecDeque<Option<Fault>>>,
    /// Everything is answered with this, and nothing done.
    pub down: RefCell<Option<KvError>>,
    /// Keys asked for by reads, in order.
    pub asked: RefCell<Vec<String>>,
    /// Keys read.
    pub reads: Cell<u32>,
    /// Writes asked for, also in vain.
    pub writes: Cell<u32>,
    /// Values written, counters counted and keys deleted: what a platform charges for.
    pub applied: Cell<u32>,
    version: Cell<u64>,
}

impl Default for TestKv {
    fn default() -> Self {
        let capabilities = Capabilities {
            swap: true,
            ttl: false,
            list: false,
            batch: false,
            increment: false,
            staleness_ms: None,
        };
        Self {
            values: RefCell::default(),
            counters: RefCell::default(),
            capabilities: Cell::new(capabilities),
            faults: RefCell::default(),
            down: RefCell::default(),
            asked: RefCell::default(),
            reads: Cell::default(),
            writes: Cell::default(),
            applied: Cell::default(),
            version: Cell::default(),
        }
    }
}

impl TestKv {
    /// Puts `value` under `key`, as another writer would: nothing is counted and nothing goes wrong.
    pub fn set(&self, key: &str, value: impl Into<Bytes>) -> Version {
        let version = self.version.get() + 1;
        self.version.set(version);
        let stored = (value.into(), version);
        self.values.borrow_mut().insert(key.to_owned(), stored);
        Version(version.to_string())
    }

    /// The value of `key`, without asking: nothing is counted and nothing goes wrong.
    pub fn value(&self, key: &str) -> Option<Bytes> {
        let values = self.values.borrow();
        values.get(key).map(|(value, _)| value.clone())
    }

    fn version_of(&self, key: &str) -> Option<Version> {
        let values = self.values.borrow();
        values
            .get(key)
            .map(|(_, version)| Version(version.to_string()))
    }

    /// The way to the store.
    async fn arrive(&self) -> Result<(), KvError> {
        yield_once().await;
        self.down.borrow().clone().map_or(Ok(()), Err)
    }

    /// Whether [`Kv::put`] would be applied now.
    pub fn holds(&self, key: &str, when: &Precondition) -> bool {
        let stored = self.version_of(key);
        match when {
            Precondition::None => true,
            Precondition::Absent => stored.is_none(),
            Precondition::Version(version) => stored.as_ref() == Some(version),
        }
    }

    fn count(counter: &Cell<u32>) {
        counter.set(counter.get() + 1);
    }
}

impl Kv for TestKv {
    fn capabilities(&self) -> Capabilities {
        self.capabilities.get()
    }

    async fn get(&self, key: &str) -> Result<Option<Entry>, KvError> {
        Self::count(&self.reads);
        self.asked.borrow_mut().push(key.to_owned());
        self.arrive().await?;
        let version = self.version_of(key);
        Ok(self
            .value(key)
            .zip(version)
            .map(|(value, version)| Entry { value, version }))
    }

    async fn put(
        &self,
        key: &str,
        value: Bytes,
        when: Precondition,
        _: Option<Duration>,
    ) -> Result<Version, KvError> {
        Self::count(&self.writes);
        self.arrive().await?;
        let late = match self.faults.borrow_mut().pop_front().flatten() {
            Some(Fault::Refused(error)) => return Err(error),
            Some(Fault::Overtaken(first)) => {
                self.set(key, first);
                None
            }
            Some(Fault::Late(error)) => Some(error),
            None => None,
        };
        if !self.holds(key, &when) {
            return Err(KvError::Conflict);
        }
        if !self.capabilities.get().swap {
            yield_once().await;
        }
        Self::count(&self.applied);
        let version = self.set(key, value);
        late.map_or(Ok(version), Err)
    }

    async fn delete(&self, key: &str) -> Result<(), KvError> {
        self.arrive().await?;
        Self::count(&self.applied);
        self.values.borrow_mut().remove(key);
        self.counters.borrow_mut().remove(key);
        Ok(())
    }

    async fn list(&self, prefix: &str, cursor: Option<&str>) -> Result<KeyPage, KvError> {
        self.arrive().await?;
        let values = self.values.borrow();
        let keys = values.keys().filter(|key| {
            key.starts_with(prefix) && cursor.is_none_or(|after| key.as_str() > after)
        });
        Ok(KeyPage::first(keys.cloned(), KEYS_PER_PAGE))
    }

    async fn increment(&self, key: &str) -> Result<u64, KvError> {
        self.arrive().await?;
        Self::count(&self.applied);
        let mut counters = self.counters.borrow_mut();
        let count = counters.entry(key.to_owned()).or_default();
        *count += 1;
        Ok(*count)
    }
}
