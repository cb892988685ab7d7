//! Moves the head's oldest items into segments, and segments into directories.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::amend::amend;
use super::mend::{Mended, Mending, mend};
use super::retain::retain;
use super::values::Values;
use crate::config::Config;
use crate::fold::Edit;
use crate::host::Kv;
use crate::read::ReadError;
use crate::slice::{
    DIRECTORY_MOVE_SEGMENTS, HEAD_BYTES_TARGET, HEAD_ITEMS_MAX, Position, Row, SEAL_ITEMS_MIN,
    SEGMENTS_IN_HEAD_MAX, Stamp, VALUE_BYTES_MAX, ViewParts, head_items_max,
};
use crate::time::Timestamp;

/// Room that the head's items leave for everything else in it.
const HEAD_ROWS_BYTES_MAX: usize = VALUE_BYTES_MAX / 2;

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

/// What a seal writes before the head, and what it comes to.
#[derive(Debug, Default)]
pub(crate) struct Seal {
    /// Content-named values.
    pub(crate) writes: Values,
    /// Stored values that the next head no longer needs.
    pub(crate) garbage: Vec<String>,
    /// How many more sealed items there are by edits, withdrawals and retention, by the names of view and source.
    pub(crate) counts: BTreeMap<(String, String), i64>,
    /// The newest place dropped by retention, by this publish or an earlier one.
    pub(crate) dropped_upto: Option<Position>,
    /// Sealed items of the view of everything that are edited or (`None`) withdrawn by this publish.
    pub(crate) amended: Vec<(Position, Option<Row>)>,
    /// Sealed items of the view of everything that were lost, and are where they were again.
    pub(crate) restored: Vec<Row>,
    /// Edits that are left to a later publish.
    pub(crate) waiting: BTreeSet<Position>,
    /// Surrogate keys of answers that edits and withdrawals of sealed items have changed.
    pub(crate) changed_keys: BTreeSet<String>,
    /// Sealed values that are listed but can't be used, for people.
    pub(crate) notes: Vec<String>,
    /// What came of looking for lost values, where that was asked for.
    pub(crate) mended: Option<Mended>,
}

impl Seal {
    pub(super) fn count(&mut self, view: &str, source: &str, more: i64) {
        let key = (view.to_owned(), source.to_owned());
        *self.counts.entry(key).or_default() += more;
    }
}

/// What is to be sealed, and for which head.
pub(crate) struct Sealing<'a> {
    /// Leave the head, newest first.
    pub(crate) rows: &'a [Arc<Row>],
    /// Sealed items that their sources have changed or taken back.
    pub(crate) edits: &'a [Edit],
    pub(crate) config: &'a Config,
    pub(crate) now: Timestamp,
    /// Of the next head.
    pub(crate) generation: u64,
    /// Items that stay in the head.
    pub(crate) kept: usize,
    /// What earlier publishes dropped.
    pub(crate) dropped_upto: Option<Position>,
    /// What is to be looked at for lost values.
    pub(crate) mending: Option<Mending>,
}

/// Mends the sealed history of `views` where that is asked for, puts edits into it, seals rows into the views they belong to, and drops what is no longer
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
    if let Some(mending) = &sealing.mending {
        mend(kv, views, sealing, mending, &mut seal).await?;
    }
    amend(kv, views, sealing, &mut seal).await?;
    for (index, view) in views.iter_mut().enumerate() {
        let stamp = Stamp {
            view: &view.id,
            generation: sealing.generation,
        };
        let member = |row: &&Arc<Row>| row.views.iter().any(|of| usize::from(*of) == index);
        let mine: Vec<Arc<Row>> = sealing.rows.iter().filter(member).cloned().collect();
        if !mine.is_empty() {
            seal.append(kv, &mut view.segments, mine, stamp).await?;
        }
        if view.segments.len() > SEGMENTS_IN_HEAD_MAX {
            let moved = view
                .segments
                .split_off(SEGMENTS_IN_HEAD_MAX - DIRECTORY_MOVE_SEGMENTS);
            seal.append(kv, &mut view.directories, moved, stamp).await?;
        }
    }
    retain(kv, views, sealing, &mut seal).await?;
    seal.garbage.sort_unstable();
    seal.garbage.dedup();
    Ok(seal)
}
