//! The store as an embedder provides it.
//!
//! [`Kv`] says the same as the guest's port [`edgefold::host::Kv`] and `wit/kv.wit`, with the same types; it differs only
//! in that its futures are `Send` and that it is shared by all instances of the component.

#[cfg(any(feature = "nats", feature = "redis"))]
mod address;
mod blocking;
mod bridge;
pub mod conformance;
mod memory;
#[cfg(feature = "nats")]
mod nats;
mod redb;
#[cfg(feature = "redis")]
mod redis;
#[cfg(any(feature = "nats", feature = "redis"))]
mod tls;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
pub use edgefold::host::{Capabilities, Entry, KeyPage, KvError, Precondition, Version};

pub use self::blocking::{Blocking, BlockingKv};
pub(crate) use self::bridge::add_to_linker;
pub use self::memory::MemoryKv;
#[cfg(feature = "nats")]
pub use self::nats::{NatsKv, NatsOptions};
pub use self::redb::RedbKv;
#[cfg(feature = "redis")]
pub use self::redis::{RedisKv, RedisOptions};

/// Why a store can't be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it open.
    #[error("another process is using the store {0}; stop it first, or use another file")]
    InUse(String),
    /// It can't be reached, read or written, or is something else.
    #[error("can't open the store {0}: {1}")]
    Unusable(String, String),
}

/// A key has at most this many bytes.
pub const KEY_BYTES_MAX: usize = 512;
/// A value has at most this many bytes.
pub const VALUE_BYTES_MAX: usize = 1_000_000;
/// Keys on one page of [`Kv::list`] in the stores of this crate.
pub const LIST_KEYS_MAX: usize = 1_000;

/// A key-value store that all instances of the component share.
///
/// Write the methods as `async fn`; a store whose calls block the thread implements [`BlockingKv`] instead. The rules are those of `wit/kv.wit`: never a torn value, preconditions compared with
/// the newest value where [`Capabilities::swap`] is true, [`KvError::Ambiguous`] whenever a write may have been applied.
/// The host has checked the limits [`KEY_BYTES_MAX`] and [`VALUE_BYTES_MAX`] before it calls. Dropping a future must
/// leave the store whole: the write has happened or not.
///
/// [`conformance::check`] tests an implementation.
pub trait Kv: Send + Sync + 'static {
    /// What this store can promise.
    fn capabilities(&self) -> Capabilities;

    /// What people should know of it beside that, a sentence each: shown when a host starts, and on the status page.
    fn notes(&self) -> Vec<String> {
        Vec::new()
    }

    /// Whether other processes may use it at the same time. Their schedules then take turns.
    fn is_shared(&self) -> bool {
        false
    }

    /// `None` as long as reads are as fresh as the store promises. Where it can't be reached and answers come from what this
    /// process has kept: for how long that has been so.
    fn stale_for(&self) -> Option<Duration> {
        None
    }

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
    fn notes(&self) -> Vec<String>;
    fn is_shared(&self) -> bool;
    fn stale_for(&self) -> Option<Duration>;
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

    fn notes(&self) -> Vec<String> {
        Kv::notes(self)
    }

    fn is_shared(&self) -> bool {
        Kv::is_shared(self)
    }

    fn stale_for(&self) -> Option<Duration> {
        Kv::stale_for(self)
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

    fn notes(&self) -> Vec<String> {
        Kv::notes(&**self)
    }

    fn is_shared(&self) -> bool {
        Kv::is_shared(&**self)
    }

    fn stale_for(&self) -> Option<Duration> {
        Kv::stale_for(&**self)
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
