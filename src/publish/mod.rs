//! Makes a new head visible: segments first, then the root by compare-and-swap.
//!
//! The order is what keeps readers safe: a head is written only after everything that it names. The state is written before
//! all of it where there is something to seal, because it counts the writes; until the head is visible, the state's word
//! about it does not count.

mod amend;
mod changed;
mod counting;
mod index;
mod layer;
mod mend;
mod retain;
mod seal;
mod values;

use bytes::Bytes;
use futures_util::stream::{self, StreamExt};

pub(crate) use changed::{SITE, changed};
pub(crate) use counting::CountingKv;
pub(crate) use index::{Portion, amend_index, grow_index, is_behind};
#[cfg(test)]
pub(crate) use index::{UNINDEXED_ITEMS_MAX, WAITING_ITEMS_MAX};
pub(crate) use mend::{Mended, Mending};
pub use mend::{NoPlace, Place};
pub(crate) use seal::{Seal, Sealing, keep, seal};
pub(crate) use values::Values;

use crate::host::{KV_CONCURRENCY, Kv, KvError, Precondition, Version};
use crate::slice::{Head, keys};
use crate::store::{Swapped, swap};

/// What became of a publish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Published {
    /// Every reader sees it.
    Visible,
    /// Another run was first. Nothing refers to what was written.
    Conflict,
}

/// Writes the content-named values. No more of them are held than are under way.
///
/// # Errors
/// Where the store fails, or an answer was lost and the value is not there: it is not written once more, because only one
/// write was counted.
pub(crate) async fn write_values<K: Kv>(kv: &K, values: &Values) -> Result<(), KvError> {
    let puts = values
        .iter()
        .map(async |(key, value)| put_named(kv, key, &value()).await);
    let done: Vec<Result<(), KvError>> =
        stream::iter(puts).buffered(KV_CONCURRENCY).collect().await;
    done.into_iter().collect()
}

async fn put_named<K: Kv>(kv: &K, key: &str, value: &Bytes) -> Result<(), KvError> {
    match swap(kv, key, value, Precondition::None).await? {
        Swapped::Applied(_) => Ok(()),
        // Without a precondition there is nothing to conflict with.
        Swapped::Conflict => Err(KvError::Conflict),
    }
}

/// Swaps the head against the `version` that the run began with. Everything that it names is stored.
///
/// # Errors
/// Where the store fails, or it can't be told whether the head was swapped: the next run finds out.
pub(crate) async fn swap_head<K: Kv>(
    kv: &K,
    head: &Bytes,
    version: Option<Version>,
) -> Result<Published, KvError> {
    let when = version.map_or(Precondition::Absent, Precondition::Version);
    match kv.put(keys::HEAD, head.clone(), when, None).await {
        Ok(_) => Ok(Published::Visible),
        Err(KvError::Conflict) => Ok(Published::Conflict),
        Err(KvError::Ambiguous(why)) => reread(kv, head, why).await,
        Err(error) => Err(error),
    }
}

/// The answer to the swap was lost: what is stored now tells.
async fn reread<K: Kv>(kv: &K, ours: &Bytes, why: String) -> Result<Published, KvError> {
    let stored = kv
        .get(keys::HEAD)
        .await?
        .and_then(|entry| Head::open(entry.value).ok());
    let (Some(stored), Ok(ours)) = (stored, Head::open(ours.clone())) else {
        return Err(KvError::Ambiguous(why));
    };
    if stored.generation() == ours.generation() && stored.content_hash() == ours.content_hash() {
        return Ok(Published::Visible);
    }
    if stored.generation() >= ours.generation() {
        return Ok(Published::Conflict);
    }
    Err(KvError::Ambiguous(why))
}
