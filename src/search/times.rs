//! When the documents of a run were published: in every shard of terms, so that a query needs no value more for its order.
//!
//! Documents are numbered from the newest. A rank is the distance from the one before, in whole seconds where it can be; what was published
//! at another time than its rank says (it was found late) says so. A table has where every [`BLOCK_DOCUMENTS`]th begins, so that one is found
//! without all before it.

use super::varint;
use crate::slice::Corrupt;

/// Documents from one entry of the table to the next.
const BLOCK_DOCUMENTS: usize = 64;
/// Of each: its first rank, and where it begins, in bytes.
const ENTRY_BYTES: usize = 8 + 4;
/// Milliseconds in the unit of most distances.
const SECOND_MS: u64 = 1000;
/// The distance is in milliseconds.
const FINE: u64 = 1;
/// Published at another time than the rank: how far from it follows.
const LATE: u64 = 2;
/// A distance stands above these.
const FLAG_BITS: u32 = 2;

const BROKEN: Corrupt = Corrupt("a run's times cut short");

/// When one document was published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Time {
    /// [`crate::slice::Position::rank`].
    pub(super) rank: i64,
    /// Milliseconds since 1970: the rank, mostly.
    pub(super) published: i64,
}

/// The two pieces of `times`: the table, then the times.
pub(super) fn encode(times: impl Iterator<Item = Time>) -> Vec<Vec<u8>> {
    let (mut table, mut out) = (Vec::new(), Vec::new());
    let mut before = 0;
    for (number, time) in times.enumerate() {
        if number.is_multiple_of(BLOCK_DOCUMENTS) {
            table.extend(time.rank.to_le_bytes());
            table.extend(u32::try_from(out.len()).unwrap_or(u32::MAX).to_le_bytes());
            before = time.rank;
        }
        let mut distance = time.rank.abs_diff(before);
        let mut flags = 0;
        if distance.is_multiple_of(SECOND_MS) {
            distance /= SECOND_MS;
        } else {
            flags |= FINE;
        }
        if time.published != time.rank {
            flags |= LATE;
        }
        // Ranks are times in milliseconds: far from 62 bits apart.
        varint::put(&mut out, distance << FLAG_BITS | flags);
        if time.published != time.rank {
            let late = time.published.wrapping_sub(time.rank);
            varint::put(&mut out, varint::zigzag(late));
        }
        before = time.rank;
    }
    vec![table, out]
}

/// The times of a run, read from one document to a later one.
#[derive(Debug, Clone)]
pub(super) struct Times<'v> {
    count: usize,
    table: &'v [[u8; ENTRY_BYTES]],
    all: &'v [u8],
    /// From the document after the one that was read last.
    rest: &'v [u8],
    next: usize,
    last: Time,
}

impl<'v> Times<'v> {
    /// Of `count` documents, out of the two pieces.
    ///
    /// # Errors
    /// Where the table is of another count.
    pub(super) fn open(count: usize, table: &'v [u8], all: &'v [u8]) -> Result<Self, Corrupt> {
        let (entries, odd) = table.as_chunks();
        // Each document takes a byte at least.
        if !odd.is_empty() || entries.len() != count.div_ceil(BLOCK_DOCUMENTS) || count > all.len()
        {
            return Err(BROKEN);
        }
        Ok(Self {
            count,
            table: entries,
            all,
            rest: &[],
            next: usize::MAX,
            last: Time {
                rank: 0,
                published: 0,
            },
        })
    }

    /// How many documents there are.
    pub(super) fn len(&self) -> usize {
        self.count
    }

    fn entry(&self, block: usize) -> Option<(i64, usize)> {
        let (rank, at) = self.table.get(block)?.split_first_chunk()?;
        let at = u32::from_le_bytes(at.try_into().ok()?) as usize;
        Some((i64::from_le_bytes(*rank), at))
    }

    /// When document `number` was published. Cheap where that one, or one shortly before it, was asked for last.
    ///
    /// # Errors
    /// Where there is none.
    pub(super) fn at(&mut self, number: usize) -> Result<Time, Corrupt> {
        self.read(number)
            .filter(|_| number < self.count)
            .ok_or(BROKEN)
    }

    fn read(&mut self, number: usize) -> Option<Time> {
        if self.next == number.checked_add(1)? {
            return Some(self.last);
        }
        let block = number / BLOCK_DOCUMENTS;
        if self.next > number || self.next.div_ceil(BLOCK_DOCUMENTS) <= block {
            let (rank, at) = self.entry(block)?;
            self.rest = self.all.get(at..)?;
            self.last.rank = rank;
            self.next = block * BLOCK_DOCUMENTS;
        }
        while self.next <= number {
            let head = varint::take(&mut self.rest)?;
            let distance = head >> FLAG_BITS;
            let unit = if head & FINE == 0 { SECOND_MS } else { 1 };
            let rank = self.last.rank;
            let rank = rank.saturating_sub_unsigned(distance.saturating_mul(unit));
            let mut published = rank;
            if head & LATE != 0 {
                published = rank.wrapping_add(varint::unzigzag(varint::take(&mut self.rest)?));
            }
            self.last = Time { rank, published };
            self.next += 1;
        }
        Some(self.last)
    }

    /// The first document of this rank or a lower one; how many there are where none is.
    ///
    /// # Errors
    /// Where the bytes make no sense.
    pub(super) fn first_at(&mut self, rank: i64) -> Result<usize, Corrupt> {
        // The last block that begins above it, and what follows.
        let above = |entry: &[u8; ENTRY_BYTES]| {
            let first = entry.first_chunk().copied().unwrap_or_default();
            i64::from_le_bytes(first) > rank
        };
        let block = self.table.partition_point(above).saturating_sub(1);
        let mut number = block * BLOCK_DOCUMENTS;
        while number < self.count && self.at(number)?.rank > rank {
            number += 1;
        }
        Ok(number)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn times_come_back(
            mut ranks in proptest::collection::vec(-5_000_000_000_000..5_000_000_000_000_i64, 0..300),
            whole in any::<bool>(),
            late in proptest::collection::btree_map(0..300_usize, any::<i64>(), 0..5),
            asked in proptest::collection::vec(0..300_usize, 0..20),
        ) {
            ranks.sort_unstable_by_key(|rank| std::cmp::Reverse(*rank));
            let times = ranks.iter().enumerate().map(|(number, rank)| {
                let rank = if whole { rank / 1000 * 1000 } else { *rank };
                Time { rank, published: late.get(&number).copied().unwrap_or(rank) }
            });
            let times: Vec<Time> = times.collect();
            let pieces = encode(times.iter().copied());
            let mut opened = Times::open(times.len(), &pieces[0], &pieces[1]).unwrap();
            for (number, time) in times.iter().enumerate() {
                prop_assert_eq!(opened.at(number), Ok(*time));
                let first = times.iter().position(|other| other.rank <= time.rank).unwrap();
                prop_assert_eq!(opened.clone().first_at(time.rank), Ok(first));
            }
            for number in asked {
                let want = times.get(number).copied().ok_or(BROKEN);
                prop_assert_eq!(opened.at(number), want);
            }
            prop_assert_eq!(opened.first_at(i64::MIN), Ok(times.len()));
        }

        #[test]
        fn any_bytes_are_survived(count in 0..200_usize, table in proptest::collection::vec(any::<u8>(), 48), bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            if let Ok(mut times) = Times::open(count, &table[..count.div_ceil(BLOCK_DOCUMENTS) * ENTRY_BYTES], &bytes) {
                for number in 0..count {
                    let _ = times.at(number);
                }
                let _ = times.first_at(0);
            }
        }
    }
}
