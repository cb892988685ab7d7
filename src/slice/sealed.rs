//! What tells that a value is whole; of a sealed one its key too, which says its kind and its hash.
//!
//! So whoever holds a sealed value knows without a store that it is the right one, and that it will be: no other value ever has
//! that key ([`super::segment::Stamp`]).

use bytes::Bytes;

use super::header::{self, Kind};
use super::{keys, verified};

/// Whether a value at `key` never changes.
pub(crate) fn is_sealed(key: &str) -> bool {
    kind(key).is_some()
}

/// Whether `value` is the one that `key` was made for, whole. Hashes it, once for each place in memory.
pub(crate) fn is_named_by(value: &Bytes, key: &str) -> bool {
    kind(key).is_some_and(|kind| header::check(value, kind).is_ok())
        && keys::name_of(key) == Some(header::stored_hash(value))
        && verified::verify(value).is_ok()
}

/// Whether `value` is a stored value that fits its hash, whatever its kind. Hashes it, once for each place in memory.
pub(crate) fn is_whole(value: &Bytes) -> bool {
    verified::verify(value).is_ok()
}

fn kind(key: &str) -> Option<Kind> {
    let kinds = [
        (keys::SEGMENTS, Kind::Segment),
        (keys::DIRECTORIES, Kind::Directory),
        (keys::RUNS, Kind::Run),
    ];
    let kind = kinds
        .into_iter()
        .find(|(prefix, _)| key.starts_with(prefix));
    kind.map(|(_, kind)| kind)
}
