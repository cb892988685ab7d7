//! Conditional put: nothing is written where nothing changed.

use bytes::Bytes;

use super::swap::{Swapped, precondition, swap};
use crate::host::{Kv, KvError, Version};

/// What became of a [`put_if_changed`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Put {
    /// The value is stored already, at this version. Nothing was written.
    Unchanged(Version),
    /// Written, at this version.
    Written(Version),
}

/// Stores `value` unless it is what is stored already: one read, and one write where they differ. The write holds only
/// over what was read.
///
/// # Errors
/// [`KvError::Conflict`] where another writer came between with another value; else those of the store, as of
/// [`swap`].
pub async fn put_if_changed<K: Kv>(kv: &K, key: &str, value: &Bytes) -> Result<Put, KvError> {
    let stored = kv.get(key).await?;
    if let Some(stored) = stored.as_ref().filter(|stored| stored.value == *value) {
        return Ok(Put::Unchanged(stored.version.clone()));
    }
    match swap(kv, key, value, precondition(stored.as_ref())).await? {
        Swapped::Applied(version) => Ok(Put::Written(version)),
        Swapped::Conflict => match kv.get(key).await? {
            // The other writer wrote the same: that is what was asked for.
            Some(stored) if stored.value == *value => Ok(Put::Unchanged(stored.version)),
            _ => Err(KvError::Conflict),
        },
    }
}
