//! The key-value port over `edgefold:host/kv`.

use std::time::Duration;

use bytes::Bytes;
use edgefold::host::{
    Capabilities, Entry, KeptValues, KeyPage, Kv, KvError, Precondition, Version,
};
use futures_util::future::{try_join, try_join_all};

use crate::bindings::edgefold::host::kv;

thread_local! {
    static KEPT: KeptValues = const { KeptValues::new() };
}

/// The host's store.
#[derive(Default)]
pub(crate) struct HostKv;

impl Kv for HostKv {
    fn capabilities(&self) -> Capabilities {
        let kv::CapabilitySet {
            swap,
            ttl,
            list,
            batch,
            increment,
            staleness_ms,
        } = kv::capabilities();
        Capabilities {
            swap,
            ttl,
            list,
            batch,
            increment,
            staleness_ms,
        }
    }

    async fn get(&self, key: &str) -> Result<Option<Entry>, KvError> {
        let kept = KEPT.with(|kept| kept.find(key));
        let found = match kept {
            None => kv::get(key.to_owned()).await?.map(Entry::from),
            Some(kept) => match kv::get_unless(key.to_owned(), kept.version.0.clone()).await? {
                kv::Lookup::Unchanged => return Ok(Some(kept)),
                kv::Lookup::Found(entry) => Some(entry.into()),
                kv::Lookup::Absent => None,
            },
        };
        KEPT.with(|kept| kept.keep(key, found.as_ref()));
        Ok(found)
    }

    /// What is kept is asked for by its version, so that the same memory is answered with; the rest in one call.
    async fn get_many(&self, keys: &[&str]) -> Result<Vec<Option<Entry>>, KvError> {
        let is_kept = |key: &str| KEPT.with(|kept| kept.find(key).is_some());
        let (known, new): (Vec<&str>, Vec<&str>) = keys.iter().partition(|key| is_kept(key));
        let asked = new.iter().map(|&key| key.to_owned()).collect();
        let whole = async {
            if new.is_empty() {
                return Ok(Vec::new());
            }
            kv::get_many(asked).await.map_err(KvError::from)
        };
        let known = try_join_all(known.into_iter().map(|key| self.get(key)));
        let (known, whole) = try_join(known, whole).await?;
        let (mut known, mut whole) = (known.into_iter(), whole.into_iter());
        let mut new = new.into_iter().peekable();
        let mut found = Vec::with_capacity(keys.len());
        for &key in keys {
            if new.next_if_eq(&key).is_none() {
                found.push(known.next().flatten());
                continue;
            }
            let entry = whole.next().flatten().map(Entry::from);
            KEPT.with(|kept| kept.keep(key, entry.as_ref()));
            found.push(entry);
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
        let when = match when {
            Precondition::None => kv::Precondition::None,
            Precondition::Absent => kv::Precondition::Absent,
            Precondition::Version(Version(version)) => kv::Precondition::Version(version),
        };
        let ttl = ttl.map(|ttl| u64::try_from(ttl.as_nanos()).unwrap_or(u64::MAX));
        let version = kv::put(key.to_owned(), value.into(), when, ttl).await?;
        Ok(Version(version))
    }

    async fn delete(&self, key: &str) -> Result<(), KvError> {
        Ok(kv::delete(key.to_owned()).await?)
    }

    async fn list(&self, prefix: &str, cursor: Option<&str>) -> Result<KeyPage, KvError> {
        let page = kv::list(prefix.to_owned(), cursor.map(str::to_owned)).await?;
        Ok(KeyPage {
            keys: page.keys,
            cursor: page.cursor,
        })
    }

    async fn increment(&self, key: &str) -> Result<u64, KvError> {
        Ok(kv::increment(key.to_owned()).await?)
    }
}

impl From<kv::Entry> for Entry {
    fn from(entry: kv::Entry) -> Self {
        Self {
            value: entry.value.into(),
            version: Version(entry.version),
        }
    }
}

impl From<kv::Error> for KvError {
    fn from(error: kv::Error) -> Self {
        match error {
            kv::Error::Conflict => Self::Conflict,
            kv::Error::Ambiguous(text) => Self::Ambiguous(text),
            kv::Error::QuotaExceeded => Self::QuotaExceeded,
            kv::Error::TooLarge => Self::TooLarge,
            kv::Error::Throttled(nanos) => Self::Throttled {
                retry_after: nanos.map(Duration::from_nanos),
            },
            kv::Error::Unavailable(text) => Self::Unavailable(text),
        }
    }
}
