//! One stored value of a run: a range of its terms, a range of its records, or, in a small run, both.
//!
//! Terms are sorted and front-coded in blocks of [`BLOCK_TERMS`]: of each, how many bytes it shares with the one before, the rest
//! of it, and how many bytes its postings take. A block's first term shares nothing, so that halving finds a term.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::postings::Postings;
use super::records::{Record, Unpack, record_of};
use super::run::NO_RECORD;
use super::times::Times;
use super::varint;
use crate::slice::{Corrupt, Kind, Stamp, Value, Writer};

/// Terms from one place to begin to the next.
pub(super) const BLOCK_TERMS: usize = 16;

/// The layout of terms, times and records. A run of another one is made anew by a publish; until then it is not searched.
const LAYOUT: u32 = 2;

const META: u16 = 1;
const TIMES: u16 = 2;
const BLOCKS: u16 = 3;
const TERMS: u16 = 4;
const POSTINGS: u16 = 5;
const STARTS: u16 = 6;
const RECORDS: u16 = 7;
const HASHES: u16 = 8;

/// Where a block of terms and its postings begin, in bytes.
const BLOCK_BYTES: usize = 4 + 4;

/// The parts of a value to be written. Either side may be empty.
#[derive(Debug, Default)]
pub(super) struct ShardParts {
    /// Of the whole run.
    pub(super) documents: usize,
    pub(super) times: Vec<Vec<u8>>,
    pub(super) blocks: Vec<u8>,
    pub(super) terms: Vec<u8>,
    pub(super) postings: Vec<u8>,
    /// The number of the first document of each block of records.
    pub(super) starts: Vec<u8>,
    pub(super) records: Vec<Vec<u8>>,
    /// [`crate::slice::Position::hash`] of each document of these blocks: it could not be compressed.
    pub(super) hashes: Vec<u8>,
}

impl ShardParts {
    pub(super) fn encode(self, generation: u64) -> Bytes {
        let mut writer = Writer::default();
        let documents = u32::try_from(self.documents).unwrap_or(u32::MAX);
        let meta = [documents.to_le_bytes(), LAYOUT.to_le_bytes()].concat();
        writer.section(META, vec![meta]);
        if !self.terms.is_empty() {
            writer.section(TIMES, self.times);
            writer.section(BLOCKS, vec![self.blocks]);
            writer.section(TERMS, vec![self.terms]);
            writer.section(POSTINGS, vec![self.postings]);
        }
        if !self.records.is_empty() {
            writer.section(STARTS, vec![self.starts]);
            writer.section(RECORDS, self.records);
            writer.section(HASHES, vec![self.hashes]);
        }
        let stamp = Stamp {
            view: crate::fold::ALL,
            generation,
        };
        stamp.write(&mut writer);
        writer.finish(Kind::Run, None)
    }
}

/// A value of a run, opened for reading.
#[derive(Debug, Clone)]
pub(super) struct Shard {
    value: Value,
    documents: usize,
}

impl Shard {
    /// # Errors
    /// Where `value` is no part of a run of this format, or is damaged.
    pub(super) fn open(value: Bytes) -> Result<Self, Corrupt> {
        let value = Value::open(value, Kind::Run)?;
        let (numbers, _) = value.piece(META, 0).as_chunks();
        let [documents, layout] = numbers else {
            return Err(Corrupt("a run of another layout"));
        };
        if u32::from_le_bytes(*layout) != LAYOUT {
            return Err(Corrupt("a run of another layout"));
        }
        let documents = u32::from_le_bytes(*documents) as usize;
        if documents > super::RUN_DOCUMENTS_MAX {
            return Err(Corrupt("a run of too many documents"));
        }
        if value.piece(STARTS, 0).len() != value.pieces(RECORDS) * 4 {
            return Err(Corrupt("not as many records as their numbers"));
        }
        Ok(Self { value, documents })
    }

    pub(super) fn times(&self) -> Result<Times<'_>, Corrupt> {
        let (table, all) = (self.value.piece(TIMES, 0), self.value.piece(TIMES, 1));
        Times::open(self.documents, table, all)
    }

    fn block(&self, index: usize) -> Option<(usize, usize)> {
        let (cells, _) = self.value.piece(BLOCKS, 0).as_chunks::<BLOCK_BYTES>();
        let [a, b, c, d, rest @ ..] = cells.get(index)?;
        let terms = u32::from_le_bytes([*a, *b, *c, *d]);
        Some((terms as usize, u32::from_le_bytes(*rest) as usize))
    }

    fn first_of(&self, block: usize) -> &[u8] {
        let at = self.block(block).map_or(usize::MAX, |(terms, _)| terms);
        let mut bytes = self.value.piece(TERMS, 0).get(at..).unwrap_or_default();
        let _ = varint::take(&mut bytes);
        varint::take_bytes(&mut bytes).unwrap_or_default()
    }

    /// The terms from `from` on.
    pub(super) fn terms_from(&self, from: &[u8]) -> Terms<'_> {
        let blocks = self.value.piece(BLOCKS, 0).len() / BLOCK_BYTES;
        let (mut low, mut high) = (0, blocks);
        while low < high {
            let middle = usize::midpoint(low, high);
            if self.first_of(middle) < from {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        let (terms, postings) = self.block(low.saturating_sub(1)).unwrap_or((0, 0));
        let mut all = Terms {
            terms: self.value.piece(TERMS, 0).get(terms..).unwrap_or_default(),
            postings: self
                .value
                .piece(POSTINGS, 0)
                .get(postings..)
                .unwrap_or_default(),
            term: Vec::new(),
            list: &[],
        };
        all.skip_to(from);
        all
    }

    /// The number of the first document of block `index`; beyond the last one a number that no document has.
    fn start(&self, index: usize) -> usize {
        let (cells, _) = self.value.piece(STARTS, 0).as_chunks::<4>();
        cells
            .get(index)
            .map_or(usize::MAX, |cell| u32::from_le_bytes(*cell) as usize)
    }

    /// [`crate::slice::Position::hash`] of document `number`.
    pub(super) fn hash(&self, number: usize) -> Result<u64, Corrupt> {
        let hashes = self.hashes();
        let at = number.checked_sub(self.start(0));
        let hash = at.and_then(|at| hashes.get(at));
        hash.map(|hash| u64::from_le_bytes(*hash)).ok_or(NO_RECORD)
    }

    /// Of all documents whose records are here.
    pub(super) fn hashes(&self) -> &[[u8; 8]] {
        self.value.piece(HASHES, 0).as_chunks().0
    }

    /// Blocks of records, and the number of the first document of each.
    pub(super) fn records(&self) -> impl Iterator<Item = (usize, Bytes)> + '_ {
        (0..self.value.pieces(RECORDS)).map(|index| {
            (
                self.start(index),
                self.value.range(RECORDS, index, index + 1),
            )
        })
    }

    /// The record of document `number`. `opened` has the blocks that were unpacked before.
    pub(super) fn record(
        &self,
        number: usize,
        opened: &mut BTreeMap<usize, Vec<u8>>,
        unpack: &mut Unpack,
    ) -> Result<Record, Corrupt> {
        let (cells, _) = self.value.piece(STARTS, 0).as_chunks::<4>();
        let after = cells.partition_point(|cell| u32::from_le_bytes(*cell) as usize <= number);
        let block = after
            .checked_sub(1)
            .ok_or(Corrupt("a record of another value"))?;
        let start = self.start(block);
        if let std::collections::btree_map::Entry::Vacant(vacant) = opened.entry(start) {
            vacant.insert(unpack.block(self.value.piece(RECORDS, block))?);
        }
        let plain = opened.get(&start).map_or(&[][..], Vec::as_slice);
        record_of(plain, number - start)
    }
}

/// Terms of one value in their order.
pub(super) struct Terms<'v> {
    terms: &'v [u8],
    postings: &'v [u8],
    term: Vec<u8>,
    list: &'v [u8],
}

impl<'v> Terms<'v> {
    /// The term that stands here; empty at the end.
    pub(super) fn term(&self) -> &[u8] {
        &self.term
    }

    /// Its postings.
    pub(super) fn postings(&self) -> Postings<'v> {
        Postings::new(self.list)
    }

    fn skip_to(&mut self, from: &[u8]) {
        while self.advance() && self.term.as_slice() < from {}
    }

    /// Goes on to the next term. `false` at the end, and where the bytes make no sense.
    pub(super) fn advance(&mut self) -> bool {
        let moved = self.step();
        if moved.is_none() {
            self.term.clear();
            self.terms = &[];
            self.list = &[];
        }
        moved.is_some()
    }

    fn step(&mut self) -> Option<()> {
        let shared = usize::try_from(varint::take(&mut self.terms)?).ok()?;
        let rest = varint::take_bytes(&mut self.terms)?;
        let length = usize::try_from(varint::take(&mut self.terms)?).ok()?;
        if shared > self.term.len() {
            return None;
        }
        self.term.truncate(shared);
        self.term.extend_from_slice(rest);
        let (list, after) = self.postings.split_at_checked(length)?;
        (self.list, self.postings) = (list, after);
        (!self.term.is_empty()).then_some(())
    }
}
