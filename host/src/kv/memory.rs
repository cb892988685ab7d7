//! A store in memory, for tests and demonstrations.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::{Capabilities, Entry, KeyPage, Kv, KvError, LIST_KEYS_MAX, Precondition, Version};

/// Keeps everything in memory; gone with the process. Consistent, with versions from one counter.
///
/// Each operation yields once before it answers, as any real store would: a caller that wrongly takes an answer to be
/// there at once shows itself.
#[derive(Debug, Default)]
pub struct MemoryKv {
    state: Mutex<Values>,
}

#[derive(Debug, Default)]
struct Values {
    values: BTreeMap<String, Value>,
    counters: BTreeMap<String, u64>,
    last_version: u64,
}

#[derive(Debug)]
struct Value {
    bytes: Bytes,
    version: u64,
    expires: Option<Instant>,
}

impl MemoryKv {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    async fn values(&self) -> MutexGuard<'_, Values> {
        tokio::task::yield_now().await;
        // A panic can't leave the map half-changed: each change is a single insert or remove.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Values {
    fn live(&self, key: &str, now: Instant) -> Option<&Value> {
        self.values.get(key).filter(|value| value.is_live(now))
    }
}

impl Value {
    fn is_live(&self, now: Instant) -> bool {
        self.expires.is_none_or(|expires| now < expires)
    }

    fn entry(&self) -> Entry {
        Entry {
            value: self.bytes.clone(),
            version: Version(self.version.to_string()),
        }
    }
}

impl Kv for MemoryKv {
    fn capabilities(&self) -> Capabilities {
        Capabilities::ALL
    }

    async fn get(&self, key: &str) -> Result<Option<Entry>, KvError> {
        Ok(self
            .values()
            .await
            .live(key, Instant::now())
            .map(Value::entry))
    }

    async fn get_many(&self, keys: &[String]) -> Result<Vec<Option<Entry>>, KvError> {
        let values = self.values().await;
        let now = Instant::now();
        Ok(keys
            .iter()
            .map(|key| values.live(key, now).map(Value::entry))
            .collect())
    }

    async fn put(
        &self,
        key: &str,
        value: Bytes,
        when: Precondition,
        ttl: Option<Duration>,
    ) -> Result<Version, KvError> {
        let mut values = self.values().await;
        let now = Instant::now();
        let current = values.live(key, now).map(|value| value.version.to_string());
        let holds = match when {
            Precondition::None => true,
            Precondition::Absent => current.is_none(),
            Precondition::Version(Version(wanted)) => current == Some(wanted),
        };
        if !holds {
            return Err(KvError::Conflict);
        }
        values.last_version += 1;
        let stored = Value {
            bytes: value,
            version: values.last_version,
            expires: ttl.and_then(|ttl| now.checked_add(ttl)),
        };
        let version = Version(stored.version.to_string());
        values.values.insert(key.to_owned(), stored);
        Ok(version)
    }

    async fn delete(&self, key: &str) -> Result<(), KvError> {
        let mut values = self.values().await;
        values.values.remove(key);
        values.counters.remove(key);
        Ok(())
    }

    async fn increment(&self, key: &str) -> Result<u64, KvError> {
        let mut values = self.values().await;
        let counter = values.counters.entry(key.to_owned()).or_default();
        *counter += 1;
        Ok(*counter)
    }

    async fn list(&self, prefix: &str, cursor: Option<&str>) -> Result<KeyPage, KvError> {
        let values = self.values().await;
        let now = Instant::now();
        // The cursor is the last key delivered.
        let start = cursor.map_or(prefix, |cursor| cursor.max(prefix));
        let keys = values
            .values
            .range(start.to_owned()..)
            .take_while(|(key, _)| key.starts_with(prefix))
            .filter(|(key, value)| value.is_live(now) && cursor != Some(key.as_str()))
            .map(|(key, _)| key.clone());
        Ok(KeyPage::first(keys, LIST_KEYS_MAX))
    }
}
