//! The next head, laid out as far as the day's budget goes.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::CycleError;
use super::claim::{CLAIM_WRITES, claims};
use super::fold::Outcome;
use super::frame::Frame;
use super::ledger::{Priority, Purse};
use super::run::Run;
use super::sync::checks;
use crate::fetch::Validators;
use crate::fold::Edit;
use crate::host::{Host, Kv};
use crate::ordered::Inserted;
use crate::publish::{self, Portion, Seal, Sealing};
use crate::read::Arrival;
use crate::slice::{Head, HeadParts, Position, Row, VALUE_BYTES_MAX};

/// The next head, laid out, and what is to be written with it.
pub(super) struct Draft {
    pub(super) parts: HeadParts,
    pub(super) seal: Seal,
    /// Items that leave the head for the sealed history.
    pub(super) sealed: BTreeSet<Position>,
    /// Something is sealed, edited or discarded: the state goes before the head.
    pub(super) touched: bool,
    /// The budget is short: what can wait does.
    pub(super) waits: bool,
    /// Writes that sealing would have taken.
    pub(super) wanted: usize,
    /// There is no news: it is published because the search index goes on.
    pub(super) index_alone: bool,
}

impl<H: Host> Run<'_, H> {
    /// Lays the next head out, as far as the budget goes. What waits for the search index is a reason to publish where
    /// `index_may` says so. `None` where the head would have to take more than fits into a value.
    pub(super) async fn draft<K: Kv>(
        &mut self,
        kv: &K,
        mut folded: Outcome,
        purse: Purse,
        index_may: bool,
    ) -> Result<Option<Draft>, CycleError> {
        let head = self.loaded.head.clone();
        let frame = Frame {
            config: self.config,
            head: head.as_ref(),
            now: self.now,
        };
        let mut parts = frame.parts(folded.health);
        let news = (self.report.added, self.report.changed);
        parts.activity = frame.activity(&parts, &folded.rows, news);
        let sealed_before = frame.sealed_counts();
        let keep = publish::keep(&folded.rows, self.config.site.page_items);
        // Shared by all that is laid out of them: of very many new items there is room for no second copy.
        let sealed: Vec<Arc<Row>> = folded.rows.drain(keep..).map(Arc::new).collect();
        let mut kept = folded.rows;
        kept.shrink_to_fit();
        let sealing = Sealing {
            rows: &sealed,
            edits: &folded.edits,
            config: self.config,
            now: self.now,
            generation: parts.generation,
            kept: keep,
            dropped_upto: head.as_ref().and_then(Head::dropped_upto),
            mending: self.mending(kv),
        };
        let mut seal = publish::seal(kv, &mut parts.views, &sealing).await?;
        let all = parts.views.first().cloned().unwrap_or_default();
        publish::amend_index(kv, &mut parts.search, &mut seal, &sealing).await?;
        self.report.notes.append(&mut seal.notes);
        let mended = seal.mended.take();
        // The state, the values, and what a claim costs.
        let wanted = seal.writes.len() + 1 + if claims(kv) { CLAIM_WRITES } else { 0 };
        // While the budget is short, the head goes first: seals and the state wait.
        let may = seal.writes.is_empty() || purse.may(Priority::Seal, wanted);
        let waits = purse.heads_left() == 0 || purse.pace_ms().is_some() || !may;
        let mut index_alone = false;
        if waits {
            let rows = kept.iter().chain(sealed.iter().map(AsRef::as_ref));
            let bytes: usize = rows.map(Row::bytes).sum();
            if bytes > VALUE_BYTES_MAX {
                self.head_is_too_large(bytes, wanted);
                return Ok(None);
            }
            // What is whole need not be looked at again; what is lost is found again.
            self.mended = mended.filter(|mended| mended.lost.is_empty());
            // Sealing can wait as long as the head takes everything.
            let as_it_is = frame.parts(Vec::new());
            parts.views = as_it_is.views;
            parts.search = as_it_is.search;
            parts.rows = kept;
            parts.rows.extend(sealed.iter().map(|row| Row::clone(row)));
            parts.dropped_upto = sealing.dropped_upto;
            seal = Seal::default();
            frame.lay_out(&mut parts, sealed_before);
        } else {
            parts.rows = kept;
            let mut sealed_now = frame.add_sealed(sealed_before, &sealed);
            for (key, more) in &seal.counts {
                let items = sealed_now.entry(key.clone()).or_default();
                *items = items.saturating_add_signed(*more);
            }
            if let Some(mended) = mended {
                self.take_mended(mended, &seal.restored, &mut sealed_now);
            }
            parts.dropped_upto = seal.dropped_upto;
            let newest = sealed.first().map(|row| row.position);
            parts.sealed_upto = parts.sealed_upto.max(newest);
            self.amended(&folded.edits, &seal.waiting);
            seal.garbage.extend(frame.removed_views());
            frame.lay_out(&mut parts, sealed_now);
            let published = head.as_ref().map(Head::fold_hash);
            let is_news = !seal.writes.is_empty() || published != Some(parts.fold_hash);
            let behind = publish::is_behind(&parts.search, &all);
            let grows = if is_news {
                behind || !seal.writes.is_empty()
            } else {
                behind && index_may
            };
            if grows {
                let before = parts.search.clone();
                let portion = self.portion(kv, purse, wanted, &seal, is_news);
                publish::grow_index(kv, &mut parts.search, &mut seal, &sealing, &all, portion)
                    .await?;
                index_alone = !is_news && parts.search != before;
            }
            if index_alone {
                self.note_index(&parts);
            }
            self.report.notes.append(&mut seal.notes);
            for row in &sealed {
                self.state.memory.insert_sealed(row);
            }
            if !sealed.is_empty() {
                self.state.sealed_upto = parts.sealed_upto;
            }
        }
        parts.checks = checks(self.config, &self.state);
        parts.usage = self.usage;
        parts.lineage = head.as_ref().map(Head::lineage).unwrap_or_default();
        // Without the state an edit of a sealed item would be taken for news again in the next run.
        let touched = self.purged
            || !sealed.is_empty()
            || !folded.edits.is_empty()
            || !seal.writes.is_empty()
            || !seal.garbage.is_empty();
        let touched = touched && !waits;
        let leaves = |_: &&Arc<Row>| !waits;
        Ok(Some(Draft {
            parts,
            sealed: sealed
                .iter()
                .filter(leaves)
                .map(|row| row.position)
                .inserted(),
            seal,
            touched,
            waits,
            wanted,
            index_alone,
        }))
    }

    /// What this publish may do for the search index.
    fn portion<K: Kv>(
        &self,
        kv: &K,
        purse: Purse,
        wanted: usize,
        seal: &Seal,
        is_news: bool,
    ) -> Portion {
        let head = self.loaded.head.as_ref();
        let arrival = head.map(|head| Arrival::new(head, kv.capabilities(), self.now));
        let spare = |more: usize| purse.may(Priority::Derived, wanted + more);
        if is_news {
            return Portion::with_news(spare, arrival, !seal.writes.is_empty());
        }
        // The head too is written for it.
        Portion::alone(|more| spare(more + 1), arrival)
    }

    fn note_index(&mut self, parts: &HeadParts) {
        let items = parts.views.first().map_or(0, |all| all.items);
        let sealed = items.saturating_sub(parts.rows.len() as u64);
        let waiting = parts.search.waiting(sealed);
        self.report.notes.push(format!(
            "published for the search index alone: about {waiting} sealed items are not in it yet"
        ));
    }

    /// Brings the memory in line with what becomes of the edits. One that waits is found again: its item is remembered as it
    /// was, and its source is asked for the whole document.
    fn amended(&mut self, edits: &[Edit], waiting: &BTreeSet<Position>) {
        for edit in edits {
            let hash = edit.position.hash;
            if waiting.contains(&edit.position) {
                self.state.memory.set_content(hash, edit.before);
                if let Some(known) = self.state.sources.get_mut(&edit.source) {
                    known.validators = Validators::default();
                }
                continue;
            }
            self.state.memory.note_before(hash, edit.before);
            if edit.row.is_none() {
                self.state.memory.forget(hash);
            }
        }
        if !waiting.is_empty() {
            self.report.notes.push(format!(
                "{} edits of older items wait for the next publishes",
                waiting.len()
            ));
        }
    }
}
