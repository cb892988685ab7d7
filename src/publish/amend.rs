//! Edits and withdrawals of sealed items: only the segments that hold them, and the directories that list those, are
//! written anew.
//!
//! The view of everything decides: what it no longer holds (it left by retention) is not brought back by an edit. Its
//! stored form also tells which views an item was in, so that no other segment is read. One item is amended in all its
//! views by one publish or by none.

use std::collections::{BTreeMap, BTreeSet};

use super::seal::{Seal, Sealing};
use crate::fold::{self, Edit, ViewDef};
use crate::host::Kv;
use crate::item::Item;
use crate::ordered::Inserted;
use crate::read::ReadError;
use crate::slice::{Position, Row, SliceRef, Stamp, ViewParts};

/// Segments that one publish seals anew because of edits and withdrawals, over all views; the edits beyond wait for a later
/// one. One item is always taken, however many views it is in.
pub(crate) const EDITED_SEGMENTS_MAX: usize = 16;

/// Carries out `sealing.edits` in the sealed history of `views`, the newest first, and notes in `seal` those that wait.
///
/// # Errors
/// Where the store fails.
pub(super) async fn amend<K: Kv>(
    kv: &K,
    views: &mut [ViewParts],
    sealing: &Sealing<'_>,
    seal: &mut Seal,
) -> Result<(), ReadError> {
    if sealing.edits.is_empty() {
        return Ok(());
    }
    let mut edits: Vec<&Edit> = sealing.edits.iter().collect();
    edits.sort_by_key(|edit| std::cmp::Reverse(edit.position));
    let mut amender = Amender {
        kv,
        sealing,
        defs: fold::views(sealing.config),
        directories: BTreeMap::new(),
        opened: BTreeMap::new(),
        lists: BTreeMap::new(),
        segments: 0,
    };
    for (index, edit) in edits.iter().enumerate() {
        if !amender.plan(views, edit, seal).await? {
            let waiting = edits.get(index..).unwrap_or_default();
            seal.waiting
                .extend(waiting.iter().map(|edit| edit.position));
            break;
        }
    }
    for ((view, _), list) in std::mem::take(&mut amender.lists) {
        if let Some(view) = views.get_mut(view) {
            amender.carry_out(view, list, seal).await?;
        }
    }
    Ok(())
}

/// Where an item is in a view's sealed history, or belongs.
#[derive(Clone, Copy)]
struct Place {
    /// What lists the segment, where the head does not itself.
    directory: Option<SliceRef>,
    /// `None` where the view has no history.
    segment: Option<SliceRef>,
}

/// One item in one view.
struct Change {
    position: Position,
    /// As it is to be; `None`: it leaves.
    row: Option<Row>,
}

/// Changes below one directory of a view, or in the segments that the head names.
struct List {
    directory: Option<SliceRef>,
    segments: BTreeMap<Option<u128>, (Option<SliceRef>, Vec<Change>)>,
}

struct Amender<'a, K> {
    kv: &'a K,
    sealing: &'a Sealing<'a>,
    defs: Vec<ViewDef<'a>>,
    /// Those looked into, by name; `None`: unusable.
    directories: BTreeMap<u128, Option<Vec<SliceRef>>>,
    /// Segments of the view of everything, by name; `None`: unusable.
    opened: BTreeMap<u128, Option<Vec<Row>>>,
    /// By view and name of the directory.
    lists: BTreeMap<(usize, Option<u128>), List>,
    /// In `lists`.
    segments: usize,
}

impl<K: Kv> Amender<'_, K> {
    /// Plans one edit in every view that it concerns. `false` where that would be too many segments for this publish.
    async fn plan(
        &mut self,
        views: &[ViewParts],
        edit: &Edit,
        seal: &mut Seal,
    ) -> Result<bool, ReadError> {
        let Some(all) = views.first() else {
            return Ok(true);
        };
        let place = self.place(all, edit.position, seal).await?;
        let holds = |segment: &SliceRef| segment.spans(edit.position);
        let Some(segment) = place.and_then(|place| place.segment).filter(holds) else {
            return Ok(true);
        };
        if !self.opened.contains_key(&segment.name) {
            if self.opened.len() == EDITED_SEGMENTS_MAX {
                return Ok(false);
            }
            let rows = seal.entries(self.kv, segment).await?;
            self.opened.insert(segment.name, rows);
        }
        let rows = self.opened.get(&segment.name).and_then(Option::as_ref);
        let held = rows.and_then(|rows| rows.get(find(rows, edit.position).ok()?));
        let Some(held) = held.cloned() else {
            return Ok(true);
        };
        let content = edit.row.as_ref().map(|row| row.content);
        if content == Some(held.content) {
            return Ok(true);
        }
        let row = edit.row.as_ref().map(|row| Row {
            seen: held.seen,
            address: held.address,
            ..fold::keep_date(&held, row, self.sealing.config)
        });
        let mut changes = Vec::new();
        let concerned = self.concerned(&held, row.as_ref());
        for index in concerned.iter().copied() {
            let Some(view) = views.get(usize::from(index)) else {
                continue;
            };
            let row = row.clone().filter(|row| row.views.contains(&index));
            let Some(place) = self.place(view, edit.position, seal).await? else {
                continue;
            };
            if row.is_some() || place.segment.as_ref().is_some_and(holds) {
                let position = edit.position;
                changes.push((usize::from(index), place, Change { position, row }));
            }
        }
        let taken = self.take(changes);
        if taken {
            let views = concerned
                .iter()
                .filter_map(|index| self.defs.get(usize::from(*index)));
            let keys = &mut seal.changed_keys;
            keys.extend(views.map(|view| format!("view-{}", view.id)));
            keys.insert(format!("source-{}", edit.source));
            keys.insert(format!("item-{}", edit.position));
            seal.amended.push((edit.position, row));
        }
        Ok(taken)
    }

    /// The views that the item was in, and those that it is in now.
    fn concerned(&self, held: &Row, row: Option<&Row>) -> BTreeSet<u16> {
        let before = serde_json::from_str::<Item>(&held.json)
            .map(|item| fold::views_of(&item, &self.defs))
            .unwrap_or_default();
        let after = row.into_iter().flat_map(|row| &row.views).copied();
        before.into_iter().chain([0]).chain(after).inserted()
    }

    async fn place(
        &mut self,
        view: &ViewParts,
        position: Position,
        seal: &mut Seal,
    ) -> Result<Option<Place>, ReadError> {
        let segment = nearest(&view.segments, position);
        let directory = nearest(&view.directories, position)
            .filter(|_| segment.is_none_or(|segment| segment.oldest > position));
        let Some(directory) = directory else {
            return Ok(Some(Place {
                directory: None,
                segment,
            }));
        };
        if !self.directories.contains_key(&directory.name) {
            let listed = seal.entries(self.kv, directory).await?;
            self.directories.insert(directory.name, listed);
        }
        let listed = self.directories.get(&directory.name);
        Ok(listed.and_then(Option::as_ref).map(|listed| Place {
            directory: Some(directory),
            segment: nearest(listed, position),
        }))
    }

    fn take(&mut self, changes: Vec<(usize, Place, Change)>) -> bool {
        let name = |reference: Option<SliceRef>| reference.map(|reference| reference.name);
        let planned = |(view, place, _): &&(usize, Place, Change)| {
            let list = self.lists.get(&(*view, name(place.directory)));
            list.is_some_and(|list| list.segments.contains_key(&name(place.segment)))
        };
        let more = changes.len() - changes.iter().filter(planned).count();
        if self.segments > 0 && self.segments + more > EDITED_SEGMENTS_MAX {
            return false;
        }
        self.segments += more;
        for (view, place, change) in changes {
            let list = self
                .lists
                .entry((view, name(place.directory)))
                .or_insert_with(|| List {
                    directory: place.directory,
                    segments: BTreeMap::new(),
                });
            let segment = list.segments.entry(name(place.segment));
            let (_, changes) = segment.or_insert_with(|| (place.segment, Vec::new()));
            changes.push(change);
        }
        true
    }

    async fn carry_out(
        &mut self,
        view: &mut ViewParts,
        list: List,
        seal: &mut Seal,
    ) -> Result<(), ReadError> {
        let id = view.id.clone();
        let stamp = Stamp {
            view: &id,
            generation: self.sealing.generation,
        };
        let mut listed = match list.directory {
            None => view.segments.clone(),
            Some(directory) => self
                .directories
                .remove(&directory.name)
                .flatten()
                .unwrap_or_default(),
        };
        let mut any = false;
        for (reference, changes) in list.segments.into_values() {
            let Some(reference) = reference else {
                let mut rows = Vec::new();
                if change(&mut rows, changes, &id, seal) {
                    listed.push(seal.write(&rows, stamp));
                    any = true;
                }
                continue;
            };
            let rows = match self.opened.remove(&reference.name) {
                Some(rows) => rows,
                None => seal.entries(self.kv, reference).await?,
            };
            if let Some(mut rows) = rows
                && change(&mut rows, changes, &id, seal)
            {
                seal.replace(&mut listed, reference, &rows, stamp);
                any = true;
            }
        }
        match list.directory {
            _ if !any => {}
            None => view.segments = listed,
            Some(directory) => seal.replace(&mut view.directories, directory, &listed, stamp),
        }
        Ok(())
    }
}

/// Of a list, newest first: what holds `position` or lies just below it, else the oldest.
fn nearest(list: &[SliceRef], position: Position) -> Option<SliceRef> {
    let below = list.iter().find(|reference| reference.oldest <= position);
    below.or(list.last()).copied()
}

/// Where `position` is in `rows`, newest first, or belongs.
fn find(rows: &[Row], position: Position) -> Result<usize, usize> {
    rows.binary_search_by(|row| position.cmp(&row.position))
}

/// Changes the `rows` (newest first) of a segment of `view`, and counts who comes and goes. Whether anything changed.
fn change(rows: &mut Vec<Row>, changes: Vec<Change>, view: &str, seal: &mut Seal) -> bool {
    let mut any = false;
    for Change { position, row } in changes {
        match (find(rows, position), row) {
            (Ok(at), Some(row)) => {
                if let Some(held) = rows.get_mut(at).filter(|held| held.content != row.content) {
                    *held = row;
                    any = true;
                }
            }
            (Ok(at), None) => {
                let left = rows.remove(at);
                seal.count(view, &left.source, -1);
                any = true;
            }
            (Err(at), Some(row)) => {
                seal.count(view, &row.source, 1);
                rows.insert(at, row);
                any = true;
            }
            (Err(_), None) => {}
        }
    }
    any
}
