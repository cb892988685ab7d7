//! The stored values: laid out so that a request serves byte ranges and parses nothing.
//!
//! Every value is a header and hash ([`header`](FORMAT_VERSION)), then sections of byte strings with offset tables. A
//! [`Head`] and the segments hold items as columns (place, source, hashes) and as fragments (JSON, HTML), newest first, so
//! that a page is a few ranges of the value.
//!
//! Opening checks magic, version, hash and every length and offset: nothing is served whose hash does not fit, and no bytes can
//! make a reader panic. A value that an instance keeps is hashed once (`verified.rs`).

pub mod activity;
mod backup;
mod container;
mod first_named;
mod head;
mod header;
mod items;
pub mod keys;
mod limits;
mod parts;
mod position;
mod refs;
mod sealed;
mod segment;
mod snapshot;
#[cfg(test)]
mod tests;
mod twins;
mod verified;

pub use activity::{Activity, Publish, Strip};
pub use first_named::FirstNamed;
pub use head::Head;
#[cfg(feature = "testing")]
pub use header::fit_hash;
pub use header::{FORMAT_VERSION, HEADER_BYTES, Kind, content_version};
pub use items::Row;
pub use limits::*;
pub use parts::{Check, HeadParts, Ledger, Lineage, Usage, ViewParts};
pub use position::{ID_CHARS, Position};
pub use refs::SliceRef;
pub use snapshot::{Snapshot, encode_snapshot};

pub(crate) use container::{Value, Writer};
pub(crate) use first_named::ARRIVAL_MS_MAX;
pub(crate) use header::stored_hash;
pub(crate) use items::Items;
pub(crate) use sealed::{is_named_by, is_sealed, is_whole};
pub(crate) use segment::{
    Directory, Segment, Stamp, encode_directory, encode_segment, stamped_generation,
};

/// A stored value that can't be used: wrong magic, version, length or hash. Reported, never served.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("corrupt stored value: {0}")]
pub struct Corrupt(pub &'static str);

impl Corrupt {
    /// No damage: whole, as far as can be told, to a build that knows the format.
    pub const OF_ANOTHER_VERSION: Self =
        Self("stored by another version of edgefold, in another format");
}

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
    /// What `category=` and `source=` may name: see [`crate::page::Selections`].
    Selections = 5,
    /// HTML about each source, in the configuration's order; none where there are very many.
    SourceCards = 6,
    /// How answers may be kept: [`crate::config::Cache::to_bytes`].
    CachePolicies = 7,
    /// What the first page is made of, deflated: see `twins.rs`.
    Twins = 8,
    /// What the site calls itself: see [`crate::page::SiteWords`].
    Site = 9,
}
