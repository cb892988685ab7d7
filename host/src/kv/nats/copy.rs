//! What this process has read or written lately, so that a hot read needs no network.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;

/// Bytes of values and keys kept.
const COPY_BYTES_MAX: usize = 64 << 20;
/// Keys kept.
const COPY_KEYS_MAX: usize = 65_536;
/// What an entry costs beside key and value, in bytes.
const ENTRY_BYTES: usize = 128;
/// No replica is behind by more than this: so long it is remembered that a key has changed.
const REPLICA_LAG_MAX: Duration = Duration::from_secs(60);

/// What the store said of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Held {
    /// The revision of the last write to the key, 0 where there was none.
    pub(super) revision: u64,
    /// `None`: there is no value.
    pub(super) value: Option<Value>,
}

/// A value, and when it ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Value {
    pub(super) bytes: Bytes,
    /// By the server's clock, in milliseconds since 1970.
    pub(super) expires_ms: Option<i64>,
}

/// What is known of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Known {
    /// Nothing newer was heard of.
    Current(Held),
    /// Something newer is there, or may be: to be used only where the store does not answer.
    Outdated(Held),
    /// No value is kept.
    Nothing,
}

/// The copy. Filled by reads and writes, and told of changes by the watch.
#[derive(Debug, Default)]
pub(super) struct Copy {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    entries: BTreeMap<String, Entry>,
    bytes: usize,
    tick: u64,
}

#[derive(Debug, Default)]
struct Entry {
    held: Option<Held>,
    /// The key has at least this revision: a replica that says less is behind.
    at_least: u64,
    changed: Option<Instant>,
    /// A write's answer was lost: only the leader can tell what became of it.
    unsure: bool,
    /// The servers were away, and may have come back without their last writes.
    doubted: bool,
    used: u64,
}

impl Copy {
    pub(super) fn get(&self, key: &str) -> Known {
        let mut state = self.state();
        state.tick += 1;
        let tick = state.tick;
        let Some(entry) = state.entries.get_mut(key) else {
            return Known::Nothing;
        };
        entry.used = tick;
        match &entry.held {
            None => Known::Nothing,
            Some(held) if entry.unsure || entry.doubted || held.revision < entry.at_least => {
                Known::Outdated(held.clone())
            }
            Some(held) => Known::Current(held.clone()),
        }
    }

    /// Whether any replica may be asked.
    pub(super) fn any_replica_will_do(&self, key: &str) -> bool {
        self.state()
            .entries
            .get(key)
            .is_none_or(|entry| !entry.unsure)
    }

    /// Keeps what a replica said; `false` where it is known to be behind.
    pub(super) fn read(&self, key: &str, held: &Held) -> bool {
        let mut state = self.state();
        let known = state.entries.get(key);
        if known.is_some_and(|entry| entry.unsure || held.revision < entry.at_least) {
            return false;
        }
        state.set(key, held.clone());
        true
    }

    /// Keeps what the leader said, or what was written.
    pub(super) fn settle(&self, key: &str, mut held: Held) {
        let mut state = self.state();
        let known = state.entries.get_mut(key);
        let newer = known.is_none_or(|entry| {
            entry.unsure = false;
            if held.revision == 0 {
                // The mark of a deletion was swept away: still nothing is there.
                held.revision = entry.at_least;
            }
            held.revision >= entry.at_least
        });
        if newer {
            state.set(key, held);
        }
    }

    /// The answer to a write was lost.
    pub(super) fn unsure(&self, key: &str) {
        let mut state = self.state();
        state.entry(key).unsure = true;
    }

    /// The watch saw a write; `gone` where it was a deletion.
    pub(super) fn changed(&self, key: &str, revision: u64, gone: bool) {
        let mut state = self.state();
        let entry = state.entry(key);
        entry.at_least = entry.at_least.max(revision);
        entry.changed = Some(Instant::now());
        let newer = entry
            .held
            .as_ref()
            .is_none_or(|held| held.revision < revision);
        if gone && newer {
            let value = None;
            state.set(key, Held { revision, value });
        }
    }

    /// Takes nothing for granted any more: a server that was killed may have lost its last writes and given their revisions
    /// to others. What is kept is served only where the store does not answer.
    pub(super) fn doubt(&self) {
        for entry in self.state().entries.values_mut() {
            entry.doubted = true;
            entry.at_least = 0;
        }
    }

    /// Forgets everything: nobody knows what was missed.
    pub(super) fn clear(&self) {
        *self.state() = State::default();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn entry(&mut self, key: &str) -> &mut Entry {
        if !self.entries.contains_key(key) {
            self.bytes += key.len() + ENTRY_BYTES;
            self.entries.insert(key.to_owned(), Entry::default());
            self.make_room();
        }
        // Room is made of others: this one is the newest.
        self.tick += 1;
        let tick = self.tick;
        let entry = self.entries.entry(key.to_owned()).or_default();
        entry.used = tick;
        entry
    }

    fn set(&mut self, key: &str, held: Held) {
        let size = |held: &Held| held.value.as_ref().map_or(0, |value| value.bytes.len());
        let bytes = size(&held);
        let entry = self.entry(key);
        entry.at_least = entry.at_least.max(held.revision);
        entry.doubted = false;
        let old = entry.held.replace(held);
        self.bytes += bytes;
        self.bytes -= old.as_ref().map_or(0, size);
        self.make_room();
    }

    /// Drops what was not used for longest, down to three quarters: not at every read again.
    fn make_room(&mut self) {
        if self.bytes <= COPY_BYTES_MAX && self.entries.len() <= COPY_KEYS_MAX {
            return;
        }
        let mut by_use: Vec<(u64, String)> = self
            .entries
            .iter()
            .filter(|(_, entry)| entry.may_go())
            .map(|(key, entry)| (entry.used, key.clone()))
            .collect();
        by_use.sort_unstable();
        // The newest stays: it is being written.
        by_use.pop();
        for (_, key) in by_use {
            if self.bytes <= COPY_BYTES_MAX / 4 * 3 && self.entries.len() <= COPY_KEYS_MAX / 4 * 3 {
                break;
            }
            if let Some(entry) = self.entries.remove(&key) {
                let held = entry.held.and_then(|held| held.value);
                self.bytes -= key.len() + ENTRY_BYTES + held.map_or(0, |value| value.bytes.len());
            }
        }
    }
}

impl Entry {
    /// What has just changed stays, lest a replica that is behind is believed.
    fn may_go(&self) -> bool {
        let changed = self.changed;
        !self.unsure && changed.is_none_or(|changed| changed.elapsed() > REPLICA_LAG_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(revision: u64, text: &'static str) -> Held {
        let bytes = Bytes::from_static(text.as_bytes());
        let value = Some(Value {
            bytes,
            expires_ms: None,
        });
        Held { revision, value }
    }

    #[test]
    fn a_change_outdates_what_is_kept_and_a_lagging_replica_is_not_believed() {
        let copy = Copy::default();
        assert_eq!(copy.get("k"), Known::Nothing);
        assert!(copy.read("k", &held(3, "old")));
        assert_eq!(copy.get("k"), Known::Current(held(3, "old")));
        copy.changed("k", 5, false);
        assert_eq!(copy.get("k"), Known::Outdated(held(3, "old")));
        assert!(!copy.read("k", &held(3, "old")), "a replica behind");
        assert!(copy.read("k", &held(5, "new")));
        copy.changed("k", 5, false);
        assert_eq!(copy.get("k"), Known::Current(held(5, "new")));
    }

    #[test]
    fn a_change_heard_before_the_first_read_counts() {
        let copy = Copy::default();
        copy.changed("k", 9, false);
        assert_eq!(copy.get("k"), Known::Nothing);
        assert!(!copy.read("k", &held(8, "old")));
        copy.settle("k", held(8, "old"));
        assert_eq!(copy.get("k"), Known::Nothing, "nor an old leader");
        copy.settle("k", held(9, "new"));
        assert_eq!(copy.get("k"), Known::Current(held(9, "new")));
    }

    #[test]
    fn a_deletion_is_known_at_once() {
        let copy = Copy::default();
        copy.settle("k", held(3, "old"));
        copy.changed("k", 4, true);
        let gone = Held {
            revision: 4,
            value: None,
        };
        assert_eq!(copy.get("k"), Known::Current(gone.clone()));
        // An echo that comes late changes nothing.
        copy.settle("k", held(6, "newer"));
        copy.changed("k", 4, true);
        assert_eq!(copy.get("k"), Known::Current(held(6, "newer")));
    }

    #[test]
    fn after_a_lost_answer_only_the_leader_is_believed() {
        let copy = Copy::default();
        copy.settle("k", held(3, "old"));
        copy.unsure("k");
        assert_eq!(copy.get("k"), Known::Outdated(held(3, "old")));
        assert!(!copy.any_replica_will_do("k"));
        assert!(!copy.read("k", &held(3, "old")));
        copy.settle("k", held(3, "old"));
        assert_eq!(copy.get("k"), Known::Current(held(3, "old")));
    }

    #[test]
    fn servers_that_come_back_without_their_last_writes_are_believed() {
        let copy = Copy::default();
        copy.settle("k", held(7, "lost"));
        copy.doubt();
        assert_eq!(copy.get("k"), Known::Outdated(held(7, "lost")));
        copy.settle("k", held(5, "kept"));
        assert_eq!(copy.get("k"), Known::Current(held(5, "kept")));
        copy.changed("k", 6, false);
        assert!(copy.read("k", &held(6, "new")));
        assert_eq!(copy.get("k"), Known::Current(held(6, "new")));
    }

    #[test]
    fn it_is_bounded_and_keeps_what_is_used() {
        let copy = Copy::default();
        let bytes = Bytes::from(vec![0; 1_000_000]);
        copy.settle("hot", held(1, "hot"));
        for revision in 2..200 {
            let value = Some(Value {
                bytes: bytes.clone(),
                expires_ms: None,
            });
            copy.settle(&format!("k{revision}"), Held { revision, value });
            assert!(matches!(copy.get("hot"), Known::Current(_)), "{revision}");
            let state = copy.state();
            assert!(state.bytes <= COPY_BYTES_MAX);
        }
        let state = copy.state();
        let counted: usize = state
            .entries
            .iter()
            .map(|(key, entry)| {
                let held = entry.held.as_ref().and_then(|held| held.value.as_ref());
                key.len() + ENTRY_BYTES + held.map_or(0, |value| value.bytes.len())
            })
            .sum();
        assert_eq!(counted, state.bytes);
    }
}
