//! Finds pages and items in the stored slices: byte ranges, nothing parsed, nothing written.

pub(crate) mod archive;
mod counted;
mod cursor;
mod export;
mod filler;
mod item;
mod lines;
mod lost;
mod page;
mod taker;
#[cfg(test)]
mod tests;

pub use counted::COUNTED_VALUES_MAX;
pub use cursor::{Cursor, CursorError};
pub use export::Export;
pub use item::{ItemFragments, item, newest_of};
pub use lost::Arrival;
pub(crate) use lost::is_over;
pub use page::{Page, Query, page, page_of_the_rest};

use crate::host::{Kv, KvError};
use crate::slice::{Corrupt, Directory, Segment, SliceRef, keys};

/// Store reads of one page or item beside the head's own: a directory and a segment, or two segments. Of a page that is found by
/// counting, batches of them.
pub const READS_MAX: u32 = 2;

/// Why a page can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] KvError),
    /// A stored value can't be used.
    #[error(transparent)]
    Corrupt(#[from] Corrupt),
    /// A listed value is not there (yet: an eventually consistent store may show the head first).
    #[error("a listed value is missing: {0}")]
    Missing(String),
}

/// Opens the segment that `reference` names.
pub(crate) async fn segment<K: Kv>(kv: &K, reference: SliceRef) -> Result<Segment, ReadError> {
    let key = keys::segment(reference.name);
    let entry = kv.get(&key).await?.ok_or(ReadError::Missing(key))?;
    Ok(Segment::open(entry.value)?)
}

/// Opens the directory that `reference` names.
pub(crate) async fn directory<K: Kv>(kv: &K, reference: SliceRef) -> Result<Directory, ReadError> {
    let key = keys::directory(reference.name);
    let entry = kv.get(&key).await?.ok_or(ReadError::Missing(key))?;
    Ok(Directory::open(entry.value)?)
}

/// For folds: `None`, and a line for people, where a listed value is missing or corrupt.
///
/// # Errors
/// Where the store failed.
pub(crate) fn usable<T>(
    read: Result<T, ReadError>,
    notes: &mut Vec<String>,
) -> Result<Option<T>, ReadError> {
    match read {
        Ok(value) => Ok(Some(value)),
        Err(error @ ReadError::Store(_)) => Err(error),
        Err(error) => {
            notes.push(format!("passed over: {error}; a repair mends what is lost"));
            Ok(None)
        }
    }
}
