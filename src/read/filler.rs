//! What an export gives in the place of a value that is lost.
//!
//! An export says how long it is before it reads anything, and is gone on with at any byte. So what stands in for a lost value is as
//! long as that was: one line for each of its items, with spaces before what the line says. JSON allows spaces there, no line is longer
//! than items are, and whoever goes on amid such a line still gets what it says.

use bytes::Bytes;

use crate::slice::SliceRef;

/// Bytes given at once.
const PIECE_BYTES_MAX: u64 = 64 * 1024;

/// Lines in the place of one value, and how many bytes of them are done with.
#[derive(Debug, Clone)]
pub(super) struct Filler {
    /// What each line ends with.
    words: Vec<u8>,
    /// Bytes of each line; the last has the rest too.
    width: u64,
    lines: u64,
    bytes: u64,
    done: u64,
}

impl Filler {
    /// In the place of what `reference` names, from its byte `done` on.
    pub(super) fn new(reference: SliceRef, done: u64) -> Self {
        let bytes = u64::from(reference.json_bytes);
        // `after`: what goes on behind the lost value, as the parameter of that name.
        let mut words = format!("{{\"lost\":1,\"after\":\"{}\"}}\n", reference.newest).into_bytes();
        let room = bytes / words.len() as u64;
        if room == 0 {
            // No item is that short: the list that says so is wrong itself.
            words = b"\n".to_vec();
        }
        let lines = u64::from(reference.items).min(room).max(1);
        Self {
            words,
            width: bytes / lines,
            lines,
            bytes,
            done: done.min(bytes),
        }
    }

    /// The next piece, of at most `most` bytes; `None` at the end.
    pub(super) fn next(&mut self, most: u64) -> Option<Bytes> {
        let to = self.bytes.min(self.done + most.min(PIECE_BYTES_MAX));
        if to == self.done {
            return None;
        }
        let piece: Vec<u8> = (self.done..to).map(|at| self.byte(at)).collect();
        self.done = to;
        Some(piece.into())
    }

    fn byte(&self, at: u64) -> u8 {
        let line = (at / self.width).min(self.lines - 1);
        let end = if line + 1 == self.lines {
            self.bytes
        } else {
            (line + 1) * self.width
        };
        let from_end = usize::try_from(end - at).unwrap_or(usize::MAX);
        let place = self.words.len().checked_sub(from_end);
        let byte = place.and_then(|place| self.words.get(place));
        byte.copied().unwrap_or(b' ')
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::slice::Position;

    fn reference(items: u32, json_bytes: u32) -> SliceRef {
        SliceRef {
            name: 1,
            newest: Position { rank: 9, hash: 7 },
            oldest: Position { rank: 3, hash: 7 },
            items,
            segments: 1,
            json_bytes,
        }
    }

    fn given(mut filler: Filler, most: u64) -> Vec<u8> {
        let mut bytes = Vec::new();
        while let Some(piece) = filler.next(most) {
            bytes.extend_from_slice(&piece);
        }
        bytes
    }

    #[test]
    fn it_is_as_long_as_the_value_was_and_says_each_item() {
        for (items, bytes) in [(1, 60), (3, 1_000), (250, 70_011), (64_000, 20_000_003)] {
            let reference = reference(items, bytes);
            let whole = given(Filler::new(reference, 0), u64::MAX);
            assert_eq!(whole.len(), bytes as usize);
            let text = std::str::from_utf8(&whole).unwrap();
            assert_eq!(text.lines().count(), items as usize);
            for line in text.lines() {
                let said: serde_json::Value = serde_json::from_str(line).unwrap();
                assert_eq!(said["lost"], 1);
                assert_eq!(said["after"], reference.newest.to_string());
            }
            for from in [1, 59, bytes / 2, bytes - 1] {
                let rest = given(Filler::new(reference, u64::from(from)), 997);
                assert!(rest == whole[from as usize..]);
            }
        }
    }

    #[test]
    fn a_list_that_is_wrong_itself_is_no_harm() {
        for (items, bytes) in [(0, 0), (0, 500), (9, 0), (9, 1), (9, 20), (u32::MAX, 500)] {
            let whole = given(Filler::new(reference(items, bytes), 0), u64::MAX);
            assert_eq!(whole.len(), bytes as usize);
            assert!(bytes == 0 || whole.ends_with(b"\n"));
        }
    }
}
