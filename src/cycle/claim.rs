//! Publishing where there is no compare-and-swap: a generation is claimed before anything is written.
//!
//! The claim is a counter named by the next head's generation and a slot: who counts 1 owns it. The slot is how many terms
//! the current head is old, so a claim lasts until its term ends and needs no write to say since when: in the next term the
//! next slot is free, whatever became of its owner, and the slot's number is the fencing number.
//!
//! An owner that is slower than its term sees that before it writes the head. One that is delayed in the middle of that
//! write may still put an old head over a newer one. Then nothing is lost that the sources still offer: what the state knows
//! counts only as far as the visible head says the same (`settle.rs`, `sync.rs`).

use super::ledger::{PUBLISH_MS, Purse};
use super::run::Run;
use super::{CycleError, RunOutcome};
use crate::host::{Host, Kv, KvError, Level};
use crate::slice::{Head, keys};
use crate::store::WAITS_MS_MAX;
use crate::time::Timestamp;

/// A claim's term, in milliseconds: no divisor or multiple of what schedules usually are, so that no schedule always meets
/// its end.
const TERM_MS: i64 = 7 * 60 * 1000;
/// What a claim costs: its counter, the counter's deletion, and one run that counts in vain.
pub(super) const CLAIM_WRITES: usize = 3;

/// The right to publish the next generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Claim {
    /// Which claim of the generation: see [`keys::claim`].
    pub(super) slot: u32,
    /// The head must be on its way before this.
    until: Timestamp,
}

/// What came of asking for it.
pub(super) enum Claimed {
    /// The store compares and swaps: no claim is needed. Or it can do neither, and nothing helps.
    Needless,
    /// Ours.
    Owned(Claim),
    /// The run ends here.
    Stopped(RunOutcome),
}

impl<H: Host> Run<'_, H> {
    /// Claims `generation`, where the store needs that.
    pub(super) async fn claim<K: Kv>(
        &mut self,
        kv: &K,
        generation: u64,
    ) -> Result<Claimed, CycleError> {
        if !claims(kv) {
            return Ok(Claimed::Needless);
        }
        let now = self.host.time().await;
        let (age, left) = self.term(now);
        // Nothing is claimed that may outlast its term.
        if left < PUBLISH_MS {
            let note = format!(
                "too late to claim: the next term begins in {} s",
                left / 1000 + 1
            );
            self.report.notes.push(note);
            return Ok(Claimed::Stopped(RunOutcome::Deferred));
        }
        let slot = u32::try_from(age / TERM_MS).unwrap_or(u32::MAX);
        match kv.increment(&keys::claim(generation, slot)).await {
            Ok(1) => {}
            Ok(_) => {
                let note = format!("another run has claimed generation {generation}, slot {slot}");
                self.report.notes.push(note);
                return Ok(Claimed::Stopped(RunOutcome::Conflict));
            }
            Err(error @ (KvError::QuotaExceeded | KvError::Throttled { .. })) => {
                let line = format!("publishing waits: {error}");
                self.host.log(Level::Warn, &line);
                return Ok(Claimed::Stopped(RunOutcome::Deferred));
            }
            // Counted or not, by us or not: this slot is nobody's. The next one is free in the next term.
            Err(error) => return Err(error.into()),
        }
        // A counter that was swept long ago begins again: whoever still has an old head in mind owns nothing.
        let stored = kv.get(keys::HEAD).await?.map(|entry| entry.version);
        if stored != self.loaded.head_version {
            return Ok(Claimed::Stopped(RunOutcome::Conflict));
        }
        let until = now.plus_millis(left);
        Ok(Claimed::Owned(Claim { slot, until }))
    }

    /// How old the head is at `now`, and what is left of the term, in milliseconds.
    fn term(&self, now: Timestamp) -> (i64, i64) {
        let since = self.loaded.head.as_ref().map(Head::updated);
        let age = now.0.saturating_sub(since.unwrap_or_default().0).max(0);
        (age, TERM_MS - age % TERM_MS)
    }

    /// Whether a claim that is asked for soon after `now` may be had, as far as the clock tells.
    pub(super) fn may_claim<K: Kv>(&self, kv: &K, now: Timestamp) -> bool {
        !claims(kv) || self.term(now).1 >= 2 * PUBLISH_MS
    }

    /// Whether the head may still be written, though its write be throttled and waited for.
    pub(super) async fn in_term(&self, claim: Option<Claim>) -> bool {
        match claim {
            Some(claim) => {
                let now = self.host.time().await;
                now.plus_millis(WAITS_MS_MAX.cast_signed()) < claim.until
            }
            None => true,
        }
    }
}

/// What is left of `purse` for a publish, once that is claimed.
pub(super) fn once_claimed<K: Kv>(kv: &K, mut purse: Purse) -> Purse {
    if claims(kv) {
        purse.spend(CLAIM_WRITES);
    }
    purse
}

/// Whether this store needs claims, and can hold them.
pub(super) fn claims<K: Kv>(kv: &K) -> bool {
    let store = kv.capabilities();
    !store.swap && store.increment
}
