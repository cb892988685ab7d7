//! Waits out a store that asks to slow down, where a moment is enough.

use std::cell::Cell;
use std::time::Duration;

use bytes::Bytes;

use crate::host::{Capabilities, Entry, Host, KeyPage, Kv, KvError, Precondition, Version};

/// What is waited where the store does not say how long: a key that takes one write a second takes the next one then.
const WAIT_MS: u64 = 1_000;
/// Shortest wait, in milliseconds, whatever the store says.
const WAIT_MS_MIN: u64 = 50;
/// What one [`PatientKv`] waits in all, in milliseconds.
pub(crate) const WAITS_MS_MAX: u64 = 4_000;

/// The store of a host. An operation that is [`KvError::Throttled`], which was not applied, is made again when the store says,
/// as long as all waits together take no more than [`WAITS_MS_MAX`]; operations that wait side by side wait once. A host
/// without timers has the refusal at once.
pub(crate) struct PatientKv<'a, H> {
    host: &'a H,
    /// What is left to wait.
    left: Cell<Duration>,
    /// By the host's [`elapsed`](crate::host::Clock::elapsed): until when somebody waits.
    until: Cell<Duration>,
}

impl<'a, H: Host> PatientKv<'a, H> {
    pub(crate) fn new(host: &'a H) -> Self {
        Self {
            host,
            left: Cell::new(Duration::from_millis(WAITS_MS_MAX)),
            until: Cell::default(),
        }
    }

    /// Makes `operation` again for as long as it is throttled and there is time.
    async fn patiently<T>(
        &self,
        operation: impl AsyncFn() -> Result<T, KvError>,
    ) -> Result<T, KvError> {
        loop {
            match operation().await {
                Err(KvError::Throttled { retry_after }) if self.wait(retry_after).await => {}
                answer => return answer,
            }
        }
    }

    /// Lets the time pass that the store asks for. `false` where too little is left, or none passes.
    async fn wait(&self, retry_after: Option<Duration>) -> bool {
        let wait = retry_after.unwrap_or(Duration::from_millis(WAIT_MS));
        let wait = wait.max(Duration::from_millis(WAIT_MS_MIN));
        let now = self.host.elapsed();
        let (end, others) = (now.saturating_add(wait), self.until.get());
        let Some(left) = self
            .left
            .get()
            .checked_sub(end.saturating_sub(others.max(now)))
        else {
            return false;
        };
        self.left.set(left);
        self.until.set(end.max(others));
        self.host.pause(wait).await;
        self.host.elapsed() > now
    }
}

impl<H: Host> Kv for PatientKv<'_, H> {
    fn capabilities(&self) -> Capabilities {
        self.host.kv().capabilities()
    }

    async fn get(&self, key: &str) -> Result<Option<Entry>, KvError> {
        self.patiently(async || self.host.kv().get(key).await).await
    }

    async fn get_many(&self, keys: &[&str]) -> Result<Vec<Option<Entry>>, KvError> {
        self.patiently(async || self.host.kv().get_many(keys).await)
            .await
    }

    async fn put(
        &self,
        key: &str,
        value: Bytes,
        when: Precondition,
        ttl: Option<Duration>,
    ) -> Result<Version, KvError> {
        let kv = self.host.kv();
        self.patiently(async || kv.put(key, value.clone(), when.clone(), ttl).await)
            .await
    }

    async fn delete(&self, key: &str) -> Result<(), KvError> {
        self.patiently(async || self.host.kv().delete(key).await)
            .await
    }

    async fn list(&self, prefix: &str, cursor: Option<&str>) -> Result<KeyPage, KvError> {
        self.patiently(async || self.host.kv().list(prefix, cursor).await)
            .await
    }

    async fn increment(&self, key: &str) -> Result<u64, KvError> {
        self.patiently(async || self.host.kv().increment(key).await)
            .await
    }
}
