//! A store in memory that counts, yields before it answers, and fails on demand.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;

use super::yield_once;
use crate::host::*;

/// What happens at one write. After `Refused` and `Applied` the run is dead: every later write is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cycle::tests) enum Fault {
    /// Crashed before it.
    Refused,
    /// Crashed right after it.
    Applied,
    /// The answer was lost, the write was not.
    AmbiguousApplied,
    /// The answer was lost, and so was the write.
    AmbiguousLost,
}

#[derive(Default)]
pub(in crate::cycle::tests) struct MemKv {
    pub(in crate::cycle::tests) values: RefCell<BTreeMap<String, (Bytes, u64)>>,
    pub(in crate::cycle::tests) reads: Cell<u32>,
    pub(in crate::cycle::tests) writes: Cell<u32>,
    pub(in crate::cycle::tests) fault: Cell<Option<(u32, Fault)>>,
    /// Writes that took place.
    pub(in crate::cycle::tests) applied: Cell<u32>,
    /// Whether it can list its keys, [`KEYS_PER_PAGE`] at a time.
    pub(in crate::cycle::tests) lists: Cell<bool>,
    version: Cell<u64>,
}

const KEYS_PER_PAGE: usize = 7;

impl Kv for MemKv {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            swap: true,
            ttl: false,
            list: self.lists.get(),
            batch: false,
            increment: false,
        }
    }
    async fn get(&self, key: &str) -> Result<Option<Entry>, KvError> {
        yield_once().await;
        self.reads.set(self.reads.get() + 1);
        let entry = self.values.borrow().get(key).cloned();
        Ok(entry.map(|(value, version)| Entry {
            value,
            version: Version(version.to_string()),
        }))
    }
    async fn put(
        &self,
        key: &str,
        value: Bytes,
        when: Precondition,
        _: Option<Duration>,
    ) -> Result<Version, KvError> {
        yield_once().await;
        let index = self.writes.get();
        self.writes.set(index + 1);
        let fault = self.fault.get().filter(|(at, _)| *at <= index);
        let now = fault.filter(|(at, _)| *at == index).map(|(_, fault)| fault);
        match (now, fault) {
            (Some(Fault::Refused), _) => return Err(KvError::Unavailable("crashed".into())),
            (Some(Fault::AmbiguousLost), _) => return Err(KvError::Ambiguous("lost".into())),
            (None, Some((_, Fault::Refused | Fault::Applied))) => {
                return Err(KvError::Unavailable("crashed".into()));
            }
            _ => {}
        }
        let mut values = self.values.borrow_mut();
        let have = values.get(key).map(|(_, version)| version.to_string());
        let holds = match when {
            Precondition::None => true,
            Precondition::Absent => have.is_none(),
            Precondition::Version(version) => have == Some(version.0),
        };
        if !holds {
            return Err(KvError::Conflict);
        }
        self.applied.set(self.applied.get() + 1);
        self.version.set(self.version.get() + 1);
        values.insert(key.to_owned(), (value, self.version.get()));
        match now {
            Some(Fault::AmbiguousApplied) => Err(KvError::Ambiguous("lost".into())),
            _ => Ok(Version(self.version.get().to_string())),
        }
    }
    async fn delete(&self, key: &str) -> Result<(), KvError> {
        yield_once().await;
        self.values.borrow_mut().remove(key);
        Ok(())
    }
    async fn list(&self, prefix: &str, cursor: Option<&str>) -> Result<KeyPage, KvError> {
        yield_once().await;
        let values = self.values.borrow();
        let after = |key: &&String| {
            key.starts_with(prefix) && cursor.is_none_or(|cursor| key.as_str() > cursor)
        };
        let keys: Vec<String> = values
            .keys()
            .filter(after)
            .take(KEYS_PER_PAGE)
            .cloned()
            .collect();
        let full = keys.len() == KEYS_PER_PAGE;
        let cursor = keys.last().filter(|_| full).cloned();
        Ok(KeyPage { keys, cursor })
    }
}
