//! A page that is found by counting from the newest item.
//!
//! Who asks for page 7 is to get what lies between pages 6 and 8, so such a page does not end where a value ends, as one that
//! follows a cursor may. What lists a value says how many items it has: all that a page needs is known before it is read. So it
//! is read in two batches at most, one of directories and one of segments, however many values these are.

#[cfg(test)]
mod tests;

use bytes::Bytes;

use super::taker::Taker;
use super::{READS_MAX, ReadError};
use crate::host::Kv;
use crate::slice::{
    Corrupt, Directory, Head, ITEM_BYTES_MAX, PAGE_ITEMS_MAX, Position, Segment, SliceRef,
    VALUE_BYTES_MAX, keys,
};

/// Values of one counted page beside the head: what hosts that count a request's reads allow. As a rule a page needs one segment or
/// two, and one directory or two. Only where withdrawals have left a row of segments with a few items each can it need more than
/// this; it ends early then, and what it leaves out is found by `next` alone.
pub const COUNTED_VALUES_MAX: usize = 31;

// A page of the largest items, with a part of a segment at both ends and rows a little larger than their items, and two directories.
const _: () = assert!(
    PAGE_ITEMS_MAX.div_ceil(VALUE_BYTES_MAX / ITEM_BYTES_MAX - 2) + 4 <= COUNTED_VALUES_MAX
);
const _: () = assert!(
    READS_MAX == 2,
    "a batch of directories, a batch of segments"
);

/// What a page takes of one listed value.
#[derive(Debug, Clone, Copy)]
struct Part {
    reference: SliceRef,
    /// Newer items in it that are not of this page.
    skip: u64,
    /// At least one.
    items: u64,
}

/// Items that are still to be found: so many, behind those that are passed over.
#[derive(Debug, Clone, Copy)]
struct Wanted {
    skip: u64,
    items: u64,
}

impl Wanted {
    /// The parts of `listed` (newest first) that hold what is wanted, which is wanted no longer then.
    fn among(&mut self, listed: impl Iterator<Item = SliceRef>) -> Vec<Part> {
        let mut parts = Vec::new();
        for reference in listed {
            let held = u64::from(reference.items);
            if self.items == 0 {
                break;
            }
            let (skip, items) = (self.skip, self.items.min(held.saturating_sub(self.skip)));
            self.skip = self.skip.saturating_sub(held);
            self.items -= items;
            if items > 0 {
                parts.push(Part {
                    reference,
                    skip,
                    items,
                });
            }
        }
        parts
    }
}

/// Goes on in the sealed history of `view` until the page is full or the history ends.
///
/// # Errors
/// Where a value can't be read, and is not to be passed over.
pub(super) async fn take<K: Kv>(
    kv: &K,
    head: &Head,
    view: u16,
    taker: &mut Taker,
) -> Result<(), ReadError> {
    let mut wanted = Wanted {
        skip: taker.skip,
        items: taker.left as u64,
    };
    // Each part with what is known to be wrong with it.
    let readable = |part| (part, None);
    let segments = wanted.among(head.segments(view));
    let mut parts: Vec<(Part, Option<ReadError>)> = segments.into_iter().map(readable).collect();
    let mut directories = wanted.among(head.directories(view));
    // Room for a segment.
    directories.truncate(COUNTED_VALUES_MAX - 1);
    if parts.is_empty() && directories.is_empty() {
        // The number is beyond the last page, or the head holds all there is.
        taker.after = Position::MIN;
        return Ok(());
    }
    let values = fetch(kv, &directories, keys::directory, taker).await?;
    for (part, value) in directories.into_iter().zip(values) {
        match value.and_then(|value| within(part, value)) {
            Ok(segments) => parts.extend(segments.into_iter().map(readable)),
            Err(error) => parts.push((part, Some(error))),
        }
    }
    parts.truncate(COUNTED_VALUES_MAX - taker.page.reads as usize);
    let segments: Vec<Part> = parts
        .iter()
        .filter_map(|(part, fault)| fault.is_none().then_some(*part))
        .collect();
    let mut values = fetch(kv, &segments, keys::segment, taker)
        .await?
        .into_iter();
    for (part, fault) in parts {
        let segment = match fault {
            Some(error) => Err(error),
            None => match values.next() {
                Some(value) => value.and_then(|value| opened(part, value)),
                None => break,
            },
        };
        if let Some(segment) = taker.found(part.reference, part.items, segment)? {
            // No more than a segment's items.
            let from = usize::try_from(part.skip).unwrap_or(usize::MAX);
            let to = usize::try_from(part.skip + part.items).unwrap_or(usize::MAX);
            taker.take_run(&segment.items, from, to);
        }
    }
    Ok(())
}

/// One batch: the values of `parts`, in their order.
async fn fetch<K: Kv>(
    kv: &K,
    parts: &[Part],
    key: impl Fn(u128) -> String,
    taker: &mut Taker,
) -> Result<Vec<Result<Bytes, ReadError>>, ReadError> {
    if parts.is_empty() {
        return Ok(Vec::new());
    }
    let keys: Vec<String> = parts.iter().map(|part| key(part.reference.name)).collect();
    let asked: Vec<&str> = keys.iter().map(String::as_str).collect();
    let entries = kv.get_many(&asked).await?;
    taker.page.reads += u32::try_from(parts.len()).unwrap_or(u32::MAX);
    taker.page.round_trips += 1;
    let found = keys.into_iter().zip(entries);
    Ok(found
        .map(|(key, entry)| entry.map_or(Err(ReadError::Missing(key)), |entry| Ok(entry.value)))
        .collect())
}

/// The segments that a directory's part of the page lies in.
fn within(part: Part, value: Bytes) -> Result<Vec<Part>, ReadError> {
    let directory = Directory::open(value)?;
    let mut wanted = Wanted {
        skip: part.skip,
        items: part.items,
    };
    let parts = wanted.among(directory.segments());
    if wanted.items > 0 {
        return Err(Corrupt("a directory that does not hold what it spans").into());
    }
    Ok(parts)
}

fn opened(part: Part, value: Bytes) -> Result<Segment, ReadError> {
    let segment = Segment::open(value)?;
    if segment.items.len() != part.reference.items as usize {
        return Err(Corrupt("a segment of another length than is listed").into());
    }
    Ok(segment)
}
