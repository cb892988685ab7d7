//! `edgefold:host/kv` for the guest, over the embedder's [`Kv`](super::Kv).

use std::sync::Arc;
use std::time::Duration;

use edgefold::host::{Entry, KvError, Precondition, Version};
use wasmtime::component::{Accessor, HasData, Linker};

use super::{DynKv, KEY_BYTES_MAX, VALUE_BYTES_MAX};
use crate::bindings::kv;
use crate::instance::State;

/// Links `edgefold:host/kv`.
pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    kv::add_to_linker::<State, StoreAccess>(linker, |state| &mut state.kv)
}

struct StoreAccess;

impl HasData for StoreAccess {
    type Data<'a> = &'a mut Arc<dyn DynKv>;
}

fn store(accessor: &Accessor<State, StoreAccess>) -> Arc<dyn DynKv> {
    accessor.with(|mut access| Arc::clone(access.get()))
}

impl kv::Host for &mut Arc<dyn DynKv> {
    fn capabilities(&mut self) -> kv::CapabilitySet {
        let capabilities = DynKv::capabilities(&***self);
        kv::CapabilitySet {
            swap: capabilities.swap,
            ttl: capabilities.ttl,
            list: capabilities.list,
            batch: capabilities.batch,
            increment: capabilities.increment,
            staleness_ms: capabilities.staleness_ms,
        }
    }
}

impl kv::HostWithStore<State> for StoreAccess {
    async fn get(
        accessor: &Accessor<State, Self>,
        key: String,
    ) -> Result<Option<kv::Entry>, kv::Error> {
        let found = store(accessor).get(&key).await?;
        Ok(found.map(kv::Entry::from))
    }

    async fn get_unless(
        accessor: &Accessor<State, Self>,
        key: String,
        version: String,
    ) -> Result<kv::Lookup, kv::Error> {
        // Stores share their bytes: what costs is copying them into the guest.
        Ok(match store(accessor).get(&key).await? {
            None => kv::Lookup::Absent,
            Some(entry) if entry.version.0 == version => kv::Lookup::Unchanged,
            Some(entry) => kv::Lookup::Found(entry.into()),
        })
    }

    async fn get_many(
        accessor: &Accessor<State, Self>,
        keys: Vec<String>,
    ) -> Result<Vec<Option<kv::Entry>>, kv::Error> {
        let found = store(accessor).get_many(&keys).await?;
        Ok(found
            .into_iter()
            .map(|entry| entry.map(kv::Entry::from))
            .collect())
    }

    async fn put(
        accessor: &Accessor<State, Self>,
        key: String,
        value: Vec<u8>,
        when: kv::Precondition,
        ttl: Option<u64>,
    ) -> Result<kv::Version, kv::Error> {
        if key.len() > KEY_BYTES_MAX || value.len() > VALUE_BYTES_MAX {
            return Err(kv::Error::TooLarge);
        }
        let when = match when {
            kv::Precondition::None => Precondition::None,
            kv::Precondition::Absent => Precondition::Absent,
            kv::Precondition::Version(version) => Precondition::Version(Version(version)),
        };
        let ttl = ttl.map(Duration::from_nanos);
        let Version(version) = store(accessor).put(&key, value.into(), when, ttl).await?;
        Ok(version)
    }

    async fn delete(accessor: &Accessor<State, Self>, key: String) -> Result<(), kv::Error> {
        Ok(store(accessor).delete(&key).await?)
    }

    async fn list(
        accessor: &Accessor<State, Self>,
        prefix: String,
        cursor: Option<String>,
    ) -> Result<kv::KeyPage, kv::Error> {
        let page = store(accessor).list(&prefix, cursor.as_deref()).await?;
        Ok(kv::KeyPage {
            keys: page.keys,
            cursor: page.cursor,
        })
    }

    async fn increment(accessor: &Accessor<State, Self>, key: String) -> Result<u64, kv::Error> {
        if key.len() > KEY_BYTES_MAX {
            return Err(kv::Error::TooLarge);
        }
        Ok(store(accessor).increment(&key).await?)
    }
}

impl From<Entry> for kv::Entry {
    fn from(entry: Entry) -> Self {
        Self {
            value: entry.value.into(),
            version: entry.version.0,
        }
    }
}

impl From<KvError> for kv::Error {
    fn from(error: KvError) -> Self {
        match error {
            KvError::Conflict => Self::Conflict,
            KvError::Ambiguous(text) => Self::Ambiguous(text),
            KvError::QuotaExceeded => Self::QuotaExceeded,
            KvError::TooLarge => Self::TooLarge,
            KvError::Throttled { retry_after } => Self::Throttled(
                retry_after.map(|wait| u64::try_from(wait.as_nanos()).unwrap_or(u64::MAX)),
            ),
            KvError::Unavailable(text) => Self::Unavailable(text),
        }
    }
}
