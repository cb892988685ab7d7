//! Counts the store operations of one run.

use std::cell::Cell;
use std::time::Duration;

use bytes::Bytes;

use crate::cycle::KvCounts;
use crate::host::{Capabilities, Entry, KeyPage, Kv, KvError, Precondition, Version};

/// A store that counts. A write that fails is counted too: the platform may have charged it.
pub(crate) struct CountingKv<'a, K> {
    inner: &'a K,
    counts: Cell<KvCounts>,
}

impl<'a, K: Kv> CountingKv<'a, K> {
    pub(crate) fn new(inner: &'a K) -> Self {
        Self {
            inner,
            counts: Cell::default(),
        }
    }

    pub(crate) fn counts(&self) -> KvCounts {
        self.counts.get()
    }

    fn add(&self, change: impl FnOnce(&mut KvCounts)) {
        let mut counts = self.counts.get();
        change(&mut counts);
        self.counts.set(counts);
    }
}

impl<K: Kv> Kv for CountingKv<'_, K> {
    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    async fn get(&self, key: &str) -> Result<Option<Entry>, KvError> {
        self.add(|counts| counts.reads += 1);
        self.inner.get(key).await
    }

    async fn get_many(&self, keys: &[&str]) -> Result<Vec<Option<Entry>>, KvError> {
        let reads = u32::try_from(keys.len()).unwrap_or(u32::MAX);
        self.add(|counts| counts.reads += reads);
        self.inner.get_many(keys).await
    }

    async fn put(
        &self,
        key: &str,
        value: Bytes,
        when: Precondition,
        ttl: Option<Duration>,
    ) -> Result<Version, KvError> {
        let bytes = u64::try_from(value.len()).unwrap_or(u64::MAX);
        self.add(|counts| {
            counts.writes += 1;
            counts.bytes_written += bytes;
        });
        self.inner.put(key, value, when, ttl).await
    }

    async fn delete(&self, key: &str) -> Result<(), KvError> {
        self.add(|counts| counts.deletes += 1);
        self.inner.delete(key).await
    }

    /// A write as any other to whoever charges for it.
    async fn increment(&self, key: &str) -> Result<u64, KvError> {
        self.add(|counts| counts.writes += 1);
        self.inner.increment(key).await
    }

    async fn list(&self, prefix: &str, cursor: Option<&str>) -> Result<KeyPage, KvError> {
        self.add(|counts| counts.reads += 1);
        self.inner.list(prefix, cursor).await
    }
}
