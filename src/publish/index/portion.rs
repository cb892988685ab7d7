//! What waits for its index, told by the head alone, and how much of it one publish takes.

use crate::read::{Arrival, ReadError};
use crate::search::{Index, RUN_DOCUMENTS_MAX, SCAN_SEGMENTS_MAX};
use crate::slice::{Position, SEGMENT_ITEMS_MAX, SliceRef, VALUE_BYTES_MAX, ViewParts};

/// Sealed items that wait for their index until there are this many of them: a value of the index is written for them all. A
/// seal moves about half as many, so that every second one writes it; with fewer each would.
pub(crate) const WAITING_ITEMS_MAX: usize = 100;
/// Sealed items that a search may have to look through after a cycle with writes to spare: those that may wait, and what
/// of a segment was sealed after its first items were indexed, which the head does not tell.
pub(crate) const UNINDEXED_ITEMS_MAX: usize = WAITING_ITEMS_MAX + SEGMENT_ITEMS_MAX;
/// Items that a publish with news indexes at most, give or take a segment: the documents that it has read are in memory too.
const WITH_NEWS_ITEMS_MAX: usize = 5_000;
/// Items that a publish for the index alone takes at most, give or take a segment: 40 segments to read, where platforms allow some
/// 50 requests. It takes 13 MB of memory (`tests/cycle_cost.rs`).
const ALONE_ITEMS_MAX: usize = 10_000;
/// Values of the index that one publish writes at most.
const VALUES_MAX: usize = 200;
/// JSON of items, in bytes, that is indexed in one value at worst: of Chinese text, where every character is a word, the index
/// takes not quite twice as much.
const VALUE_JSON_BYTES: usize = 200_000;

/// How much one publish may do for the index.
#[derive(Debug, Clone)]
pub(crate) struct Portion {
    /// Items that it reads, give or take a segment.
    pub(super) items: usize,
    /// Their JSON in bytes, give or take a segment.
    pub(super) json_bytes: usize,
    /// Values that it writes.
    pub(super) values: usize,
    /// Tells what is lost of what the published head names; `None` where nothing is published yet.
    arrival: Option<Arrival>,
    /// The publish is not made where a value of the index may be on its way.
    pub(super) waits: bool,
}

impl Portion {
    /// Of a publish that has news, which may `spare` so many writes. One that `seals` makes the index anew where a value of it is
    /// missing.
    pub(crate) fn with_news(
        spare: impl Fn(usize) -> bool,
        arrival: Option<Arrival>,
        seals: bool,
    ) -> Self {
        Self::of(WITH_NEWS_ITEMS_MAX, spare, arrival, !seals)
    }

    /// Of a publish that is made for the index alone.
    pub(crate) fn alone(spare: impl Fn(usize) -> bool, arrival: Option<Arrival>) -> Self {
        Self::of(ALONE_ITEMS_MAX, spare, arrival, true)
    }

    /// Reads no more than what the writes will do for, so that nothing is indexed in vain.
    fn of(
        items: usize,
        spare: impl Fn(usize) -> bool,
        arrival: Option<Arrival>,
        waits: bool,
    ) -> Self {
        let values = (1..=VALUES_MAX).rev().find(|values| spare(*values));
        let values = values.unwrap_or(0);
        Self {
            items,
            json_bytes: values * VALUE_JSON_BYTES,
            values,
            arrival,
            waits,
        }
    }

    /// Whether what `error` is about may be on its way.
    pub(super) fn awaits(&self, error: &ReadError) -> bool {
        match (&self.arrival, error) {
            (Some(arrival), ReadError::Missing(key)) => !arrival.is_due(key),
            _ => false,
        }
    }

    /// Whether nothing more is to be read.
    pub(super) fn is_used_up(&self) -> bool {
        self.items == 0 || self.json_bytes == 0
    }

    /// Takes what reading `segment` comes to.
    pub(super) fn take(&mut self, segment: &SliceRef) {
        self.items = self.items.saturating_sub(segment.items as usize);
        let bytes = segment.json_bytes as usize;
        self.json_bytes = self.json_bytes.saturating_sub(bytes);
    }
}

/// Whether more waits for its index than searches are to look through: something old, or more than what was sealed last. A
/// publish that goes on with it always gets on. Reads nothing.
pub(crate) fn is_behind(index: &Index, all: &ViewParts) -> bool {
    let upto = index.covered.map_or(Position::MIN, |(_, upto)| upto);
    let newer = || all.segments.iter().filter(|listed| listed.newest > upto);
    let filed = all.directories.iter().any(|listed| listed.newest > upto);
    let whole = newer().filter(|listed| listed.oldest > upto);
    let items: usize = whole.map(|listed| listed.items as usize).sum();
    let is_old = index.covered.is_some() && !index.is_complete();
    is_old || filed || items >= WAITING_ITEMS_MAX || newer().count() > SCAN_SEGMENTS_MAX
}

// What may wait is what a search looks through, where segments are as full as they get.
const _: () = assert!(UNINDEXED_ITEMS_MAX <= SCAN_SEGMENTS_MAX * SEGMENT_ITEMS_MAX);
// Two portions become one run.
const _: () = assert!(2 * ALONE_ITEMS_MAX < RUN_DOCUMENTS_MAX);
const _: () = assert!(WITH_NEWS_ITEMS_MAX <= ALONE_ITEMS_MAX && WAITING_ITEMS_MAX > 0);
const _: () = assert!(VALUE_JSON_BYTES < VALUE_BYTES_MAX / 2);
