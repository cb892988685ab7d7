//! The store as an embedder provides it.
//!
//! [`Kv`] says the same as the guest's port [`edgefold::host::Kv`] and `wit/kv.wit`, with the same types; it differs only
//! in that its futures are `Send` and that it is shared by all instances of the component.

mod bridge;
pub mod conformance;
mod memory;
mod redb;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
pub use edgefold::host::{Capabilities, Entry, KeyPage, KvError, Precondition, Version};

pub(crate) use self::bridge::add_to_linker;
pub use self::memory::MemoryKv;
pub use self::redb::{OpenError, RedbKv};

/// A key has at most this many bytes.
pub const KEY_BYTES_MAX: usize = 512;
/// A value has at most this many bytes.
pub const VALUE_BYTES_MAX: usize = 1_000_000;
/// Keys on one page of [`Kv::list`] in the stores of this crate.
pub const LIST_KEYS_MAX: usize = 1_000;

/// A key-value store that all instances of the component share.
///
/// Write the methods as `async fn`. The rules are those of `wit/kv.wit`: never a torn value, preconditions compared with
/// the newest value where [`Capabilities::swap`] is true, [`KvError::Ambiguous`] whenever a write may have been applied.
/// The host has checked the limits [`KEY_BYTES_MAX`] and [`VALUE_BYTES_MAX`] before it calls. Dropping a future must
/// leave the store whole: the write has happened or not.
///
/// [`conformance::check`] tests an implementation.
pub trait Kv: Send + Sync + 'static {
    /// What this store can promise.
    fn capabilities(&self) -> Capabilities;

    /// The value of `key`, or `None` where it does not exist or has expired.
    fn get(&self, key: &str) -> impl Future<Output = Result<Option<Entry>, KvError>> + Send;

    /// The values of `keys`, in the order asked. Asks one after another where not overridden.
    fn get_many(
        &self,
        keys: &[String],
    ) -> impl Future<Output = Result<Vec<Option<Entry>>, KvError>> + Send {
        async move {
            let mut found = Vec::with_capacity(keys.len());
            for key in keys {
                found.push(self.get(key).await?);
            }
            Ok(found)
        }
    }

    /// Stores `value` under `key` if `when` holds, and returns its new version.
    fn put(
        &self,
        key: &str,
        value: Bytes,
        when: Precondition,
        ttl: Option<Duration>,
    ) -> impl Future<Output = Result<Version, KvError>> + Send;

    /// Removes `key`. An absent key is no error.
    fn delete(&self, key: &str) -> impl Future<Output = Result<(), KvError>> + Send;

    /// Keys that begin with `prefix`, a page at a time.
    fn list(
        &self,
        prefix: &str,
        cursor: Option<&str>,
    ) -> impl Future<Output = Result<KeyPage, KvError>> + Send;

    /// Adds one to the counter `key` and returns what it is now: 1 where there was none. Only where
    /// [`Capabilities::increment`] is true, which a store with [`Capabilities::swap`] need not offer.
    fn increment(&self, key: &str) -> impl Future<Output = Result<u64, KvError>> + Send {
        std::future::ready(Err(edgefold::host::no_counters(key)))
    }
}

type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, KvError>> + Send + 'a>>;

/// [`Kv`] as a trait object, for the state of an instance.
pub(crate) trait DynKv: Send + Sync {
    fn capabilities(&self) -> Capabilities;
    fn get<'a>(&'a self, key: &'a str) -> Answer<'a, Option<Entry>>;
    fn get_many<'a>(&'a self, keys: &'a [String]) -> Answer<'a, Vec<Option<Entry>>>;
    fn put<'a>(
        &'a self,
        key: &'a str,
        value: Bytes,
        when: Precondition,
        ttl: Option<Duration>,
    ) -> Answer<'a, Version>;
    fn delete<'a>(&'a self, key: &'a str) -> Answer<'a, ()>;
    fn list<'a>(&'a self, prefix: &'a str, cursor: Option<&'a str>) -> Answer<'a, KeyPage>;
    fn increment<'a>(&'a self, key: &'a str) -> Answer<'a, u64>;
}

impl<K: Kv> DynKv for K {
    fn capabilities(&self) -> Capabilities {
        Kv::capabilities(self)
    }

    fn get<'a>(&'a self, key: &'a str) -> Answer<'a, Option<Entry>> {
        Box::pin(Kv::get(self, key))
    }

    fn get_many<'a>(&'a self, keys: &'a [String]) -> Answer<'a, Vec<Option<Entry>>> {
        Box::pin(Kv::get_many(self, keys))
    }

    fn put<'a>(
        &'a self,
        key: &'a str,
        value: Bytes,
        when: Precondition,
        ttl: Option<Duration>,
    ) -> Answer<'a, Version> {
        Box::pin(Kv::put(self, key, value, when, ttl))
    }

    fn delete<'a>(&'a self, key: &'a str) -> Answer<'a, ()> {
        Box::pin(Kv::delete(self, key))
    }

    fn list<'a>(&'a self, prefix: &'a str, cursor: Option<&'a str>) -> Answer<'a, KeyPage> {
        Box::pin(Kv::list(self, prefix, cursor))
    }

    fn increment<'a>(&'a self, key: &'a str) -> Answer<'a, u64> {
        Box::pin(Kv::increment(self, key))
    }
}

/// So that a test or an embedder keeps a handle to the store that it hands over.
impl<K: Kv> Kv for Arc<K> {
    fn capabilities(&self) -> Capabilities {
        Kv::capabilities(&**self)
    }

    fn get(&self, key: &str) -> impl Future<Output = Result<Option<Entry>, KvError>> + Send {
        Kv::get(&**self, key)
    }

    fn get_many(
        &self,
        keys: &[String],
    ) -> impl Future<Output = Result<Vec<Option<Entry>>, KvError>> + Send {
        Kv::get_many(&**self, keys)
    }

    fn put(
        &self,
        key: &str,
        value: Bytes,
        when: Precondition,
        ttl: Option<Duration>,
    ) -> impl Future<Output = Result<Version, KvError>> + Send {
        Kv::put(&**self, key, value, when, ttl)
    }

    fn delete(&self, key: &str) -> impl Future<Output = Result<(), KvError>> + Send {
        Kv::delete(&**self, key)
    }

    fn list(
        &self,
        prefix: &str,
        cursor: Option<&str>,
    ) -> impl Future<Output = Result<KeyPage, KvError>> + Send {
        Kv::list(&**self, prefix, cursor)
    }

    fn increment(&self, key: &str) -> impl Future<Output = Result<u64, KvError>> + Send {
        Kv::increment(&**self, key)
    }
}
