//! Deflated twins: beside what the first page is made of, the same runs deflated, so that a compressed page is put together
//! and not compressed.
//!
//! ```text
//! piece 0   for each twin: section u16, from u16, to u16 (the pieces it spans), 0 u16, CRC-32 u32, length in bytes u32
//! piece 1…  the twins, as `gzip.rs` has them
//! ```
//! A twin is found by where its run lies in memory, so that whoever puts a page together need not know of it.

use bytes::Bytes;

use super::container::Value;
use super::items::section as item;
use super::parts::HeadParts;
use super::{Head, Section};
use crate::gzip::{Deflated, Effort};

const TWINS: u16 = Section::Twins as u16;
const ENTRY_BYTES: usize = 16;

/// A shorter run has no twin: it is stored in the stream as it is.
const RUN_BYTES_MIN: usize = 256;

/// Most twins of a head. More would make looking them up slow.
const TWINS_MAX: usize = 16;

/// Which pieces of which section a twin spans.
#[derive(Clone, Copy)]
struct Span {
    section: u16,
    from: usize,
    to: usize,
}

impl HeadParts {
    /// Adds the twins of what the first page of everything is made of, as HTML and as JSON: what stands around the items, and
    /// the newest `page_items` of them. To be called when all else is there, with the sections of this version.
    pub(crate) fn add_twins(&mut self, page_items: usize) {
        let mut index = Vec::new();
        let mut pieces = vec![Vec::new()];
        let mut add = |span: Span, run: &[u8]| {
            if run.len() < RUN_BYTES_MIN || pieces.len() > TWINS_MAX {
                return;
            }
            let twin = Deflated::of(run, Effort::Kept);
            for number in [span.section, to_u16(span.from), to_u16(span.to), 0] {
                index.extend(number.to_le_bytes());
            }
            index.extend(twin.crc.to_le_bytes());
            index.extend(twin.len.to_le_bytes());
            pieces.push(twin.bytes.to_vec());
        };
        self.sections
            .retain(|(section, _)| *section != Section::Twins);
        let framed = [Section::PageTop, Section::PageBottom];
        for (section, stored) in &self.sections {
            if !framed.contains(section) {
                continue;
            }
            for (at, piece) in stored.iter().enumerate() {
                let section = *section as u16;
                let (from, to) = (at, at + 1);
                add(Span { section, from, to }, piece);
            }
        }
        let rows = self.rows.get(..page_items).unwrap_or(&self.rows);
        let html: String = rows.iter().map(|row| row.html.as_str()).collect();
        // A page of the API has no comma behind its last item.
        let json: Vec<&str> = rows.iter().map(|row| row.json.as_str()).collect();
        for (section, run) in [(item::HTML, html), (item::JSON, json.join(","))] {
            let (from, to) = (0, rows.len());
            add(Span { section, from, to }, run.as_bytes());
        }
        pieces[0] = index;
        self.sections.push((Section::Twins, pieces));
    }
}

impl Head {
    /// The twin of `run`, where it is a range of this head that has one.
    pub(crate) fn twin(&self, run: &Bytes) -> Option<Deflated> {
        let value = self.value();
        let at = value.offset_of(run)?;
        let (entries, _) = value.piece(TWINS, 0).as_chunks::<ENTRY_BYTES>();
        let len = u32::try_from(run.len()).ok()?;
        entries.iter().enumerate().find_map(|(index, entry)| {
            let (start, twin) = read(value, entry, index)?;
            (start == at && twin.len == len).then_some(twin)
        })
    }
}

/// Where the twin's run begins, and the twin.
fn read(value: &Value, entry: &[u8; ENTRY_BYTES], index: usize) -> Option<(usize, Deflated)> {
    let [a, b, c, d, e, f, _, _, rest @ ..] = *entry;
    let [crc @ .., _, _, _, _] = rest;
    let [_, _, _, _, len @ ..] = rest;
    let from = usize::from(u16::from_le_bytes([c, d]));
    let to = usize::from(u16::from_le_bytes([e, f]));
    let start = value.start_of(u16::from_le_bytes([a, b]), from, to)?;
    let twin = Deflated {
        bytes: value.range(TWINS, index + 1, index + 2),
        crc: u32::from_le_bytes(crc),
        len: u32::from_le_bytes(len),
    };
    Some((start, twin))
}

fn to_u16(number: usize) -> u16 {
    u16::try_from(number).unwrap_or(u16::MAX)
}
