//! `spin:key-value@3.0.0` as a [`Kv`], and the counters of `wasi:keyvalue`.
//!
//! The interface has no versions, no time-to-live, no batches and no prefixes. A version is made of the content; a
//! precondition is compared before the write, not with it, so two writers at the same moment may both succeed: see
//! [`Capabilities::swap`]. `increment` of `wasi:keyvalue/atomics` on the same store is atomic, so that publishing goes by
//! claims; `swap` of that interface misses conflicts on one backend of Spin and reports them without cause on another.

use std::time::Duration;

use bytes::Bytes;
use edgefold::host::{Capabilities, Entry, KeyPage, Kv, KvError, Precondition, Version};
use edgefold::slice::content_version;
use spin_sdk::key_value::{Error, Store};

use crate::counters::wasi::keyvalue::{atomics, store};

/// Keys on one page of [`Kv::list`].
const KEYS_PER_PAGE: usize = 1000;

/// The label of the store in `spin.toml`, the same in both interfaces.
const LABEL: &str = "default";

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

    /// One that answers every operation with `error`.
    pub(crate) fn refusing(error: KvError) -> Self {
        Self(Err(error))
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
            increment: true,
            // What is behind the interface is the operator's choice, and it does not say.
            staleness_ms: None,
        }
    }

    async fn get(&self, key: &str) -> Result<Option<Entry>, KvError> {
        let value = self.store()?.get(key).await.map_err(refused)?;
        Ok(value.map(|value| Entry {
            version: content_version(&value),
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
        Ok(content_version(&value))
    }

    async fn delete(&self, key: &str) -> Result<(), KvError> {
        self.store()?.delete(key).await.map_err(lost)
    }

    async fn increment(&self, key: &str) -> Result<u64, KvError> {
        let bucket = store::open(LABEL).map_err(not_counted)?;
        let count = atomics::increment(&bucket, key, 1).map_err(perhaps_counted)?;
        u64::try_from(count).map_err(|_| KvError::Unavailable(format!("a counter of {count}")))
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
        Ok(KeyPage::first(keys, KEYS_PER_PAGE))
    }
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

/// The counter is as it was.
fn not_counted(error: store::Error) -> KvError {
    match error {
        store::Error::NoSuchStore => KvError::Unavailable("no such store".into()),
        store::Error::AccessDenied => KvError::Unavailable("access denied".into()),
        store::Error::Other(text) => KvError::Unavailable(text),
    }
}

/// The counter may be one further.
fn perhaps_counted(error: store::Error) -> KvError {
    match error {
        store::Error::Other(text) => KvError::Ambiguous(text),
        error => not_counted(error),
    }
}
