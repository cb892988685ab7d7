//! New documents onto what is known.

use std::collections::BTreeMap;

use super::assemble::{self, config_digest};
use super::memory::Memory;
use super::place::Merged;
use super::sift::Sifted;
use super::views::{ViewDef, haystack, passes, views};
use crate::config::{Config, Source};
use crate::item::{Engagement, Item};
use crate::slice::{Corrupt, Head, Position, Row};
use crate::time::Timestamp;

/// What one document brought.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Folded {
    /// Items not seen before.
    pub(crate) added: usize,
    /// Items that changed in place.
    pub(crate) changed: usize,
    /// What was left out and why, for the source's health.
    pub(crate) notes: Vec<String>,
    /// Points and comments by the hash of the entry's identity, where the document has some.
    pub(crate) engagement: Vec<(u64, Engagement)>,
}

/// A fold under way.
pub(crate) struct Fold<'a> {
    pub(super) config: &'a Config,
    pub(super) views: Vec<ViewDef<'a>>,
    pub(super) now: Timestamp,
    pub(super) rows: BTreeMap<Position, Row>,
    pub(super) by_hash: BTreeMap<u64, Position>,
    /// Whose address it is, among unsealed and new items: (identity, source).
    pub(super) by_address: BTreeMap<u64, (u64, String)>,
    pub(super) fresh: BTreeMap<u64, Fresh>,
    /// Sealed items that their sources have changed or taken back.
    pub(super) edits: Vec<Edit>,
    pub(super) memory: Memory,
    /// The newest sealed rank: everything new goes above it.
    floor: Option<i64>,
    /// The newest rank that left by retention: what is dated before does not come back.
    pub(super) dropped: Option<i64>,
}

/// A sealed item that its source has changed or taken back.
#[derive(Debug, Clone)]
pub(crate) struct Edit {
    pub(crate) position: Position,
    /// The id of its source.
    pub(crate) source: String,
    /// Hash of the entry as it was known until now: restored where the edit has to wait.
    pub(crate) before: u64,
    /// As it is to be; `None`: it is withdrawn.
    pub(crate) row: Option<Row>,
}

/// An item seen for the first time in this fold.
pub(super) struct Fresh {
    pub(super) item: Item,
    pub(super) address: u64,
    pub(super) content: u64,
}

impl<'a> Fold<'a> {
    /// Starts from what is published. Items of removed sources leave; if the configuration has changed, filters are applied
    /// and fragments rendered anew.
    ///
    /// # Errors
    /// Where a stored item can't be read.
    pub(crate) fn new(
        config: &'a Config,
        now: Timestamp,
        head: Option<&Head>,
        memory: Memory,
    ) -> Result<Self, Corrupt> {
        let mut fold = Self {
            config,
            views: views(config),
            now,
            rows: BTreeMap::new(),
            by_hash: BTreeMap::new(),
            by_address: BTreeMap::new(),
            fresh: BTreeMap::new(),
            edits: Vec::new(),
            memory,
            floor: head
                .and_then(Head::sealed_upto)
                .map(|position| position.rank),
            dropped: head
                .and_then(Head::dropped_upto)
                .map(|position| position.rank),
        };
        let Some(head) = head else {
            return Ok(fold);
        };
        let same = head.config_digest() == config_digest(config);
        for row in head.items.rows() {
            let row = if same { Some(row) } else { fold.rerender(row)? };
            if let Some(row) = row {
                fold.by_hash.insert(row.position.hash, row.position);
                fold.own_address(row.address, row.position.hash, &row.source);
                fold.rows.insert(row.position, row);
            }
        }
        Ok(fold)
    }

    fn rerender(&self, row: Row) -> Result<Option<Row>, Corrupt> {
        let Some(source) = self
            .config
            .sources
            .iter()
            .find(|source| source.id == row.source)
        else {
            return Ok(None);
        };
        let mut item: Item =
            serde_json::from_str(&row.json).map_err(|_| Corrupt("an item that can't be read"))?;
        item.category.clone_from(&source.category);
        if !passes(
            &haystack(&item.title, &item.summary, &item.tags),
            &source.include,
            &source.mute,
        ) {
            return Ok(None);
        }
        Ok(Some(self.row(
            &item,
            row.position,
            row.address,
            row.content,
            row.seen,
        )))
    }

    pub(super) fn row(
        &self,
        item: &Item,
        position: Position,
        address: u64,
        content: u64,
        seen: Timestamp,
    ) -> Row {
        let row = assemble::row(item, position, self.config, &self.views);
        Row {
            address,
            content,
            seen,
            ..row
        }
    }

    pub(super) fn own_address(&mut self, address: u64, hash: u64, source: &str) {
        if address != 0 {
            self.by_address
                .entry(address)
                .or_insert_with(|| (hash, source.to_owned()));
        }
    }

    /// Folds one document: withdraws what it says is deleted, then takes its entries in their order.
    pub(crate) fn document(&mut self, source: &Source, sifted: Sifted) -> Folded {
        // A document without entries does not say that each has left it: the next one may have them all again.
        if sifted.read > 0 {
            self.memory.begin_document(&source.id);
        }
        let mut folded = Folded {
            notes: sifted.notes,
            engagement: sifted.engagement,
            ..Folded::default()
        };
        for hash in sifted.deleted {
            if matches!(self.withdraw(source, hash), Merged::Changed) {
                folded.changed += 1;
            }
        }
        let (mut too_old, mut adopted) = (0_usize, 0_usize);
        for step in sifted.steps {
            match self.step(source, step) {
                Merged::Added => folded.added += 1,
                Merged::Changed => folded.changed += 1,
                Merged::TooOld => too_old += 1,
                Merged::Adopted => adopted += 1,
                Merged::Same => {}
            }
        }
        if too_old > 0 {
            folded.notes.push(format!(
                "{too_old} entries older than what is remembered were left out"
            ));
        }
        if adopted > 0 {
            folded.notes.push(format!(
                "{adopted} entries without a date were left out: they may be here already"
            ));
        }
        folded
    }

    /// All unsealed items, newest first (what is new gets its place), edits of sealed ones, and what is remembered.
    pub(crate) fn finish(mut self) -> (Vec<Row>, Vec<Edit>, Memory) {
        let mut all = std::mem::take(&mut self.fresh);
        let mut order: Vec<(i64, u64)> = all
            .iter()
            .map(|(hash, fresh)| (fresh.item.published.0, *hash))
            .collect();
        order.sort_unstable();
        let mut floor = self.floor;
        for (published, hash) in order {
            let Some(mut fresh) = all.remove(&hash) else {
                continue;
            };
            // A late find goes just above sealed history, late finds among themselves in the order of their dates.
            let rank = match floor {
                Some(least) if published <= least => {
                    floor = Some(least.saturating_add(1));
                    least.saturating_add(1)
                }
                _ => published,
            };
            let position = Position { rank, hash };
            fresh.item.id = position.to_string();
            let row = self.row(
                &fresh.item,
                position,
                fresh.address,
                fresh.content,
                self.now,
            );
            self.rows.insert(position, row);
        }
        (
            self.rows.into_values().rev().collect(),
            self.edits,
            self.memory,
        )
    }
}
