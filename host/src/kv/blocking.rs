//! Stores whose calls block the thread: an embedded database, files.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use edgefold::host::no_counters;

use super::{Capabilities, Entry, KeyPage, Kv, KvError, Precondition, Version};

/// A store as its library offers it, whose calls end when the work is done. [`Blocking`] makes a [`Kv`] of it.
///
/// The rules are those of [`Kv`]. Calls come from several threads at once.
pub trait BlockingKv: Send + Sync + 'static {
    /// See [`Kv::capabilities`]. Where not overridden, those of most embedded stores: it swaps and lists, nothing in it expires by
    /// itself, and it has no counters, which are for stores that can't swap.
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            ttl: false,
            increment: false,
            ..Capabilities::ALL
        }
    }

    /// See [`Kv::get`].
    ///
    /// # Errors
    /// Where the store can't be read.
    fn get(&self, key: &str) -> Result<Option<Entry>, KvError>;

    /// See [`Kv::get_many`]. Reads one after another where not overridden.
    ///
    /// # Errors
    /// Where the store can't be read.
    fn get_many(&self, keys: &[String]) -> Result<Vec<Option<Entry>>, KvError> {
        keys.iter().map(|key| self.get(key)).collect()
    }

    /// See [`Kv::put`].
    ///
    /// # Errors
    /// [`KvError::Conflict`] where `when` does not hold, [`KvError::Ambiguous`] where it may have been stored.
    fn put(
        &self,
        key: &str,
        value: Bytes,
        when: Precondition,
        ttl: Option<Duration>,
    ) -> Result<Version, KvError>;

    /// See [`Kv::delete`].
    ///
    /// # Errors
    /// [`KvError::Ambiguous`] where it may be gone.
    fn delete(&self, key: &str) -> Result<(), KvError>;

    /// See [`Kv::list`].
    ///
    /// # Errors
    /// Where the store can't be read.
    fn list(&self, prefix: &str, cursor: Option<&str>) -> Result<KeyPage, KvError>;

    /// See [`Kv::increment`]; only where [`Capabilities::increment`] is true.
    ///
    /// # Errors
    /// [`KvError::Ambiguous`] where it may have counted.
    fn increment(&self, key: &str) -> Result<u64, KvError> {
        Err(no_counters(key))
    }
}

/// A [`Kv`] that does the work of `T` on tokio's threads for blocking work.
#[derive(Debug)]
pub struct Blocking<T>(Arc<T>);

impl<T> Blocking<T> {
    /// Around `store`.
    pub fn new(store: T) -> Self {
        Self(Arc::new(store))
    }
}

impl<T> Clone for Blocking<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: BlockingKv> Kv for Blocking<T> {
    fn capabilities(&self) -> Capabilities {
        self.0.capabilities()
    }

    async fn get(&self, key: &str) -> Result<Option<Entry>, KvError> {
        let key = key.to_owned();
        run(&self.0, move |store| store.get(&key)).await
    }

    async fn get_many(&self, keys: &[String]) -> Result<Vec<Option<Entry>>, KvError> {
        let keys = keys.to_vec();
        run(&self.0, move |store| store.get_many(&keys)).await
    }

    async fn put(
        &self,
        key: &str,
        value: Bytes,
        when: Precondition,
        ttl: Option<Duration>,
    ) -> Result<Version, KvError> {
        let key = key.to_owned();
        run(&self.0, move |store| store.put(&key, value, when, ttl)).await
    }

    async fn delete(&self, key: &str) -> Result<(), KvError> {
        let key = key.to_owned();
        run(&self.0, move |store| store.delete(&key)).await
    }

    async fn list(&self, prefix: &str, cursor: Option<&str>) -> Result<KeyPage, KvError> {
        let (prefix, cursor) = (prefix.to_owned(), cursor.map(str::to_owned));
        run(&self.0, move |store| store.list(&prefix, cursor.as_deref())).await
    }

    async fn increment(&self, key: &str) -> Result<u64, KvError> {
        let key = key.to_owned();
        run(&self.0, move |store| store.increment(&key)).await
    }
}

/// Does `work` where it may block, to its end also where the caller goes away: a write has happened or not.
pub(super) async fn run<S: Send + Sync + 'static, T: Send + 'static>(
    store: &Arc<S>,
    work: impl FnOnce(&S) -> Result<T, KvError> + Send + 'static,
) -> Result<T, KvError> {
    let store = Arc::clone(store);
    let done = tokio::task::spawn_blocking(move || work(&store)).await;
    done.map_err(|error| KvError::Ambiguous(error.to_string()))?
}
