//! Everything that is sealed, in parts that stay where they are: for who lists all items, piece by piece, as crawlers do.
//!
//! A part is a segment of the view of everything. It is called by the place of its oldest item: what is sealed later comes above
//! that one, so a part that grows, or one of whose items is edited, keeps its name. The parts that the head and the newest
//! directory list are one list, and every older directory is a list of its own, called by its oldest item likewise.

use super::item::locate;
use super::{ReadError, directory, segment};
use crate::host::Kv;
use crate::slice::{Head, Position, SliceRef};
use crate::time::Timestamp;

/// One part, as lists have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Part {
    /// Its oldest item, which it is called by.
    pub(crate) from: Position,
    /// By then all items of it were there, as far as lists can tell: when the newest item of the part above was dated, as a
    /// part is filled before the next begins.
    pub(crate) full: Timestamp,
}

/// The items of one part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PartItems {
    /// Hash of its content.
    pub(crate) hash: u128,
    /// Ids, newest first, and when each was seen first.
    pub(crate) items: Vec<(String, Timestamp)>,
}

/// The parts that the head lists itself, newest first. The first one may grow with every publish.
pub(crate) fn in_head(head: &Head) -> Vec<Part> {
    parts(head, head.segments(0), head.updated())
}

/// Those and the ones of the newest directory: one read at most.
///
/// # Errors
/// Where the directory can't be read.
pub(crate) async fn newest<K: Kv>(kv: &K, head: &Head) -> Result<Vec<Part>, ReadError> {
    let mut newest = in_head(head);
    if let Some(first) = head.directories(0).next() {
        newest.extend(filed(kv, head, first, head.segments(0).next_back()).await?);
    }
    Ok(newest)
}

/// The names of the older lists, newest first.
pub(crate) fn older(head: &Head) -> impl Iterator<Item = Position> + '_ {
    head.directories(0).skip(1).map(|list| list.oldest)
}

/// The parts of the older list of this name: one read. `None` where there is none.
///
/// # Errors
/// Where the directory can't be read.
pub(crate) async fn listed<K: Kv>(
    kv: &K,
    head: &Head,
    name: Position,
) -> Result<Option<Vec<Part>>, ReadError> {
    let mut with_above = head.directories(0).zip(head.directories(0).skip(1));
    match with_above.find(|(_, list)| list.spans(name)) {
        Some((above, list)) => filed(kv, head, list, Some(above)).await.map(Some),
        None => Ok(None),
    }
}

/// The items of the part of this name: two reads at most. `None` where there is none.
///
/// # Errors
/// Where a value can't be read.
pub(crate) async fn items<K: Kv>(
    kv: &K,
    head: &Head,
    name: Position,
) -> Result<Option<PartItems>, ReadError> {
    let Some((reference, _)) = locate(kv, head, name).await? else {
        return Ok(None);
    };
    let items = segment(kv, reference).await?.items;
    Ok(Some(PartItems {
        hash: reference.name,
        items: (0..items.len())
            .map(|index| (items.position(index).to_string(), items.seen(index)))
            .collect(),
    }))
}

async fn filed<K: Kv>(
    kv: &K,
    head: &Head,
    list: SliceRef,
    above: Option<SliceRef>,
) -> Result<Vec<Part>, ReadError> {
    let listed = directory(kv, list).await?;
    let full = above.map_or(head.updated(), |above| dated(head, above));
    Ok(parts(head, listed.segments(), full))
}

fn parts(head: &Head, listed: impl Iterator<Item = SliceRef>, full: Timestamp) -> Vec<Part> {
    let list = |full: &mut Timestamp, reference: SliceRef| {
        let full = std::mem::replace(full, dated(head, reference));
        let from = reference.oldest;
        Some(Part { from, full })
    };
    listed.scan(full, list).collect()
}

/// When the newest item in it was published, as a rule; never later than the head.
fn dated(head: &Head, reference: SliceRef) -> Timestamp {
    Timestamp(reference.newest.rank).min(head.updated())
}
