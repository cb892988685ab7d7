//! Purging: one write, however many answers it drops.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::budget;
use super::control::{Control, Name};
use crate::config::{Config, Proxy, Source};
use crate::host::{Host, Kv, KvError};
use crate::ordered::Inserted;
use crate::slice::keys;
use crate::store::{Change, PatientKv, modify};
use crate::time::Timestamp;

/// Names in one purge.
pub const PURGE_NAMES_MAX: usize = 100;

/// Where writes are not compared as they are made: so long after it was written a purge must still stand, in milliseconds.
/// Refreshes that write later than that have seen it.
const STANDS_MS: u64 = 1_000;
/// How often such a purge is written at most.
const STANDS_ATTEMPTS_MAX: usize = 3;

/// What is to be purged.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Purge {
    /// Everything.
    pub all: bool,
    /// Ids of proxies and sources.
    pub keys: Vec<String>,
    /// Their tags.
    pub tags: Vec<String>,
}

impl Purge {
    /// `None`: everything.
    fn names(&self) -> Option<impl Iterator<Item = Name<'_>>> {
        let keys = self.keys.iter().map(|key| Name::Key(key));
        let tags = self.tags.iter().map(|tag| Name::Tag(tag));
        (!self.all).then(|| keys.chain(tags))
    }
}

/// What was purged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Purged {
    /// Proxies whose stored answers are not served any more.
    pub proxies: Vec<String>,
    /// Sources that the next cycle asks afresh.
    pub sources: Vec<String>,
    /// What was asked for before this is void.
    pub purged: Timestamp,
    /// Writes of cached answers and purges that the day has left.
    pub writes_left: u32,
}

/// Why nothing was purged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PurgeError {
    /// Nothing is named.
    Empty,
    /// More than [`PURGE_NAMES_MAX`] names.
    TooMany,
    /// No proxy and no source has this id.
    UnknownKey(String),
    /// No proxy and no source has this tag.
    UnknownTag(String),
    /// The day's writes are used up; there are new ones in so many milliseconds.
    NoWrites(i64),
    /// The store failed, or refreshes came between each time. The purge may have taken place; it can be repeated.
    Store(KvError),
}

/// Every id, and every tag, that a purge may name.
#[must_use]
pub(crate) fn known(config: &Config) -> (BTreeSet<&str>, BTreeSet<&str>) {
    let ids = config.proxies.iter().map(|proxy| proxy.id.as_str());
    let ids = ids.chain(config.sources.iter().map(|source| source.id.as_str()));
    let tags = config.proxies.iter().flat_map(|proxy| &proxy.tags);
    let tags = tags.chain(config.sources.iter().flat_map(|source| &source.tags));
    (ids.inserted(), tags.map(String::as_str).inserted())
}

/// Voids what `asked` names: stored answers of proxies are not served again, and the next cycle asks sources for their
/// whole documents. One write, whatever the number. Done twice it is as done once, but for the second write.
///
/// # Errors
/// Unknown names, no writes left today, a store that fails. Nothing was purged then, but where the store failed: see
/// [`PurgeError::Store`].
pub async fn purge<H: Host>(
    host: &H,
    config: &Config,
    asked: &Purge,
) -> Result<Purged, PurgeError> {
    check(config, asked)?;
    let named = |id: &str, tags: &[String]| {
        asked.all
            || asked.keys.iter().any(|key| key == id)
            || tags.iter().any(|tag| asked.tags.contains(tag))
    };
    let proxy = |proxy: &&Proxy| named(&proxy.id, &proxy.tags);
    let source = |source: &&Source| named(&source.id, &source.tags);
    let (purged, writes_left) = purge_for_good(host, config, asked).await?;
    let proxies = config.proxies.iter().filter(proxy);
    let sources = config.sources.iter().filter(source);
    Ok(Purged {
        proxies: proxies.map(|proxy| proxy.id.clone()).collect(),
        sources: sources.map(|source| source.id.clone()).collect(),
        purged,
        writes_left,
    })
}

/// Says when, and how many writes the day has left.
async fn purge_for_good<H: Host>(
    host: &H,
    config: &Config,
    asked: &Purge,
) -> Result<(Timestamp, u32), PurgeError> {
    // Refreshes write the same key: a purge gets its turn among them.
    let kv = PatientKv::new(host);
    for _ in 0..STANDS_ATTEMPTS_MAX {
        let (epoch, left) = purge_once(host, &kv, config, asked).await?;
        let at = Timestamp(i64::try_from(epoch).unwrap_or(i64::MAX));
        if kv.capabilities().swap {
            return Ok((at, left));
        }
        // A refresh that has compared before this was written may write after it, and undo it.
        host.pause(Duration::from_millis(STANDS_MS)).await;
        let stored = kv.get(keys::CACHE_CONTROL).await;
        let stored = stored.map_err(PurgeError::Store)?;
        if stored.is_some_and(|entry| Control::of(&entry).has_purged(asked.names(), epoch)) {
            return Ok((at, left));
        }
    }
    Err(PurgeError::Store(KvError::Conflict))
}

async fn purge_once<H: Host>(
    host: &H,
    kv: &PatientKv<'_, H>,
    config: &Config,
    asked: &Purge,
) -> Result<(u64, u32), PurgeError> {
    let now = host.time().await;
    let done = modify(kv, keys::CACHE_CONTROL, None, |entry| {
        let mut control = entry.map_or_else(Control::default, Control::of);
        if budget::purges_left(config, &control, now) == 0 {
            return Change::Keep(None);
        }
        control.purge(now, asked.names());
        control.count(now, 1);
        let left = budget::purges_left(config, &control, now);
        Change::Put(control.encode(), Some((control.epoch, left)))
    });
    let done = done.await.map_err(PurgeError::Store)?;
    done.outcome
        .ok_or_else(|| PurgeError::NoWrites(now.rest_of_day_ms()))
}

fn check(config: &Config, asked: &Purge) -> Result<(), PurgeError> {
    let names = asked.keys.len() + asked.tags.len();
    if !asked.all && names == 0 {
        return Err(PurgeError::Empty);
    }
    if names > PURGE_NAMES_MAX {
        return Err(PurgeError::TooMany);
    }
    let (ids, tags) = known(config);
    if let Some(key) = asked.keys.iter().find(|key| !ids.contains(key.as_str())) {
        return Err(PurgeError::UnknownKey(key.clone()));
    }
    if let Some(tag) = asked.tags.iter().find(|tag| !tags.contains(tag.as_str())) {
        return Err(PurgeError::UnknownTag(tag.clone()));
    }
    Ok(())
}

/// The newest purge that touches `source`.
pub(crate) fn purged_upto(control: &Control, source: &Source) -> u64 {
    let tags = source.tags.iter().map(|tag| Name::Tag(tag));
    control.epoch_of_names(std::iter::once(Name::Key(&source.id)).chain(tags))
}
