//! Makes the outcome of a run visible, within the day's budget.

use std::collections::BTreeSet;

use bytes::Bytes;

use crate::fold::{self, SourceState};
use crate::host::{Host, Kv, KvError, Level, PURGED_KEYS_MAX};
use crate::publish::{self, Published, Values};
use crate::slice::{FirstNamed, Head, HeadParts, Position, VALUE_BYTES_MAX};
use crate::time::Timestamp;

use super::claim::{CLAIM_WRITES, Claim, Claimed, once_claimed};
use super::draft::Draft;
use super::fold::Outcome;
use super::ledger::{Priority, Purse, between_days};
use super::run::Run;
use super::save::Preceding;
use super::sync::rebase;
use super::{CycleError, RunOutcome};

/// The state is stored at most this often, in milliseconds, unless something was sealed or sources were left.
const STATE_EVERY_MS: i64 = 60 * 60 * 1000;
/// How long a call before anything was due counts, in milliseconds.
const CALLED_EARLY_MS: i64 = 48 * 60 * 60 * 1000;
/// Claims that a head remembers for the state; counters of more stay stored for good.
const CLAIMS_MAX: usize = 64;

impl<H: Host> Run<'_, H> {
    /// Lays out the next head, seals what it can't keep, and publishes.
    pub(super) async fn publish<K: Kv>(
        &mut self,
        kv: &K,
        folded: Outcome,
    ) -> Result<RunOutcome, CycleError> {
        let now = self.host.time().await;
        let purse = self.purse(now);
        // The first head of all goes first: nothing can have been counted on either day.
        let between_days = between_days(now) && self.loaded.head.is_some();
        // Nothing is indexed that could not be published.
        let index_may = !between_days && self.may_claim(kv, now);
        let draft = self.draft(kv, folded, purse, index_may).await?;
        let published = self.loaded.head.as_ref();
        let same = |draft: &&Draft| {
            let is_same = published.is_some_and(|head| head.fold_hash() == draft.parts.fold_hash);
            is_same && !draft.index_alone
        };
        if let Some(draft) = draft.as_ref().filter(same) {
            rebase(&mut self.state, published);
            let head = self.loaded.head.clone();
            let wanted = self.wants_state(draft.touched, draft.waits);
            if wanted && !between_days && purse.may(Priority::State, 1) {
                self.save_state(kv, head.as_ref(), purse).await;
            }
            return Ok(RunOutcome::Unchanged);
        }
        if between_days {
            let note = "it is about midnight, UTC: the next run publishes, when it is clear which day's writes it takes";
            self.report.notes.push(note.to_owned());
            return Ok(RunOutcome::Deferred);
        }
        if let Some(waits) = self.put_off(kv, purse) {
            return Ok(waits);
        }
        let Some(draft) = draft else {
            return Ok(RunOutcome::Deferred);
        };
        let claim = match self.claim(kv, draft.parts.generation).await? {
            Claimed::Needless => None,
            Claimed::Owned(claim) => Some(claim),
            Claimed::Stopped(outcome) => return Ok(outcome),
        };
        self.write(kv, draft, purse, claim, now).await
    }

    pub(super) fn head_is_too_large(&self, bytes: usize, wanted: usize) {
        let line = format!(
            "the next head would be {bytes} bytes, over {VALUE_BYTES_MAX}: it waits until there is budget to seal ({wanted} writes)"
        );
        self.host.log(Level::Warn, &line);
    }

    /// `Some` where nothing may be published now.
    fn put_off<K: Kv>(&mut self, kv: &K, purse: Purse) -> Option<RunOutcome> {
        let left = purse.left();
        if once_claimed(kv, purse).heads_left() == 0 {
            self.host.log(
                Level::Warn,
                "the day's write budget is used up: what is new waits upstream",
            );
            return Some(RunOutcome::Deferred);
        }
        let wait = purse.pace_ms()?;
        let updated = self.loaded.head.as_ref()?.updated();
        if self.now.0.saturating_sub(updated.0) >= wait {
            return None;
        }
        self.report.notes.push(format!(
            "the day's write budget runs short ({left} left): publishes are {} s apart",
            wait / 1000
        ));
        Some(RunOutcome::Deferred)
    }

    /// Writes what the draft needs, in the order that keeps readers and the ledger safe.
    async fn write<K: Kv>(
        &mut self,
        kv: &K,
        draft: Draft,
        mut purse: Purse,
        claim: Option<Claim>,
        now: Timestamp,
    ) -> Result<RunOutcome, CycleError> {
        let Draft {
            mut parts,
            seal,
            sealed,
            touched,
            waits,
            wanted,
            index_alone: _,
        } = draft;
        if self.config.cache.gzip {
            parts.add_twins(self.config.site.page_items);
        }
        self.note_claims(&mut parts, claim);
        let (before, written) = (self.loaded.head.as_ref(), seal.writes.keys());
        let named = FirstNamed::after(before, written, &seal.garbage, now);
        parts.first_named = Some(named);
        if claim.is_some() {
            purse.spend(CLAIM_WRITES);
        }
        let wants_state = self.wants_state(touched, waits);
        parts.ledger = purse.in_head(wanted);
        let unmarked = parts.encode();
        if unmarked.len() > VALUE_BYTES_MAX {
            self.head_is_too_large(unmarked.len(), wanted);
            return Ok(RunOutcome::Deferred);
        }
        let mut ripe = Vec::new();
        if touched {
            purse.spend(seal.writes.len() + 1);
            self.find_orphans(kv).await;
            ripe = self.take_ripe(purse);
            purse.spend(ripe.len());
            let preceding = Preceding {
                head: Head::open(unmarked)?,
                lineage: parts.lineage,
                discarding: seal.garbage,
            };
            if let Some(stopped) = self.save_before(kv, preceding, purse).await? {
                return Ok(stopped);
            }
            parts.lineage = self.state.lineage;
        }
        let after = wants_state && !touched && purse.may(Priority::State, 1);
        let mut ledger = purse;
        ledger.spend(usize::from(after));
        parts.ledger = ledger.in_head(wanted);
        let head = parts.encode();
        let outcome = self.swap(kv, &seal.writes, &head, claim).await?;
        // No head names them, whatever became of this one; they are counted and forgotten.
        self.delete(kv, &ripe).await;
        if outcome == RunOutcome::Published {
            self.report.generation = parts.generation;
            self.published = Some(parts.ledger);
            self.tell_caches(&head, &sealed, &seal.changed_keys).await;
            if after {
                let head = Head::open(head).ok();
                self.save_state(kv, head.as_ref(), purse).await;
            }
        }
        Ok(outcome)
    }

    /// Tells caches in front which answers are other ones now. A failure costs no run: lifetimes are as they were.
    async fn tell_caches(
        &mut self,
        head: &Bytes,
        sealed: &BTreeSet<Position>,
        amended: &BTreeSet<String>,
    ) {
        let before = self.loaded.head.as_ref().filter(|_| self.host.purges());
        // Nothing may be kept of the time before the first publish.
        if let (Some(before), Ok(after)) = (before, Head::open(head.clone())) {
            // Of a restored head nobody knows what answers have shown of it.
            let keys = match self.loaded.restored {
                None => publish::changed(before, &after, sealed, amended),
                Some(_) => BTreeSet::from([publish::SITE.to_owned()]),
            };
            self.drop_answers(keys).await;
        }
    }

    /// Drops answers with these keys from caches in front; all of the site where there are many.
    pub(super) async fn drop_answers(&mut self, mut keys: BTreeSet<String>) {
        if keys.len() > PURGED_KEYS_MAX {
            keys = BTreeSet::from([publish::SITE.to_owned()]);
        }
        let keys: Vec<String> = keys.into_iter().collect();
        if let Err(why) = self.host.purge(&keys).await {
            let line = format!("caches in front were not told what changed: {why}");
            self.host.log(Level::Warn, &line);
            self.report.notes.push(line);
        }
    }

    /// The head tells the next state which counters there are; the state that is stored now takes over those it knows.
    fn note_claims(&mut self, parts: &mut HeadParts, claim: Option<Claim>) {
        let known = self.loaded.head.iter().flat_map(Head::claims);
        parts.claims = known
            .filter(|(generation, _)| *generation > self.state.claims_upto)
            .collect();
        if let Some(claim) = claim {
            parts.claims.push((parts.generation, claim.slot));
        }
        let excess = parts.claims.len().saturating_sub(CLAIMS_MAX);
        parts.claims.drain(..excess);
    }

    async fn swap<K: Kv>(
        &self,
        kv: &K,
        values: &Values,
        head: &Bytes,
        claim: Option<Claim>,
    ) -> Result<RunOutcome, CycleError> {
        let version = self.loaded.head_version.clone();
        let written = publish::write_values(kv, values).await;
        let swapped = match written {
            Ok(()) if !self.in_term(claim).await => Ok(Published::Conflict),
            Ok(()) => publish::swap_head(kv, head, version).await,
            Err(error) => Err(error),
        };
        match swapped {
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

    /// What may be written on the day of `now`, which is the time of writing, not that at which the run began.
    pub(super) fn purse(&self, now: Timestamp) -> Purse {
        self.loaded.purse(self.config, now)
    }

    /// Whether the state is to be stored in this run.
    fn wants_state(&mut self, touched: bool, waits: bool) -> bool {
        self.state.trim(fold::MEMORY_ITEMS_MAX, self.now);
        if waits {
            return false;
        }
        let due = self.now.0.saturating_sub(self.loaded.state.saved_at.0) >= STATE_EVERY_MS;
        // The last run of a round too: else its sources would count as unasked.
        self.state.goes_on = self.left > 0 && !self.carried;
        let goes_on = self.asked && (self.state.goes_on || self.loaded.state.goes_on);
        let checks = self.asked && self.is_called_early();
        let dirty = || self.has_ripe() || self.state.differs(&self.loaded.state);
        let wants = touched || goes_on || self.early || self.alarm.wants;
        wants || self.has_adopted() || (due && (checks || dirty()))
    }

    /// Whether a document was taken for known because some of its items may have been forgotten: if that were not stored, the
    /// next one would be too.
    fn has_adopted(&self) -> bool {
        let stored = &self.loaded.state.sources;
        let adopted = |(id, known): (&String, &SourceState)| {
            let before = stored.get(id);
            !known.adopts_undated && before.is_some_and(|before| before.adopts_undated)
        };
        self.state.sources.iter().any(adopted)
    }

    /// Whether a call came before anything was due lately: then a stored check time spares a request.
    fn is_called_early(&self) -> bool {
        let at = self.state.called_early;
        at.is_some_and(|at| self.now.0.saturating_sub(at.0) < CALLED_EARLY_MS)
    }
}
