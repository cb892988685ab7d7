//! Sealed items of one view, and the directories that list segments. Both immutable and named by their content.

use std::collections::BTreeSet;

use bytes::Bytes;

use super::container::{Value, Writer};
use super::header::Kind;
use super::items::{self, Items, Row};
use super::refs::{SliceRef, decode_refs, encode_refs};
use super::{Corrupt, Position};
use crate::ordered::Inserted;

const STAMP: u16 = 16;
const REFS: u16 = 21;

/// What makes a sealed value's name its own: equal items in two views, or again later, are two values, so that one can be
/// deleted without a look at the others.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stamp<'a> {
    /// The view that it belongs to.
    pub(crate) view: &'a str,
    /// Of the head that names it first.
    pub(crate) generation: u64,
}

impl Stamp<'_> {
    /// Writes it into a value.
    pub(crate) fn write(self, writer: &mut Writer) {
        let pieces = vec![
            self.view.as_bytes().to_vec(),
            self.generation.to_le_bytes().to_vec(),
        ];
        writer.section(STAMP, pieces);
    }
}

/// The generation that a segment, directory or part of a run was made for: no later head names it that did not name it already.
/// Told of a damaged one too, which is to be deleted like any other that nothing names.
///
/// # Errors
/// Where `value` is none of them.
pub(crate) fn stamped_generation(value: &Bytes) -> Result<u64, Corrupt> {
    let value = Value::open_damaged(value.clone(), Kind::Segment)
        .or_else(|_| Value::open_damaged(value.clone(), Kind::Directory))
        .or_else(|_| Value::open_damaged(value.clone(), Kind::Run))?;
    let stamped = value.piece(STAMP, 1).first_chunk();
    stamped
        .map(|bytes| u64::from_le_bytes(*bytes))
        .ok_or(Corrupt("a sealed value without its stamp"))
}

/// Up to [`super::SEGMENT_ITEMS_MAX`] sealed items of one view, opened for reading.
#[derive(Debug, Clone)]
pub(crate) struct Segment {
    pub(crate) items: Items,
}

impl Segment {
    /// # Errors
    /// Where `value` is no segment of this format, or is damaged.
    pub(crate) fn open(value: Bytes) -> Result<Self, Corrupt> {
        let items = Items::open(Value::open(value, Kind::Segment)?)?;
        Ok(Self { items })
    }
}

/// Lays out `rows` (newest first, not empty) as a segment, and names it.
pub(crate) fn encode_segment(rows: &[&Row], stamp: Stamp<'_>) -> (SliceRef, Bytes) {
    let sources: BTreeSet<&String> = rows.iter().map(|row| &row.source).inserted();
    let sources: Vec<String> = sources.into_iter().cloned().collect();
    let mut writer = Writer::default();
    items::write(&mut writer, rows, &sources, None);
    stamp.write(&mut writer);
    let bytes = writer.finish(Kind::Segment, None);
    let reference = SliceRef {
        name: super::header::stored_hash(&bytes),
        newest: rows.first().map_or(Position::MIN, |row| row.position),
        oldest: rows.last().map_or(Position::MIN, |row| row.position),
        items: u32::try_from(rows.len()).unwrap_or(u32::MAX),
        segments: 1,
        json_bytes: rows.iter().map(|row| with_comma(&row.json)).sum(),
    };
    (reference, bytes)
}

/// A value is far below what this can count ([`super::VALUE_BYTES_MAX`]).
fn with_comma(json: &str) -> u32 {
    u32::try_from(json.len() + 1).unwrap_or(u32::MAX)
}

/// A list of segments of one view, newest first.
#[derive(Debug, Clone)]
pub(crate) struct Directory {
    value: Value,
}

impl Directory {
    /// # Errors
    /// Where `value` is no directory of this format, or is damaged.
    pub(crate) fn open(value: Bytes) -> Result<Self, Corrupt> {
        Ok(Self {
            value: Value::open(value, Kind::Directory)?,
        })
    }

    /// Its segments, newest first.
    pub(crate) fn segments(&self) -> impl DoubleEndedIterator<Item = SliceRef> + '_ {
        decode_refs(self.value.piece(REFS, 0))
    }
}

/// Lays out `segments` (newest first, not empty) as a directory, and names it.
pub(crate) fn encode_directory(segments: &[SliceRef], stamp: Stamp<'_>) -> (SliceRef, Bytes) {
    let mut writer = Writer::default();
    stamp.write(&mut writer);
    writer.section(REFS, vec![encode_refs(segments)]);
    let bytes = writer.finish(Kind::Directory, None);
    let reference = SliceRef {
        name: super::header::stored_hash(&bytes),
        newest: segments
            .first()
            .map_or(Position::MIN, |segment| segment.newest),
        oldest: segments
            .last()
            .map_or(Position::MIN, |segment| segment.oldest),
        items: segments.iter().map(|segment| segment.items).sum(),
        segments: u32::try_from(segments.len()).unwrap_or(u32::MAX),
        json_bytes: segments.iter().map(|segment| segment.json_bytes).sum(),
    };
    (reference, bytes)
}
