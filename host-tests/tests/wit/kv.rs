//! `edgefold:host/kv` over a map: versions from one counter, compared and written under one lock.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wasmtime::component::{Accessor, HasSelf, Linker};

use crate::host::State;
use crate::host::bindings::edgefold::host::kv;

/// A store, shared by all instances.
#[derive(Clone, Default)]
pub(crate) struct Map(Arc<Mutex<Values>>);

#[derive(Default)]
struct Values {
    values: BTreeMap<String, (u64, Vec<u8>)>,
    last_version: u64,
}

type Here = HasSelf<State>;

pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    kv::add_to_linker::<State, Here>(linker, |state| state)
}

impl Map {
    pub(crate) fn keys(&self) -> Vec<String> {
        self.lock().values.keys().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, Values> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn get(&self, key: &str) -> Option<kv::Entry> {
        let values = self.lock();
        let (version, value) = values.values.get(key)?;
        Some(kv::Entry {
            value: value.clone(),
            version: version.to_string(),
        })
    }
}

/// Of the instance that calls. Yields once, as a store does that has to be asked.
async fn map(accessor: &Accessor<State, Here>) -> Map {
    tokio::task::yield_now().await;
    accessor.with(|mut access| access.get().store.clone())
}

impl kv::Host for State {
    fn capabilities(&mut self) -> kv::CapabilitySet {
        kv::CapabilitySet {
            swap: true,
            ttl: false,
            list: true,
            batch: true,
            increment: false,
            staleness_ms: Some(0),
        }
    }
}

impl kv::HostWithStore<State> for Here {
    async fn get(
        accessor: &Accessor<State, Self>,
        key: String,
    ) -> Result<Option<kv::Entry>, kv::Error> {
        Ok(map(accessor).await.get(&key))
    }

    async fn get_unless(
        accessor: &Accessor<State, Self>,
        key: String,
        version: kv::Version,
    ) -> Result<kv::Lookup, kv::Error> {
        Ok(match map(accessor).await.get(&key) {
            None => kv::Lookup::Absent,
            Some(entry) if entry.version == version => kv::Lookup::Unchanged,
            Some(entry) => kv::Lookup::Found(entry),
        })
    }

    async fn get_many(
        accessor: &Accessor<State, Self>,
        keys: Vec<String>,
    ) -> Result<Vec<Option<kv::Entry>>, kv::Error> {
        let map = map(accessor).await;
        Ok(keys.iter().map(|key| map.get(key)).collect())
    }

    async fn put(
        accessor: &Accessor<State, Self>,
        key: String,
        value: Vec<u8>,
        when: kv::Precondition,
        _ttl: Option<u64>,
    ) -> Result<kv::Version, kv::Error> {
        let map = map(accessor).await;
        let mut values = map.lock();
        let current = values
            .values
            .get(&key)
            .map(|(version, _)| version.to_string());
        let holds = match when {
            kv::Precondition::None => true,
            kv::Precondition::Absent => current.is_none(),
            kv::Precondition::Version(version) => current == Some(version),
        };
        if !holds {
            return Err(kv::Error::Conflict);
        }
        values.last_version += 1;
        let version = values.last_version;
        values.values.insert(key, (version, value));
        Ok(version.to_string())
    }

    async fn delete(accessor: &Accessor<State, Self>, key: String) -> Result<(), kv::Error> {
        map(accessor).await.lock().values.remove(&key);
        Ok(())
    }

    async fn list(
        accessor: &Accessor<State, Self>,
        prefix: String,
        _cursor: Option<String>,
    ) -> Result<kv::KeyPage, kv::Error> {
        let mut keys = map(accessor).await.keys();
        keys.retain(|key| key.starts_with(&prefix));
        Ok(kv::KeyPage { keys, cursor: None })
    }

    async fn increment(_: &Accessor<State, Self>, _: String) -> Result<u64, kv::Error> {
        Err(kv::Error::Unavailable("no counters here".to_owned()))
    }
}
