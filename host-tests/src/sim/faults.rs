//! What goes wrong in a store, and when.

use std::collections::BTreeMap;
use std::pin::pin;
use std::task::Poll;

use super::kv::SimKv;

/// What happens to one store operation. All of these must be survived: no torn page, no item lost or doubled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// `Unavailable`; nothing was applied.
    Fail,
    /// The process dies before the operation reaches the store: it never returns.
    CrashBefore,
    /// The process dies after the operation was applied and before it hears of it.
    CrashAfter,
    /// The operation is applied, the answer is lost: `Ambiguous`. A read fails as `Unavailable`.
    AmbiguousApplied,
    /// The operation is lost, and so is its answer: `Ambiguous`. A read fails as `Unavailable`.
    AmbiguousLost,
    /// A write is refused as `QuotaExceeded`; a read goes through.
    Quota,
    /// `Throttled`; nothing was applied.
    Throttle,
}

/// Faults by operation index: the operations of one handle, counted from 0 since the faults were set.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    at: BTreeMap<u64, Fault>,
    from: Option<(u64, Fault)>,
}

impl Faults {
    /// Nothing goes wrong.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// `fault` at the operation with index `operation`, and at no other.
    #[must_use]
    pub fn at(operation: u64, fault: Fault) -> Self {
        Self::none().and(operation, fault)
    }

    /// `fault` at the operation with index `operation` and at all later ones: a store that stays down.
    #[must_use]
    pub fn from(operation: u64, fault: Fault) -> Self {
        Self {
            at: BTreeMap::new(),
            from: Some((operation, fault)),
        }
    }

    /// Adds another one.
    #[must_use]
    pub fn and(mut self, operation: u64, fault: Fault) -> Self {
        self.at.insert(operation, fault);
        self
    }

    pub(super) fn hit(&self, operation: u64) -> Option<Fault> {
        let lasting = self.from.filter(|(from, _)| operation >= *from);
        self.at
            .get(&operation)
            .copied()
            .or(lasting.map(|(_, fault)| fault))
    }
}

/// Runs `future` until it ends, or until `kv` has crashed: then what was under way is dropped, as with a process that dies, and
/// the result is `None`. The handle stays dead until [`SimKv::restart`].
pub async fn until_crash<F: Future>(future: F, kv: &SimKv) -> Option<F::Output> {
    let mut future = pin!(future);
    std::future::poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending if kv.is_crashed() => Poll::Ready(None),
        Poll::Pending => Poll::Pending,
    })
    .await
}
