//! The store that the variable `store` names.

use std::time::Duration;

use bytes::Bytes;
use edgefold::host::{Capabilities, Entry, KeyPage, Kv, KvError, Precondition, Version};
use spin_sdk::variables;

use crate::kv::DefaultStore;
use crate::sqlite::DefaultDatabase;
use crate::sqlite::table::Table;

/// One of the two that Spin offers.
pub(crate) enum Store {
    KeyValue(DefaultStore),
    Sqlite(Table<DefaultDatabase>),
}

impl Store {
    /// Opens what the variable names: a manifest without it, or an empty value, means the key-value store. Where it can't
    /// be read, or names nothing, every operation says so: a site must not be looked for in another store.
    pub(crate) async fn open() -> Self {
        let why = match variables::get("store").await.as_deref() {
            Ok("" | "key-value") | Err(variables::Error::Undefined(_)) => {
                return Self::KeyValue(DefaultStore::open().await);
            }
            Ok("sqlite") => return Self::Sqlite(Table(DefaultDatabase)),
            Ok(other) => format!("it is {other:?}, and must be \"key-value\" or \"sqlite\""),
            Err(error) => error.to_string(),
        };
        let error = KvError::Unavailable(format!("the variable `store`: {why}"));
        Self::KeyValue(DefaultStore::refusing(error))
    }
}

macro_rules! either {
    ($store:expr, $kv:ident => $call:expr) => {
        match $store {
            Store::KeyValue($kv) => $call,
            Store::Sqlite($kv) => $call,
        }
    };
}

impl Kv for Store {
    fn capabilities(&self) -> Capabilities {
        either!(self, kv => kv.capabilities())
    }

    async fn get(&self, key: &str) -> Result<Option<Entry>, KvError> {
        either!(self, kv => kv.get(key).await)
    }

    async fn get_many(&self, keys: &[&str]) -> Result<Vec<Option<Entry>>, KvError> {
        either!(self, kv => kv.get_many(keys).await)
    }

    async fn put(
        &self,
        key: &str,
        value: Bytes,
        when: Precondition,
        ttl: Option<Duration>,
    ) -> Result<Version, KvError> {
        either!(self, kv => kv.put(key, value, when, ttl).await)
    }

    async fn delete(&self, key: &str) -> Result<(), KvError> {
        either!(self, kv => kv.delete(key).await)
    }

    async fn list(&self, prefix: &str, cursor: Option<&str>) -> Result<KeyPage, KvError> {
        either!(self, kv => kv.list(prefix, cursor).await)
    }

    async fn increment(&self, key: &str) -> Result<u64, KvError> {
        either!(self, kv => kv.increment(key).await)
    }
}
