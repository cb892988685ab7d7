//! The store with the label `default`, in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Shared by all instances of one arm.
#[derive(Clone, Default)]
#[allow(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct MemoryStore(Arc<Mutex<BTreeMap<String, Vec<u8>>>>);

impl MemoryStore {
    /// Every answer comes after a pause, as from a store that is elsewhere: some faults of async bindings show only then.
    pub(super) async fn values(&self) -> MutexGuard<'_, BTreeMap<String, Vec<u8>>> {
        tokio::task::yield_now().await;
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A [`MemoryStore`] as `wasi:keyvalue` opens it.
#[allow(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct Bucket(pub(super) MemoryStore);

/// No swap is ever begun: see `keyvalue.rs`.
#[allow(unreachable_pub, reason = "the generated bindings re-export it")]
pub enum Swap {}

/// What a counter is kept as: Spin's default store keeps eight bytes.
pub(super) fn count(stored: Option<&Vec<u8>>) -> Option<i64> {
    match stored {
        None => Some(0),
        Some(bytes) => Some(i64::from_le_bytes(bytes.as_slice().try_into().ok()?)),
    }
}
