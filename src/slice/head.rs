//! The root of everything published.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::container::{Value, Writer};
use super::header::Kind;
use super::items::{self, Items, Row, section as item};
use super::refs::{SliceRef, decode_refs, encode_refs};
use super::{Corrupt, Position, Section};
use crate::page::SourceHealth;
use crate::time::Timestamp;

const META: u16 = 16;
const VIEW_IDS: u16 = 17;
const VIEW_TOTALS: u16 = 18;
const SEGMENTS: u16 = 19;
const DIRECTORIES: u16 = 20;
const COUNTS: u16 = 21;
const HEALTH: u16 = 24;
const META_BYTES: usize = 8 + 8 + 8 + 16 + 8 + 8;
const COUNT_BYTES: usize = 2 + 2 + 8;

/// Store writes of one UTC day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Ledger {
    /// Days since 1970-01-01, UTC.
    pub day: u32,
    /// Writes on that day, this one included.
    pub writes: u32,
}

/// One view of a head to be written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ViewParts {
    /// As in `category=`.
    pub id: String,
    /// All its items, sealed ones included.
    pub items: u64,
    /// Newest first; the first one is open until it is full.
    pub segments: Vec<SliceRef>,
    /// Newest first; older than all `segments`.
    pub directories: Vec<SliceRef>,
    /// Segments that moved into a directory by this publish. Not stored in the head.
    pub(crate) filed: Vec<SliceRef>,
}

/// Everything that goes into a head.
#[derive(Debug, Clone, Default)]
pub struct HeadParts {
    /// One more than the head it replaces.
    pub generation: u64,
    /// When it is published.
    pub updated: Timestamp,
    /// Hash of the configuration (and of what renders) that it was made with.
    pub config_digest: u64,
    /// Hash of what was folded, without generation and times: tells an unchanged fold.
    pub fold_hash: u128,
    /// Today's writes, this one included.
    pub ledger: Ledger,
    /// `all` first.
    pub views: Vec<ViewParts>,
    /// Ids of the sources, in the configuration's order; removed ones that still have sealed items after these.
    pub sources: Vec<String>,
    /// Items by (view, source), sealed ones included.
    pub counts: BTreeMap<(u16, u16), u64>,
    /// How the sources fare, for the next fold.
    pub health: Vec<SourceHealth>,
    /// Pre-rendered parts of the page.
    pub sections: Vec<(Section, Vec<Vec<u8>>)>,
    /// Newest first.
    pub rows: Vec<Row>,
}

impl HeadParts {
    /// The stored value.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        let mut meta = Vec::with_capacity(META_BYTES);
        meta.extend(self.generation.to_le_bytes());
        meta.extend(self.updated.0.to_le_bytes());
        meta.extend(self.config_digest.to_le_bytes());
        meta.extend(self.fold_hash.to_le_bytes());
        meta.extend(u64::from(self.ledger.day).to_le_bytes());
        meta.extend(u64::from(self.ledger.writes).to_le_bytes());
        let mut counts = Vec::with_capacity(self.counts.len() * COUNT_BYTES);
        for ((view, source), items) in &self.counts {
            counts.extend(view.to_le_bytes());
            counts.extend(source.to_le_bytes());
            counts.extend(items.to_le_bytes());
        }
        let mut writer = Writer::default();
        writer.section(META, vec![meta]);
        writer.section(
            VIEW_IDS,
            self.views
                .iter()
                .map(|view| view.id.clone().into_bytes())
                .collect(),
        );
        writer.section(
            VIEW_TOTALS,
            vec![
                self.views
                    .iter()
                    .flat_map(|view| view.items.to_le_bytes())
                    .collect(),
            ],
        );
        writer.section(
            SEGMENTS,
            self.views
                .iter()
                .map(|view| encode_refs(&view.segments))
                .collect(),
        );
        writer.section(
            DIRECTORIES,
            self.views
                .iter()
                .map(|view| encode_refs(&view.directories))
                .collect(),
        );
        writer.section(COUNTS, vec![counts]);
        writer.section(
            HEALTH,
            vec![serde_json::to_vec(&self.health).unwrap_or_default()],
        );
        for (section, pieces) in &self.sections {
            writer.section(*section as u16, pieces.clone());
        }
        items::write(
            &mut writer,
            &self.rows,
            &self.sources,
            Some(self.views.len()),
        );
        writer.finish(Kind::Head, None)
    }
}

/// The root of everything published, opened for reading. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Head {
    pub(crate) items: Items,
}

impl Head {
    /// Opens a stored head: checks every length and offset, allocates nothing. The hash is checked by [`Head::verify`].
    ///
    /// # Errors
    /// Where `value` is no head of this format.
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

    /// Checks the content's hash: a pass over the whole value.
    ///
    /// # Errors
    /// Where it does not fit.
    pub fn verify(&self) -> Result<(), Corrupt> {
        self.value().verify()
    }

    fn value(&self) -> &Value {
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

    /// See [`HeadParts::config_digest`].
    #[must_use]
    pub fn config_digest(&self) -> u64 {
        u64::from_le_bytes(self.meta(16))
    }

    /// See [`HeadParts::fold_hash`].
    #[must_use]
    pub fn fold_hash(&self) -> u128 {
        u128::from_le_bytes(self.meta(24))
    }

    /// Store writes of the day it was published.
    #[must_use]
    pub fn ledger(&self) -> Ledger {
        let number = |at| u32::try_from(u64::from_le_bytes(self.meta(at))).unwrap_or(u32::MAX);
        Ledger {
            day: number(40),
            writes: number(48),
        }
    }

    /// Hash of everything in this head: the base of every `ETag`.
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

    /// How many items it holds itself.
    #[must_use]
    pub fn items_len(&self) -> usize {
        self.items.len()
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

    /// Segments of a view that the head names, newest first.
    pub(crate) fn segments(&self, view: u16) -> impl DoubleEndedIterator<Item = SliceRef> + '_ {
        decode_refs(self.value().piece(SEGMENTS, usize::from(view)))
    }

    /// Directories of a view, newest first, older than its segments.
    pub(crate) fn directories(&self, view: u16) -> impl DoubleEndedIterator<Item = SliceRef> + '_ {
        decode_refs(self.value().piece(DIRECTORIES, usize::from(view)))
    }

    /// The newest sealed position of the view of everything.
    pub(crate) fn sealed_upto(&self) -> Option<Position> {
        self.segments(0)
            .chain(self.directories(0))
            .next()
            .map(|segment| segment.newest)
    }

    /// How the sources fare. Parses: for folds, not for reads.
    #[must_use]
    pub fn health(&self) -> Vec<SourceHealth> {
        serde_json::from_slice(self.value().piece(HEALTH, 0)).unwrap_or_default()
    }
}
