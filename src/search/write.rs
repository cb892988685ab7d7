//! Lays out a run: terms and records cut into values, none over its limit.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::postings::List;
use super::records::Block;
use super::run::{Run, TermShard};
use super::shard::{BLOCK_TERMS, ShardParts};
use super::times::{self, Time};
use super::{RUN_DOCUMENTS_MAX, varint};
use crate::slice::{Position, VALUE_BYTES_MAX, keys, stored_hash};

/// What a value of a run is filled up to, in bytes: tables and header take the rest.
const SHARD_BYTES_MAX: usize = VALUE_BYTES_MAX - 40_000;
/// Of a document in a run's times, at worst, in bytes: all dates from the year 0001 to 9999, each at another time than
/// its rank, and its part of the table.
const TIMES_BYTES_MAX: usize = 6 + 8;

const _: () = assert!(RUN_DOCUMENTS_MAX * TIMES_BYTES_MAX + 20_000 < SHARD_BYTES_MAX);

/// A run, and its values by their keys.
#[derive(Debug)]
pub(crate) struct Made {
    pub(crate) run: Run,
    pub(crate) values: BTreeMap<String, Bytes>,
}

/// Where documents are, newest first, and when each was published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Placed {
    pub(super) position: Position,
    pub(super) published: i64,
}

/// Takes terms in their order, and cuts them into values.
pub(super) struct RunWriter<'a> {
    documents: &'a [Placed],
    generation: u64,
    times: Vec<Vec<u8>>,
    times_bytes: usize,
    /// Postings of one term in one value, in bytes; a longer list goes on in the next value.
    list_bytes_max: usize,
    done: Vec<Range>,
    now: Range,
    last: Vec<u8>,
    in_block: usize,
}

/// Terms of one value.
#[derive(Default)]
struct Range {
    from: Vec<u8>,
    continues: bool,
    blocks: Vec<u8>,
    terms: Vec<u8>,
    postings: Vec<u8>,
}

impl Range {
    fn bytes(&self) -> usize {
        self.blocks.len() + self.terms.len() + self.postings.len()
    }
}

impl<'a> RunWriter<'a> {
    /// For these documents (not empty).
    pub(super) fn new(documents: &'a [Placed], generation: u64) -> Self {
        let times = times::encode(documents.iter().map(|placed| Time {
            rank: placed.position.rank,
            published: placed.published,
        }));
        let times_bytes: usize = times.iter().map(Vec::len).sum();
        Self {
            documents,
            generation,
            times_bytes,
            list_bytes_max: SHARD_BYTES_MAX.saturating_sub(times_bytes) / 2,
            times,
            done: Vec::new(),
            now: Range::default(),
            last: Vec::new(),
            in_block: 0,
        }
    }

    /// Adds a term with its documents, ascending, and the places in each. `term` comes after all before.
    pub(super) fn term<'p>(&mut self, term: &[u8], all: impl Iterator<Item = (u32, &'p [u32])>) {
        let mut list = List::default();
        let mut continues = false;
        for (document, places) in all {
            list.push(document, places);
            if list.len() > self.list_bytes_max {
                self.put(term, &list.finish(), continues);
                continues = true;
            }
        }
        if list.len() > 0 {
            self.put(term, &list.finish(), continues);
        }
    }

    fn put(&mut self, term: &[u8], list: &[u8], continues: bool) {
        let bytes = self.times_bytes + self.now.bytes() + term.len() + list.len();
        if continues || (bytes > SHARD_BYTES_MAX && !self.now.terms.is_empty()) {
            self.done.push(std::mem::take(&mut self.now));
            self.now.from = if continues {
                term.to_vec()
            } else {
                separator(&self.last, term)
            };
            self.now.continues = continues;
            self.in_block = 0;
        }
        let range = &mut self.now;
        let mut shared = 0;
        if self.in_block.is_multiple_of(BLOCK_TERMS) {
            range.blocks.extend(offset(range.terms.len()));
            range.blocks.extend(offset(range.postings.len()));
        } else {
            let same = |(one, other): &(&u8, &u8)| one == other;
            shared = self.last.iter().zip(term).take_while(same).count();
        }
        varint::put(&mut range.terms, shared as u64);
        varint::put_bytes(&mut range.terms, term.get(shared..).unwrap_or_default());
        varint::put(&mut range.terms, list.len() as u64);
        range.postings.extend_from_slice(list);
        self.last.clear();
        self.last.extend_from_slice(term);
        self.in_block += 1;
    }

    /// The run, with `records` of its documents in their order.
    pub(super) fn finish(mut self, records: Vec<Block>) -> Made {
        self.done.push(std::mem::take(&mut self.now));
        let mut recorded = cut(records, self.documents);
        let mut made = Made {
            run: Run {
                documents: u32::try_from(self.documents.len()).unwrap_or(u32::MAX),
                kept: u32::try_from(self.documents.len()).unwrap_or(u32::MAX),
                newest: self
                    .documents
                    .first()
                    .map_or(Position::MIN, |placed| placed.position),
                oldest: self
                    .documents
                    .last()
                    .map_or(Position::MIN, |placed| placed.position),
                struck: Vec::new(),
                terms: Vec::new(),
                records: Vec::new(),
            },
            values: BTreeMap::new(),
        };
        let together = match (self.done.as_slice(), recorded.as_slice()) {
            ([range], [(_, records)]) => {
                self.times_bytes + range.bytes() + records.bytes <= SHARD_BYTES_MAX
            }
            _ => false,
        };
        let ranges = std::mem::take(&mut self.done);
        for range in ranges {
            let mut parts = ShardParts {
                documents: self.documents.len(),
                times: self.times.clone(),
                blocks: range.blocks,
                terms: range.terms,
                postings: range.postings,
                ..ShardParts::default()
            };
            let shared = if together { recorded.pop() } else { None };
            if let Some((_, records)) = &shared {
                parts.starts.clone_from(&records.starts);
                parts.records.clone_from(&records.blocks);
                parts.hashes.clone_from(&records.hashes);
            }
            let name = made.add(parts, self.generation);
            made.run.terms.push(TermShard {
                name,
                from: range.from,
                continues: range.continues,
            });
            made.run
                .records
                .extend(shared.map(|(first, _)| (first, name)));
        }
        for (first, records) in recorded {
            let parts = ShardParts {
                documents: self.documents.len(),
                starts: records.starts,
                records: records.blocks,
                hashes: records.hashes,
                ..ShardParts::default()
            };
            let name = made.add(parts, self.generation);
            made.run.records.push((first, name));
        }
        made
    }
}

impl Made {
    fn add(&mut self, parts: ShardParts, generation: u64) -> u128 {
        let value = parts.encode(generation);
        let name = stored_hash(&value);
        self.values.insert(keys::run(name), value);
        name
    }
}

/// Blocks of records of one value.
#[derive(Default)]
struct Records {
    starts: Vec<u8>,
    blocks: Vec<Vec<u8>>,
    hashes: Vec<u8>,
    bytes: usize,
}

/// Cuts blocks into values, with the number of the first document of each.
fn cut(blocks: Vec<Block>, documents: &[Placed]) -> Vec<(u32, Records)> {
    let mut all: Vec<(u32, Records)> = Vec::new();
    let mut number = 0_usize;
    for block in blocks {
        let first = u32::try_from(number).unwrap_or(u32::MAX);
        let bytes = block.packed.len() + 2 * size_of::<u32>() + block.documents * size_of::<u64>();
        let full = |(_, records): &&mut (u32, Records)| records.bytes + bytes > SHARD_BYTES_MAX;
        if all.last_mut().as_ref().is_none_or(full) {
            all.push((first, Records::default()));
        }
        if let Some((_, records)) = all.last_mut() {
            records.starts.extend(first.to_le_bytes());
            records.blocks.push(block.packed.to_vec());
            let held = documents.iter().skip(number).take(block.documents);
            records
                .hashes
                .extend(held.flat_map(|placed| placed.position.hash.to_le_bytes()));
            records.bytes += bytes;
        }
        number += block.documents;
    }
    all
}

fn offset(bytes: usize) -> [u8; 4] {
    u32::try_from(bytes).unwrap_or(u32::MAX).to_le_bytes()
}

/// The shortest text above `before` and not above `term`.
fn separator(before: &[u8], term: &[u8]) -> Vec<u8> {
    let same = |(one, other): &(&u8, &u8)| one == other;
    let shared = before.iter().zip(term).take_while(same).count();
    term.get(..=shared).unwrap_or(term).to_vec()
}
