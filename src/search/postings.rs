//! Where a term stands: documents of one run by their numbers, and the places in each.
//!
//! A list begins with how many documents it has, and the best field that the term is in anywhere. Then, for each document, ascending: its
//! distance from the one before, doubled, odd where there are several places; the place, or how many bytes the places take and each one's
//! distance from the one before. All as [`varint`]s. In a list of more than [`BLOCK_DOCUMENTS`] a table comes first: for each block but the
//! last, how far its last document is from that of the block before, and how many bytes it takes. So a search goes over what it has no use for.

use super::document::NEXT;
use super::varint;

/// Documents of a list from one entry of its table to the next.
const BLOCK_DOCUMENTS: u32 = 64;

/// After the last document.
pub(super) const END: u32 = u32::MAX;

/// A term's documents and places, from one document to the next.
#[derive(Debug, Clone)]
pub(super) struct Postings<'v> {
    document: u32,
    /// Of the document that stands here, encoded.
    places: &'v [u8],
    several: bool,
    /// The rest of this block.
    rest: &'v [u8],
    /// The blocks after it.
    beyond: &'v [u8],
    /// Their entries in the table, but for the last one.
    skips: &'v [u8],
    /// The last document of this block; [`END`] in the last one.
    block_last: u32,
    /// Where distances go from.
    next: u32,
    count: u64,
    best: u32,
}

impl<'v> Postings<'v> {
    /// At the first document.
    pub(super) fn new(mut list: &'v [u8]) -> Self {
        let head = varint::take(&mut list).unwrap_or(0);
        let count = head / u64::from(NEXT);
        let mut skips: &[u8] = &[];
        if count > u64::from(BLOCK_DOCUMENTS) {
            skips = varint::take_bytes(&mut list).unwrap_or_default();
        }
        let mut postings = Self {
            document: 0,
            places: &[],
            several: false,
            rest: &[],
            beyond: list,
            skips,
            block_last: 0,
            next: 0,
            count,
            best: (head % u64::from(NEXT)) as u32,
        };
        postings.next_block(0);
        postings.advance();
        postings
    }

    /// How many documents there are. Broken bytes may say anything.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// The best field that the term is in, in any document.
    pub(super) fn best(&self) -> u32 {
        self.best
    }

    /// The document that stands here; [`END`] at the end, and where the bytes make no sense.
    pub(super) fn document(&self) -> u32 {
        self.document
    }

    /// Goes on to the next document.
    pub(super) fn advance(&mut self) {
        if self.step().is_none() {
            self.document = END;
            self.rest = &[];
            self.beyond = &[];
        }
    }

    fn step(&mut self) -> Option<()> {
        if self.rest.is_empty() {
            self.next_block(self.next);
        }
        let head = varint::take(&mut self.rest)?;
        let document = self.next.checked_add(u32::try_from(head >> 1).ok()?)?;
        self.next = document.checked_add(1)?;
        self.document = document;
        self.several = head & 1 == 1;
        if self.several {
            self.places = varint::take_bytes(&mut self.rest)?;
        } else {
            let end = self.rest.iter().position(|byte| *byte < 0x80)? + 1;
            (self.places, self.rest) = self.rest.split_at_checked(end)?;
        }
        Some(())
    }

    /// Goes to the block after this one, whose distances go from `next`.
    fn next_block(&mut self, next: u32) {
        self.next = next;
        let mut skip = || {
            let distance = varint::take_u32(&mut self.skips)?;
            let bytes = usize::try_from(varint::take(&mut self.skips)?).ok()?;
            Some((next.checked_add(distance)?, bytes))
        };
        let (last, bytes) = skip().unwrap_or((END, self.beyond.len()));
        self.block_last = last;
        (self.rest, self.beyond) = self.beyond.split_at_checked(bytes).unwrap_or_default();
    }

    /// Goes on to the first document that is not below `document`; stays where that stands here already.
    pub(super) fn seek(&mut self, document: u32) {
        if self.document >= document {
            return;
        }
        while self.block_last < document {
            // Only the last block ends nowhere.
            self.next_block(self.block_last.saturating_add(1));
        }
        while self.document < document {
            self.advance();
        }
    }

    /// The places in the document that stands here, ascending, in `places` alone.
    pub(super) fn places(&self, places: &mut Vec<u32>) {
        places.clear();
        let (mut bytes, mut place) = (self.places, 0_u32);
        while let Some(distance) = varint::take_u32(&mut bytes) {
            place = place.saturating_add(distance);
            places.push(place);
        }
    }

    /// The best field of the document that stands here: fields are numbered from the best.
    pub(super) fn field(&self) -> u32 {
        let (mut bytes, mut place, mut best) = (self.places, 0_u32, NEXT - 1);
        while let Some(distance) = varint::take_u32(&mut bytes) {
            place = place.saturating_add(distance);
            best = best.min(place % NEXT);
        }
        best
    }
}

/// Writes documents and places of one term.
#[derive(Debug)]
pub(super) struct List {
    bytes: Vec<u8>,
    skips: Vec<u8>,
    block_at: usize,
    block_from: u32,
    next: u32,
    count: u32,
    best: u32,
}

impl Default for List {
    fn default() -> Self {
        Self {
            bytes: Vec::new(),
            skips: Vec::new(),
            block_at: 0,
            block_from: 0,
            next: 0,
            count: 0,
            best: NEXT - 1,
        }
    }
}

impl List {
    /// Appends `document`, which comes after all before, with its `places`, ascending and not empty.
    pub(super) fn push(&mut self, document: u32, places: &[u32]) {
        if self.count > 0 && self.count.is_multiple_of(BLOCK_DOCUMENTS) {
            let last = self.next - 1;
            varint::put(&mut self.skips, u64::from(last - self.block_from));
            varint::put(&mut self.skips, (self.bytes.len() - self.block_at) as u64);
            (self.block_at, self.block_from) = (self.bytes.len(), self.next);
        }
        let distance = u64::from(document.saturating_sub(self.next));
        let several = places.len() > 1;
        varint::put(&mut self.bytes, distance << 1 | u64::from(several));
        let mut before = 0;
        let mut encoded = Vec::new();
        for place in places {
            varint::put(&mut encoded, u64::from(place.saturating_sub(before)));
            before = *place;
            self.best = self.best.min(place % NEXT);
        }
        if several {
            varint::put_bytes(&mut self.bytes, &encoded);
        } else {
            self.bytes.extend_from_slice(&encoded);
        }
        self.next = document.saturating_add(1);
        self.count += 1;
    }

    /// Bytes that it takes, but for its beginning.
    pub(super) fn len(&self) -> usize {
        self.skips.len() + self.bytes.len()
    }

    /// As it is stored; what is pushed then is another list, which goes on from this one.
    pub(super) fn finish(&mut self) -> Vec<u8> {
        let list = std::mem::take(self);
        let mut out = Vec::with_capacity(list.len() + 8);
        varint::put(&mut out, u64::from(list.count * NEXT + list.best));
        if list.count > BLOCK_DOCUMENTS {
            varint::put_bytes(&mut out, &list.skips);
        }
        out.extend_from_slice(&list.bytes);
        out
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn written(all: &BTreeMap<u32, std::collections::BTreeSet<u32>>) -> Vec<u8> {
        let mut list = List::default();
        for (document, places) in all {
            list.push(*document, &places.iter().copied().collect::<Vec<_>>());
        }
        list.finish()
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            all in proptest::collection::btree_map(0..70_000_u32, proptest::collection::btree_set(0..5_000_u32, 1..5), 1..300),
            step in 1..9_000_u32,
        ) {
            let list = written(&all);
            let (mut postings, mut places) = (Postings::new(&list), Vec::new());
            prop_assert_eq!(postings.count(), all.len() as u64);
            let fields = all.values().flatten().map(|place| place % NEXT);
            prop_assert_eq!(Some(postings.best()), fields.min());
            for (document, want) in &all {
                prop_assert_eq!(postings.document(), *document);
                postings.places(&mut places);
                prop_assert_eq!(&places, &want.iter().copied().collect::<Vec<_>>());
                prop_assert_eq!(Some(postings.field()), want.iter().map(|place| place % NEXT).min());
                postings.advance();
            }
            prop_assert_eq!(postings.document(), END);
            let mut postings = Postings::new(&list);
            for document in (0..80_000).step_by(step as usize) {
                postings.seek(document);
                let want = all.range(document..).next().map_or(END, |(document, _)| *document);
                prop_assert_eq!(postings.document(), want);
            }
        }

        #[test]
        fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..400), step in 1..9_000_u32) {
            let (mut postings, mut places) = (Postings::new(&bytes), Vec::new());
            while postings.document() != END {
                postings.places(&mut places);
                postings.field();
                postings.advance();
            }
            let mut postings = Postings::new(&bytes);
            for document in (0..100_000).step_by(step as usize) {
                postings.seek(document);
            }
        }
    }
}
