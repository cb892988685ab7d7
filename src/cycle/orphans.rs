//! Finds stored values that nothing names: what crashed and lost publishes wrote.
//!
//! A value is stamped with the generation of the head that it was made for. Heads follow one another by compare-and-swap, and
//! each names what the one before it named or what was made for it. So what the published head of that generation or a
//! later one does not name, no head will ever name again, whoever publishes meanwhile: it may wait for its deletion as
//! everything does that was superseded. A run looks when it stores the state anyway, so that the place where the search
//! goes on costs no write.

use std::collections::BTreeSet;

use super::run::Run;
use super::sweep::GARBAGE_MAX;
use crate::host::{Host, KeyPage, Kv, Level};
use crate::ordered::Inserted;
use crate::read::directory;
use crate::slice::{Head, SliceRef, keys, stamped_generation};

/// Between two looks, in milliseconds.
const LOOK_EVERY_MS: i64 = 60 * 60 * 1000;
/// Directories that one look reads. A site with more (some ten million listed items) is not searched.
const DIRECTORIES_MAX: usize = 64;
/// Values that one look opens for their generation.
const SUSPECTS_MAX: usize = 16;

impl<H: Host> Run<'_, H> {
    /// Looks through one page of the store's keys, where the store can list them.
    pub(super) async fn find_orphans<K: Kv>(&mut self, kv: &K) {
        let rests = self.now.0.saturating_sub(self.state.sweep.at.0) < LOOK_EVERY_MS;
        let full = self.state.garbage.len() + SUSPECTS_MAX > GARBAGE_MAX;
        let Some(head) = self.loaded.head.clone() else {
            return;
        };
        if rests || full || !kv.capabilities().list {
            return;
        }
        self.state.sweep.at = self.now;
        let sweep = &self.state.sweep;
        let prefix = match (sweep.directories, sweep.runs) {
            (true, _) => keys::DIRECTORIES,
            (_, true) => keys::RUNS,
            _ => keys::SEGMENTS,
        };
        let cursor = self.state.sweep.cursor.take();
        let KeyPage { keys, cursor: next } = match kv.list(prefix, cursor.as_deref()).await {
            Ok(page) => page,
            // A cursor that the store no longer takes is given up: the search begins anew.
            Err(error) => {
                let line = format!("keys could not be listed: {error}");
                self.host.log(Level::Warn, &line);
                return;
            }
        };
        let known = &self.state.garbage;
        let mut unnamed: BTreeSet<String> = keys
            .into_iter()
            .filter(|key| !known.contains_key(key))
            .inserted();
        if !strike_named(kv, &head, &mut unnamed).await {
            self.state.sweep.cursor = cursor;
            return;
        }
        let all = unnamed.len() <= SUSPECTS_MAX;
        for key in unnamed.into_iter().take(SUSPECTS_MAX) {
            let stored = kv.get(&key).await.ok().flatten();
            let stamped = stored.and_then(|stored| stamped_generation(&stored.value).ok());
            if stamped.is_some_and(|stamped| stamped <= head.generation()) {
                self.state.garbage.insert(key, self.now);
            }
        }
        if !all {
            self.state.sweep.cursor = cursor;
        } else if next.is_some() {
            self.state.sweep.cursor = next;
        } else {
            // Segments, directories, runs, and again.
            let sweep = &mut self.state.sweep;
            let was_segments = !sweep.directories && !sweep.runs;
            sweep.runs = sweep.directories;
            sweep.directories = was_segments;
        }
    }
}

/// Takes everything that `head` names out of `unnamed`. `false` where that can't be told now.
async fn strike_named<K: Kv>(kv: &K, head: &Head, unnamed: &mut BTreeSet<String>) -> bool {
    for key in head.index().keys() {
        unnamed.remove(&key);
    }
    let views = (0..head.views_len()).filter_map(|view| u16::try_from(view).ok());
    let mut directories: Vec<SliceRef> = Vec::new();
    for view in views {
        for listed in head.segments(view) {
            unnamed.remove(&keys::segment(listed.name));
        }
        for listed in head.directories(view) {
            unnamed.remove(&keys::directory(listed.name));
            directories.push(listed);
        }
    }
    if directories.len() > DIRECTORIES_MAX {
        return unnamed.is_empty();
    }
    let segments =
        |unnamed: &BTreeSet<String>| unnamed.iter().any(|key| key.starts_with(keys::SEGMENTS));
    for listed in directories {
        if !segments(unnamed) {
            break;
        }
        let Ok(listed) = directory(kv, listed).await else {
            return false;
        };
        for listed in listed.segments() {
            unnamed.remove(&keys::segment(listed.name));
        }
    }
    true
}
