//! How the head and directories name sealed values.

use super::Position;
use super::position::POSITION_BYTES;

/// One segment reference, in bytes.
pub(crate) const SEGMENT_REF_BYTES: usize = 16 + 2 * POSITION_BYTES + 12;

/// Names a segment or a directory: its content hash, and what is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SliceRef {
    /// Its content hash, which is its name.
    pub name: u128,
    /// The newest item in it.
    pub newest: Position,
    /// The oldest item in it.
    pub oldest: Position,
    /// Items in it: in a directory, in all its segments.
    pub items: u32,
    /// Segments in it: 1 for a segment.
    pub segments: u32,
    /// Bytes of the items' JSON in it, with a comma each: in a directory, in all its segments. So any byte of an export is
    /// found by adding up.
    pub json_bytes: u32,
}

impl SliceRef {
    fn encode(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.name.to_le_bytes());
        out.extend_from_slice(&self.newest.to_bytes());
        out.extend_from_slice(&self.oldest.to_bytes());
        out.extend_from_slice(&self.items.to_le_bytes());
        out.extend_from_slice(&self.segments.to_le_bytes());
        out.extend_from_slice(&self.json_bytes.to_le_bytes());
    }

    fn decode(bytes: &[u8; SEGMENT_REF_BYTES]) -> Self {
        let (name, rest) = split::<16>(bytes);
        let (newest, rest) = split::<POSITION_BYTES>(rest);
        let (oldest, rest) = split::<POSITION_BYTES>(rest);
        let (items, rest) = split::<4>(rest);
        let (segments, rest) = split::<4>(rest);
        let (json_bytes, _) = split::<4>(rest);
        Self {
            name: u128::from_le_bytes(name),
            newest: Position::from_bytes(newest),
            oldest: Position::from_bytes(oldest),
            items: u32::from_le_bytes(items),
            segments: u32::from_le_bytes(segments),
            json_bytes: u32::from_le_bytes(json_bytes),
        }
    }

    /// Whether an item at `position` could be in it.
    #[must_use]
    pub fn spans(&self, position: Position) -> bool {
        self.oldest <= position && position <= self.newest
    }
}

fn split<const N: usize>(bytes: &[u8]) -> ([u8; N], &[u8]) {
    bytes
        .split_first_chunk::<N>()
        .map_or(([0; N], &[]), |(first, rest)| (*first, rest))
}

/// References one after another, as a piece of a section.
pub(crate) fn encode_refs(refs: &[SliceRef]) -> Vec<u8> {
    let mut out = Vec::with_capacity(refs.len() * SEGMENT_REF_BYTES);
    for reference in refs {
        reference.encode(&mut out);
    }
    out
}

/// The references of such a piece, newest first; a torn rest is left out.
pub(crate) fn decode_refs(piece: &[u8]) -> impl DoubleEndedIterator<Item = SliceRef> + '_ {
    piece
        .chunks_exact(SEGMENT_REF_BYTES)
        .filter_map(|chunk| chunk.first_chunk().map(SliceRef::decode))
}
