//! Stores the state: alone, after a head, or before one that seals.

use bytes::Bytes;

use super::ledger::Purse;
use super::run::Run;
use super::{CycleError, RunOutcome};
use crate::host::{Host, Kv, KvError, Level, Precondition, Version};
use crate::slice::{Head, Lineage, VALUE_BYTES_MAX, keys};
use crate::store::{Swapped, swap};

/// Rounds of making a state smaller: memory, what it left, the backup of the head, validators.
const FIT_ROUNDS: usize = 4;
/// A state is made to fit into this, in bytes, before its own head's keys are added.
const STATE_BYTES_MAX: usize = VALUE_BYTES_MAX - 40_000;

/// A backup of a head that is larger, in bytes, is left out: it takes the place of what de-duplication remembers, so that of a full
/// memory a tenth may go for it.
const BACKUP_BYTES_MAX: usize = 40_000;

/// What a head is going to do that the state is stored for.
pub(super) struct Preceding {
    /// As it is going to be, but for the marks and books of the publish itself.
    pub(super) head: Head,
    /// Of the head that is visible.
    pub(super) lineage: Lineage,
    /// Keys that it no longer names.
    pub(super) discarding: Vec<String>,
}

impl<H: Host> Run<'_, H> {
    /// Stores the state before the head that it goes with, and counts by that all that is about to be written. `Some`
    /// where the run stops here.
    pub(super) async fn save_before<K: Kv>(
        &mut self,
        kv: &K,
        preceding: Preceding,
        purse: Purse,
    ) -> Result<Option<RunOutcome>, CycleError> {
        let Preceding {
            head,
            lineage,
            mut discarding,
        } = preceding;
        self.limit_garbage(&mut discarding);
        self.state.saved_at = self.now;
        self.state.ledger = purse.in_state();
        self.state.usage = self.usage;
        self.take_claims();
        let sealed_before = self.loaded.head.as_ref().and_then(Head::sealed_upto);
        self.state.backup = head.backup(lineage);
        self.fit();
        self.state
            .precede(&head, lineage, sealed_before, discarding);
        let value = self.state.encode();
        match kv
            .put(keys::STATE, value.clone(), self.state_precondition(), None)
            .await
        {
            Ok(version) => {
                self.is_stored(version);
                Ok(None)
            }
            Err(KvError::Conflict) => Ok(Some(RunOutcome::Conflict)),
            Err(KvError::Ambiguous(why)) => self.reread_state(kv, &value, why).await,
            Err(error @ (KvError::QuotaExceeded | KvError::Throttled { .. })) => {
                self.host
                    .log(Level::Warn, &format!("sealing waits: {error}"));
                Ok(Some(RunOutcome::Deferred))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The answer was lost: what is stored tells.
    async fn reread_state<K: Kv>(
        &mut self,
        kv: &K,
        value: &Bytes,
        why: String,
    ) -> Result<Option<RunOutcome>, CycleError> {
        let stored = kv.get(keys::STATE).await?;
        match stored.filter(|stored| stored.value == *value) {
            Some(stored) => {
                self.is_stored(stored.version);
                Ok(None)
            }
            None => Err(KvError::Ambiguous(why).into()),
        }
    }

    /// Stores the state with what is visible, which is `head`, and deletes what may be deleted. That it could not be stored
    /// costs the next run a re-fetch, no more.
    pub(super) async fn save_state<K: Kv>(
        &mut self,
        kv: &K,
        head: Option<&Head>,
        mut purse: Purse,
    ) {
        purse.spend(1);
        self.find_orphans(kv).await;
        let ripe = self.take_ripe(purse);
        purse.spend(ripe.len());
        self.state.saved_at = self.now;
        self.state.usage = self.usage;
        self.state.memory.settle();
        self.take_claims();
        // One that is there is of the last head that sealed something: nothing else is in it.
        if let Some(head) = head.filter(|_| self.state.backup.is_empty()) {
            self.state.backup = head.backup(self.state.lineage);
        }
        self.fit();
        if self.put_state(kv, purse).await {
            self.delete(kv, &ripe).await;
        }
    }

    /// Stores the state as it is, over the one that was read or stored last. Says whether that is sure.
    pub(super) async fn put_state<K: Kv>(&mut self, kv: &K, purse: Purse) -> bool {
        self.state.ledger = purse.in_state();
        let value = self.state.encode();
        let why = match swap(kv, keys::STATE, &value, self.state_precondition()).await {
            Ok(Swapped::Applied(version)) => {
                self.is_stored(version);
                return true;
            }
            Ok(Swapped::Conflict) => KvError::Conflict,
            Err(error) => error,
        };
        let line = format!("the state was not stored: {why}");
        self.host.log(Level::Warn, &line);
        false
    }

    fn is_stored(&mut self, version: Version) {
        self.stored = true;
        self.loaded.state_version = Some(version);
    }

    fn state_precondition(&self) -> Precondition {
        let version = self.loaded.state_version.clone();
        version.map_or(Precondition::Absent, Precondition::Version)
    }

    /// Makes the state small enough to be stored: by what it remembers of old items, then by its backup of the head, then by the
    /// validators, which cost a re-fetch.
    fn fit(&mut self) {
        if self.state.backup.len() > BACKUP_BYTES_MAX {
            self.state.backup = Bytes::new();
            let line = "the head lists too much for a copy of that in the state: if it is lost, it can't be restored";
            self.host.log(Level::Warn, line);
        }
        for _ in 0..FIT_ROUNDS {
            let excess = self.state.encode().len().saturating_sub(STATE_BYTES_MAX);
            if excess == 0 {
                return;
            }
            let items = self.state.memory.len();
            if items == 0 && !self.state.backup.is_empty() {
                self.state.backup = Bytes::new();
                continue;
            }
            if items == 0 {
                for known in self.state.sources.values_mut() {
                    known.validators = crate::fetch::Validators::default();
                }
                continue;
            }
            if excess > self.state.backup.len() {
                let line = "the state is too large to be stored: the oldest items are forgotten";
                self.host.log(Level::Warn, line);
            }
            let cells = excess / crate::fold::KNOWN_BYTES + 1;
            self.state.trim(items.saturating_sub(cells), self.now);
        }
    }
}
