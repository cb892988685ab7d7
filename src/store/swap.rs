//! One write, and what to think of it when its answer is lost.

use bytes::Bytes;

use crate::host::{Entry, Kv, KvError, Precondition, Version};

/// What became of a [`swap`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Swapped {
    /// The value is stored, at this version.
    Applied(Version),
    /// Another writer was first. Nothing was written.
    Conflict,
}

/// What makes a write hold only over `read`: the key as it was read, or its absence.
#[must_use]
pub fn precondition(read: Option<&Entry>) -> Precondition {
    read.map_or(Precondition::Absent, |entry| {
        Precondition::Version(entry.version.clone())
    })
}

/// Compare-and-swap: stores `value` if `when` holds. Where the answer is lost the key is read once: our bytes there mean
/// applied, another version means conflict. Two writers with the same bytes can't be told apart: put a number of the
/// writer's own into the value where that matters.
///
/// # Errors
/// Those of the store. [`KvError::Ambiguous`] where even reading shows what was there before: the write was lost, or is
/// still on its way. Trying again is safe as long as `when` compares.
pub async fn swap<K: Kv>(
    kv: &K,
    key: &str,
    value: &Bytes,
    when: Precondition,
) -> Result<Swapped, KvError> {
    match kv.put(key, value.clone(), when.clone(), None).await {
        Ok(version) => Ok(Swapped::Applied(version)),
        Err(KvError::Conflict) => Ok(Swapped::Conflict),
        Err(KvError::Ambiguous(why)) => settle(kv, key, value, &when, why).await,
        Err(error) => Err(error),
    }
}

async fn settle<K: Kv>(
    kv: &K,
    key: &str,
    ours: &Bytes,
    when: &Precondition,
    why: String,
) -> Result<Swapped, KvError> {
    let stored = kv.get(key).await?;
    if let Some(stored) = &stored
        && stored.value == *ours
    {
        return Ok(Swapped::Applied(stored.version.clone()));
    }
    if *when == Precondition::None || precondition(stored.as_ref()) == *when {
        return Err(KvError::Ambiguous(why));
    }
    Ok(Swapped::Conflict)
}

/// Write-through: when this returns, `value` is stored under `key`, whatever was there. For values named by their content,
/// which every writer writes alike. Where the answer is lost the key is read, and written once more where the value is
/// not there.
///
/// # Errors
/// Those of the store; after [`KvError::Ambiguous`] the value may be stored.
pub async fn write_through<K: Kv>(kv: &K, key: &str, value: &Bytes) -> Result<Version, KvError> {
    match swap(kv, key, value, Precondition::None).await {
        Ok(Swapped::Applied(version)) => Ok(version),
        // Without a precondition there is nothing to conflict with.
        Ok(Swapped::Conflict) => Err(KvError::Conflict),
        Err(KvError::Ambiguous(_)) => kv.put(key, value.clone(), Precondition::None, None).await,
        Err(error) => Err(error),
    }
}
