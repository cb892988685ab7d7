//! `spin:key-value@3.0.0` as a [`Kv`].
//!
//! The interface has no versions, no time-to-live, no batches and no prefixes. A version is the hash of the content; a
//! precondition is compared before the write, not with it, so two writers at the same moment may both succeed: see
//! [`Capabilities::swap`].

use std::time::Duration;

use bytes::Bytes;
use edgefold::host::{Capabilities, Entry, KeyPage, Kv, KvError, Precondition, Version};
use spin_sdk::key_value::{Error, Store};
use xxhash_rust::xxh3::xxh3_128;

/// Keys on one page of [`Kv::list`].
const KEYS_PER_PAGE: usize = 1000;

/// The store with the label `default`, or why it can't be opened (which every operation answers).
pub(crate) struct DefaultStore(Result<Store, KvError>);

impl DefaultStore {
    pub(crate) async fn open() -> Self {
        Self(Store::open_default().await.map_err(|error| match error {
            Error::NoSuchStore | Error::AccessDenied => KvError::Unavailable(
                "the component's `key_value_stores` in spin.toml must list \"default\"".into(),
            ),
            other => refused(other),
        }))
    }

    fn store(&self) -> Result<&Store, KvError> {
        self.0.as_ref().map_err(Clone::clone)
    }
}

impl Kv for DefaultStore {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            swap: false,
            ttl: false,
            list: true,
            batch: false,
            increment: false,
        }
    }

    async fn get(&self, key: &str) -> Result<Option<Entry>, KvError> {
        let value = self.store()?.get(key).await.map_err(refused)?;
        Ok(value.map(|value| Entry {
            version: version(&value),
            value: value.into(),
        }))
    }

    async fn put(
        &self,
        key: &str,
        value: Bytes,
        when: Precondition,
        _ttl: Option<Duration>,
    ) -> Result<Version, KvError> {
        let holds = match when {
            Precondition::None => true,
            Precondition::Absent => !self.store()?.exists(key).await.map_err(refused)?,
            Precondition::Version(wanted) => {
                let stored = self.get(key).await?;
                stored.is_some_and(|entry| entry.version == wanted)
            }
        };
        if !holds {
            return Err(KvError::Conflict);
        }
        self.store()?.set(key, &value).await.map_err(lost)?;
        Ok(version(&value))
    }

    async fn delete(&self, key: &str) -> Result<(), KvError> {
        self.store()?.delete(key).await.map_err(lost)
    }

    /// Reads the names of all keys of the store: for upkeep, not for a request.
    async fn list(&self, prefix: &str, cursor: Option<&str>) -> Result<KeyPage, KvError> {
        let mut all = self.store()?.get_keys().await;
        let mut keys = Vec::new();
        while let Some(key) = all.next().await {
            if key.starts_with(prefix) && cursor.is_none_or(|last| key.as_str() > last) {
                keys.push(key);
            }
        }
        all.result().await.map_err(refused)?;
        keys.sort_unstable();
        let more = keys.len() > KEYS_PER_PAGE;
        keys.truncate(KEYS_PER_PAGE);
        let cursor = if more { keys.last().cloned() } else { None };
        Ok(KeyPage { keys, cursor })
    }
}

fn version(value: &[u8]) -> Version {
    Version(format!("{:032x}", xxh3_128(value)))
}

/// Nothing was written.
fn refused(error: Error) -> KvError {
    match error {
        Error::StoreTableFull => KvError::Throttled { retry_after: None },
        Error::NoSuchStore => KvError::Unavailable("no such store".into()),
        Error::AccessDenied => KvError::Unavailable("access denied".into()),
        Error::Other(text) => KvError::Unavailable(text),
    }
}

/// A write failed somewhere behind the interface: it may have been applied.
fn lost(error: Error) -> KvError {
    match error {
        Error::Other(text) => KvError::Ambiguous(text),
        error => refused(error),
    }
}
