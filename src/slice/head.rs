//! The root of everything published.

use std::collections::BTreeMap;

use bytes::Bytes;
use xxhash_rust::xxh3::xxh3_128;

use super::activity::Activity;
use super::container::Value;
use super::header::Kind;
use super::items::{Items, section as item};
use super::parts::{
    CHECK_BYTES, CHECKS, CLAIM_BYTES, CLAIMS, COUNT_BYTES, COUNTS, Check, DIRECTORIES, DROPPED,
    HEALTH, Ledger, Lineage, META, META_BYTES, SEALED, SEARCH, SEGMENTS, USAGE, Usage, VIEW_IDS,
    VIEW_TOTALS,
};
use super::refs::{SliceRef, decode_refs};
use super::{Corrupt, Position, Section};
use crate::config::Cache;
use crate::page::SourceHealth;
use crate::search::Index;
use crate::time::Timestamp;

/// The root of everything published, opened for reading. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Head {
    pub(crate) items: Items,
}

impl Head {
    /// Opens a stored head: checks its hash, once for one place in memory, and every length and offset.
    ///
    /// # Errors
    /// Where `value` is no head of this format, or is damaged.
    pub fn open(value: Bytes) -> Result<Self, Corrupt> {
        let value = Value::open(value, Kind::Head)?;
        let views = value.pieces(VIEW_IDS);
        if value.piece(META, 0).len() != META_BYTES {
            return Err(Corrupt("a head without its root data"));
        }
        if value.piece(VIEW_TOTALS, 0).len() != views * 8
            || value.pieces(SEGMENTS) != views
            || value.pieces(DIRECTORIES) != views
        {
            return Err(Corrupt("views of different numbers"));
        }
        Ok(Self {
            items: Items::open(value)?,
        })
    }

    /// Whether this is `value`, opened: not another one of the same bytes, but that place in memory.
    pub(crate) fn is_of(&self, value: &Bytes) -> bool {
        // What is held can't be given to something else meanwhile.
        std::ptr::eq::<[u8]>(self.value().bytes().as_ref(), value.as_ref())
    }

    /// As [`Head::is_of`], for one that is open too.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.is_of(other.value().bytes())
    }

    pub(super) fn value(&self) -> &Value {
        &self.items.value
    }

    fn meta<const N: usize>(&self, at: usize) -> [u8; N] {
        let bytes = self
            .value()
            .piece(META, 0)
            .get(at..at + N)
            .and_then(|bytes| bytes.first_chunk());
        bytes.copied().unwrap_or([0; N])
    }

    /// Grows by one with each publish.
    #[must_use]
    pub fn generation(&self) -> u64 {
        u64::from_le_bytes(self.meta(0))
    }

    /// When this head was published.
    #[must_use]
    pub fn updated(&self) -> Timestamp {
        Timestamp(i64::from_le_bytes(self.meta(8)))
    }

    /// See [`super::HeadParts::config_digest`].
    #[must_use]
    pub fn config_digest(&self) -> u64 {
        u64::from_le_bytes(self.meta(16))
    }

    /// See [`super::HeadParts::fold_hash`].
    #[must_use]
    pub fn fold_hash(&self) -> u128 {
        u128::from_le_bytes(self.meta(24))
    }

    /// Store writes of the day it was published.
    #[must_use]
    pub fn ledger(&self) -> Ledger {
        Ledger {
            day: u32::try_from(u64::from_le_bytes(self.meta(40))).unwrap_or(u32::MAX),
            writes: u32::from_le_bytes(self.meta(48)),
            heads: u32::from_le_bytes(self.meta(52)),
            granted: u32::from_le_bytes(self.meta(56)),
        }
    }

    /// Which state goes with it.
    #[must_use]
    pub fn lineage(&self) -> Lineage {
        Lineage {
            mark: u64::from_le_bytes(self.meta(64)),
            parent: u64::from_le_bytes(self.meta(72)),
        }
    }

    /// Reads and requests of the day it was published, as far as known then; nothing in a head from before they were counted.
    #[must_use]
    pub fn usage(&self) -> Usage {
        let (cells, _) = self.value().piece(USAGE, 0).as_chunks::<8>();
        let number = |index: usize| cells.get(index).map_or(0, |cell| u64::from_le_bytes(*cell));
        Usage {
            day: u32::try_from(number(0)).unwrap_or(u32::MAX),
            reads: number(1),
            requests: number(2),
        }
    }

    /// Hash of everything that answers show, with generation and time of the publish: the base of every `ETag`. The same on
    /// all hosts, whatever their stores take to publish.
    #[must_use]
    pub fn answers_hash(&self) -> u128 {
        let shown = u128::from_le_bytes(self.meta(80));
        let publish = [self.meta::<16>(0), shown.to_le_bytes()].concat();
        xxh3_128(&publish)
    }

    /// Hash of everything in this head.
    #[must_use]
    pub fn content_hash(&self) -> u128 {
        self.value().content_hash()
    }

    /// The stored value's size in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.value().bytes().len()
    }

    /// When it expires, if ever.
    #[must_use]
    pub fn expiry(&self) -> Option<Timestamp> {
        self.value().expiry()
    }

    /// The pieces of a section, in order.
    #[must_use]
    pub fn section(&self, section: Section) -> Vec<Bytes> {
        let id = section as u16;
        (0..self.value().pieces(id))
            .map(|piece| self.value().range(id, piece, piece + 1))
            .collect()
    }

    /// One piece of a section; empty where there is none.
    #[must_use]
    pub fn piece(&self, section: Section, index: usize) -> Bytes {
        self.value()
            .range(section as u16, index, index.saturating_add(1))
    }

    /// How answers made of it may be kept; the defaults in a head from before there were policies.
    #[must_use]
    pub fn cache_policies(&self) -> Cache {
        Cache::from_bytes(self.value().piece(Section::CachePolicies as u16, 0))
    }

    /// How many items it holds itself.
    #[must_use]
    pub fn items_len(&self) -> usize {
        self.items.len()
    }

    /// Ids of the items it holds itself, and when each was seen first; newest first.
    pub(crate) fn newest(&self) -> impl Iterator<Item = (String, Timestamp)> + '_ {
        (0..self.items.len()).map(|index| {
            (
                self.items.position(index).to_string(),
                self.items.seen(index),
            )
        })
    }

    /// How many views it has.
    #[must_use]
    pub fn views_len(&self) -> usize {
        self.value().pieces(VIEW_IDS)
    }

    /// The id of view `index`.
    #[must_use]
    pub fn view_id(&self, index: u16) -> &str {
        self.value().text(VIEW_IDS, usize::from(index))
    }

    /// The index of the view called `id`.
    #[must_use]
    pub fn view(&self, id: &str) -> Option<u16> {
        let index = (0..self.views_len())
            .find(|index| self.value().piece(VIEW_IDS, *index) == id.as_bytes())?;
        u16::try_from(index).ok()
    }

    /// All items of a view, sealed ones included.
    #[must_use]
    pub fn view_items(&self, view: u16) -> u64 {
        let (totals, _) = self.value().piece(VIEW_TOTALS, 0).as_chunks::<8>();
        totals
            .get(usize::from(view))
            .map_or(0, |bytes| u64::from_le_bytes(*bytes))
    }

    /// Items of a view that are of `source` (an index, see [`Head::source`]), sealed ones included.
    #[must_use]
    pub fn view_source_items(&self, view: u16, source: u16) -> u64 {
        self.counts()
            .find(|(key, _)| *key == (view, source))
            .map_or(0, |(_, items)| items)
    }

    /// The index of the source called `id`.
    #[must_use]
    pub fn source(&self, id: &str) -> Option<u16> {
        self.items.source_index(id)
    }

    /// Ids of all sources.
    pub(crate) fn sources(&self) -> Vec<String> {
        let count = self.value().pieces(item::SOURCES);
        (0..count)
            .map(|index| self.value().text(item::SOURCES, index).to_owned())
            .collect()
    }

    pub(crate) fn counts(&self) -> impl Iterator<Item = ((u16, u16), u64)> + '_ {
        let (cells, _) = self.value().piece(COUNTS, 0).as_chunks::<COUNT_BYTES>();
        cells.iter().map(|[a, b, c, d, rest @ ..]| {
            let key = (u16::from_le_bytes([*a, *b]), u16::from_le_bytes([*c, *d]));
            (key, u64::from_le_bytes(*rest))
        })
    }

    /// As [`Head::counts`], without the items that it holds itself.
    pub(crate) fn sealed_counts(&self) -> BTreeMap<(u16, u16), u64> {
        let mut counts: BTreeMap<_, _> = self.counts().collect();
        for row in self.items.rows() {
            let source = self.source(&row.source);
            for view in row.views {
                let counted = source.and_then(|source| counts.get_mut(&(view, source)));
                if let Some(items) = counted {
                    *items = items.saturating_sub(1);
                }
            }
        }
        counts
    }

    /// The newest place that left by retention: what is older than that is gone, but for segments that span it.
    pub(crate) fn dropped_upto(&self) -> Option<Position> {
        let bytes = self.value().piece(DROPPED, 0).first_chunk();
        bytes.map(|bytes| Position::from_bytes(*bytes))
    }

    /// How the source called `id` was read last, where it was configured when this head was published.
    pub(crate) fn check(&self, id: &str) -> Option<Check> {
        let (cells, _) = self.value().piece(CHECKS, 0).as_chunks::<CHECK_BYTES>();
        let (numbers, _) = cells.get(usize::from(self.source(id)?))?.as_chunks::<8>();
        let [definition, checked, basis] = numbers else {
            return None;
        };
        Some(Check {
            definition: u64::from_le_bytes(*definition),
            checked: Timestamp(i64::from_le_bytes(*checked)),
            basis: u64::from_le_bytes(*basis),
        })
    }

    /// Claims whose counters the state did not know of when this head was published: generation and slot.
    pub(crate) fn claims(&self) -> impl Iterator<Item = (u64, u32)> + '_ {
        let (cells, _) = self.value().piece(CLAIMS, 0).as_chunks::<CLAIM_BYTES>();
        cells.iter().map(|[a, b, c, d, e, f, g, h, slot @ ..]| {
            let generation = u64::from_le_bytes([*a, *b, *c, *d, *e, *f, *g, *h]);
            (generation, u32::from_le_bytes(*slot))
        })
    }

    /// Segments of a view that the head names, newest first.
    pub(crate) fn segments(&self, view: u16) -> impl DoubleEndedIterator<Item = SliceRef> + '_ {
        decode_refs(self.value().piece(SEGMENTS, usize::from(view)))
    }

    /// Directories of a view, newest first, older than its segments.
    pub(crate) fn directories(&self, view: u16) -> impl DoubleEndedIterator<Item = SliceRef> + '_ {
        decode_refs(self.value().piece(DIRECTORIES, usize::from(view)))
    }

    /// The newest place that was ever sealed: what is new goes above it, what is remembered goes up to it.
    pub(crate) fn sealed_upto(&self) -> Option<Position> {
        let bytes = self.value().piece(SEALED, 0).first_chunk();
        // Heads of before this section was there have withdrawn nothing.
        let listed = || self.segments(0).chain(self.directories(0)).next();
        bytes.map_or_else(
            || listed().map(|newest| newest.newest),
            |bytes| Some(Position::from_bytes(*bytes)),
        )
    }

    /// The search index of what is sealed: names and numbers, read out of the head.
    #[must_use]
    pub fn index(&self) -> Index {
        let pieces = self.value().pieces(SEARCH);
        Index::decode((0..pieces).map(|piece| self.value().piece(SEARCH, piece)))
    }

    /// What happened lately. Copies counts out: for folds and the status page.
    #[must_use]
    pub fn activity(&self) -> Activity {
        Activity::read(self.value())
    }

    /// How the sources fare. Parses: for folds, not for reads.
    #[must_use]
    pub fn health(&self) -> Vec<SourceHealth> {
        serde_json::from_slice(self.value().piece(HEALTH, 0)).unwrap_or_default()
    }
}
