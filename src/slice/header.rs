//! The first bytes of every stored value.
//!
//! ```text
//!  0  4  magic "EFLD"
//!  4  1  format version
//!  5  1  kind
//!  6  2  flags (0)
//!  8  8  expiry, unix seconds, 0 = never
//! 16 16  xxh3-128 of everything that follows
//! ```
//! All numbers are little-endian. What a value holds is read only where the hash fits. Flags and expiry are not under it:
//! only a cached answer has an expiry.

use xxhash_rust::xxh3::xxh3_128;

use super::Corrupt;
use crate::host::Version;
use crate::time::Timestamp;

/// Version of the stored format, raised whenever the layout of a stored value changes. It is part of every key, so a build
/// does not see what another format has stored: it begins with the sources, and leaves the old values alone.
pub const FORMAT_VERSION: u8 = 2;
/// The header, in bytes.
pub const HEADER_BYTES: usize = 16;
/// Where the sections begin: after header and hash.
pub(super) const BODY_AT: usize = HEADER_BYTES + 16;
const MAGIC: [u8; 4] = *b"EFLD";

/// What a stored value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// The newest items, and the root.
    Head = 1,
    /// Sealed items of one view.
    Segment = 2,
    /// A list of segments.
    Directory = 3,
    /// What only the refresh needs.
    State = 4,
    /// Engagement counts.
    Snapshot = 5,
    /// A part of the search index.
    Run = 6,
    /// An upstream's answer, passed on whole.
    Cached = 16,
    /// Claims, purges and writes of cached answers.
    CacheControl = 17,
}

/// Writes header and hash in front of `value`, whose first [`BODY_AT`] bytes are reserved for it.
pub(super) fn seal(value: &mut [u8], kind: Kind, expires: Option<Timestamp>) {
    let expiry = expires.map_or(0, |at| u64::try_from(at.as_secs()).unwrap_or(0));
    let Some((front, body)) = value.split_at_mut_checked(BODY_AT) else {
        return;
    };
    let mut header = [0; BODY_AT];
    header[..4].copy_from_slice(&MAGIC);
    header[4] = FORMAT_VERSION;
    header[5] = kind as u8;
    header[8..16].copy_from_slice(&expiry.to_le_bytes());
    header[16..].copy_from_slice(&xxh3_128(body).to_le_bytes());
    front.copy_from_slice(&header);
}

/// Gives `value` the hash that fits, so that a test gets to what stands behind it. Does nothing to what is shorter than its header.
#[cfg(feature = "testing")]
pub fn fit_hash(value: &mut [u8]) {
    if let Some((front, body)) = value.split_at_mut_checked(BODY_AT) {
        front[HEADER_BYTES..].copy_from_slice(&xxh3_128(body).to_le_bytes());
    }
}

/// Checks magic, version and kind, not the hash: see [`verify`].
pub(super) fn check(value: &[u8], kind: Kind) -> Result<(), Corrupt> {
    let header = value
        .first_chunk::<BODY_AT>()
        .ok_or(Corrupt("shorter than its header"))?;
    if header[..4] != MAGIC {
        return Err(Corrupt("not a value of edgefold"));
    }
    if header[4] != FORMAT_VERSION {
        return Err(Corrupt::OF_ANOTHER_VERSION);
    }
    if header[5] != kind as u8 {
        return Err(Corrupt("another kind of value"));
    }
    Ok(())
}

/// The hash as stored, 0 where there is none.
pub(crate) fn stored_hash(value: &[u8]) -> u128 {
    let hash = value
        .get(HEADER_BYTES..BODY_AT)
        .and_then(|bytes| bytes.first_chunk());
    hash.map_or(0, |bytes| u128::from_le_bytes(*bytes))
}

/// A version for stores that give none: made of what a stored value says of itself in its header, so that it takes no pass over it,
/// and of all of anything else. A damaged value may have the version of what it was, so it is no proof of being whole.
#[must_use]
pub fn content_version(value: &[u8]) -> Version {
    let stated = value
        .first_chunk::<BODY_AT>()
        .filter(|header| header[..4] == MAGIC);
    Version(match stated {
        Some([_, _, _, _, _, _, _, _, expiry_and_hash @ ..]) => expiry_and_hash
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect(),
        None => format!("{:032x}", xxh3_128(value)),
    })
}

/// When the value expires, if ever.
pub(super) fn expiry(value: &[u8]) -> Option<Timestamp> {
    let secs = u64::from_le_bytes(*value.get(8..16)?.first_chunk()?);
    (secs != 0).then(|| Timestamp::from_secs(i64::try_from(secs).unwrap_or(i64::MAX)))
}

/// Whether the hash is right. A pass over the value: done once where it is opened (see `verified.rs`), whoever opens it.
pub(super) fn verify(value: &[u8]) -> Result<(), Corrupt> {
    let body = value
        .get(BODY_AT..)
        .ok_or(Corrupt("shorter than its header"))?;
    if xxh3_128(body) == stored_hash(value) {
        Ok(())
    } else {
        Err(Corrupt("the hash does not fit"))
    }
}
