//! Indexes a portion of what waits, and merges runs.

use super::portion::{Portion, WAITING_ITEMS_MAX, is_behind};
use super::{Desk, YOUNG_DOCUMENTS_MAX};
use crate::host::Kv;
use crate::read::ReadError;
use crate::search::{Index, RUN_DOCUMENTS_MAX, Run, check_run_value, merge};
use crate::slice::{Position, ViewParts};

/// Two neighbouring runs become one where one has at most this many times the documents of the other.
const MERGE_RATIO: u32 = 16;
/// A run with more struck documents is written anew without them.
const STRUCK_MAX: usize = 1_000;
/// Values that a merge may come to beside those that it replaces: each value of terms has the times of all documents.
const MERGED_VALUES_MORE: usize = 2;

impl<K: Kv> Desk<'_, K> {
    /// Indexes what was sealed since, then what is older and not indexed yet, and merges two runs where that is due.
    pub(super) async fn grow(
        &mut self,
        index: &mut Index,
        all: &ViewParts,
        mut portion: Portion,
    ) -> Result<(), ReadError> {
        self.inspect(index).await?;
        let newest = all.segments.first().or(all.directories.first());
        let Some(newest) = newest.map(|listed| listed.newest) else {
            return Ok(());
        };
        let behind = is_behind(index, all);
        let (mut from, mut upto) = index.covered.unwrap_or((Position::MAX, newest));
        let bound = upto;
        let (mut parts, _) = self
            .listed(all, usize::MAX, &portion, |listed| listed.newest > bound)
            .await?;
        parts.reverse();
        let newer = self
            .gather(parts, &mut portion, |position| position > bound)
            .await?;
        let mut passed = newer.passed;
        upto = newer.newest.map_or(upto, |newest| newest.max(upto));
        let mut older = None;
        if from > Position::MIN && !portion.is_used_up() {
            let bound = from;
            let (parts, all_listed) = self
                .listed(all, portion.items, &portion, |listed| listed.oldest < bound)
                .await?;
            let gathered = self
                .gather(parts, &mut portion, |position| position < bound)
                .await?;
            passed += gathered.passed;
            from = gathered.oldest.map_or(from, |oldest| oldest.min(from));
            if gathered.whole && all_listed {
                from = Position::MIN;
            }
            older = Some(gathered);
        }
        if passed < WAITING_ITEMS_MAX && !behind {
            return self.merge_two(index, portion.values).await;
        }
        if (from, upto) != (Position::MAX, newest) {
            index.covered = Some((from, upto));
        }
        if let Some(made) = newer.run(self.generation)? {
            self.add_made(index, made).await?;
        }
        if let Some(made) = older
            .map(|older| older.run(self.generation))
            .transpose()?
            .flatten()
        {
            // Behind the others, which it is older than, but for edits.
            self.put(index, index.runs.len(), made);
        }
        self.merge_two(index, portion.values).await
    }

    /// Looks whether one value of the index is as it was written, another one each time: what is lost or damaged would show only when it
    /// is merged, which may be never.
    async fn inspect(&self, index: &Index) -> Result<(), ReadError> {
        let keys: Vec<String> = index.keys().collect();
        let count = u64::try_from(keys.len()).unwrap_or(u64::MAX);
        let at = self.generation.checked_rem(count).unwrap_or(0);
        let key = usize::try_from(at).ok().and_then(|at| keys.get(at));
        match key {
            Some(key) => Ok(check_run_value(self.value(key.clone()).await?)?),
            None => Ok(()),
        }
    }

    /// One merge: of two neighbours, or of a run with many struck documents, where at most `values` come of all that is done.
    /// The youngest is left alone while it grows.
    async fn merge_two(&mut self, index: &mut Index, values: usize) -> Result<(), ReadError> {
        let grows = |run: &Run| run.is_single() && run.live() < YOUNG_DOCUMENTS_MAX;
        let first = usize::from(index.runs.first().is_some_and(grows));
        for at in first..index.runs.len() {
            let (Some(run), older) = (index.runs.get(at), index.runs.get(at + 1)) else {
                break;
            };
            let fits = |older: &&Run| {
                older.live() <= run.live().saturating_mul(MERGE_RATIO)
                    && (run.live() + older.live()) as usize <= RUN_DOCUMENTS_MAX
            };
            let older = older.filter(fits);
            if older.is_none() && run.struck.len() <= STRUCK_MAX {
                continue;
            }
            let merged: Vec<Run> = std::iter::once(run).chain(older).cloned().collect();
            if self.writes_with(&merged) > values {
                return Ok(());
            }
            let mut opened = Vec::new();
            for run in &merged {
                opened.push(self.open(run).await?);
            }
            let made = merge(&opened, self.generation)?;
            index.runs.drain(at..at + merged.len());
            for run in &merged {
                self.retire(run);
            }
            if let Some(made) = made {
                self.put(index, at, made);
            }
            return Ok(());
        }
        Ok(())
    }

    /// Values that are written where `merged` become one run, at most.
    fn writes_with(&self, merged: &[Run]) -> usize {
        let names: Vec<String> = merged.iter().flat_map(Run::keys).collect();
        let unwritten = names.iter().filter(|key| self.writes.contains_key(*key));
        self.writes.len() - unwritten.count() + names.len() + MERGED_VALUES_MORE
    }
}
