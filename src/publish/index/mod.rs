//! The search index follows what is sealed: see [`crate::search`].
//!
//! An edit or a withdrawal of an indexed item goes with its publish: the item is struck out of its run, and, edited, indexed
//! anew. What is sealed may wait for its index, because a search looks through it meanwhile; so runs are written and merged
//! where something is published anyway, and with writes that are left over. Only what is more than that ([`is_behind`]) is a
//! reason to publish, a portion a cycle, until nothing is.

mod grow;
mod history;
mod portion;

use std::cell::RefCell;
use std::collections::BTreeMap;

use bytes::Bytes;

use super::seal::{Seal, Sealing};
use super::values::Values;
use crate::fold::{self, ALL, ViewDef};
use crate::host::Kv;
use crate::item::Item;
use crate::read::ReadError;
use crate::search::{Document, Index, Made, Opened, Run, index, locate, merge};
use crate::slice::{Position, ViewParts, keys};

pub(crate) use portion::{Portion, is_behind};
#[cfg(test)]
pub(crate) use portion::{UNINDEXED_ITEMS_MAX, WAITING_ITEMS_MAX};

/// The youngest run grows up to this many documents, as long as it is one value: it is written anew each time.
const YOUNG_DOCUMENTS_MAX: u32 = 3_000;

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

/// Indexes what is sealed and has no index, a `portion` of it, and merges runs. `all` is the view of everything as it will be.
/// Leaves the index as it is where there is nothing to do, or what is to be read may still be on its way.
///
/// # Errors
/// Where the store fails.
pub(crate) async fn grow_index<K: Kv>(
    kv: &K,
    index: &mut Index,
    seal: &mut Seal,
    sealing: &Sealing<'_>,
    all: &ViewParts,
    portion: Portion,
) -> Result<(), ReadError> {
    if portion.values == 0 {
        return Ok(());
    }
    let mut desk = Desk::new(kv, seal, sealing);
    let mut next = index.clone();
    match desk.grow(&mut next, all, portion.clone()).await {
        // More values than the portion was taken for: not seen yet, and better not published than not counted.
        Ok(()) if desk.writes.len() > portion.values => Ok(()),
        Ok(()) => {
            *index = next;
            desk.settle(Ok(()), index, seal)
        }
        Err(error) if portion.waits && portion.awaits(&error) => Ok(()),
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
    /// What was passed over, for people.
    notes: Vec<String>,
    /// Read lately: amended items lie side by side.
    lately: RefCell<BTreeMap<String, Bytes>>,
}

/// Values of [`Desk::lately`].
const LATELY_MAX: usize = 4;

impl<'a, K: Kv> Desk<'a, K> {
    fn new(kv: &'a K, seal: &Seal, sealing: &Sealing<'a>) -> Self {
        Self {
            kv,
            sealed: seal.writes.clone(),
            defs: fold::views(sealing.config),
            generation: sealing.generation,
            writes: BTreeMap::new(),
            garbage: Vec::new(),
            notes: Vec::new(),
            lately: RefCell::default(),
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
        seal.notes.append(&mut self.notes);
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

    /// As [`Desk::value`], for whoever asks for the same few again and again.
    async fn value_again(&self, key: String) -> Result<Bytes, ReadError> {
        let known = self.lately.borrow().get(&key).cloned();
        if let Some(value) = known {
            return Ok(value);
        }
        let value = self.value(key.clone()).await?;
        let mut lately = self.lately.borrow_mut();
        if lately.len() == LATELY_MAX {
            lately.clear();
        }
        lately.insert(key, value.clone());
        Ok(value)
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
                let found = locate(run, *position, |key| self.value_again(key)).await?;
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
        for row in &seal.restored {
            // What was passed over while it was lost; the rest is where it was.
            if index.covers(row.position) && !self.has(index, row.position).await? {
                documents.extend(self.document(row.position, row.json.as_bytes()));
            }
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

    /// Whether the item at `position` is in a run.
    async fn has(&self, index: &Index, position: Position) -> Result<bool, ReadError> {
        for run in index.runs.iter().filter(|run| run.spans(position)) {
            let found = locate(run, position, |key| self.value_again(key)).await?;
            let found = found.filter(|(number, found)| {
                *found == position && run.struck.binary_search(number).is_err()
            });
            if found.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
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
        self.add_made(index_of, index(documents, self.generation))
            .await
    }

    async fn add_made(&mut self, index_of: &mut Index, fresh: Made) -> Result<(), ReadError> {
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
}
