//! Read-modify-write with bounded retry.

use bytes::Bytes;

use super::swap::{Swapped, precondition, swap};
use crate::host::{Entry, Kv, KvError, Version};

/// How often a [`modify`] tries at most. With more writers than that at once on one key, the key is the wrong one.
pub const MODIFY_ATTEMPTS_MAX: usize = 4;

/// What a change makes of the value that is stored.
#[derive(Debug)]
pub enum Change<T> {
    /// Nothing is to be written.
    Keep(T),
    /// This is to be stored.
    Put(Bytes, T),
}

/// What became of a [`modify`].
#[derive(Debug)]
pub struct Modified<T> {
    /// What the change said when it was last asked.
    pub outcome: T,
    /// The version written, or `None` where the change kept what is stored.
    pub written: Option<Version>,
}

/// Reads `key`, has `change` make a new value of it, and stores that by compare-and-swap; after a conflict begins again
/// with what is stored then, [`MODIFY_ATTEMPTS_MAX`] times in all. `read` saves the first read where the caller has just
/// read the key.
///
/// `change` is asked again for each attempt. It may find its own change there already, where the answer to the attempt
/// before was lost and the store showed it late: let it be harmless twice, or recognise itself.
///
/// # Errors
/// [`KvError::Conflict`] or [`KvError::Ambiguous`] where that was the end of the last attempt; any other of the store's
/// at once.
pub async fn modify<K: Kv, T>(
    kv: &K,
    key: &str,
    read: Option<Option<Entry>>,
    mut change: impl FnMut(Option<&Entry>) -> Change<T>,
) -> Result<Modified<T>, KvError> {
    let mut known = read;
    let mut last = KvError::Conflict;
    for _ in 0..MODIFY_ATTEMPTS_MAX {
        let stored = match known.take() {
            Some(read) => read,
            None => kv.get(key).await?,
        };
        let (value, outcome) = match change(stored.as_ref()) {
            Change::Keep(outcome) => {
                return Ok(Modified {
                    outcome,
                    written: None,
                });
            }
            Change::Put(value, outcome) => (value, outcome),
        };
        match swap(kv, key, &value, precondition(stored.as_ref())).await {
            Ok(Swapped::Applied(version)) => {
                return Ok(Modified {
                    outcome,
                    written: Some(version),
                });
            }
            Ok(Swapped::Conflict) => last = KvError::Conflict,
            Err(error @ KvError::Ambiguous(_)) => last = error,
            Err(error) => return Err(error),
        }
    }
    Err(last)
}
