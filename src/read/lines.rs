//! Items as an export has them: one JSON object a line, oldest first.

use crate::slice::{Items, Position};

/// The index of the newest item at `place` or older.
pub(super) fn first_upto(items: &Items, place: Position) -> usize {
    items
        .find(place)
        .unwrap_or_else(|| items.first_below(place))
}

/// Indexes of the items of `view` (all where `None`) from `from` on, newest first.
fn chosen(items: &Items, view: Option<u16>, from: usize) -> impl DoubleEndedIterator<Item = usize> {
    (from..items.len()).filter(move |index| view.is_none_or(|view| items.in_view(*index, view)))
}

/// Bytes of the lines of those. A line is as long as the stored JSON: its end takes the place of the comma.
pub(super) fn lines_bytes(items: &Items, view: Option<u16>, from: usize) -> u64 {
    chosen(items, view, from)
        .map(|index| items.json_with_comma(index, index + 1).len() as u64)
        .sum()
}

/// The items of `view` as lines, oldest first.
pub(super) fn lines(items: &Items, view: Option<u16>) -> Vec<u8> {
    let bytes = lines_bytes(items, view, 0);
    let mut lines = Vec::with_capacity(usize::try_from(bytes).unwrap_or_default());
    for index in chosen(items, view, 0).rev() {
        lines.extend_from_slice(&items.json_with_comma(index, index + 1));
        if let Some(comma) = lines.last_mut() {
            *comma = b'\n';
        }
    }
    lines
}
