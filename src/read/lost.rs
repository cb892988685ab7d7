//! Tells what is lost from what is on its way.

use super::ReadError;
use crate::host::Capabilities;
use crate::slice::{ARRIVAL_MS_MAX, Head};
use crate::time::Timestamp;

/// What a head names, as seen at one moment through a store that may be behind.
#[derive(Debug, Clone)]
pub struct Arrival {
    head: Head,
    store: Capabilities,
    now: Timestamp,
}

impl Arrival {
    /// What `head` names, at `now`.
    #[must_use]
    pub fn new(head: &Head, store: Capabilities, now: Timestamp) -> Self {
        Self {
            head: head.clone(),
            store,
            now,
        }
    }

    /// Whether what `error` is about is lost, and not on its way: a stored value that is damaged, or that is missing although it was first named
    /// longer ago than the store may be behind ([`Capabilities::staleness_ms`]), an hour on any store.
    #[must_use]
    pub fn has_lost(&self, error: &ReadError) -> bool {
        match error {
            ReadError::Corrupt(_) => true,
            ReadError::Missing(key) => self.is_due(key),
            ReadError::Store(_) => false,
        }
    }

    /// Whether the value at `key`, which the head names, can't be on its way any more.
    pub(crate) fn is_due(&self, key: &str) -> bool {
        is_over(self.store, self.now, || self.head.first_named(key))
    }
}

/// Whether what was written at `since` can't be on its way any more at `now`: longer than `store` may be behind, an hour on any store.
pub(crate) fn is_over(
    store: Capabilities,
    now: Timestamp,
    since: impl FnOnce() -> Timestamp,
) -> bool {
    let bound_ms = store.staleness_ms.map_or(ARRIVAL_MS_MAX, i64::from);
    let bound_ms = bound_ms.min(ARRIVAL_MS_MAX);
    // Without a bound to wait for, no clock is asked: the one of the publish may be ahead.
    bound_ms == 0 || now.0.saturating_sub(since().0) >= bound_ms
}

impl ReadError {
    /// Whether a stored value is missing or damaged, as far as this read can tell.
    pub(crate) const fn is_of_a_value(&self) -> bool {
        matches!(self, Self::Missing(_) | Self::Corrupt(_))
    }
}
