//! How large stored values get. Every limit has a unit and is tied to its neighbours below.

use crate::item::{SUMMARY_CHARS_MAX, TITLE_CHARS_MAX};

/// No stored value is larger, in bytes: the strictest host takes 1 MB, and a page out of a larger value is slow to serve.
pub const VALUE_BYTES_MAX: usize = 500_000;

/// What a head aims for, in bytes. Above it the next publish seals, as long as that moves [`SEAL_ITEMS_MIN`] items.
pub const HEAD_BYTES_TARGET: usize = 64 * 1024;

/// Items in a head before a seal, unless the page needs more: see [`head_items_max`].
pub const HEAD_ITEMS_MAX: usize = 100;

/// Items that a seal moves at least, so that its writes are shared by that many.
pub const SEAL_ITEMS_MIN: usize = 25;

/// Items in a segment, when it is full.
pub const SEGMENT_ITEMS_MAX: usize = 250;

/// Segments of one view that the head names itself; older ones are named by directories.
pub const SEGMENTS_IN_HEAD_MAX: usize = 8;

/// Segments that move from the head into a directory at once, so that a directory is written once for that many segments.
pub const DIRECTORY_MOVE_SEGMENTS: usize = SEGMENTS_IN_HEAD_MAX / 2;

/// Segments in a directory, when it is full.
pub const DIRECTORY_SEGMENTS_MAX: usize = 1024;

/// Items on the largest page (`page_items`, `limit=`).
pub const PAGE_ITEMS_MAX: usize = 100;

/// Items whose engagement counts are kept, the newest: the snapshot is written anew with every change, so it stays small.
pub const ENGAGEMENT_ITEMS_MAX: usize = 2_000;

/// One of them in the snapshot, in bytes: its id, two numbers of 17 characters, their names and punctuation.
const ENGAGEMENT_ITEM_BYTES_MAX: usize = super::ID_CHARS + 66;

/// Most sections of one value.
pub const SECTIONS_MAX: usize = 64;

/// Most views of one site: `all`, categories and declared ones.
pub const VIEWS_MAX: usize = 1024;

/// Most bytes of one item's JSON and HTML together. A fold that meets a larger one shortens it.
pub const ITEM_BYTES_MAX: usize = 40_000;

/// The head seals above this many items: [`HEAD_ITEMS_MAX`], or more where the page is so long that a seal would move too few.
#[must_use]
pub const fn head_items_max(page_items: usize) -> usize {
    let needed = page_items + SEAL_ITEMS_MIN;
    if needed > HEAD_ITEMS_MAX {
        needed
    } else {
        HEAD_ITEMS_MAX
    }
}

const _: () = assert!(ENGAGEMENT_ITEMS_MAX * ENGAGEMENT_ITEM_BYTES_MAX + 1_000 < VALUE_BYTES_MAX);
const _: () = assert!(HEAD_BYTES_TARGET < VALUE_BYTES_MAX);
const _: () = assert!(SEAL_ITEMS_MIN < HEAD_ITEMS_MAX / 2);
const _: () = assert!(
    HEAD_ITEMS_MAX >= PAGE_ITEMS_MAX && head_items_max(PAGE_ITEMS_MAX) <= SEGMENT_ITEMS_MAX
);
const _: () =
    assert!(DIRECTORY_MOVE_SEGMENTS > 0 && DIRECTORY_MOVE_SEGMENTS < SEGMENTS_IN_HEAD_MAX);
const _: () = assert!(DIRECTORY_SEGMENTS_MAX * super::refs::SEGMENT_REF_BYTES < VALUE_BYTES_MAX);
// The bytes of a directory's items are counted with 32 bits.
const _: () = assert!(DIRECTORY_SEGMENTS_MAX * VALUE_BYTES_MAX < u32::MAX as usize);
// Ten million items of one view are named by the head with few directories.
const _: () = assert!(10_000_000 / (SEGMENT_ITEMS_MAX * DIRECTORY_SEGMENTS_MAX) < 64);
// A segment holds several items of the largest size, so that a seal always gets on.
const _: () = assert!(ITEM_BYTES_MAX * 4 < VALUE_BYTES_MAX);
const _: () = assert!((TITLE_CHARS_MAX + SUMMARY_CHARS_MAX) * 4 < ITEM_BYTES_MAX);
