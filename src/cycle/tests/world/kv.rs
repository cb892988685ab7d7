//! A store in memory that counts, yields before it answers, and fails on demand.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;

use super::yield_once;
use crate::host::*;

/// What happens at one operation. After a crash the run is dead: every later operation is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cycle::tests) enum Fault {
    /// Crashed before it.
    CrashBefore,
    /// Crashed right after it.
    CrashAfter,
    /// It failed, nothing was written; later ones work.
    Error,
    /// The answer was lost, the write was not. A read fails.
    AmbiguousApplied,
    /// The answer was lost, and so was the write. A read fails.
    AmbiguousLost,
    /// The store asks to slow down.
    Throttled,
    /// The store's own quota is used up: a read goes through.
    Quota,
}

/// As [`Fault`], for whoever goes through all of them.
pub(in crate::cycle::tests) const FAULTS: [Fault; 7] = [
    Fault::CrashBefore,
    Fault::CrashAfter,
    Fault::Error,
    Fault::AmbiguousApplied,
    Fault::AmbiguousLost,
    Fault::Throttled,
    Fault::Quota,
];

/// Whose write of the head is held up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::cycle::tests) enum Hold {
    #[default]
    Nobody,
    /// The next one's.
    Next,
    /// One waits, until a test sets `Nobody`.
    Waits,
}

#[derive(Default)]
pub(in crate::cycle::tests) struct MemKv {
    pub(in crate::cycle::tests) values: RefCell<BTreeMap<String, (Bytes, u64)>>,
    pub(in crate::cycle::tests) counters: RefCell<BTreeMap<String, u64>>,
    pub(in crate::cycle::tests) reads: Cell<u32>,
    /// Values put, also in vain.
    pub(in crate::cycle::tests) writes: Cell<u32>,
    /// Operations begun, reads among them.
    pub(in crate::cycle::tests) operations: Cell<u32>,
    pub(in crate::cycle::tests) fault: Cell<Option<(u32, Fault)>>,
    /// Values written, counters counted and keys deleted: what a platform charges for.
    pub(in crate::cycle::tests) applied: Cell<u32>,
    /// Compares, lets others have their turn, then writes.
    pub(in crate::cycle::tests) without_swap: Cell<bool>,
    pub(in crate::cycle::tests) without_increment: Cell<bool>,
    /// What it says of how far a read may be behind.
    pub(in crate::cycle::tests) staleness_ms: Cell<Option<u32>>,
    /// A write of the head that has compared is held up.
    pub(in crate::cycle::tests) hold: Cell<Hold>,
    /// Whether it can list its keys, [`KEYS_PER_PAGE`] at a time.
    pub(in crate::cycle::tests) lists: Cell<bool>,
    version: Cell<u64>,
}

const KEYS_PER_PAGE: usize = 7;

impl MemKv {
    /// The way to the store. `Ok` with what strikes on the way back.
    async fn arrive(&self, read: bool) -> Result<Option<Fault>, KvError> {
        yield_once().await;
        let index = self.operations.get();
        self.operations.set(index + 1);
        let Some((at, fault)) = self.fault.get().filter(|(at, _)| *at <= index) else {
            return Ok(None);
        };
        let down = || KvError::Unavailable("down".into());
        let lost = || KvError::Ambiguous("lost".into());
        match fault {
            Fault::CrashBefore => Err(down()),
            Fault::CrashAfter if index > at => Err(down()),
            _ if index > at => Ok(None),
            Fault::Throttled => Err(KvError::Throttled { retry_after: None }),
            Fault::Quota if read => Ok(None),
            Fault::Quota => Err(KvError::QuotaExceeded),
            Fault::Error => Err(down()),
            Fault::AmbiguousApplied | Fault::AmbiguousLost if read => Err(down()),
            Fault::AmbiguousLost => Err(lost()),
            Fault::AmbiguousApplied | Fault::CrashAfter => Ok(Some(fault)),
        }
    }

    fn answer<T>(fault: Option<Fault>, answer: T) -> Result<T, KvError> {
        match fault {
            Some(Fault::AmbiguousApplied) => Err(KvError::Ambiguous("lost".into())),
            Some(Fault::CrashAfter) => Err(KvError::Unavailable("down".into())),
            _ => Ok(answer),
        }
    }

    fn check(&self, key: &str, when: &Precondition) -> Result<(), KvError> {
        let values = self.values.borrow();
        let have = values.get(key).map(|(_, version)| version.to_string());
        let holds = match when {
            Precondition::None => true,
            Precondition::Absent => have.is_none(),
            Precondition::Version(version) => have.as_ref() == Some(&version.0),
        };
        holds.then_some(()).ok_or(KvError::Conflict)
    }

    fn apply(&self) {
        self.applied.set(self.applied.get() + 1);
    }
}

impl Kv for MemKv {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            swap: !self.without_swap.get(),
            ttl: false,
            list: self.lists.get(),
            batch: false,
            increment: !self.without_increment.get(),
            staleness_ms: self.staleness_ms.get(),
        }
    }

    async fn get(&self, key: &str) -> Result<Option<Entry>, KvError> {
        self.reads.set(self.reads.get() + 1);
        let fault = self.arrive(true).await?;
        let entry = self.values.borrow().get(key).cloned();
        let entry = entry.map(|(value, version)| Entry {
            value,
            version: Version(version.to_string()),
        });
        Self::answer(fault, entry)
    }

    async fn put(
        &self,
        key: &str,
        value: Bytes,
        when: Precondition,
        _: Option<Duration>,
    ) -> Result<Version, KvError> {
        let fault = self.arrive(false).await?;
        self.writes.set(self.writes.get() + 1);
        if self.without_swap.get() {
            self.check(key, &when)?;
            yield_once().await;
            if key.ends_with("/head") && self.hold.get() == Hold::Next {
                self.hold.set(Hold::Waits);
                while self.hold.get() == Hold::Waits {
                    yield_once().await;
                }
            }
        } else {
            self.check(key, &when)?;
        }
        self.apply();
        self.version.set(self.version.get() + 1);
        let stored = (value, self.version.get());
        self.values.borrow_mut().insert(key.to_owned(), stored);
        Self::answer(fault, Version(self.version.get().to_string()))
    }

    async fn delete(&self, key: &str) -> Result<(), KvError> {
        let fault = self.arrive(false).await?;
        self.apply();
        self.values.borrow_mut().remove(key);
        self.counters.borrow_mut().remove(key);
        Self::answer(fault, ())
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

    async fn increment(&self, key: &str) -> Result<u64, KvError> {
        let fault = self.arrive(false).await?;
        self.apply();
        let mut counters = self.counters.borrow_mut();
        let count = counters.entry(key.to_owned()).or_default();
        *count += 1;
        Self::answer(fault, *count)
    }
}
