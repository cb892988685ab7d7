//! The stored form of what is remembered: read in place, so that a run costs by what it looks up and not by what there is.
//!
//! Items lie in the order of their identities, one cell each; a second column names them in the order of their addresses.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::dated::Dated;
use super::memory::MEMORY_ITEMS_MAX;
use crate::ordered::Inserted;
use crate::slice::{Corrupt, VALUE_BYTES_MAX, Value, Writer};

const SOURCES: u16 = 2;
/// An earlier layout, with no order by address: such a state is rebuilt.
const WITHOUT_ORDER: u16 = 3;
const ITEMS: u16 = 4;
const BY_ADDRESS: u16 = 5;

/// Items as they were before the edits of the head that the state was stored for.
const BEFORE: u16 = 6;

/// One item, in bytes: identity, rank with how it is dated, address, content, source.
pub(super) const ITEM_BYTES: usize = 8 + 8 + 8 + 8 + 2;
/// Its place in the order of addresses, in bytes.
pub(super) const ORDER_BYTES: usize = 2;
/// In the source's number: its last document still had the item.
const PRESENT: u16 = 1 << 15;
const _: () = assert!(MEMORY_ITEMS_MAX * (ITEM_BYTES + ORDER_BYTES) < VALUE_BYTES_MAX - 60_000);
const _: () = assert!(MEMORY_ITEMS_MAX <= u16::MAX as usize);

/// One sealed item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Known<'s> {
    /// Of its identity.
    pub(super) hash: u64,
    pub(super) rank: i64,
    pub(super) dated: Dated,
    /// Hash of its canonical address, 0 where it has none.
    pub(super) address: u64,
    /// Hash of the entry as its source stated it.
    pub(super) content: u64,
    /// The id of its source.
    pub(super) source: Cow<'s, str>,
    /// Its source's last document still had it.
    pub(super) present: bool,
}

impl Known<'_> {
    pub(super) fn borrowed(&self) -> Known<'_> {
        Known {
            source: Cow::Borrowed(&self.source),
            ..*self
        }
    }

    pub(super) fn into_owned(self) -> Known<'static> {
        Known {
            source: Cow::Owned(self.source.into_owned()),
            ..self
        }
    }
}

/// Remembered items as they are stored. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(super) struct Table {
    value: Option<Value>,
}

impl Table {
    pub(super) fn open(value: Value) -> Result<Self, Corrupt> {
        let whole = |section, width: usize| value.piece(section, 0).len().is_multiple_of(width);
        if !whole(ITEMS, ITEM_BYTES)
            || !whole(BEFORE, ITEM_BYTES)
            || !whole(BY_ADDRESS, ORDER_BYTES)
        {
            return Err(Corrupt("remembered items cut short"));
        }
        if value.pieces(WITHOUT_ORDER) > 0 {
            return Err(Corrupt("remembered items of an earlier layout"));
        }
        Ok(Self { value: Some(value) })
    }

    fn cells(&self) -> &[[u8; ITEM_BYTES]] {
        let piece = self.value.as_ref().map(|value| value.piece(ITEMS, 0));
        piece.unwrap_or_default().as_chunks().0
    }

    /// What [`write`] was given as `before`.
    pub(super) fn before(&self) -> Vec<Known<'static>> {
        let piece = self.value.as_ref().map(|value| value.piece(BEFORE, 0));
        let cells: &[[u8; ITEM_BYTES]] = piece.unwrap_or_default().as_chunks().0;
        let items = cells.iter().map(|cell| self.item(cell).into_owned());
        items.collect()
    }

    pub(super) fn len(&self) -> usize {
        self.cells().len()
    }

    fn item(&self, cell: &[u8; ITEM_BYTES]) -> Known<'_> {
        let source = u16::from_le_bytes([cell[32], cell[33]]);
        let value = self.value.as_ref();
        let name = value.map(|value| value.text(SOURCES, usize::from(source & !PRESENT)));
        let (rank, dated) = Dated::split(number(cell, 8));
        Known {
            hash: number(cell, 0),
            rank,
            dated,
            address: number(cell, 16),
            content: number(cell, 24),
            source: Cow::Borrowed(name.unwrap_or_default()),
            present: source & PRESENT != 0,
        }
    }

    pub(super) fn find(&self, hash: u64) -> Option<Known<'_>> {
        let cells = self.cells();
        let index = cells.binary_search_by_key(&hash, |cell| number(cell, 0));
        index
            .ok()
            .and_then(|index| cells.get(index))
            .map(|cell| self.item(cell))
    }

    /// Those of one address, in the order of their identities.
    pub(super) fn of_address(&self, address: u64) -> impl Iterator<Item = Known<'_>> {
        let cells = self.cells();
        let piece = self.value.as_ref().map(|value| value.piece(BY_ADDRESS, 0));
        let order: &[[u8; ORDER_BYTES]] = piece.unwrap_or_default().as_chunks().0;
        let cell = |place: &[u8; ORDER_BYTES]| cells.get(usize::from(u16::from_le_bytes(*place)));
        let of = move |place: &[u8; ORDER_BYTES]| cell(place).map_or(0, |cell| number(cell, 16));
        let from = order.partition_point(|place| of(place) < address);
        let rest = order.get(from..).unwrap_or_default().iter();
        rest.map_while(cell)
            .map(|cell| self.item(cell))
            .take_while(move |known| known.address == address)
    }

    /// All, in the order of their identities.
    pub(super) fn iter(&self) -> impl Iterator<Item = Known<'_>> {
        self.cells().iter().map(|cell| self.item(cell))
    }
}

fn number(cell: &[u8; ITEM_BYTES], at: usize) -> u64 {
    let bytes = cell.get(at..at + 8).and_then(|bytes| bytes.first_chunk());
    bytes.map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

/// Writes `items`, in the order of their identities, and those of them that were otherwise `before`.
pub(super) fn write(writer: &mut Writer, items: &[Known<'_>], before: &[Known<'_>]) {
    let mut names: BTreeMap<&str, u16> = items
        .iter()
        .chain(before)
        .map(|known| (known.source.as_ref(), 0))
        .inserted();
    for (index, (_, number)) in names.iter_mut().enumerate() {
        *number = u16::try_from(index).unwrap_or(!PRESENT) & !PRESENT;
    }
    let cells = |items: &[Known<'_>]| {
        let mut cells = Vec::with_capacity(items.len() * ITEM_BYTES);
        for known in items {
            let source = names
                .get(known.source.as_ref())
                .copied()
                .unwrap_or(!PRESENT);
            cells.extend(known.hash.to_le_bytes());
            cells.extend(known.dated.beside(known.rank).to_le_bytes());
            cells.extend(known.address.to_le_bytes());
            cells.extend(known.content.to_le_bytes());
            cells.extend((source | if known.present { PRESENT } else { 0 }).to_le_bytes());
        }
        cells
    };
    let mut order: Vec<(u64, u16)> = (0_u16..)
        .zip(items)
        .filter(|(_, known)| known.address != 0)
        .map(|(index, known)| (known.address, index))
        .collect();
    order.sort_unstable();
    let order = order
        .iter()
        .flat_map(|(_, index)| index.to_le_bytes())
        .collect();
    writer.section(
        SOURCES,
        names.keys().map(|name| name.as_bytes().to_vec()).collect(),
    );
    writer.section(ITEMS, vec![cells(items)]);
    writer.section(BEFORE, vec![cells(before)]);
    writer.section(BY_ADDRESS, vec![order]);
}
