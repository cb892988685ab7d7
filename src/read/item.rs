//! One item by its id.

use bytes::Bytes;

use super::{ReadError, directory, segment};
use crate::host::Kv;
use crate::slice::{Head, Position, SliceRef};

/// One item, as ranges of a stored value.
#[derive(Debug, Clone)]
pub struct ItemFragments {
    /// One JSON object.
    pub json: Bytes,
    /// As the page shows it.
    pub html: Bytes,
    /// The id of its source.
    pub source: String,
    /// Store reads beside the head's own, at most [`super::READS_MAX`].
    pub reads: u32,
}

/// Finds an item by its id. `None` where there is none of that id.
///
/// # Errors
/// Where a segment can't be read.
pub async fn item<K: Kv>(
    kv: &K,
    head: &Head,
    id: &str,
) -> Result<Option<ItemFragments>, ReadError> {
    let Some(position) = Position::from_id(id) else {
        return Ok(None);
    };
    if let Some(index) = head.items.find(position) {
        return Ok(Some(fragments(&head.items, index, 0)));
    }
    let Some((reference, reads)) = locate(kv, head, position).await? else {
        return Ok(None);
    };
    let segment = segment(kv, reference).await?;
    Ok(segment
        .items
        .find(position)
        .map(|index| fragments(&segment.items, index, reads + 1)))
}

/// The segment of the view of everything that an item at `position` would be in, and the reads that it took to know.
pub(super) async fn locate<K: Kv>(
    kv: &K,
    head: &Head,
    position: Position,
) -> Result<Option<(SliceRef, u32)>, ReadError> {
    let spans = |listed: &SliceRef| listed.spans(position);
    if let Some(listed) = head.segments(0).find(spans) {
        return Ok(Some((listed, 0)));
    }
    let Some(listed) = head.directories(0).find(spans) else {
        return Ok(None);
    };
    let directory = directory(kv, listed).await?;
    Ok(directory.segments().find(spans).map(|listed| (listed, 1)))
}

fn fragments(items: &crate::slice::Items, index: usize, reads: u32) -> ItemFragments {
    ItemFragments {
        json: items.json(index, index + 1),
        html: items.html(index, index + 1),
        source: items.source_id(index).to_owned(),
        reads,
    }
}

/// Fragments of the newest items of `source` that the head holds itself, without the one of `except`: no further read.
#[must_use]
pub fn newest_of(head: &Head, source: &str, except: &str, limit: usize) -> Vec<Bytes> {
    let Some(source) = head.source(source) else {
        return Vec::new();
    };
    let except = Position::from_id(except);
    (0..head.items.len())
        .filter(|index| head.items.source(*index) == source)
        .filter(|index| Some(head.items.position(*index)) != except)
        .take(limit)
        .map(|index| head.items.html(index, index + 1))
        .collect()
}
