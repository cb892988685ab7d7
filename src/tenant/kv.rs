//! One tenant's part of the store.

use std::cell::RefCell;
use std::time::Duration;

use bytes::Bytes;

use super::{Tenant, kept};
use crate::host::{Capabilities, Entry, KeyPage, Kv, KvError, Precondition, Version};

/// Longest key in a store, in bytes, its prefix included: what every store of the ports takes.
pub const KEY_BYTES_MAX: usize = 512;

/// A store in which every key is one of a tenant: `head` is `ef/<format>/<tenant>/head`.
///
/// Keys are `[A-Za-z0-9._~-]` in parts divided by single `/`, no part being `.` or `..`. Others are refused before the store
/// sees them: it might read `..`, `%2f` or a NUL in its own way (a folder, an address) and leave the tenant's prefix.
#[derive(Debug)]
pub struct TenantKv<'a, K> {
    inner: &'a K,
    prefix: String,
    /// A key and what [`TenantKv::read_ahead`] has found there.
    ahead: RefCell<Option<(String, Option<Entry>)>>,
    /// What is read is kept for the instance's next readers: see `kept.rs`.
    keeps: bool,
}

impl<'a, K: Kv> TenantKv<'a, K> {
    /// The part of `inner` that belongs to `tenant`.
    #[must_use]
    pub fn new(inner: &'a K, tenant: &Tenant) -> Self {
        Self {
            inner,
            prefix: tenant.prefix(),
            ahead: RefCell::default(),
            keeps: false,
        }
    }

    /// As it was, but that what is read is kept (`kept.rs`). Not for whoever has to see what the store has.
    pub(crate) fn keeping(mut self) -> Self {
        self.keeps = true;
        self
    }

    /// Reads `key` now, for somebody who wants to know before the logic that needs it anyway: the next [`Kv::get`] of this key
    /// gives the same answer, without another read.
    ///
    /// # Errors
    /// Those of [`Kv::get`].
    pub(crate) async fn read_ahead(&self, key: &str) -> Result<Option<Entry>, KvError> {
        let found = self.read(key).await?;
        *self.ahead.borrow_mut() = Some((key.to_owned(), found.clone()));
        Ok(found)
    }

    fn taken_ahead(&self, key: &str) -> Option<Option<Entry>> {
        let mut ahead = self.ahead.borrow_mut();
        let (_, found) = ahead.take_if(|(known, _)| known == key)?;
        Some(found)
    }

    async fn read(&self, key: &str) -> Result<Option<Entry>, KvError> {
        let stored = self.key(key)?;
        if !self.keeps {
            return self.inner.get(&stored).await;
        }
        if let Some(entry) = kept::sealed(key, &stored) {
            return Ok(Some(entry));
        }
        let found = self.inner.get(&stored).await?;
        Ok(kept::noted(key, &stored, found))
    }

    /// The key in the store.
    fn key(&self, key: &str) -> Result<String, KvError> {
        if key.is_empty() || key.ends_with('/') {
            return Err(refused(key));
        }
        self.beginning(key)
    }

    /// As [`TenantKv::key`], of a key's beginning: it may be empty, or end with `/`.
    fn beginning(&self, text: &str) -> Result<String, KvError> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._~-/".contains(&byte);
        let inside = self.prefix.len() + text.len() <= KEY_BYTES_MAX
            && text.bytes().all(plain)
            && !text.starts_with('/')
            && !text.contains("//")
            && !text.split('/').any(|part| part == "." || part == "..");
        if !inside {
            return Err(refused(text));
        }
        let mut key = String::with_capacity(self.prefix.len() + text.len());
        key.push_str(&self.prefix);
        key.push_str(text);
        Ok(key)
    }
}

fn refused(key: &str) -> KvError {
    const SHOWN_CHARS_MAX: usize = 80;
    let shown: String = key.chars().take(SHOWN_CHARS_MAX).collect();
    KvError::Unavailable(format!("`{}` is no key", shown.escape_debug()))
}

impl<K: Kv> Kv for TenantKv<'_, K> {
    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    async fn get(&self, key: &str) -> Result<Option<Entry>, KvError> {
        if let Some(found) = self.taken_ahead(key) {
            return Ok(found);
        }
        self.read(key).await
    }

    async fn get_many(&self, keys: &[&str]) -> Result<Vec<Option<Entry>>, KvError> {
        let stored: Vec<String> = keys
            .iter()
            .map(|key| self.key(key))
            .collect::<Result<_, _>>()?;
        if !self.keeps {
            let stored: Vec<&str> = stored.iter().map(String::as_str).collect();
            return self.inner.get_many(&stored).await;
        }
        let pairs = || keys.iter().zip(&stored);
        let mut found: Vec<Option<Entry>> = pairs()
            .map(|(key, stored)| kept::sealed(key, stored))
            .collect();
        let asked: Vec<&str> = pairs()
            .zip(&found)
            .filter(|(_, entry)| entry.is_none())
            .map(|((_, stored), _)| stored.as_str())
            .collect();
        if asked.is_empty() {
            return Ok(found);
        }
        let mut answers = self.inner.get_many(&asked).await?.into_iter();
        for ((key, stored), entry) in pairs().zip(&mut found) {
            if entry.is_none() {
                *entry = kept::noted(key, stored, answers.next().flatten());
            }
        }
        Ok(found)
    }

    async fn put(
        &self,
        key: &str,
        value: Bytes,
        when: Precondition,
        ttl: Option<Duration>,
    ) -> Result<Version, KvError> {
        self.inner.put(&self.key(key)?, value, when, ttl).await
    }

    async fn delete(&self, key: &str) -> Result<(), KvError> {
        self.inner.delete(&self.key(key)?).await
    }

    async fn increment(&self, key: &str) -> Result<u64, KvError> {
        self.inner.increment(&self.key(key)?).await
    }

    /// Keys without the tenant's prefix. What a store lists beside what it was asked for is left out.
    async fn list(&self, prefix: &str, cursor: Option<&str>) -> Result<KeyPage, KvError> {
        let asked = self.beginning(prefix)?;
        let page = self.inner.list(&asked, cursor).await?;
        let own = |key: &String| {
            let rest = key.strip_prefix(&self.prefix)?;
            rest.starts_with(prefix).then(|| rest.to_owned())
        };
        Ok(KeyPage {
            keys: page.keys.iter().filter_map(own).collect(),
            cursor: page.cursor,
        })
    }
}
