//! Deletes what no head names any more: late, and with writes that are left over.

use futures_util::stream::{self, StreamExt};

use super::ledger::{Priority, Purse};
use super::run::Run;
use crate::host::{Host, KV_CONCURRENCY, Kv, Level};
use crate::slice::{Head, keys};

/// How long a value outlives the head that named it last, in milliseconds: longer than any reader keeps a head, and than
/// an eventually consistent store shows an old one.
const GRACE_MS: i64 = 60 * 60 * 1000;
/// Deletions of one run.
const DELETES_MAX: usize = 32;
/// Keys that wait for their deletion; what is more stays stored for good.
pub(super) const GARBAGE_MAX: usize = 500;

impl<H: Host> Run<'_, H> {
    /// Keeps what waits for its deletion within its bound.
    pub(super) fn limit_garbage(&self, discarding: &mut Vec<String>) {
        discarding.truncate(GARBAGE_MAX.saturating_sub(self.state.garbage.len()));
    }

    /// Counters of claims that the published head tells of wait for their deletion too.
    pub(super) fn take_claims(&mut self) {
        for (generation, slot) in self.loaded.head.iter().flat_map(Head::claims) {
            if generation > self.state.claims_upto {
                let key = keys::claim(generation, slot);
                if self.state.garbage.len() < GARBAGE_MAX {
                    self.state.garbage.entry(key).or_insert(self.now);
                }
            }
        }
        let upto = self.loaded.head.iter().flat_map(Head::claims).last();
        self.state.claims_upto = upto.map_or(self.state.claims_upto, |(generation, _)| {
            generation.max(self.state.claims_upto)
        });
    }

    /// Whether something waits that may be deleted by now.
    pub(super) fn has_ripe(&self) -> bool {
        self.state
            .garbage
            .values()
            .any(|since| self.is_ripe(since.0))
    }

    fn is_ripe(&self, since: i64) -> bool {
        self.now.0.saturating_sub(since) >= GRACE_MS
    }

    /// Takes what may be deleted now out of the state: what the day's budget has to spare for it. Whoever calls this counts
    /// the deletions in the state that is stored next.
    pub(super) fn take_ripe(&mut self, purse: Purse) -> Vec<String> {
        let most = (1..=DELETES_MAX).rev();
        let spare = most
            .into_iter()
            .find(|count| purse.may(Priority::Sweep, *count));
        let ripe = self
            .state
            .garbage
            .iter()
            .filter(|(_, since)| self.is_ripe(since.0));
        let taken: Vec<String> = ripe
            .map(|(key, _)| key.clone())
            .take(spare.unwrap_or(0))
            .collect();
        for key in &taken {
            self.state.garbage.remove(key);
        }
        taken
    }

    /// Deletes. They are counted and forgotten already: one that fails stays stored.
    pub(super) async fn delete<K: Kv>(&self, kv: &K, keys: &[String]) {
        let deletions = keys.iter().map(|key| kv.delete(key));
        let done: Vec<_> = stream::iter(deletions)
            .buffered(KV_CONCURRENCY)
            .collect()
            .await;
        for error in done.into_iter().filter_map(Result::err) {
            self.host.log(
                Level::Warn,
                &format!("an old value was not deleted: {error}"),
            );
        }
    }
}
