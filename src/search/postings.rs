//! Where a term stands: documents of one run by their numbers, and the places in each.
//!
//! For each document, ascending: its distance from the one before, doubled, odd where there are several places; then, where
//! there are several, how many; then each place's distance from the one before. All as [`varint`]s.

use super::varint;

/// A term's documents and places, read one by one.
pub(super) struct Postings<'v> {
    bytes: &'v [u8],
    next: u32,
}

impl<'v> Postings<'v> {
    pub(super) fn new(bytes: &'v [u8]) -> Self {
        Self { bytes, next: 0 }
    }

    /// The next document; its places replace what is in `places`. `None` at the end, and where the bytes make no sense.
    pub(super) fn next(&mut self, places: &mut Vec<u32>) -> Option<u32> {
        let head = varint::take(&mut self.bytes)?;
        let document = self.next.checked_add(u32::try_from(head >> 1).ok()?)?;
        self.next = document.checked_add(1)?;
        places.clear();
        let count = if head & 1 == 0 {
            1
        } else {
            varint::take(&mut self.bytes)?
        };
        let mut place = 0_u32;
        for _ in 0..count {
            place = place.checked_add(varint::take_u32(&mut self.bytes)?)?;
            places.push(place);
        }
        Some(document)
    }
}

/// Writes documents and places of one term.
#[derive(Debug, Default)]
pub(super) struct List {
    pub(super) bytes: Vec<u8>,
    next: u32,
}

impl List {
    /// Appends `document`, which comes after all before, with its `places`, ascending and not empty.
    pub(super) fn push(&mut self, document: u32, places: &[u32]) {
        let distance = u64::from(document.saturating_sub(self.next));
        let several = places.len() > 1;
        varint::put(&mut self.bytes, distance << 1 | u64::from(several));
        if several {
            varint::put(&mut self.bytes, places.len() as u64);
        }
        let mut before = 0;
        for place in places {
            varint::put(&mut self.bytes, u64::from(place.saturating_sub(before)));
            before = *place;
        }
        self.next = document.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(
            all in proptest::collection::btree_map(0..70_000_u32, proptest::collection::btree_set(0..5_000_u32, 1..5), 0..20)
        ) {
            let mut list = List::default();
            for (document, places) in &all {
                list.push(*document, &places.iter().copied().collect::<Vec<_>>());
            }
            let (mut postings, mut places) = (Postings::new(&list.bytes), Vec::new());
            for (document, want) in &all {
                prop_assert_eq!(postings.next(&mut places), Some(*document));
                prop_assert_eq!(&places, &want.iter().copied().collect::<Vec<_>>());
            }
            prop_assert_eq!(postings.next(&mut places), None);
        }

        #[test]
        fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let (mut postings, mut places) = (Postings::new(&bytes), Vec::new());
            while postings.next(&mut places).is_some() {}
        }
    }
}
