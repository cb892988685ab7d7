//! Tells what is lost from what is on its way.

use super::ReadError;
use crate::host::Capabilities;
use crate::slice::{ARRIVAL_MS_MAX, Head};
use crate::time::Timestamp;

/// What a head names, as seen at one moment through a store that may be behind.
#[derive(Debug, Clone)]
pub struct Arrival {
    head: Head,
    bound_ms: i64,
    now: Timestamp,
}

impl Arrival {
    /// What `head` names, at `now`.
    #[must_use]
    pub fn new(head: &Head, store: Capabilities, now: Timestamp) -> Self {
        let bound = store.staleness_ms.map_or(ARRIVAL_MS_MAX, i64::from);
        Self {
            head: head.clone(),
            bound_ms: bound.min(ARRIVAL_MS_MAX),
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
        let named_ms = || self.now.0.saturating_sub(self.head.first_named(key).0);
        // Without a bound to wait for, no clock is asked: the one of the publish may be ahead.
        self.bound_ms == 0 || named_ms() >= self.bound_ms
    }
}

impl ReadError {
    /// Whether a stored value is missing or damaged, as far as this read can tell.
    pub(crate) const fn is_of_a_value(&self) -> bool {
        matches!(self, Self::Missing(_) | Self::Corrupt(_))
    }
}
