//! What one lost value held, as far as other views have it.

use std::collections::BTreeSet;

use super::donor::{Donor, Next};
use super::{LOOKED_AT_MAX, MENDED_VALUES_MAX, Mender};
use crate::fold::{self, Gone};
use crate::host::Kv;
use crate::item::Item;
use crate::ordered::Inserted;
use crate::publish::seal::Seal;
use crate::read::ReadError;
use crate::slice::{Position, Row, SEGMENT_ITEMS_MAX, SliceRef, ViewParts};

/// What was found of a lost value.
pub(super) struct Filled {
    /// Its items, newest first.
    pub(super) rows: Vec<Row>,
    /// What is still to be looked for, under the lost name.
    pub(super) rest: Option<SliceRef>,
    /// Everything at this place and newer is mended.
    pub(super) done: Position,
}

impl<K: Kv> Mender<'_, K> {
    /// Looks for what the lost `hole` of a view held, from its newest item on: for the view of everything in all other views, for
    /// those in the view of everything. `None` where that has to wait.
    pub(super) async fn fill(
        &mut self,
        views: &[ViewParts],
        index: usize,
        hole: SliceRef,
        seal: &mut Seal,
    ) -> Result<Option<Filled>, ReadError> {
        let is_all = index == 0;
        let donors = views.iter().enumerate();
        let donors = donors.filter(|(of, _)| (*of == 0) != is_all);
        let mut donors: Vec<Donor> = donors.map(|(_, view)| Donor::new(view, hole)).collect();
        let values = MENDED_VALUES_MAX.saturating_sub(seal.writes.len()).max(1);
        let mut rows = Vec::new();
        let mut done = None;
        let whole = loop {
            for donor in &mut donors {
                while donor.is_dry() {
                    // What is read first is read anyway: else a site of many views would get nowhere.
                    if done.is_some() && self.mended.looked_at >= LOOKED_AT_MAX {
                        return Ok(Some(self.part(index, hole, rows, done, seal)));
                    }
                    let next = donor.read(self, seal).await?;
                    // The view of everything is mended first; of the others each may have what another has lost.
                    if matches!(next, Next::Awaited) || (matches!(next, Next::Lost) && !is_all) {
                        return Ok(None);
                    }
                }
            }
            let Some(newest) = donors.iter().filter_map(Donor::newest).max() else {
                break true;
            };
            let taken = donors.iter_mut().filter_map(|donor| donor.take(newest));
            let taken: Vec<Row> = taken.collect();
            done = Some(newest);
            rows.extend(
                taken
                    .into_iter()
                    .next()
                    .filter(|row| self.is_in(row, index)),
            );
            if rows.len() >= hole.items as usize {
                break true;
            }
            if rows.len() >= values * SEGMENT_ITEMS_MAX {
                break false;
            }
        };
        let done = done.filter(|_| !whole);
        Ok(Some(self.part(index, hole, rows, done, seal)))
    }

    fn is_in(&self, row: &Row, view: usize) -> bool {
        let item = serde_json::from_str::<Item>(&row.json);
        item.is_ok_and(|item| {
            let views = fold::views_of(&item, &self.defs);
            views.iter().any(|of| usize::from(*of) == view)
        })
    }

    /// The part of `hole` that is mended by `rows`: down to `done`, or all of it.
    fn part(
        &mut self,
        view: usize,
        hole: SliceRef,
        rows: Vec<Row>,
        done: Option<Position>,
        seal: &mut Seal,
    ) -> Filled {
        let done = done.filter(|done| *done > hole.oldest);
        let until = done.unwrap_or(hole.oldest);
        let mut left = u64::from(hole.items).saturating_sub(rows.len() as u64);
        if view == 0 {
            seal.restored.extend_from_slice(&rows);
            left = left.saturating_sub(self.give_up(until, hole.newest, &rows, seal));
        } else {
            left = left.saturating_sub(self.leave(view, until, hole.newest, left, seal));
        }
        let bytes: usize = rows.iter().map(|row| row.json.len() + 1).sum();
        let rest = done.map(|done| SliceRef {
            newest: before(done),
            items: u32::try_from(left).unwrap_or(u32::MAX),
            json_bytes: hole
                .json_bytes
                .saturating_sub(u32::try_from(bytes).unwrap_or(u32::MAX)),
            ..hole
        });
        if rest.is_none() && left > 0 {
            self.mended.gone += left;
            self.mended.unknown.push((self.id(view), left));
        }
        Filled {
            rows,
            rest,
            done: until,
        }
    }

    /// What is remembered of the view of everything between two places, and is not among `rows`, is in no view any more. How many.
    fn give_up(
        &mut self,
        oldest: Position,
        newest: Position,
        rows: &[Row],
        seal: &mut Seal,
    ) -> u64 {
        let found: BTreeSet<Position> = rows.iter().map(|row| row.position).inserted();
        let remembered = self.mending.memory.within(oldest, newest);
        let gone: Vec<Gone> = remembered
            .filter(|known| !found.contains(&known.position))
            .collect();
        for known in &gone {
            seal.count(fold::ALL, &known.source, -1);
            // Out of searches too.
            seal.amended.push((known.position, None));
            seal.changed_keys.insert(format!("item-{}", known.position));
            seal.changed_keys.insert(format!("source-{}", known.source));
        }
        let count = gone.len() as u64;
        self.mended.gone += count;
        self.mended.forgotten.extend(gone);
        count
    }

    /// Of `most` items that a category does not have any more, those that were given up just now: their source is known.
    fn leave(
        &mut self,
        view: usize,
        oldest: Position,
        newest: Position,
        most: u64,
        seal: &mut Seal,
    ) -> u64 {
        let id = self.id(view);
        let of_view = |known: &&Gone| {
            let sources = &mut self.sealing.config.sources.iter();
            let source = sources.find(|source| source.id == known.source);
            let within = oldest <= known.position && known.position <= newest;
            within && source.is_some_and(|source| source.category == id)
        };
        let most_len = usize::try_from(most).unwrap_or(usize::MAX);
        let leaving = self.mended.forgotten.iter().filter(of_view).take(most_len);
        let mut count = 0;
        for known in leaving {
            seal.count(&id, &known.source, -1);
            count += 1;
        }
        self.mended.gone += count;
        count
    }
}

/// The place just below `position`.
fn before(position: Position) -> Position {
    match position.hash.checked_sub(1) {
        Some(hash) => Position { hash, ..position },
        None => Position {
            rank: position.rank.saturating_sub(1),
            hash: u64::MAX,
        },
    }
}
