//! What goes into a head.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::activity::Activity;
use super::container::Writer;
use super::first_named::FirstNamed;
use super::header::Kind;
use super::items::{self, Row};
use super::refs::{SliceRef, encode_refs};
use super::{Position, Section};
use crate::page::SourceHealth;
use crate::search::Index;
use crate::time::Timestamp;

pub(super) const META: u16 = 16;
pub(super) const VIEW_IDS: u16 = 17;
pub(super) const VIEW_TOTALS: u16 = 18;
// 19 and 20 were lists without lengths.
pub(super) const SEGMENTS: u16 = 30;
pub(super) const DIRECTORIES: u16 = 31;
pub(super) const COUNTS: u16 = 21;
pub(super) const HEALTH: u16 = 24;
pub(super) const CHECKS: u16 = 25;
pub(super) const DROPPED: u16 = 26;
pub(super) const SEALED: u16 = 27;
pub(super) const USAGE: u16 = 28;
pub(super) const USAGE_BYTES: usize = 8 + 8 + 8;
pub(super) const CLAIMS: u16 = 29;
pub(super) const CLAIM_BYTES: usize = 8 + 4;
pub(super) const SEARCH: u16 = 43;
pub(super) const NAMED: u16 = 44;
pub(super) const META_BYTES: usize = 8 + 8 + 8 + 16 + 8 + 4 + 4 + 4 + 4 + 8 + 8 + 16;
pub(super) const COUNT_BYTES: usize = 2 + 2 + 8;
pub(super) const CHECK_BYTES: usize = 8 + 8 + 8;

/// Store writes of one UTC day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Ledger {
    /// Days since 1970-01-01, UTC.
    pub day: u32,
    /// Writes on that day as far as known, this one included.
    pub writes: u32,
    /// Heads among them. Counted apart: each of head and state counts its own writes exactly, because each is only ever
    /// replaced by compare-and-swap, and the sum of both is the day's.
    #[serde(default)]
    pub heads: u32,
    /// In a head: how many of the day's writes may be others than heads. Only ever grows in the course of a day, so that
    /// a run which has seen an older head only thinks that it may write less. 0 in a state.
    #[serde(default)]
    pub granted: u32,
}

/// What ties a head and a state together: the last state that was stored for a head of this history, and the one before.
///
/// A state is stored before the head that it goes with. Whether that head became visible, its mark tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Lineage {
    /// Hash of the last state that was stored for a head; 0 where there was none yet.
    pub mark: u64,
    /// Of the one before.
    pub parent: u64,
}

/// What cycles have taken of one UTC day, as far as known: runs that stored nothing are not in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Usage {
    /// Days since 1970-01-01, UTC.
    pub day: u32,
    /// Store reads.
    pub reads: u64,
    /// Requests to sources.
    pub requests: u64,
}

/// Under which definition a source's published items were read, and when it was asked last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Check {
    /// Hash of what decides which items its document gives.
    pub definition: u64,
    /// When it was asked last before this head was published; 0 where never.
    pub checked: Timestamp,
    /// Hash of the validators of the last document that was folded into this history; 0 where it had none.
    pub basis: u64,
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
    /// Today's reads and requests by cycles, as far as known. No reason to publish.
    pub usage: Usage,
    /// Which state goes with it.
    pub lineage: Lineage,
    /// `all` first.
    pub views: Vec<ViewParts>,
    /// Ids of the sources, in the configuration's order; removed ones that still have sealed items after these.
    pub sources: Vec<String>,
    /// The newest place that left by retention.
    pub dropped_upto: Option<Position>,
    /// The newest place that was ever sealed; never falls, also where its item was withdrawn since.
    pub sealed_upto: Option<Position>,
    /// Items by (view, source), sealed ones included.
    pub counts: BTreeMap<(u16, u16), u64>,
    /// One for each configured source, in the order of `sources`. Times of checks are no reason to publish.
    pub checks: Vec<Check>,
    /// Claims whose counters the state does not know of yet: generation and slot.
    pub claims: Vec<(u64, u32)>,
    /// How the sources fare, for the next fold.
    pub health: Vec<SourceHealth>,
    /// What happened lately. No reason to publish.
    pub activity: Activity,
    /// The search index of what is sealed. No reason to publish: it grows where something is published anyway.
    pub search: Index,
    /// Since when it names what it names. No reason to publish. `None`: as old as this head, for all that is known.
    pub first_named: Option<FirstNamed>,
    /// Pre-rendered parts of the page.
    pub sections: Vec<(Section, Vec<Vec<u8>>)>,
    /// Newest first.
    pub rows: Vec<Row>,
}

impl HeadParts {
    /// The stored value.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        let mut counts = Vec::with_capacity(self.counts.len() * COUNT_BYTES);
        for ((view, source), items) in &self.counts {
            counts.extend(view.to_le_bytes());
            counts.extend(source.to_le_bytes());
            counts.extend(items.to_le_bytes());
        }
        let mut writer = Writer::default();
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
        let dropped = self.dropped_upto.map(|place| place.to_bytes().to_vec());
        writer.section(DROPPED, dropped.into_iter().collect());
        let sealed = self.sealed_upto.map(|place| place.to_bytes().to_vec());
        writer.section(SEALED, sealed.into_iter().collect());
        writer.section(
            HEALTH,
            vec![serde_json::to_vec(&self.health).unwrap_or_default()],
        );
        self.activity.write(&mut writer);
        for (section, pieces) in &self.sections {
            writer.section(*section as u16, pieces.clone());
        }
        items::write(
            &mut writer,
            &self.rows.iter().collect::<Vec<_>>(),
            &self.sources,
            Some(self.views.len()),
        );
        self.keep_books(&mut writer);
        writer.finish(Kind::Head, None)
    }

    /// Adds what no answer shows. How many writes a publish took differs from store to store; what it answers does not.
    fn keep_books(&self, writer: &mut Writer) {
        let mut meta = Vec::with_capacity(META_BYTES);
        meta.extend(self.generation.to_le_bytes());
        meta.extend(self.updated.0.to_le_bytes());
        meta.extend(self.config_digest.to_le_bytes());
        meta.extend(self.fold_hash.to_le_bytes());
        meta.extend(u64::from(self.ledger.day).to_le_bytes());
        meta.extend(self.ledger.writes.to_le_bytes());
        meta.extend(self.ledger.heads.to_le_bytes());
        meta.extend(self.ledger.granted.to_le_bytes());
        meta.extend(0_u32.to_le_bytes());
        meta.extend(self.lineage.mark.to_le_bytes());
        meta.extend(self.lineage.parent.to_le_bytes());
        meta.extend(writer.hash().to_le_bytes());
        writer.section(META, vec![meta]);
        // What a search finds does not depend on how it is indexed.
        let search = self.search.encode();
        if !search.is_empty() {
            writer.section(SEARCH, search);
        }
        if let Some(named) = &self.first_named {
            writer.section(NAMED, vec![named.encode()]);
        }
        let mut checks = Vec::with_capacity(self.checks.len() * CHECK_BYTES);
        for check in &self.checks {
            checks.extend(check.definition.to_le_bytes());
            checks.extend(check.checked.0.to_le_bytes());
            checks.extend(check.basis.to_le_bytes());
        }
        writer.section(CHECKS, vec![checks]);
        let mut usage = Vec::with_capacity(USAGE_BYTES);
        usage.extend(u64::from(self.usage.day).to_le_bytes());
        usage.extend(self.usage.reads.to_le_bytes());
        usage.extend(self.usage.requests.to_le_bytes());
        writer.section(USAGE, vec![usage]);
        let mut claims = Vec::with_capacity(self.claims.len() * CLAIM_BYTES);
        for (generation, slot) in &self.claims {
            claims.extend(generation.to_le_bytes());
            claims.extend(slot.to_le_bytes());
        }
        writer.section(CLAIMS, vec![claims]);
    }
}
