//! A store that counts what is asked of it.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use edgefold_host::kv::{
    Capabilities, Entry, KeyPage, Kv, KvError, MemoryKv, Precondition, Version,
};

/// Operations since the last [`CountedKv::take`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Operations {
    /// Keys read.
    pub reads: u64,
    /// Bytes of the values read.
    pub bytes_read: u64,
    /// Values put, also in vain.
    pub writes: u64,
    /// Bytes of the values put.
    pub bytes_written: u64,
    /// Keys deleted.
    pub deletes: u64,
    /// Pages of listings.
    pub lists: u64,
}

#[derive(Debug, Default)]
struct Counters {
    reads: AtomicU64,
    bytes_read: AtomicU64,
    writes: AtomicU64,
    bytes_written: AtomicU64,
    deletes: AtomicU64,
    lists: AtomicU64,
}

/// A store in memory that counts. Clones are handles on the same one.
#[derive(Clone, Default)]
pub struct CountedKv {
    store: Arc<MemoryKv>,
    counters: Arc<Counters>,
}

impl CountedKv {
    /// What was asked since the last call. Also called to begin anew.
    pub fn take(&self) -> Operations {
        let take = |counter: &AtomicU64| counter.swap(0, Ordering::Relaxed);
        Operations {
            reads: take(&self.counters.reads),
            bytes_read: take(&self.counters.bytes_read),
            writes: take(&self.counters.writes),
            bytes_written: take(&self.counters.bytes_written),
            deletes: take(&self.counters.deletes),
            lists: take(&self.counters.lists),
        }
    }
}

fn add(counter: &AtomicU64, count: usize) {
    counter.fetch_add(count as u64, Ordering::Relaxed);
}

impl Kv for CountedKv {
    fn capabilities(&self) -> Capabilities {
        self.store.capabilities()
    }

    async fn get(&self, key: &str) -> Result<Option<Entry>, KvError> {
        let entry = self.store.get(key).await?;
        add(&self.counters.reads, 1);
        add(
            &self.counters.bytes_read,
            entry.as_ref().map_or(0, |entry| entry.value.len()),
        );
        Ok(entry)
    }

    fn put(
        &self,
        key: &str,
        value: Bytes,
        when: Precondition,
        ttl: Option<Duration>,
    ) -> impl Future<Output = Result<Version, KvError>> + Send {
        add(&self.counters.writes, 1);
        add(&self.counters.bytes_written, value.len());
        self.store.put(key, value, when, ttl)
    }

    fn delete(&self, key: &str) -> impl Future<Output = Result<(), KvError>> + Send {
        add(&self.counters.deletes, 1);
        self.store.delete(key)
    }

    fn increment(&self, key: &str) -> impl Future<Output = Result<u64, KvError>> + Send {
        add(&self.counters.writes, 1);
        self.store.increment(key)
    }

    fn list(
        &self,
        prefix: &str,
        cursor: Option<&str>,
    ) -> impl Future<Output = Result<KeyPage, KvError>> + Send {
        add(&self.counters.lists, 1);
        self.store.list(prefix, cursor)
    }
}
