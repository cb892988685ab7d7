//! Items as columns and fragments: the part that heads and segments share.
//!
//! JSON fragments end with a comma each, so that a run of items is one range of the value; the reader cuts off the last
//! comma.

use bytes::Bytes;

use super::container::{Value, Writer};
use super::position::POSITION_BYTES;
use super::{Corrupt, Position};
use crate::time::Timestamp;

/// One item as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its place, and with it its id.
    pub position: Position,
    /// The id of its source.
    pub source: String,
    /// Indexes of the views it belongs to, ascending. Kept in heads only: a segment belongs to one view.
    pub views: Vec<u16>,
    /// Hash of its canonical address, 0 where it has none.
    pub address: u64,
    /// Hash of the entry as its source stated it: tells an edit.
    pub content: u64,
    /// When it was seen first.
    pub seen: Timestamp,
    /// As the API gives it: one JSON object.
    pub json: String,
    /// As the page shows it.
    pub html: String,
}

impl Row {
    /// Bytes that the item takes in a value.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.json.len() + self.html.len() + ROW_BYTES
    }
}

/// Columns and offsets of one row, in bytes, views aside.
const ROW_BYTES: usize = POSITION_BYTES + 2 + 8 + 8 + 8 + 1 + 8;

pub(super) mod section {
    pub(in crate::slice) const SOURCES: u16 = 22;
    pub(in crate::slice) const POSITION: u16 = 32;
    pub(in crate::slice) const SOURCE: u16 = 33;
    pub(in crate::slice) const ADDRESS: u16 = 34;
    pub(in crate::slice) const CONTENT: u16 = 35;
    pub(in crate::slice) const SEEN: u16 = 36;
    pub(in crate::slice) const VIEWS: u16 = 37;
    pub(in crate::slice) const JSON: u16 = 48;
    pub(in crate::slice) const HTML: u16 = 49;
}

/// Reads the items of an opened value.
#[derive(Debug, Clone)]
pub(crate) struct Items {
    pub(super) value: Value,
    count: usize,
}

impl Items {
    /// Checks that all columns have the same length and that positions fall.
    pub(super) fn open(value: Value) -> Result<Self, Corrupt> {
        let count = value.pieces(section::JSON);
        let columns = [
            (section::POSITION, POSITION_BYTES),
            (section::SOURCE, 2),
            (section::ADDRESS, 8),
            (section::CONTENT, 8),
            (section::SEEN, 8),
        ];
        for (id, width) in columns {
            if value.piece(id, 0).len() != count * width {
                return Err(Corrupt("a column of another length"));
            }
        }
        if value.pieces(section::HTML) != count {
            return Err(Corrupt("not as many HTML as JSON fragments"));
        }
        let items = Self { value, count };
        let mut above: Option<&[u8]> = None;
        for position in items
            .value
            .piece(section::POSITION, 0)
            .chunks_exact(POSITION_BYTES)
        {
            if above.is_some_and(|above| above <= position) {
                return Err(Corrupt("items out of order"));
            }
            above = Some(position);
        }
        Ok(items)
    }

    /// Whether these are of the same value: not of another one of the same bytes, but of that place in memory.
    pub(crate) fn is(&self, other: &Self) -> bool {
        let (one, other) = (self.value.bytes(), other.value.bytes());
        // What is held can't be given to something else meanwhile.
        std::ptr::eq::<[u8]>(one.as_ref(), other.as_ref())
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.count
    }

    /// The place of item `index`; beyond the end the least there is.
    pub(crate) fn position(&self, index: usize) -> Position {
        self.cell(section::POSITION, index)
            .map_or(Position::MIN, Position::from_bytes)
    }

    /// The index of the first item older than `position`.
    pub(crate) fn first_below(&self, position: Position) -> usize {
        let key = position.to_bytes();
        let (cells, _) = self
            .value
            .piece(section::POSITION, 0)
            .as_chunks::<POSITION_BYTES>();
        cells.partition_point(|cell| *cell >= key)
    }

    /// The index of the item at exactly `position`.
    pub(crate) fn find(&self, position: Position) -> Option<usize> {
        let key = position.to_bytes();
        let (cells, _) = self
            .value
            .piece(section::POSITION, 0)
            .as_chunks::<POSITION_BYTES>();
        cells.binary_search_by(|cell| key.cmp(cell)).ok()
    }

    /// The index of `source` in this value's own table of sources.
    pub(crate) fn source_index(&self, source: &str) -> Option<u16> {
        let index = (0..self.value.pieces(section::SOURCES))
            .find(|index| self.value.piece(section::SOURCES, *index) == source.as_bytes())?;
        u16::try_from(index).ok()
    }

    /// The source of item `index`, as an index into the table of sources.
    pub(crate) fn source(&self, index: usize) -> u16 {
        self.cell(section::SOURCE, index)
            .map_or(u16::MAX, u16::from_le_bytes)
    }

    /// The id of item `index`'s source.
    pub(crate) fn source_id(&self, index: usize) -> &str {
        self.value
            .text(section::SOURCES, usize::from(self.source(index)))
    }

    /// When item `index` was seen first.
    pub(crate) fn seen(&self, index: usize) -> Timestamp {
        Timestamp(
            self.cell(section::SEEN, index)
                .map_or(0, i64::from_le_bytes),
        )
    }

    /// Whether item `index` belongs to `view`. True for every view in a value that has no such column.
    pub(crate) fn in_view(&self, index: usize, view: u16) -> bool {
        let column = self.value.piece(section::VIEWS, 0);
        if column.is_empty() {
            return true;
        }
        let stride = column.len() / self.count.max(1);
        let (byte, bit) = (usize::from(view / 8), view % 8);
        byte < stride
            && column
                .get(index * stride + byte)
                .is_some_and(|mask| mask >> bit & 1 == 1)
    }

    /// The JSON of items `from..to`, joined by commas.
    pub(crate) fn json(&self, from: usize, to: usize) -> Bytes {
        let range = self.value.range(section::JSON, from, to);
        match range.len().checked_sub(1) {
            Some(end) => range.slice(..end),
            None => range,
        }
    }

    /// As [`Self::json`], with the last comma.
    pub(crate) fn json_with_comma(&self, from: usize, to: usize) -> Bytes {
        self.value.range(section::JSON, from, to)
    }

    /// The HTML of items `from..to`.
    pub(crate) fn html(&self, from: usize, to: usize) -> Bytes {
        self.value.range(section::HTML, from, to)
    }

    /// Everything of item `index`, for the next fold.
    pub(crate) fn row(&self, index: usize) -> Row {
        let views = self.value.piece(section::VIEWS, 0).len() / self.count.max(1) * 8;
        let views = u16::try_from(views).unwrap_or(u16::MAX);
        let number = |id| self.cell(id, index).map_or(0, u64::from_le_bytes);
        let text = |bytes: Bytes| String::from_utf8_lossy(&bytes).into_owned();
        Row {
            position: self.position(index),
            source: self
                .value
                .text(section::SOURCES, usize::from(self.source(index)))
                .to_owned(),
            views: (0..views)
                .filter(|view| self.in_view(index, *view))
                .collect(),
            address: number(section::ADDRESS),
            content: number(section::CONTENT),
            seen: self.seen(index),
            json: text(self.json(index, index + 1)),
            html: text(self.html(index, index + 1)),
        }
    }

    /// All items, newest first.
    pub(crate) fn rows(&self) -> impl Iterator<Item = Row> + '_ {
        (0..self.count).map(|index| self.row(index))
    }

    fn cell<const N: usize>(&self, id: u16, index: usize) -> Option<[u8; N]> {
        let (cells, _) = self.value.piece(id, 0).as_chunks::<N>();
        cells.get(index).copied()
    }
}

/// Writes `rows`, newest first, with `sources` as the table of sources. `views`: how many views there are, `None` leaves
/// the column out.
pub(super) fn write(writer: &mut Writer, rows: &[&Row], sources: &[String], views: Option<usize>) {
    let column = |cell: &dyn Fn(&Row, &mut Vec<u8>)| {
        let mut out = Vec::new();
        for row in rows {
            cell(row, &mut out);
        }
        vec![out]
    };
    let source_of = |row: &Row| {
        let index = sources.iter().position(|source| *source == row.source);
        index
            .and_then(|index| u16::try_from(index).ok())
            .unwrap_or(u16::MAX)
    };
    writer.section(
        section::SOURCES,
        sources
            .iter()
            .map(|source| source.clone().into_bytes())
            .collect(),
    );
    writer.section(
        section::POSITION,
        column(&|row, out| out.extend(row.position.to_bytes())),
    );
    writer.section(
        section::SOURCE,
        column(&|row, out| out.extend(source_of(row).to_le_bytes())),
    );
    writer.section(
        section::ADDRESS,
        column(&|row, out| out.extend(row.address.to_le_bytes())),
    );
    writer.section(
        section::CONTENT,
        column(&|row, out| out.extend(row.content.to_le_bytes())),
    );
    writer.section(
        section::SEEN,
        column(&|row, out| out.extend(row.seen.0.to_le_bytes())),
    );
    if let Some(views) = views {
        let stride = views.div_ceil(8).max(1);
        writer.section(
            section::VIEWS,
            column(&|row, out| out.extend(mask(&row.views, stride))),
        );
    }
    let with_comma = |row: &Row| {
        let mut json = Vec::with_capacity(row.json.len() + 1);
        json.extend_from_slice(row.json.as_bytes());
        json.push(b',');
        json
    };
    writer.section(
        section::JSON,
        rows.iter().map(|row| with_comma(row)).collect(),
    );
    writer.section(
        section::HTML,
        rows.iter()
            .map(|row| row.html.clone().into_bytes())
            .collect(),
    );
}

fn mask(views: &[u16], stride: usize) -> Vec<u8> {
    let mut mask = vec![0; stride];
    for view in views {
        if let Some(byte) = mask.get_mut(usize::from(view / 8)) {
            *byte |= 1 << (view % 8);
        }
    }
    mask
}
