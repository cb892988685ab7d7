//! Deletes what no head names any more: late, and with writes that are left over.

use futures_util::stream::{self, StreamExt};

use super::run::Run;
use crate::host::{Host, KV_CONCURRENCY, Kv, Level};

/// How long a value outlives the head that named it last, in milliseconds: longer than any reader keeps a head, and than
/// an eventually consistent store shows an old one.
pub(super) const GRACE_MS: i64 = 60 * 60 * 1000;
/// Deletions of one run.
const DELETES_MAX: usize = 32;
/// Keys that wait for their deletion; what is more stays stored for good.
pub(super) const GARBAGE_MAX: usize = 500;

impl<H: Host> Run<'_, H> {
    /// Notes what the head that was just published no longer names.
    pub(super) fn discard(&mut self, keys: Vec<String>) {
        for key in keys {
            if self.state.garbage.len() < GARBAGE_MAX {
                self.state.garbage.entry(key).or_insert(self.now);
            }
        }
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

    /// Takes what may be deleted now out of the state. A quarter of the day's budget is left to news.
    pub(super) fn take_ripe(&mut self, left_today: u32) -> Vec<String> {
        let spare =
            left_today.saturating_sub(self.config.budget.cycle_writes_per_day() / 4) as usize;
        let ripe = self
            .state
            .garbage
            .iter()
            .filter(|(_, since)| self.is_ripe(since.0));
        let taken: Vec<String> = ripe
            .map(|(key, _)| key.clone())
            .take(spare.min(DELETES_MAX))
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
