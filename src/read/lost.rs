//! Tells what is lost from what is on its way.

use super::ReadError;
use crate::host::Capabilities;
use crate::slice::Head;
use crate::time::Timestamp;

/// Where a store gives no bound, what a head of this age names has arrived, in milliseconds.
const ARRIVAL_MS_MAX: i64 = 60 * 60 * 1000;

/// Whether what `head` names and the store does not show at `now` is lost: by [`Capabilities::staleness_ms`], and after an
/// hour on any store. Until then it may be on its way.
pub(crate) fn is_lost(head: &Head, store: Capabilities, now: Timestamp) -> bool {
    let bound = store.staleness_ms.map_or(ARRIVAL_MS_MAX, i64::from);
    // Without a bound to wait for, no clock is asked: the one that `updated` is from may be ahead.
    bound == 0 || now.0.saturating_sub(head.updated().0) >= bound.min(ARRIVAL_MS_MAX)
}

impl ReadError {
    /// Whether a stored value is missing or damaged, as far as this read can tell.
    pub(crate) const fn is_of_a_value(&self) -> bool {
        matches!(self, Self::Missing(_) | Self::Corrupt(_))
    }
}
