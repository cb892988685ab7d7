//! Retention: whole segments leave at the old end of every view.

use super::seal::{Seal, Sealing};
use crate::config::Retention;
use crate::host::Kv;
use crate::read::ReadError;
use crate::slice::{DIRECTORY_MOVE_SEGMENTS, Row, SEGMENT_ITEMS_MAX, SliceRef, Stamp, ViewParts};
use crate::time::DAY_MS;

/// Segments of one view that one publish drops; the next goes on. Each is read once, for the counts.
pub(crate) const DROPPED_SEGMENTS_MAX: usize = 16;

/// The oldest segments of a view, oldest first.
struct Oldest {
    segments: Vec<SliceRef>,
    /// The directory that lists them, all of it.
    within: Option<SliceRef>,
}

/// Drops what `retention` no longer keeps. The view of everything decides how far; the others follow.
///
/// # Errors
/// Where the store fails.
pub(super) async fn retain<K: Kv>(
    kv: &K,
    views: &mut [ViewParts],
    sealing: &Sealing<'_>,
    seal: &mut Seal,
) -> Result<(), ReadError> {
    seal.dropped_upto = sealing.dropped_upto;
    let retention = &sealing.config.retention;
    let Some(all) = views.first().filter(|_| retention.is_some()) else {
        return Ok(());
    };
    let mut items = sealing.kept as u64 + sealed_items(all);
    let cutoff = retention
        .days
        .map(|days| sealing.now.0.saturating_sub(i64::from(days) * DAY_MS));
    if may_drop(all, items, retention, cutoff)
        && let Some(oldest) = oldest(kv, all, seal).await?
    {
        let too_many = |items: u64, segment: &SliceRef| {
            let kept = items.saturating_sub(u64::from(segment.items));
            retention.items.is_some_and(|most| kept >= most)
        };
        let too_old =
            |segment: &SliceRef| cutoff.is_some_and(|cutoff| segment.newest.rank < cutoff);
        let droppable = oldest.segments.iter().take_while(|segment| {
            let drops = too_many(items, segment) || too_old(segment);
            items = items.saturating_sub(u64::from(segment.items));
            drops
        });
        let count = oldest.count(droppable.count());
        let newest = count.checked_sub(1).and_then(|at| oldest.segments.get(at));
        seal.dropped_upto = seal.dropped_upto.max(newest.map(|segment| segment.newest));
    }
    let Some(upto) = seal.dropped_upto else {
        return Ok(());
    };
    for view in views {
        let gone = |listed: &SliceRef| listed.oldest <= upto;
        let last = view.directories.last().or(view.segments.last());
        if !last.is_some_and(gone) {
            continue;
        }
        if let Some(oldest) = oldest(kv, view, seal).await? {
            let behind = |segment: &&SliceRef| segment.newest <= upto;
            let count = oldest.count(oldest.segments.iter().take_while(behind).count());
            drop_segments(kv, view, &oldest, count, sealing, seal).await?;
        }
    }
    Ok(())
}

fn sealed_items(view: &ViewParts) -> u64 {
    let listed = view.segments.iter().chain(&view.directories);
    listed.map(|listed| u64::from(listed.items)).sum()
}

/// Whether it is worth a read to look at the oldest segments.
fn may_drop(all: &ViewParts, items: u64, retention: &Retention, cutoff: Option<i64>) -> bool {
    let least = if all.directories.is_empty() {
        0
    } else {
        SEGMENT_ITEMS_MAX as u64
    };
    let oldest = all.directories.last().or(all.segments.last());
    retention
        .items
        .is_some_and(|most| items >= most.saturating_add(least))
        || oldest.is_some_and(|oldest| cutoff.is_some_and(|cutoff| oldest.oldest.rank < cutoff))
}

async fn oldest<K: Kv>(
    kv: &K,
    view: &ViewParts,
    seal: &mut Seal,
) -> Result<Option<Oldest>, ReadError> {
    let Some(within) = view.directories.last().copied() else {
        let segments = view.segments.iter().rev().copied().collect();
        return Ok(Some(Oldest {
            segments,
            within: None,
        }));
    };
    let listed = seal.entries::<SliceRef, K>(kv, within).await?;
    Ok(listed.map(|listed| Oldest {
        segments: listed.into_iter().rev().collect(),
        within: Some(within),
    }))
}

impl Oldest {
    /// How many to drop of `droppable`: a directory is written anew for several segments only, or dropped whole.
    fn count(&self, droppable: usize) -> usize {
        let count = droppable.min(DROPPED_SEGMENTS_MAX);
        let whole = count == self.segments.len();
        if self.within.is_some() && !whole && count < DIRECTORY_MOVE_SEGMENTS {
            return 0;
        }
        count
    }
}

async fn drop_segments<K: Kv>(
    kv: &K,
    view: &mut ViewParts,
    oldest: &Oldest,
    count: usize,
    sealing: &Sealing<'_>,
    seal: &mut Seal,
) -> Result<(), ReadError> {
    let (leaving, staying) = oldest.segments.split_at(count.min(oldest.segments.len()));
    if leaving.is_empty() {
        return Ok(());
    }
    for reference in leaving {
        let held = seal.entries::<Row, K>(kv, *reference).await?;
        for row in held.into_iter().flatten() {
            seal.count(&view.id, &row.source, -1);
        }
        seal.supersede::<Row>(*reference);
    }
    let Some(within) = oldest.within else {
        let kept = view.segments.len().saturating_sub(leaving.len());
        view.segments.truncate(kept);
        return Ok(());
    };
    let newest_first: Vec<SliceRef> = staying.iter().rev().copied().collect();
    let stamp = Stamp {
        view: &view.id,
        generation: sealing.generation,
    };
    seal.replace(&mut view.directories, within, &newest_first, stamp);
    Ok(())
}
