//! The search index follows what is sealed: see [`crate::search`].
//!
//! An edit or a withdrawal of an indexed item goes with its publish: the item is struck out of its run, and, edited, indexed
//! anew. What is sealed may wait for its index, because a search looks through it meanwhile; so runs are written and merged
//! only where something is published anyway, and with writes that are left over.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::seal::{Seal, Sealing};
use super::values::Values;
use crate::fold::{self, ALL, ViewDef};
use crate::host::Kv;
use crate::item::Item;
use crate::read::ReadError;
use crate::search::{
    Document, Index, Made, Opened, RUN_DOCUMENTS_MAX, Run, check_run_value, index, locate, merge,
};
use crate::slice::{Directory, Position, Segment, SliceRef, ViewParts, keys};

/// Sealed items that wait for their index until there are this many of them: a search looks through fewer.
const GROW_ITEMS_MIN: usize = 100;
/// Items that one publish indexes at most, give or take a segment; the next goes on.
const GROW_ITEMS_MAX: usize = 5_000;
/// The youngest run grows up to this many documents, as long as it is one value: it is written anew each time.
const YOUNG_DOCUMENTS_MAX: u32 = 3_000;
/// Two neighbouring runs become one where the older is at most this many times the younger.
const MERGE_RATIO: u32 = 16;
/// A run with more struck documents is written anew without them.
const STRUCK_MAX: usize = 1_000;

/// Carries edits, withdrawals and retention over into the index. Part of the publish: its writes are counted with the seal's.
///
/// # Errors
/// Where the store fails.
pub(crate) async fn amend_index<K: Kv>(
    kv: &K,
    index: &mut Index,
    seal: &mut Seal,
    sealing: &Sealing<'_>,
) -> Result<(), ReadError> {
    if index.covered.is_none() {
        return Ok(());
    }
    let mut desk = Desk::new(kv, seal, sealing);
    let done = desk.amend(index, seal).await;
    desk.settle(done, index, seal)
}

/// Indexes what is sealed and has no index, and merges runs, as far as `spare` allows that many writes more. `all` is the
/// view of everything as it will be.
///
/// # Errors
/// Where the store fails.
pub(crate) async fn grow_index<K: Kv>(
    kv: &K,
    index: &mut Index,
    seal: &mut Seal,
    sealing: &Sealing<'_>,
    all: &ViewParts,
    spare: impl Fn(usize) -> bool,
) -> Result<(), ReadError> {
    if !spare(1) {
        return Ok(());
    }
    let mut desk = Desk::new(kv, seal, sealing);
    let mut next = index.clone();
    match desk.grow(&mut next, all).await {
        Ok(()) if spare(desk.writes.len()) => {
            *index = next;
            desk.settle(Ok(()), index, seal)
        }
        Ok(()) => Ok(()),
        failed => desk.settle(failed, index, seal),
    }
}

/// What is written and discarded for the index.
struct Desk<'a, K> {
    kv: &'a K,
    /// Values of this publish that are not stored yet.
    sealed: Values,
    defs: Vec<ViewDef<'a>>,
    generation: u64,
    writes: BTreeMap<String, Bytes>,
    garbage: Vec<String>,
}

impl<'a, K: Kv> Desk<'a, K> {
    fn new(kv: &'a K, seal: &Seal, sealing: &Sealing<'a>) -> Self {
        Self {
            kv,
            sealed: seal.writes.clone(),
            defs: fold::views(sealing.config),
            generation: sealing.generation,
            writes: BTreeMap::new(),
            garbage: Vec::new(),
        }
    }

    /// Takes over into `seal` what was done. Where a value of the index is lost, all of it is given up: it is made again.
    fn settle(
        mut self,
        done: Result<(), ReadError>,
        index: &mut Index,
        seal: &mut Seal,
    ) -> Result<(), ReadError> {
        match done {
            Ok(()) => {}
            Err(error @ ReadError::Store(_)) => return Err(error),
            Err(error) => {
                seal.notes
                    .push(format!("the search index is made anew: {error}"));
                self.writes.clear();
                self.garbage.extend(index.keys());
                *index = Index::default();
            }
        }
        seal.writes.extend(self.writes);
        for key in self.garbage {
            if !seal.writes.remove(&key) {
                seal.garbage.push(key);
            }
        }
        Ok(())
    }

    async fn value(&self, key: String) -> Result<Bytes, ReadError> {
        let here = self.writes.get(&key).cloned();
        match here.or_else(|| self.sealed.get(&key)) {
            Some(value) => Ok(value),
            None => match self.kv.get(&key).await? {
                Some(entry) => Ok(entry.value),
                None => Err(ReadError::Missing(key)),
            },
        }
    }

    fn retire(&mut self, run: &Run) {
        for key in run.keys() {
            if self.writes.remove(&key).is_none() {
                self.garbage.push(key);
            }
        }
    }

    async fn amend(&mut self, index: &mut Index, seal: &Seal) -> Result<(), ReadError> {
        if let Some(upto) = seal.dropped_upto {
            self.cut(index, upto).await?;
        }
        let mut documents = Vec::new();
        for (position, row) in &seal.amended {
            let left = seal.dropped_upto.is_some_and(|upto| *position <= upto);
            if left || !index.covers(*position) {
                continue;
            }
            for run in index.runs.iter_mut().filter(|run| run.spans(*position)) {
                let found = locate(run, *position, |key| self.value(key)).await?;
                if let Some((number, _)) = found.filter(|(_, found)| found == position)
                    && let Err(at) = run.struck.binary_search(&number)
                {
                    run.struck.insert(at, number);
                }
            }
            documents.extend(
                row.as_ref()
                    .and_then(|row| self.document(*position, row.json.as_bytes())),
            );
        }
        self.add(index, documents).await?;
        for run in index
            .runs
            .extract_if(.., |run| run.live() == 0)
            .collect::<Vec<_>>()
        {
            self.retire(&run);
        }
        Ok(())
    }

    /// What is not newer than `upto` has left.
    async fn cut(&mut self, index: &mut Index, upto: Position) -> Result<(), ReadError> {
        for run in index
            .runs
            .extract_if(.., |run| run.newest <= upto)
            .collect::<Vec<_>>()
        {
            self.retire(&run);
        }
        for run in index.runs.iter_mut().filter(|run| run.oldest <= upto) {
            let found = locate(run, upto, |key| self.value(key)).await?;
            run.kept = found.map_or(run.kept, |(number, _)| number.min(run.kept));
            // The last one that stays lies above.
            run.oldest = Position {
                rank: upto.rank,
                hash: upto.hash.saturating_add(1),
            };
        }
        Ok(())
    }

    /// An item as it is indexed; `None` where it can't be read.
    fn document(&self, position: Position, json: &[u8]) -> Option<Document> {
        let item: Item = serde_json::from_slice(json).ok()?;
        let views = fold::views_of(&item, &self.defs);
        let ids = views
            .iter()
            .filter_map(|view| self.defs.get(usize::from(*view)));
        let ids = ids.map(|def| def.id).filter(|id| *id != ALL);
        Some(Document::of(item, position, ids))
    }

    /// Indexes `documents`: in the youngest run where they fit into it, else in a run of their own.
    async fn add(
        &mut self,
        index_of: &mut Index,
        documents: Vec<Document>,
    ) -> Result<(), ReadError> {
        if documents.is_empty() {
            return Ok(());
        }
        let fresh = index(documents, self.generation);
        let young = index_of.runs.first().filter(|young| {
            young.is_single() && young.live() + fresh.run.documents <= YOUNG_DOCUMENTS_MAX
        });
        if let Some(young) = young.cloned() {
            let fresh = Opened::new(fresh.run.clone(), |name| {
                fresh.values.get(&keys::run(name)).cloned()
            })?;
            let young_opened = self.open(&young).await?;
            let made = merge(&[fresh, young_opened], self.generation)?;
            if let Some(made) = made.filter(|made| made.run.is_single()) {
                self.retire(&young);
                index_of.runs.remove(0);
                self.put(index_of, 0, made);
                return Ok(());
            }
        }
        self.put(index_of, 0, fresh);
        Ok(())
    }

    fn put(&mut self, index: &mut Index, at: usize, made: Made) {
        self.writes.extend(made.values);
        index.runs.insert(at, made.run);
    }

    async fn open(&self, run: &Run) -> Result<Opened, ReadError> {
        let mut values = BTreeMap::new();
        for name in run.names() {
            values.insert(name, self.value(keys::run(name)).await?);
        }
        Ok(Opened::new(run.clone(), |name| values.get(&name).cloned())?)
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

    /// Indexes what was sealed since, then what is older and not indexed yet, and merges two runs where that is due.
    async fn grow(&mut self, index: &mut Index, all: &ViewParts) -> Result<(), ReadError> {
        self.inspect(index).await?;
        let Some(newest) = all
            .segments
            .first()
            .or(all.directories.first())
            .map(|listed| listed.newest)
        else {
            return Ok(());
        };
        let (mut from, mut upto) = index.covered.unwrap_or((Position::MAX, newest));
        let mut documents = Vec::new();
        let newer: Vec<SliceRef> = self
            .listed(all, usize::MAX, |listed| listed.newest > upto)
            .await?;
        let mut read = 0;
        for segment in newer.iter().rev() {
            if read >= GROW_ITEMS_MAX {
                break;
            }
            read += segment.items as usize;
            upto = upto.max(
                self.take(*segment, |position| position > upto, &mut documents)
                    .await?,
            );
        }
        if documents.len() < GROW_ITEMS_MIN && index.is_complete() {
            return self.merge_two(index).await;
        }
        if from > Position::MIN {
            let below = from;
            let most = 2 * GROW_ITEMS_MAX;
            let older = self
                .listed(all, most, |listed| listed.oldest < below)
                .await?;
            let count = older.len();
            for (index, segment) in older.into_iter().enumerate() {
                if read >= GROW_ITEMS_MAX {
                    break;
                }
                read += segment.items as usize;
                self.take(segment, |position| position < below, &mut documents)
                    .await?;
                from = from.min(segment.oldest);
                if index + 1 == count {
                    from = Position::MIN;
                }
            }
            if count == 0 {
                from = Position::MIN;
            }
        }
        if documents.len() < GROW_ITEMS_MIN && index.covered.is_none() {
            return Ok(());
        }
        index.covered = Some((from, upto));
        self.add(index, documents).await?;
        self.merge_two(index).await
    }

    /// The segments of the view of everything that are `wanted`, newest first, of `most` items or somewhat more. Directories are
    /// read where they may list some.
    async fn listed(
        &self,
        all: &ViewParts,
        most: usize,
        wanted: impl Fn(&SliceRef) -> bool,
    ) -> Result<Vec<SliceRef>, ReadError> {
        let mut found: Vec<SliceRef> = all
            .segments
            .iter()
            .filter(|listed| wanted(listed))
            .copied()
            .collect();
        for directory in all.directories.iter().filter(|listed| wanted(listed)) {
            let items: usize = found.iter().map(|segment| segment.items as usize).sum();
            if items > most {
                break;
            }
            let opened = Directory::open(self.value(keys::directory(directory.name)).await?)?;
            opened.verify()?;
            found.extend(opened.segments().filter(|listed| wanted(listed)));
        }
        Ok(found)
    }

    /// Adds the items of a segment that are `wanted`. Returns where the newest item is.
    async fn take(
        &self,
        segment: SliceRef,
        wanted: impl Fn(Position) -> bool,
        documents: &mut Vec<Document>,
    ) -> Result<Position, ReadError> {
        let opened = Segment::open(self.value(keys::segment(segment.name)).await?)?;
        opened.verify()?;
        let items = &opened.items;
        for index in 0..items.len() {
            let position = items.position(index);
            if wanted(position) {
                documents.extend(self.document(position, &items.json(index, index + 1)));
            }
        }
        Ok(segment.newest)
    }

    /// One merge: of two neighbours, or of a run with many struck documents. The youngest is left alone while it grows.
    async fn merge_two(&mut self, index: &mut Index) -> Result<(), ReadError> {
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
}

const _: () = assert!(2 * GROW_ITEMS_MAX < RUN_DOCUMENTS_MAX);
