//! A store in memory that fails or dies at any operation, and holds a write up.

use std::cell::Cell;
use std::ops::Deref;
use std::time::Duration;

use bytes::Bytes;

use crate::host::*;
use crate::testing::{TestKv, yield_once};

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
    /// Asked only for what gets through to it: so its `writes` leave out those that were refused.
    stored: TestKv,
    /// Operations begun, reads among them.
    pub(in crate::cycle::tests) operations: Cell<u32>,
    pub(in crate::cycle::tests) fault: Cell<Option<(u32, Fault)>>,
    /// Compares, lets others have their turn, then writes.
    pub(in crate::cycle::tests) without_swap: Cell<bool>,
    pub(in crate::cycle::tests) without_increment: Cell<bool>,
    /// What it says of how far a read may be behind.
    pub(in crate::cycle::tests) staleness_ms: Cell<Option<u32>>,
    /// A write of the head that has compared is held up.
    pub(in crate::cycle::tests) hold: Cell<Hold>,
    /// Whether it can list its keys.
    pub(in crate::cycle::tests) lists: Cell<bool>,
}

impl Deref for MemKv {
    type Target = TestKv;
    fn deref(&self) -> &TestKv {
        &self.stored
    }
}

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
        let fault = self.arrive(true).await?;
        Self::answer(fault, self.stored.get(key).await?)
    }

    async fn put(
        &self,
        key: &str,
        value: Bytes,
        mut when: Precondition,
        ttl: Option<Duration>,
    ) -> Result<Version, KvError> {
        let fault = self.arrive(false).await?;
        if self.without_swap.get() && self.stored.holds(key, &when) {
            when = Precondition::None;
            yield_once().await;
            if key.ends_with("/head") && self.hold.get() == Hold::Next {
                self.hold.set(Hold::Waits);
                while self.hold.get() == Hold::Waits {
                    yield_once().await;
                }
            }
        }
        Self::answer(fault, self.stored.put(key, value, when, ttl).await?)
    }

    async fn delete(&self, key: &str) -> Result<(), KvError> {
        let fault = self.arrive(false).await?;
        Self::answer(fault, self.stored.delete(key).await?)
    }

    async fn list(&self, prefix: &str, cursor: Option<&str>) -> Result<KeyPage, KvError> {
        self.stored.list(prefix, cursor).await
    }

    async fn increment(&self, key: &str) -> Result<u64, KvError> {
        let fault = self.arrive(false).await?;
        Self::answer(fault, self.stored.increment(key).await?)
    }
}
