//! Fastly's KV store as a [`Kv`].
//!
//! A version is the key's generation. An insert does not tell the generation it made: the version that [`Kv::put`] returns
//! is the hash of the content instead, and is looked up only when a later put compares against it.

use std::io::Read;
use std::time::Duration;

use bytes::Bytes;
use edgefold::host::{
    Capabilities, Entry, KV_CONCURRENCY, KeyPage, Kv, KvError, Precondition, Version,
};
use fastly::kv_store::{InsertMode, KVStore, KVStoreError, LookupResponse, PendingLookupHandle};
use xxhash_rust::xxh3::xxh3_128;

/// Marks a version that is a content hash.
const CONTENT: char = '#';

/// The service's KV store, or why it can't be opened (which every operation answers).
pub(crate) struct Store(Result<KVStore, KvError>);

impl Store {
    pub(crate) fn open(name: &str) -> Self {
        Self(match KVStore::open(name) {
            Ok(Some(store)) => Ok(store),
            Ok(None) | Err(KVStoreError::StoreNotFound(_)) => Err(KvError::Unavailable(format!(
                "no KV store named \"{name}\" is linked to this service"
            ))),
            Err(error) => Err(refused(error)),
        })
    }

    fn store(&self) -> Result<&KVStore, KvError> {
        self.0.as_ref().map_err(Clone::clone)
    }

    /// The generation that `version` stands for, if the key still is at it.
    async fn generation(&self, key: &str, version: &Version) -> Result<u64, KvError> {
        if !version.0.starts_with(CONTENT) {
            return version.0.parse().map_err(|_| KvError::Conflict);
        }
        let entry = self.get(key).await?.ok_or(KvError::Conflict)?;
        if content(&entry.value) != *version {
            return Err(KvError::Conflict);
        }
        entry.version.0.parse().map_err(|_| KvError::Conflict)
    }
}

impl Kv for Store {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            swap: true,
            ttl: true,
            list: true,
            batch: true,
            // The store has none, and with generations to compare against none is needed.
            increment: false,
            // Eventually consistent, with no bound that Fastly states.
            staleness_ms: None,
        }
    }

    async fn get(&self, key: &str) -> Result<Option<Entry>, KvError> {
        let store = self.store()?;
        let pending = store.build_lookup().execute_async(key).map_err(refused)?;
        wait(store, pending)
    }

    async fn get_many(&self, keys: &[&str]) -> Result<Vec<Option<Entry>>, KvError> {
        let store = self.store()?;
        let mut entries = Vec::with_capacity(keys.len());
        for keys in keys.chunks(KV_CONCURRENCY) {
            let lookup = store.build_lookup();
            let pending: Vec<_> = keys.iter().map(|key| lookup.execute_async(key)).collect();
            for pending in pending {
                entries.push(wait(store, pending.map_err(refused)?)?);
            }
        }
        Ok(entries)
    }

    async fn put(
        &self,
        key: &str,
        value: Bytes,
        when: Precondition,
        ttl: Option<Duration>,
    ) -> Result<Version, KvError> {
        let mut insert = self.store()?.build_insert();
        match when {
            Precondition::None => {}
            Precondition::Absent => insert = insert.mode(InsertMode::Add),
            Precondition::Version(version) => {
                insert = insert.if_generation_match(self.generation(key, &version).await?);
            }
        }
        if let Some(ttl) = ttl {
            // Whole seconds; 0 would be taken as "none".
            insert = insert.time_to_live(ttl.max(Duration::from_secs(1)));
        }
        insert.execute(key, value.as_ref()).map_err(lost)?;
        Ok(content(&value))
    }

    async fn delete(&self, key: &str) -> Result<(), KvError> {
        match self.store()?.delete(key) {
            Ok(()) | Err(KVStoreError::ItemNotFound) => Ok(()),
            Err(error) => Err(lost(error)),
        }
    }

    async fn list(&self, prefix: &str, cursor: Option<&str>) -> Result<KeyPage, KvError> {
        let mut list = self.store()?.build_list().prefix(prefix);
        if let Some(cursor) = cursor {
            list = list.cursor(cursor);
        }
        let page = list.execute().map_err(refused)?;
        Ok(KeyPage {
            cursor: page.next_cursor(),
            keys: page.into_keys(),
        })
    }
}

fn wait(store: &KVStore, pending: PendingLookupHandle) -> Result<Option<Entry>, KvError> {
    match store.pending_lookup_wait(pending) {
        Ok(found) => entry(found).map(Some),
        Err(KVStoreError::ItemNotFound) => Ok(None),
        Err(error) => Err(refused(error)),
    }
}

fn entry(mut found: LookupResponse) -> Result<Entry, KvError> {
    let version = Version(found.current_generation().to_string());
    let mut value = Vec::new();
    found
        .take_body()
        .read_to_end(&mut value)
        .map_err(|error| KvError::Unavailable(error.to_string()))?;
    Ok(Entry {
        value: value.into(),
        version,
    })
}

fn content(value: &[u8]) -> Version {
    Version(format!("{CONTENT}{:032x}", xxh3_128(value)))
}

/// Nothing was written.
fn refused(error: KVStoreError) -> KvError {
    match error {
        KVStoreError::ItemPreconditionFailed => KvError::Conflict,
        KVStoreError::ItemPayloadTooLarge => KvError::TooLarge,
        KVStoreError::TooManyRequests => KvError::Throttled { retry_after: None },
        other => KvError::Unavailable(other.to_string()),
    }
}

/// A write failed somewhere behind the interface: it may have been applied.
fn lost(error: KVStoreError) -> KvError {
    match error {
        KVStoreError::Unexpected(_) => KvError::Ambiguous(error.to_string()),
        error => refused(error),
    }
}
