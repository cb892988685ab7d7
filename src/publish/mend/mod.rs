//! Looks at what the head names, and mends what the store has lost of it.
//!
//! Every sealed item is stored in the view of everything and again in each other view that it belongs to. So what one value held is
//! read from the values of other views and sealed anew, in its old places: nothing moves. What no view has any more leaves the
//! lists, and is given up by the memory, so that it is new when a source still offers it.

mod donor;
mod hole;
mod place;

use std::collections::BTreeSet;

use super::layer::Entry;
use super::seal::{Seal, Sealing};
use crate::fold::{self, Gone, Memory, ViewDef};
use crate::host::Kv;
use crate::read::{Arrival, ReadError};
use crate::slice::{Position, Row, SliceRef, Stamp, ViewParts};
use hole::Filled;
pub use place::{NoPlace, Place};

/// Stored values that one look reads, give or take the first ones of a hole that is mended: one of each view, and a directory. The
/// next look goes on.
pub(crate) const LOOKED_AT_MAX: u32 = 48;
/// Segments and directories that one look writes, give or take the directories that list them.
pub(crate) const MENDED_VALUES_MAX: usize = 16;

/// What is to be looked at.
#[derive(Debug, Clone)]
pub(crate) struct Mending {
    pub(crate) from: Place,
    /// What is missing and may be on its way is left alone.
    pub(crate) arrival: Arrival,
    /// Of what is sealed.
    pub(crate) memory: Memory,
}

/// What came of a look.
#[derive(Debug, Clone, Default)]
pub(crate) struct Mended {
    /// Stored values read.
    pub(crate) looked_at: u32,
    /// Keys of values that are lost.
    pub(crate) lost: BTreeSet<String>,
    /// Keys that are missing and may be on their way, or wait for another value to be mended.
    pub(crate) waiting: BTreeSet<String>,
    /// Items sealed anew, counted in each view.
    pub(crate) restored: u64,
    /// Items that left the lists, counted in each view.
    pub(crate) gone: u64,
    /// Remembered items of the view of everything that are in no view any more.
    pub(crate) forgotten: Vec<Gone>,
    /// Of `gone` those whose source can't be told, by view.
    pub(crate) unknown: Vec<(String, u64)>,
    /// Sources whose counts are to be made anew, as the stored ones are damaged.
    pub(crate) counted_anew: Vec<String>,
    /// Where the next look goes on.
    pub(crate) next: Option<Place>,
}

/// A stored value, as far as it can be told.
enum Stored<T> {
    Here(T),
    Lost,
    Awaited,
}

/// Looks at the sealed history of `views` as far as `mending` goes, and mends it.
///
/// # Errors
/// Where the store fails.
pub(super) async fn mend<K: Kv>(
    kv: &K,
    views: &mut [ViewParts],
    sealing: &Sealing<'_>,
    mending: &Mending,
    seal: &mut Seal,
) -> Result<(), ReadError> {
    let mut mender = Mender {
        kv,
        sealing,
        mending,
        defs: fold::views(sealing.config),
        mended: Mended::default(),
    };
    let first = views.iter().position(|view| view.id == mending.from.view);
    for index in first.unwrap_or_default()..views.len() {
        let after = match first {
            Some(first) if first == index => mending.from.after,
            _ => Position::MAX,
        };
        if let Some(after) = mender.view(views, index, after, seal).await? {
            let view = views.get(index).map(|view| view.id.clone());
            mender.mended.next = view.map(|view| Place { view, after });
            break;
        }
    }
    seal.mended = Some(mender.mended);
    Ok(())
}

struct Mender<'a, K> {
    kv: &'a K,
    sealing: &'a Sealing<'a>,
    mending: &'a Mending,
    defs: Vec<ViewDef<'a>>,
    mended: Mended,
}

impl<K: Kv> Mender<'_, K> {
    fn is_used_up(&self, seal: &Seal) -> bool {
        self.mended.looked_at >= LOOKED_AT_MAX || seal.writes.len() >= MENDED_VALUES_MAX
    }

    /// Looks at one view, at what is older than `after`. `Some` where the next look goes on.
    async fn view(
        &mut self,
        views: &mut [ViewParts],
        index: usize,
        mut after: Position,
        seal: &mut Seal,
    ) -> Result<Option<Position>, ReadError> {
        let Some(view) = views.get(index).cloned() else {
            return Ok(None);
        };
        let mut segments = view.segments.clone();
        let stopped = self
            .list(views, index, &mut segments, &mut after, seal)
            .await?;
        if let Some(view) = views.get_mut(index) {
            view.segments = segments;
        }
        if stopped {
            return Ok(Some(after));
        }
        for directory in view.directories {
            if directory.oldest >= after {
                continue;
            }
            if self.is_used_up(seal) {
                return Ok(Some(after));
            }
            let stopped = self
                .directory(views, index, directory, &mut after, seal)
                .await?;
            if stopped {
                return Ok(Some(after));
            }
        }
        Ok(None)
    }

    async fn directory(
        &mut self,
        views: &mut [ViewParts],
        index: usize,
        directory: SliceRef,
        after: &mut Position,
        seal: &mut Seal,
    ) -> Result<bool, ReadError> {
        let id = self.id(index);
        let stamp = Stamp {
            view: &id,
            generation: self.sealing.generation,
        };
        match self.stored::<SliceRef>(directory, seal).await? {
            Stored::Awaited => *after = directory.oldest,
            Stored::Here(listed) => {
                let mut mended = listed.clone();
                let stopped = self.list(views, index, &mut mended, after, seal).await?;
                if mended != listed
                    && let Some(view) = views.get_mut(index)
                {
                    seal.replace(&mut view.directories, directory, &mended, stamp);
                }
                return Ok(stopped);
            }
            Stored::Lost => {
                let Some(filled) = self.fill(views, index, directory, seal).await? else {
                    self.mended.waiting.insert(SliceRef::key(directory.name));
                    *after = directory.oldest;
                    return Ok(false);
                };
                let segments = self.write(&id, &filled, seal);
                let mut parts = Vec::new();
                if !segments.is_empty() {
                    parts.push(seal.write(&segments, stamp));
                }
                let stopped = filled.rest.is_some();
                *after = filled.done;
                if let Some(view) = views.get_mut(index) {
                    close::<SliceRef>(&mut view.directories, directory, parts, filled.rest, seal);
                }
                return Ok(stopped);
            }
        }
        Ok(false)
    }

    /// Looks at the segments of one list, newest first. Says whether the next look goes on in it.
    async fn list(
        &mut self,
        views: &[ViewParts],
        index: usize,
        list: &mut Vec<SliceRef>,
        after: &mut Position,
        seal: &mut Seal,
    ) -> Result<bool, ReadError> {
        for segment in list.clone() {
            if segment.oldest >= *after {
                continue;
            }
            if self.is_used_up(seal) {
                return Ok(true);
            }
            if !matches!(self.stored::<Row>(segment, seal).await?, Stored::Lost) {
                *after = segment.oldest;
                continue;
            }
            let Some(filled) = self.fill(views, index, segment, seal).await? else {
                self.mended.waiting.insert(Row::key(segment.name));
                *after = segment.oldest;
                continue;
            };
            let parts = self.write(&self.id(index), &filled, seal);
            *after = filled.done;
            close::<Row>(list, segment, parts, filled.rest, seal);
            if filled.rest.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// What `reference` names, its content checked.
    async fn stored<E: Entry>(
        &mut self,
        reference: SliceRef,
        seal: &Seal,
    ) -> Result<Stored<Vec<E>>, ReadError> {
        let key = E::key(reference.name);
        if let Some(written) = seal.writes.get(&key) {
            return Ok(Stored::Here(E::decode(written)?));
        }
        self.mended.looked_at += 1;
        let Some(entry) = self.kv.get(&key).await? else {
            if !self.mending.arrival.is_due(&key) {
                self.mended.waiting.insert(key);
                return Ok(Stored::Awaited);
            }
            self.mended.lost.insert(key);
            return Ok(Stored::Lost);
        };
        if let Ok(entries) = E::decode(entry.value) {
            return Ok(Stored::Here(entries));
        }
        self.mended.lost.insert(key);
        Ok(Stored::Lost)
    }

    fn id(&self, view: usize) -> String {
        self.defs
            .get(view)
            .map_or_else(String::new, |def| def.id.to_owned())
    }

    /// Seals anew what was found, and gives the names, newest first.
    fn write(&mut self, view: &str, filled: &Filled, seal: &mut Seal) -> Vec<SliceRef> {
        let stamp = Stamp {
            view,
            generation: self.sealing.generation,
        };
        self.mended.restored += filled.rows.len() as u64;
        seal.changed_keys.insert(format!("view-{view}"));
        let chunks = super::layer::chunks(&filled.rows);
        let mut written: Vec<SliceRef> = chunks
            .into_iter()
            .map(|chunk| seal.write(chunk, stamp))
            .collect();
        written.reverse();
        written
    }
}

/// Puts `parts`, and the `rest` that is still lost, where `list` has `lost`.
fn close<E: Entry>(
    list: &mut Vec<SliceRef>,
    lost: SliceRef,
    mut parts: Vec<SliceRef>,
    rest: Option<SliceRef>,
    seal: &mut Seal,
) {
    let Some(at) = list.iter().position(|listed| listed.name == lost.name) else {
        return;
    };
    if rest.is_none() {
        // Damaged bytes are still there.
        seal.supersede::<E>(lost);
    }
    parts.extend(rest);
    list.splice(at..=at, parts);
}
