//! Write-behind: values that may wait for a moment when writes are left.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::conditional::{Put, put_if_changed};
use crate::host::{Kv, KvError};

/// Values that wait at most; for one more there is no room, and whoever made it makes it again later.
pub const BEHIND_VALUES_MAX: usize = 256;

/// What became of a [`WriteBehind::flush`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flushed {
    /// Writes that the store was asked for, applied or not: what the ledger counts.
    pub writes: u32,
    /// Values that still wait.
    pub left: usize,
    /// Why the flush stopped before its allowance was used.
    pub stopped: Option<KvError>,
}

/// Values to be stored later, the newest for each key, in the order of their keys. It belongs to one run and is lost with
/// it: for what can be made again from what is stored.
#[derive(Debug, Default)]
pub struct WriteBehind {
    values: BTreeMap<String, Bytes>,
}

impl WriteBehind {
    /// Lets `value` wait, in place of an older one for the same key.
    ///
    /// # Errors
    /// Gives the value back where [`BEHIND_VALUES_MAX`] wait already.
    pub fn put(&mut self, key: &str, value: Bytes) -> Result<(), Bytes> {
        if self.values.len() >= BEHIND_VALUES_MAX && !self.values.contains_key(key) {
            return Err(value);
        }
        self.values.insert(key.to_owned(), value);
        Ok(())
    }

    /// How many values wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether none waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Stores what waits, with at most `allowance` writes, which the caller has counted before. What is stored already
    /// costs a read and no write. A value that conflicts is dropped: a newer one is there. At any other failure the rest
    /// waits.
    pub async fn flush<K: Kv>(&mut self, kv: &K, allowance: u32) -> Flushed {
        let mut writes = 0;
        let mut stopped = None;
        while writes < allowance {
            let Some((key, value)) = self.values.first_key_value() else {
                break;
            };
            let key = key.clone();
            match put_if_changed(kv, &key, value).await {
                Ok(Put::Unchanged(_)) => {}
                Ok(Put::Written(_)) | Err(KvError::Conflict) => writes += 1,
                Err(error) => {
                    writes += 1;
                    stopped = Some(error);
                    break;
                }
            }
            self.values.remove(&key);
        }
        Flushed {
            writes,
            left: self.values.len(),
            stopped,
        }
    }
}
