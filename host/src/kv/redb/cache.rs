//! Values read or written lately, so that a page costs no trip to the thread pool.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Stored;

/// Bytes of values kept.
const CACHE_BYTES_MAX: usize = 32 << 20;

/// The file belongs to one process, so the cache is never stale: every write passes through it.
#[derive(Debug, Default)]
pub(super) struct Cache {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    values: BTreeMap<String, Stored>,
    bytes: usize,
    writes: u64,
}

/// A moment in the order of writes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark(u64);

impl Cache {
    pub(super) fn get(&self, key: &str) -> Option<Stored> {
        self.state().values.get(key).cloned()
    }

    /// Taken before a read: see [`Cache::remember`].
    pub(super) fn mark(&self) -> Mark {
        Mark(self.state().writes)
    }

    /// Keeps what was read, unless something was written since `mark`: it may be old by now.
    pub(super) fn remember(&self, key: &str, stored: Stored, mark: Mark) {
        let mut state = self.state();
        if state.writes == mark.0 {
            state.set(key, Some(stored));
        }
    }

    /// Keeps what was written.
    pub(super) fn wrote(&self, key: &str, stored: Option<Stored>) {
        let mut state = self.state();
        state.writes += 1;
        state.set(key, stored);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn set(&mut self, key: &str, stored: Option<Stored>) {
        if let Some(old) = self.values.remove(key) {
            self.bytes -= old.bytes.len();
        }
        let Some(stored) = stored else { return };
        if stored.bytes.len() > CACHE_BYTES_MAX {
            return;
        }
        if self.bytes + stored.bytes.len() > CACHE_BYTES_MAX {
            // What is in use comes back with the next reads.
            self.values.clear();
            self.bytes = 0;
        }
        self.bytes += stored.bytes.len();
        self.values.insert(key.to_owned(), stored);
    }
}
