//! Moves the head's oldest items into segments, and segments into directories.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;

use super::retain::{Dropped, retain};
use crate::config::Config;
use crate::fold;
use crate::host::Kv;
use crate::read::{ReadError, directory, usable, verified_segment};
use crate::slice::{
    DIRECTORY_MOVE_SEGMENTS, DIRECTORY_SEGMENTS_MAX, HEAD_BYTES_TARGET, HEAD_ITEMS_MAX, Position,
    Row, SEAL_ITEMS_MIN, SEGMENT_ITEMS_MAX, SEGMENTS_IN_HEAD_MAX, Segment, SliceRef, Stamp,
    VALUE_BYTES_MAX, ViewParts, encode_directory, encode_segment, head_items_max, keys,
};
use crate::time::Timestamp;

/// Segments that one publish seals anew because of edits in them; what is edited beyond waits for its next edit.
pub(crate) const EDITED_SEGMENTS_MAX: usize = 16;

/// Room that the head's items leave for everything else in it.
const HEAD_ROWS_BYTES_MAX: usize = VALUE_BYTES_MAX / 2;
/// Room that a segment's items leave for its tables.
const SEGMENT_ROWS_BYTES_MAX: usize = VALUE_BYTES_MAX - 20_000;

/// How many of `rows` (newest first) stay in the head.
pub(crate) fn keep(rows: &[Row], page_items: usize) -> usize {
    let bytes: usize = rows.iter().map(Row::bytes).sum();
    let crowded = rows.len() > head_items_max(page_items)
        || (bytes > HEAD_BYTES_TARGET && rows.len() >= page_items + SEAL_ITEMS_MIN);
    if !crowded {
        return within(rows, HEAD_ROWS_BYTES_MAX);
    }
    let half = within(rows, HEAD_BYTES_TARGET / 2).min(HEAD_ITEMS_MAX / 2);
    half.max(page_items).min(within(rows, HEAD_ROWS_BYTES_MAX))
}

/// How many of the newest rows fit into `bytes`.
fn within(rows: &[Row], bytes: usize) -> usize {
    let sums = rows.iter().scan(0, |sum, row| {
        *sum += row.bytes();
        Some(*sum)
    });
    sums.take_while(|sum| *sum <= bytes).count()
}

/// What a seal writes before the head.
#[derive(Debug, Default)]
pub(crate) struct Seal {
    /// Content-named values.
    pub(crate) writes: BTreeMap<String, Bytes>,
    /// What left by retention.
    pub(crate) dropped: Dropped,
    /// Stored values that the next head no longer needs.
    pub(crate) garbage: Vec<String>,
    /// Sealed values that are listed but can't be used, for people.
    pub(crate) notes: Vec<String>,
}

/// What is to be sealed, and for which head.
pub(crate) struct Sealing<'a> {
    /// Leave the head, newest first.
    pub(crate) rows: &'a [Row],
    /// Sealed items that their sources have changed.
    pub(crate) edits: &'a [Row],
    pub(crate) config: &'a Config,
    pub(crate) now: Timestamp,
    /// Of the next head.
    pub(crate) generation: u64,
    /// Items that stay in the head.
    pub(crate) kept: usize,
    /// What earlier publishes dropped.
    pub(crate) dropped_upto: Option<Position>,
}

/// Seals rows into the views they belong to, puts edits into the segments that `views` name, and drops what is no longer
/// kept.
///
/// # Errors
/// Where the store fails.
pub(crate) async fn seal<K: Kv>(
    kv: &K,
    views: &mut [ViewParts],
    sealing: &Sealing<'_>,
) -> Result<Seal, ReadError> {
    let mut seal = Seal::default();
    let before: BTreeSet<String> = views.iter().flat_map(names).collect();
    let mut anew = 0;
    for (index, view) in views.iter_mut().enumerate() {
        edit(kv, view, sealing, &mut anew, &mut seal).await?;
        let mine: Vec<Row> = sealing
            .rows
            .iter()
            .filter(|row| row.views.iter().any(|of| usize::from(*of) == index))
            .cloned()
            .collect();
        if !mine.is_empty() {
            append(kv, view, mine, sealing.generation, &mut seal).await?;
        }
    }
    retain(kv, views, sealing, &mut seal).await?;
    let named: BTreeSet<String> = views.iter().flat_map(names).collect();
    seal.writes.retain(|key, _| named.contains(key));
    seal.garbage.extend(before.difference(&named).cloned());
    seal.garbage.sort_unstable();
    seal.garbage.dedup();
    Ok(seal)
}

/// Seals those segments of `view` anew in which an item was edited.
async fn edit<K: Kv>(
    kv: &K,
    view: &mut ViewParts,
    sealing: &Sealing<'_>,
    anew: &mut usize,
    seal: &mut Seal,
) -> Result<(), ReadError> {
    for slot in &mut view.segments {
        let touching: Vec<&Row> = sealing
            .edits
            .iter()
            .filter(|edit| slot.spans(edit.position))
            .collect();
        if touching.is_empty() || *anew == EDITED_SEGMENTS_MAX {
            continue;
        }
        let Some(found) = usable(verified_segment(kv, *slot).await, &mut seal.notes)? else {
            continue;
        };
        let mut held: Vec<Row> = found.items.rows().collect();
        if apply(&mut held, &touching, sealing.config) {
            *anew += 1;
            let stamp = Stamp {
                view: &view.id,
                generation: sealing.generation,
            };
            let (reference, bytes) = encode_segment(&held, stamp);
            seal.writes.insert(keys::segment(reference.name), bytes);
            *slot = reference;
        }
    }
    Ok(())
}

/// The keys of everything that a view names, directly or by a directory written just now.
fn names(view: &ViewParts) -> impl Iterator<Item = String> + '_ {
    let segments = view
        .segments
        .iter()
        .chain(&view.filed)
        .map(|segment| keys::segment(segment.name));
    segments.chain(
        view.directories
            .iter()
            .map(|directory| keys::directory(directory.name)),
    )
}

fn apply(held: &mut [Row], edits: &[&Row], config: &Config) -> bool {
    let mut any = false;
    for row in held {
        let Some(edit) = edits.iter().find(|edit| edit.position == row.position) else {
            continue;
        };
        if row.content != edit.content {
            let edit = fold::keep_date(row, edit, config);
            row.json = edit.json;
            row.html = edit.html;
            row.content = edit.content;
            any = true;
        }
    }
    any
}

/// Puts `rows` (newest first) on top of the view's newest segment, from the old end.
async fn append<K: Kv>(
    kv: &K,
    view: &mut ViewParts,
    mut rows: Vec<Row>,
    generation: u64,
    seal: &mut Seal,
) -> Result<(), ReadError> {
    let open = view.segments.first().copied();
    if let Some(open) = open.filter(|open| (open.items as usize) < SEGMENT_ITEMS_MAX) {
        // It may have been sealed anew just now, and not be in the store yet. Another view may name the same one.
        let written = seal.writes.get(&keys::segment(open.name)).cloned();
        let held = match written {
            Some(bytes) => Some(Segment::open(bytes)?),
            // One that is lost stays listed and counts as full: the next one begins above it.
            None => usable(verified_segment(kv, open).await, &mut seal.notes)?,
        };
        if let Some(held) = held {
            rows.extend(held.items.rows());
            view.segments.remove(0);
        }
    }
    for chunk in chunks(&rows) {
        let stamp = Stamp {
            view: &view.id,
            generation,
        };
        let (reference, bytes) = encode_segment(chunk, stamp);
        seal.writes.insert(keys::segment(reference.name), bytes);
        view.segments.insert(0, reference);
    }
    if view.segments.len() > SEGMENTS_IN_HEAD_MAX {
        let moved = view
            .segments
            .split_off(SEGMENTS_IN_HEAD_MAX - DIRECTORY_MOVE_SEGMENTS);
        file(kv, view, moved, generation, seal).await?;
    }
    Ok(())
}

/// `rows` (newest first) in segments, the oldest segment first and all but the last one full.
fn chunks(rows: &[Row]) -> Vec<&[Row]> {
    let mut chunks = Vec::new();
    let mut rest = rows;
    while !rest.is_empty() {
        let mut bytes = 0;
        let fits = rest.iter().rev().take(SEGMENT_ITEMS_MAX).take_while(|row| {
            bytes += row.bytes();
            bytes <= SEGMENT_ROWS_BYTES_MAX
        });
        let (newer, chunk) = rest.split_at(rest.len() - fits.count().max(1));
        chunks.push(chunk);
        rest = newer;
    }
    chunks
}

/// Puts segments (newest first) on top of the view's newest directory, from the old end.
async fn file<K: Kv>(
    kv: &K,
    view: &mut ViewParts,
    mut segments: Vec<SliceRef>,
    generation: u64,
    seal: &mut Seal,
) -> Result<(), ReadError> {
    let open = view.directories.first().copied();
    if let Some(open) = open.filter(|open| (open.segments as usize) < DIRECTORY_SEGMENTS_MAX)
        && let Some(held) = usable(directory(kv, open).await, &mut seal.notes)?
    {
        segments.extend(held.segments());
        view.directories.remove(0);
    }
    view.filed.extend(&segments);
    for chunk in segments.rchunks(DIRECTORY_SEGMENTS_MAX) {
        let stamp = Stamp {
            view: &view.id,
            generation,
        };
        let (reference, bytes) = encode_directory(chunk, stamp);
        seal.writes.insert(keys::directory(reference.name), bytes);
        view.directories.insert(0, reference);
    }
    Ok(())
}
