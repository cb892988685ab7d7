//! Sections of byte strings: the layout under every kind of value.
//!
//! ```text
//! 32  4  number of sections
//! 36 12  for each, ids ascending: id u16, 0 u16, number of pieces u32, where its offset table is u32
//!     …  offset tables: pieces + 1 offsets u32 each, from the value's start, ascending
//!     …  the pieces
//! ```
//! The pieces of one section lie one after another, so that a run of them is one range. [`Value::open`] checks the hash and
//! every offset once; after that a read is a [`Bytes::slice`].

use std::cmp::Ordering;
use std::collections::BTreeMap;

use bytes::Bytes;
use xxhash_rust::xxh3::Xxh3;

use super::header::{self, BODY_AT, Kind};
use super::{Corrupt, SECTIONS_MAX, verified};
use crate::time::Timestamp;

const TABLE_AT: usize = BODY_AT + 4;
const ENTRY_BYTES: usize = 12;

/// An opened value: its content fits its hash, and every offset in it has been checked. There is no other way to what a value
/// holds, so nothing is served or folded whose hash does not fit.
#[derive(Debug, Clone)]
pub(crate) struct Value {
    bytes: Bytes,
    sections: usize,
}

/// Where a section's offset table is.
#[derive(Clone, Copy)]
struct Table {
    at: usize,
    pieces: usize,
}

impl Value {
    /// Checks header, hash, section table and all offsets.
    pub(crate) fn open(bytes: Bytes, kind: Kind) -> Result<Self, Corrupt> {
        header::check(&bytes, kind)?;
        verified::verify(&bytes)?;
        Self::lay_open(bytes)
    }

    /// As [`Value::open`], without the hash: for what is only to be deleted.
    pub(super) fn open_damaged(bytes: Bytes, kind: Kind) -> Result<Self, Corrupt> {
        header::check(&bytes, kind)?;
        Self::lay_open(bytes)
    }

    fn lay_open(bytes: Bytes) -> Result<Self, Corrupt> {
        let sections = u32_at(&bytes, BODY_AT).ok_or(Corrupt("no section table"))?;
        if sections > SECTIONS_MAX {
            return Err(Corrupt("too many sections"));
        }
        let value = Self { bytes, sections };
        let mut last = None;
        for index in 0..sections {
            let (id, table) = value
                .entry(index)
                .ok_or(Corrupt("section table cut short"))?;
            if last.is_some_and(|last| last >= id) {
                return Err(Corrupt("sections out of order"));
            }
            last = Some(id);
            value.check_offsets(table)?;
        }
        Ok(value)
    }

    fn check_offsets(&self, table: Table) -> Result<(), Corrupt> {
        let bytes = table
            .pieces
            .checked_add(1)
            .and_then(|count| count.checked_mul(4));
        let offsets = bytes
            .and_then(|bytes| self.bytes.get(table.at..table.at.checked_add(bytes)?))
            .ok_or(Corrupt("offset table cut short"))?;
        let mut before = 0;
        for offset in offsets.chunks_exact(4) {
            let offset = u32_at(offset, 0).unwrap_or(usize::MAX);
            if offset < before || offset > self.bytes.len() {
                return Err(Corrupt("offsets out of order"));
            }
            before = offset;
        }
        Ok(())
    }

    fn entry(&self, index: usize) -> Option<(u16, Table)> {
        let at = TABLE_AT + index * ENTRY_BYTES;
        let entry = self.bytes.get(at..at + ENTRY_BYTES)?;
        let id = u16::from_le_bytes(*entry.first_chunk()?);
        Some((
            id,
            Table {
                pieces: u32_at(entry, 4)?,
                at: u32_at(entry, 8)?,
            },
        ))
    }

    /// Ids ascend, so halving finds one: a page asks some hundred times.
    fn table(&self, section: u16) -> Option<Table> {
        let (mut from, mut to) = (0, self.sections);
        while from < to {
            let middle = usize::midpoint(from, to);
            let (id, table) = self.entry(middle)?;
            match id.cmp(&section) {
                Ordering::Less => from = middle + 1,
                Ordering::Greater => to = middle,
                Ordering::Equal => return Some(table),
            }
        }
        None
    }

    /// How many pieces `section` has; 0 where there is none.
    pub(crate) fn pieces(&self, section: u16) -> usize {
        self.table(section).map_or(0, |table| table.pieces)
    }

    /// The pieces `from..to` of `section`, in one range without copying. Empty where there are none.
    pub(crate) fn range(&self, section: u16, from: usize, to: usize) -> Bytes {
        self.bounds(section, from, to)
            .map_or_else(Bytes::new, |(start, end)| self.bytes.slice(start..end))
    }

    /// Where the pieces `from..to` of `section` begin, from the value's start.
    pub(super) fn start_of(&self, section: u16, from: usize, to: usize) -> Option<usize> {
        self.bounds(section, from, to).map(|(start, _)| start)
    }

    /// Where `range` begins, from the value's start; `None` where it is no range of this value, but other memory.
    pub(super) fn offset_of(&self, range: &Bytes) -> Option<usize> {
        let at = range
            .as_ptr()
            .addr()
            .checked_sub(self.bytes.as_ptr().addr())?;
        (at + range.len() <= self.bytes.len()).then_some(at)
    }

    /// One piece, borrowed. Empty where there is none.
    pub(crate) fn piece(&self, section: u16, index: usize) -> &[u8] {
        self.bounds(section, index, index.saturating_add(1))
            .and_then(|(start, end)| self.bytes.get(start..end))
            .unwrap_or_default()
    }

    /// One piece as text. Empty where there is none or it is no UTF-8.
    pub(crate) fn text(&self, section: u16, index: usize) -> &str {
        std::str::from_utf8(self.piece(section, index)).unwrap_or_default()
    }

    fn bounds(&self, section: u16, from: usize, to: usize) -> Option<(usize, usize)> {
        let table = self.table(section)?;
        if from > to || to > table.pieces {
            return None;
        }
        let start = u32_at(&self.bytes, table.at + from * 4)?;
        let end = u32_at(&self.bytes, table.at + to * 4)?;
        (start <= end && end <= self.bytes.len()).then_some((start, end))
    }

    /// Hash of the whole content, as stored.
    pub(crate) fn content_hash(&self) -> u128 {
        header::stored_hash(&self.bytes)
    }

    /// When it expires, if ever.
    pub(crate) fn expiry(&self) -> Option<Timestamp> {
        header::expiry(&self.bytes)
    }

    /// The whole value.
    pub(crate) fn bytes(&self) -> &Bytes {
        &self.bytes
    }
}

fn u32_at(bytes: &[u8], at: usize) -> Option<usize> {
    let four = bytes.get(at..at.checked_add(4)?)?;
    usize::try_from(u32::from_le_bytes(*four.first_chunk()?)).ok()
}

/// Lays sections out. Equal input gives equal bytes.
#[derive(Default)]
pub(crate) struct Writer {
    sections: BTreeMap<u16, Vec<Vec<u8>>>,
}

impl Writer {
    /// Adds `section` with `pieces`; one of the same id is replaced.
    pub(crate) fn section(&mut self, section: u16, pieces: Vec<Vec<u8>>) {
        self.sections.insert(section, pieces);
    }

    /// Hash of the sections that were added so far.
    pub(crate) fn hash(&self) -> u128 {
        let mut hash = Xxh3::new();
        for (id, pieces) in &self.sections {
            hash.update(&id.to_le_bytes());
            hash.update(&(pieces.len() as u64).to_le_bytes());
            for piece in pieces {
                hash.update(&(piece.len() as u64).to_le_bytes());
                hash.update(piece);
            }
        }
        hash.digest128()
    }

    /// The value. Longer than `u32` can address is impossible for values under [`super::VALUE_BYTES_MAX`], which the
    /// publish checks; such a value would be refused by [`Value::open`].
    pub(crate) fn finish(self, kind: Kind, expires: Option<Timestamp>) -> Bytes {
        let tables: usize = self
            .sections
            .values()
            .map(|pieces| (pieces.len() + 1) * 4)
            .sum();
        let data: usize = self.sections.values().flatten().map(Vec::len).sum();
        let tables_at = TABLE_AT + self.sections.len() * ENTRY_BYTES;
        let mut out = Vec::with_capacity(tables_at + tables + data);
        out.resize(BODY_AT, 0);
        out.extend_from_slice(&to_u32(self.sections.len()));
        let mut table_at = tables_at;
        for (id, pieces) in &self.sections {
            out.extend_from_slice(&id.to_le_bytes());
            out.extend_from_slice(&[0, 0]);
            out.extend_from_slice(&to_u32(pieces.len()));
            out.extend_from_slice(&to_u32(table_at));
            table_at += (pieces.len() + 1) * 4;
        }
        let mut offset = tables_at + tables;
        for pieces in self.sections.values() {
            out.extend_from_slice(&to_u32(offset));
            for piece in pieces {
                offset += piece.len();
                out.extend_from_slice(&to_u32(offset));
            }
        }
        for piece in self.sections.values().flatten() {
            out.extend_from_slice(piece);
        }
        header::seal(&mut out, kind, expires);
        out.into()
    }
}

fn to_u32(number: usize) -> [u8; 4] {
    u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes()
}
