//! Makes the outcome of a run visible, within the day's budget.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;

use crate::fetch::Validators;
use crate::fold::{self, Edit};
use crate::host::{Host, Kv, KvError, Level, Precondition};
use crate::publish::{self, Published, Sealing};
use crate::slice::{Head, Position, VALUE_BYTES_MAX, keys};

use super::frame::Frame;
use super::ledger::Spent;
use super::run::{Outcome, Run};
use super::sync::checks;
use super::{CycleError, RunOutcome, engagement};

/// The state is stored at most this often, in milliseconds, unless something was sealed or sources were left.
const STATE_EVERY_MS: i64 = 60 * 60 * 1000;
/// How long a call before anything was due counts, in milliseconds.
const CALLED_EARLY_MS: i64 = 48 * 60 * 60 * 1000;
/// Writes that a seal takes beside its segments and directories: the reservation, the head, the state.
const SEAL_WRITES: usize = 3;

impl<H: Host> Run<'_, H> {
    /// Lays out the next head, seals what it can't keep, and publishes.
    pub(super) async fn publish<K: Kv>(
        &mut self,
        kv: &K,
        folded: Outcome,
    ) -> Result<RunOutcome, CycleError> {
        let spent = self.spent();
        let budget = engagement::writes_per_day(self.config);
        let left_today = budget.saturating_sub(spent.writes()) as usize;
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
        let (kept, sealed) = folded.rows.split_at(keep);
        let sealing = Sealing {
            rows: sealed,
            edits: &folded.edits,
            config: self.config,
            now: self.now,
            generation: parts.generation,
            kept: keep,
            dropped_upto: head.as_ref().and_then(Head::dropped_upto),
        };
        let mut seal = publish::seal(kv, &mut parts.views, &sealing).await?;
        self.report.notes.append(&mut seal.notes);
        let pace = spent.pace_ms(budget, self.now);
        // While the budget is short, the head goes first: seals and the state wait.
        let waits = left_today == 0
            || pace.is_some()
            || (!seal.writes.is_empty() && seal.writes.len() + SEAL_WRITES > left_today);
        if waits {
            // Sealing can wait as long as the head takes everything.
            parts.views = frame.parts(Vec::new()).views;
            parts.rows.clone_from(&folded.rows);
            parts.dropped_upto = sealing.dropped_upto;
            seal = publish::Seal::default();
            frame.lay_out(&mut parts, sealed_before);
        } else {
            parts.rows = kept.to_vec();
            let mut sealed_now = frame.add_sealed(sealed_before, sealed);
            for (key, more) in &seal.counts {
                let items = sealed_now.entry(key.clone()).or_default();
                *items = items.saturating_add_signed(*more);
            }
            parts.dropped_upto = seal.dropped_upto;
            parts.sealed_upto = parts
                .sealed_upto
                .max(sealed.first().map(|row| row.position));
            self.settle(&folded.edits, &seal.waiting);
            seal.garbage.extend(frame.removed_views());
            frame.lay_out(&mut parts, sealed_now);
            for row in sealed {
                self.state.memory.insert_sealed(row);
            }
        }
        parts.checks = checks(self.config, &self.state);
        parts.usage = self.usage;
        let published = self.loaded.head.as_ref();
        let unchanged = published.is_some_and(|head| head.fold_hash() == parts.fold_hash);
        if !waits && !sealed.is_empty() {
            self.state.sealed_upto = parts.sealed_upto;
        }
        // Without the state an edit of a sealed item would be taken for news again in the next run.
        let touched = self.purged
            || !sealed.is_empty()
            || !folded.edits.is_empty()
            || !seal.garbage.is_empty();
        let state = self.state_to_save(touched, waits);
        if unchanged {
            if state && left_today > 0 {
                self.save_state(kv, spent.and(1)).await;
            }
            return Ok(RunOutcome::Unchanged);
        }
        let since = head
            .as_ref()
            .map(|head| self.now.0.saturating_sub(head.updated().0));
        if let Some(wait) = pace
            && since.is_some_and(|since| since < wait)
        {
            self.report.notes.push(format!(
                "the day's write budget runs short ({left_today} left): publishes are {} s apart",
                wait / 1000
            ));
            return Ok(RunOutcome::Deferred);
        }
        let state = state && (left_today > 1 || !seal.writes.is_empty());
        let after = match seal.writes.len() {
            0 => spent.and(usize::from(state)),
            values => spent.and(values + SEAL_WRITES - 1),
        };
        parts.ledger = after.in_head();
        let head = parts.encode();
        if left_today == 0 || head.len() > VALUE_BYTES_MAX {
            self.host.log(
                Level::Warn,
                "the day's write budget is used up: what is new waits upstream",
            );
            return Ok(RunOutcome::Deferred);
        }
        if !seal.writes.is_empty()
            && let Some(stopped) = self.reserve(kv, after).await?
        {
            return Ok(stopped);
        }
        let outcome = self.swap(kv, &seal.writes, &head).await?;
        if outcome == RunOutcome::Published {
            self.report.generation = parts.generation;
            self.discard(seal.garbage);
            if state {
                self.save_state(kv, after).await;
            }
        }
        Ok(outcome)
    }

    /// Brings the memory in line with what became of the edits. One that waits is found again: its item is remembered as it
    /// was, and its source is asked for the whole document.
    fn settle(&mut self, edits: &[Edit], waiting: &BTreeSet<Position>) {
        for edit in edits {
            let hash = edit.position.hash;
            if waiting.contains(&edit.position) {
                self.state.memory.set_content(hash, edit.before);
                if let Some(known) = self.state.sources.get_mut(&edit.source) {
                    known.validators = Validators::default();
                }
            } else if edit.row.is_none() {
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

    async fn swap<K: Kv>(
        &self,
        kv: &K,
        values: &BTreeMap<String, Bytes>,
        head: &Bytes,
    ) -> Result<RunOutcome, CycleError> {
        match publish::publish(kv, values, head, self.loaded.head_version.clone()).await {
            Ok(Published::Visible) => Ok(RunOutcome::Published),
            Ok(Published::Conflict) => Ok(RunOutcome::Conflict),
            Err(error @ (KvError::QuotaExceeded | KvError::Throttled { .. })) => {
                self.host
                    .log(Level::Warn, &format!("publishing waits: {error}"));
                Ok(RunOutcome::Deferred)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Counts what is about to be written before it is: the stored state, unchanged but for its ledger. `Some` where the
    /// run stops here.
    async fn reserve<K: Kv>(
        &mut self,
        kv: &K,
        after: Spent,
    ) -> Result<Option<RunOutcome>, CycleError> {
        let mut reserved = self.loaded.state.clone();
        reserved.ledger = after.in_state();
        let value = reserved.encode();
        match kv
            .put(keys::STATE, value.clone(), self.state_precondition(), None)
            .await
        {
            Ok(version) => {
                self.loaded.state_version = Some(version);
                Ok(None)
            }
            Err(KvError::Conflict) => Ok(Some(RunOutcome::Conflict)),
            Err(KvError::Ambiguous(why)) => {
                let stored = kv.get(keys::STATE).await?;
                match stored.filter(|stored| stored.value == value) {
                    Some(stored) => {
                        self.loaded.state_version = Some(stored.version);
                        Ok(None)
                    }
                    None => Err(KvError::Ambiguous(why).into()),
                }
            }
            Err(error @ (KvError::QuotaExceeded | KvError::Throttled { .. })) => {
                self.host
                    .log(Level::Warn, &format!("sealing waits: {error}"));
                Ok(Some(RunOutcome::Deferred))
            }
            Err(error) => Err(error.into()),
        }
    }

    fn state_precondition(&self) -> Precondition {
        let version = self.loaded.state_version.clone();
        version.map_or(Precondition::Absent, Precondition::Version)
    }

    /// Today's writes so far.
    pub(super) fn spent(&self) -> Spent {
        let head = self.loaded.head.as_ref().map(Head::ledger);
        Spent::of(self.now, head.unwrap_or_default(), self.loaded.state.ledger)
    }

    /// Whether the state is to be stored after this run.
    fn state_to_save(&mut self, touched: bool, waits: bool) -> bool {
        for (source, rank) in self.state.memory.trim(fold::MEMORY_ITEMS_MAX) {
            if let Some(known) = self.state.sources.get_mut(&source) {
                known.forgotten_upto = known.forgotten_upto.max(Some(rank));
            }
        }
        if waits {
            return false;
        }
        let due = self.now.0.saturating_sub(self.loaded.state.saved_at.0) >= STATE_EVERY_MS;
        // The last run of a round too: else its sources would count as unasked.
        self.state.goes_on = self.left > 0 && !self.carried;
        let goes_on = self.asked && (self.state.goes_on || self.loaded.state.goes_on);
        let checks = self.asked && self.is_called_early();
        let dirty = || self.has_ripe() || self.state.differs(&self.loaded.state);
        touched || goes_on || self.early || (due && (checks || dirty()))
    }

    /// Whether a call came before anything was due lately: then a stored check time spares a request.
    fn is_called_early(&self) -> bool {
        let at = self.state.called_early;
        at.is_some_and(|at| self.now.0.saturating_sub(at.0) < CALLED_EARLY_MS)
    }

    /// Stores the state. That it could not be stored costs the next run a re-fetch, no more.
    async fn save_state<K: Kv>(&mut self, kv: &K, after: Spent) {
        self.state.saved_at = self.now;
        self.find_orphans(kv).await;
        let left = engagement::writes_per_day(self.config).saturating_sub(after.writes());
        let ripe = self.take_ripe(left);
        self.state.ledger = after.and(ripe.len()).in_state();
        self.state.usage = self.usage;
        let value = self.state.encode();
        if value.len() > VALUE_BYTES_MAX {
            self.host.log(
                Level::Warn,
                "the state is too large to be stored: sources are asked afresh",
            );
            return;
        }
        let when = self.state_precondition();
        match kv.put(keys::STATE, value, when, None).await {
            Ok(_) => self.delete(kv, &ripe).await,
            Err(error) => self
                .host
                .log(Level::Warn, &format!("the state was not stored: {error}")),
        }
    }
}
