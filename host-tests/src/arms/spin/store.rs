//! The key-value store with the label `default`: in memory, or on a Redis server as Spin keeps it there.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::redis::RedisStore;

/// Shared by all instances of one arm.
#[derive(Clone)]
#[allow(unreachable_pub, reason = "the generated bindings re-export it")]
pub enum KeyValue {
    Memory(MemoryStore),
    Redis(RedisStore),
}

/// Every answer comes after a pause, as from a store that is elsewhere: some faults of async bindings show only then.
impl KeyValue {
    pub(super) async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, String> {
        match self {
            Self::Memory(memory) => Ok(memory.read(key).await),
            Self::Redis(redis) => redis.get(key).await,
        }
    }

    pub(super) async fn set(&self, key: &str, value: Vec<u8>) -> Result<(), String> {
        match self {
            Self::Memory(memory) => {
                memory.values().await.insert(key.to_owned(), value);
                Ok(())
            }
            Self::Redis(redis) => redis.set(key, value).await,
        }
    }

    pub(super) async fn delete(&self, key: &str) -> Result<(), String> {
        match self {
            Self::Memory(memory) => {
                memory.values().await.remove(key);
                Ok(())
            }
            Self::Redis(redis) => redis.delete(key).await,
        }
    }

    pub(super) async fn exists(&self, key: &str) -> Result<bool, String> {
        match self {
            Self::Memory(memory) => Ok(memory.values().await.contains_key(key)),
            Self::Redis(redis) => redis.exists(key).await,
        }
    }

    pub(super) async fn keys(&self) -> Result<Vec<String>, String> {
        match self {
            Self::Memory(memory) => Ok(memory.values().await.keys().cloned().collect()),
            Self::Redis(redis) => redis.keys().await,
        }
    }

    pub(super) async fn increment(&self, key: &str, delta: i64) -> Result<i64, String> {
        match self {
            Self::Memory(memory) => {
                let mut values = memory.values().await;
                let before = count(values.get(key)).ok_or(format!("`{key}` holds no counter"))?;
                let after = before.saturating_add(delta);
                values.insert(key.to_owned(), after.to_le_bytes().to_vec());
                Ok(after)
            }
            Self::Redis(redis) => redis.increment(key, delta).await,
        }
    }
}

/// A map in the place of Spin's file.
#[derive(Clone, Default)]
#[allow(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct MemoryStore {
    values: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
    reads: Reads,
}

/// The keys that were read, in that order, whether there was a value or not.
pub type Reads = Arc<Mutex<Vec<String>>>;

impl MemoryStore {
    /// An empty one that writes down in `reads` what it is asked for.
    pub(super) fn noting(reads: Reads) -> Self {
        Self {
            reads,
            ..Self::default()
        }
    }

    async fn read(&self, key: &str) -> Option<Vec<u8>> {
        let values = self.values().await;
        let mut reads = self.reads.lock().unwrap_or_else(PoisonError::into_inner);
        reads.push(key.to_owned());
        values.get(key).cloned()
    }

    async fn values(&self) -> MutexGuard<'_, BTreeMap<String, Vec<u8>>> {
        tokio::task::yield_now().await;
        self.values.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a counter is kept as: Spin's default store keeps eight bytes.
fn count(stored: Option<&Vec<u8>>) -> Option<i64> {
    match stored {
        None => Some(0),
        Some(bytes) => Some(i64::from_le_bytes(bytes.as_slice().try_into().ok()?)),
    }
}

/// A store as `wasi:keyvalue` opens it.
#[allow(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct Bucket(pub(super) KeyValue);

/// No swap is ever begun: see `keyvalue.rs`.
#[allow(unreachable_pub, reason = "the generated bindings re-export it")]
pub enum Swap {}
