//! The stored values: laid out so that a request serves byte ranges and parses nothing.

use bytes::Bytes;

use crate::time::Timestamp;

/// A stored value that can't be used: wrong magic, version, length or hash. Reported, never served.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("corrupt stored value: {0}")]
pub struct Corrupt(pub &'static str);

/// The pre-rendered parts of a page that are not items. Made by [`crate::page::sections`] at publish time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u16)]
pub enum Section {
    /// HTML from `<!doctype html>` to where the list of items begins, in the pieces that [`crate::page`] cuts it into.
    PageTop = 1,
    /// HTML after the list of items.
    PageBottom = 2,
    /// The array of `GET /api/sources`.
    SourcesJson = 3,
    /// The array of views with their counts, as JSON.
    ViewsJson = 4,
}

/// The root of everything published, opened for reading. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Head {
    value: Bytes,
}

#[allow(
    clippy::missing_const_for_fn,
    clippy::unused_self,
    unused_variables,
    missing_docs,
    reason = "stub"
)]
impl Head {
    /// # Errors
    /// Where `value` is no head of this format.
    pub fn open(value: Bytes) -> Result<Self, Corrupt> {
        Ok(Self { value })
    }
    /// Grows by one with each publish.
    pub fn generation(&self) -> u64 {
        0
    }
    /// When this head was published.
    pub fn updated(&self) -> Timestamp {
        Timestamp(0)
    }
    /// Hash of everything in this head: the base of every ETag.
    pub fn content_hash(&self) -> u128 {
        0
    }
    /// The pieces of a section, in order.
    pub fn section(&self, section: Section) -> Vec<Bytes> {
        Vec::new()
    }
}
