//! What happened lately: carried from head to head, so that it costs no write of its own.
//!
//! Every row says when its item came, but sealed rows leave the head. So counts are carried: what the last head had counted,
//! less its own rows, plus the rows of this fold. Nothing here is part of the fold's hash: time that passes is no news.

use super::container::{Value, Writer};
use super::{Head, Row};
use crate::page::SourceHealth;
use crate::time::Timestamp;

/// Hours for which a view's items are counted, one by one.
pub const VIEW_HOURS: usize = 48;
/// Hours in one slot of a source's strip.
pub const SLOT_HOURS: i64 = 6;
/// Slots of a source's strip: a week.
pub const SOURCE_SLOTS: usize = 28;
/// Publishes that the head lists.
pub const PUBLISHES_MAX: usize = 24;
/// Sites with more sources than this keep no strips: they would be most of the head.
pub const STRIPS_MAX: usize = 100;

const HOUR_MS: i64 = 60 * 60 * 1000;

pub(super) const VIEWS: u16 = 40;
pub(super) const SOURCES: u16 = 41;
pub(super) const PUBLISHES: u16 = 42;
const VIEW_BYTES: usize = VIEW_HOURS * 2;
const STRIP_BYTES: usize = SOURCE_SLOTS + 4 + 4;
const PUBLISH_BYTES: usize = 8 + 2 + 2 + 2;

/// The last days in numbers. Times end at the head's own: the last slot is the one it was published in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Activity {
    /// For each view, in the head's order: items by the hour they came, oldest hour first.
    pub views: Vec<[u16; VIEW_HOURS]>,
    /// For each configured source; empty above [`STRIPS_MAX`].
    pub sources: Vec<Strip>,
    /// The last publishes, newest first.
    pub publishes: Vec<Publish>,
}

/// A week of one source, in slots of six hours, oldest first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Strip {
    /// Items that came.
    pub items: [u8; SOURCE_SLOTS],
    /// Bit `n`: it was failing in slot `n`, be it for a part of it.
    pub failing: u32,
    /// Bit `n`: it was configured and had been asked by then.
    pub known: u32,
}

/// One publish. Cycles without news write nothing and leave no trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Publish {
    /// When.
    pub at: Timestamp,
    /// Items not seen before.
    pub added: u16,
    /// Items that changed in place.
    pub changed: u16,
    /// Sources failing at that time.
    pub failing: u16,
}

/// What the next head's activity is made from.
pub(crate) struct Fold<'a> {
    /// The head that is replaced.
    pub(crate) before: Option<&'a Head>,
    /// When the next one is published.
    pub(crate) now: Timestamp,
    /// Ids of the next head's views.
    pub(crate) views: Vec<&'a str>,
    /// Ids of the configured sources.
    pub(crate) sources: Vec<&'a str>,
    /// Everything unsealed, before a seal of this publish.
    pub(crate) rows: &'a [Row],
    /// How the sources fare now.
    pub(crate) health: &'a [SourceHealth],
    /// New and changed items of this cycle.
    pub(crate) news: (usize, usize),
}

impl Fold<'_> {
    pub(crate) fn activity(&self) -> Activity {
        let before = self.before.map(Head::activity).unwrap_or_default();
        let since = self
            .before
            .map_or(0, |head| hour(self.now.0) - hour(head.updated().0));
        let strips = self.sources.len() <= STRIPS_MAX;
        let published = self.before.map(Head::health).unwrap_or_default();
        Activity {
            views: (0..self.views.len())
                .map(|index| self.view(index, &before, since))
                .collect(),
            sources: (0..if strips { self.sources.len() } else { 0 })
                .map(|index| self.strip(index, &before, &published))
                .collect(),
            publishes: self.publishes(before.publishes),
        }
    }

    fn view(&self, index: usize, before: &Activity, hours: i64) -> [u16; VIEW_HOURS] {
        let mut counts = [0; VIEW_HOURS];
        if let Some(head) = self.before
            && let Some(old) = head.view(self.views[index])
            && let Some(carried) = before.views.get(usize::from(old))
        {
            counts = *carried;
            let last = hour(head.updated().0);
            for row in (0..head.items.len()).filter(|row| head.items.in_view(*row, old)) {
                let at = slot(hour(head.items.position(row).rank), last, VIEW_HOURS);
                if let Some(count) = at.and_then(|at| counts.get_mut(at)) {
                    *count = count.saturating_sub(1);
                }
            }
            shift(&mut counts, hours);
        }
        let last = hour(self.now.0);
        let ours = |row: &&Row| row.views.iter().any(|view| usize::from(*view) == index);
        for row in self.rows.iter().filter(ours) {
            let at = slot(hour(row.position.rank), last, VIEW_HOURS);
            if let Some(count) = at.and_then(|at| counts.get_mut(at)) {
                *count = count.saturating_add(1);
            }
        }
        counts
    }

    fn strip(&self, index: usize, before: &Activity, published: &[SourceHealth]) -> Strip {
        let id = self.sources[index];
        let last = hour(self.now.0).div_euclid(SLOT_HOURS);
        let mut strip = Strip::default();
        if let Some(head) = self.before
            && let Some(old) = head.source(id)
        {
            strip = before
                .sources
                .get(usize::from(old))
                .copied()
                .unwrap_or_default();
            let ended = hour(head.updated().0).div_euclid(SLOT_HOURS);
            for row in (0..head.items.len()).filter(|row| head.items.source(*row) == old) {
                let at = hour(head.items.position(row).rank).div_euclid(SLOT_HOURS);
                if let Some(at) = slot(at, ended, SOURCE_SLOTS) {
                    strip.items[at] = strip.items[at].saturating_sub(1);
                }
            }
            shift(&mut strip.items, last - ended);
            let (failing, known) = state(published, id);
            strip.failing = pass(strip.failing, last - ended, failing);
            strip.known = pass(strip.known, last - ended, known);
        }
        for row in self.rows.iter().filter(|row| row.source == id) {
            let at = hour(row.position.rank).div_euclid(SLOT_HOURS);
            if let Some(at) = slot(at, last, SOURCE_SLOTS) {
                strip.items[at] = strip.items[at].saturating_add(1);
            }
        }
        let (failing, known) = state(self.health, id);
        strip.failing |= if failing { NEWEST } else { 0 };
        strip.known |= if known { NEWEST } else { 0 };
        strip
    }

    fn publishes(&self, before: Vec<Publish>) -> Vec<Publish> {
        let small = |count: usize| u16::try_from(count).unwrap_or(u16::MAX);
        let failing = self
            .health
            .iter()
            .filter(|health| health.status == "failing")
            .count();
        let this = Publish {
            at: self.now,
            added: small(self.news.0),
            changed: small(self.news.1),
            failing: small(failing),
        };
        let mut publishes = vec![this];
        publishes.extend(before);
        publishes.truncate(PUBLISHES_MAX);
        publishes
    }
}

const NEWEST: u32 = 1 << (SOURCE_SLOTS - 1);
const ALL: u32 = (NEWEST << 1) - 1;

/// Whether a source is failing, and whether it has been asked at all.
fn state(health: &[SourceHealth], id: &str) -> (bool, bool) {
    let status = health.iter().find(|health| health.id == id);
    match status.map(|health| health.status.as_str()) {
        Some("failing") => (true, true),
        Some("ok") => (false, true),
        _ => (false, false),
    }
}

/// Bits of `slots` slots later. A source's state stands until a publish says otherwise: the new slots have `stood`.
fn pass(bits: u32, slots: i64, stood: bool) -> u32 {
    let mut bits = bits & ALL;
    for _ in 0..slots.clamp(0, SOURCE_SLOTS as i64) {
        bits = (bits >> 1) | if stood { NEWEST } else { 0 };
    }
    bits
}

fn hour(ms: i64) -> i64 {
    ms.div_euclid(HOUR_MS)
}

/// The index of `at` among `slots` slots that end with `last`. What is dated ahead counts in the last.
fn slot(at: i64, last: i64, slots: usize) -> Option<usize> {
    let back = usize::try_from(last.saturating_sub(at).max(0)).ok()?;
    (slots - 1).checked_sub(back)
}

fn shift<T: Copy + Default>(counts: &mut [T], by: i64) {
    let by = usize::try_from(by.max(0))
        .unwrap_or(usize::MAX)
        .min(counts.len());
    counts.rotate_left(by);
    let kept = counts.len() - by;
    counts[kept..].fill(T::default());
}

impl Activity {
    pub(super) fn write(&self, writer: &mut Writer) {
        let views = self.views.iter().flatten();
        let views: Vec<u8> = views.flat_map(|count| count.to_le_bytes()).collect();
        let mut sources = Vec::with_capacity(self.sources.len() * STRIP_BYTES);
        for strip in &self.sources {
            sources.extend(strip.items);
            sources.extend(strip.failing.to_le_bytes());
            sources.extend(strip.known.to_le_bytes());
        }
        let mut publishes = Vec::with_capacity(self.publishes.len() * PUBLISH_BYTES);
        for publish in &self.publishes {
            publishes.extend(publish.at.0.to_le_bytes());
            publishes.extend(publish.added.to_le_bytes());
            publishes.extend(publish.changed.to_le_bytes());
            publishes.extend(publish.failing.to_le_bytes());
        }
        for (id, bytes) in [(VIEWS, views), (SOURCES, sources), (PUBLISHES, publishes)] {
            if !bytes.is_empty() {
                writer.section(id, vec![bytes]);
            }
        }
    }

    /// From a head; empty where it has none (an older version's).
    pub(super) fn read(value: &Value) -> Self {
        let (views, _) = value.piece(VIEWS, 0).as_chunks::<VIEW_BYTES>();
        let (strips, _) = value.piece(SOURCES, 0).as_chunks::<STRIP_BYTES>();
        let (publishes, _) = value.piece(PUBLISHES, 0).as_chunks::<PUBLISH_BYTES>();
        Self {
            views: views.iter().map(view_of).collect(),
            sources: strips.iter().map(strip_of).collect(),
            publishes: publishes.iter().map(publish_of).collect(),
        }
    }
}

fn view_of(cell: &[u8; VIEW_BYTES]) -> [u16; VIEW_HOURS] {
    let (counts, _) = cell.as_chunks::<2>();
    let mut view = [0; VIEW_HOURS];
    for (count, bytes) in view.iter_mut().zip(counts) {
        *count = u16::from_le_bytes(*bytes);
    }
    view
}

fn strip_of(cell: &[u8; STRIP_BYTES]) -> Strip {
    let (items, masks) = cell.split_at(SOURCE_SLOTS);
    let (masks, _) = masks.as_chunks::<4>();
    let mask = |index: usize| {
        masks
            .get(index)
            .map_or(0, |bytes| u32::from_le_bytes(*bytes))
    };
    Strip {
        items: items.first_chunk().copied().unwrap_or_default(),
        failing: mask(0),
        known: mask(1),
    }
}

fn publish_of(cell: &[u8; PUBLISH_BYTES]) -> Publish {
    let [at @ .., a, b, c, d, e, f] = *cell;
    Publish {
        at: Timestamp(i64::from_le_bytes(at)),
        added: u16::from_le_bytes([a, b]),
        changed: u16::from_le_bytes([c, d]),
        failing: u16::from_le_bytes([e, f]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_that_passes_moves_counts_out() {
        let mut counts = [1u16, 2, 3, 4];
        shift(&mut counts, 1);
        assert_eq!(counts, [2, 3, 4, 0]);
        shift(&mut counts, 0);
        shift(&mut counts, -3);
        assert_eq!(counts, [2, 3, 4, 0]);
        shift(&mut counts, 99);
        assert_eq!(counts, [0; 4]);
    }

    #[test]
    fn a_status_stands_until_the_next_publish() {
        assert_eq!(pass(NEWEST, 0, true), NEWEST);
        assert_eq!(pass(NEWEST, 2, true), NEWEST | NEWEST >> 1 | NEWEST >> 2);
        assert_eq!(pass(NEWEST, 2, false), NEWEST >> 2);
        assert_eq!(pass(1, 1, false), 0);
        assert_eq!(pass(0, i64::MAX, true), ALL);
        assert_eq!(pass(0, -1, true), 0);
    }

    #[test]
    fn slots_end_with_the_last() {
        assert_eq!(slot(10, 10, 4), Some(3));
        assert_eq!(slot(12, 10, 4), Some(3), "dated ahead");
        assert_eq!(slot(7, 10, 4), Some(0));
        assert_eq!(slot(6, 10, 4), None);
        assert_eq!(slot(i64::MIN, i64::MAX, 4), None);
    }
}
