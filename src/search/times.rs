//! When the documents of a run were published: in every shard of terms, so that a query needs no value more for its order.
//!
//! Documents are numbered from the newest. A rank is the distance from the one before, in whole seconds where it can be. What
//! was published at another time than its rank says (it was found late) is listed apart.

use std::collections::BTreeMap;

use super::varint;
use crate::slice::Corrupt;

/// Milliseconds in the unit of most distances.
const SECOND_MS: u64 = 1000;

/// Of all documents of a run, by their numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Times {
    /// [`crate::slice::Position::rank`].
    pub(super) ranks: Vec<i64>,
    /// Published at another time than the rank: milliseconds since 1970.
    pub(super) others: BTreeMap<u32, i64>,
}

impl Times {
    /// When document `number` was published, in milliseconds since 1970.
    pub(super) fn published(&self, number: u32, rank: i64) -> i64 {
        self.others.get(&number).copied().unwrap_or(rank)
    }

    /// The two pieces: ranks, then what was published at another time.
    pub(super) fn encode(&self) -> Vec<Vec<u8>> {
        let mut ranks = Vec::with_capacity(self.ranks.len() * 3);
        let mut before = None;
        for rank in &self.ranks {
            match before {
                None => varint::put(&mut ranks, varint::zigzag(*rank)),
                Some(before) => {
                    let distance = rank.abs_diff(before);
                    if distance.is_multiple_of(SECOND_MS) {
                        varint::put(&mut ranks, (distance / SECOND_MS) << 1);
                    } else {
                        // Ranks are times in milliseconds: far from 63 bits apart.
                        varint::put(&mut ranks, distance << 1 | 1);
                    }
                }
            }
            before = Some(*rank);
        }
        let mut others = Vec::new();
        let mut next = 0;
        for (number, published) in &self.others {
            varint::put(&mut others, u64::from(number - next));
            varint::put(&mut others, varint::zigzag(*published));
            next = *number;
        }
        vec![ranks, others]
    }

    /// Of `count` documents.
    pub(super) fn decode(
        count: usize,
        mut ranks: &[u8],
        mut others: &[u8],
    ) -> Result<Self, Corrupt> {
        const BROKEN: Corrupt = Corrupt("a run's times cut short");
        // Each takes a byte at least.
        if count > ranks.len() {
            return Err(BROKEN);
        }
        let mut times = Self::default();
        times.ranks.reserve(count);
        let mut rank = 0_i64;
        for index in 0..count {
            let number = varint::take(&mut ranks).ok_or(BROKEN)?;
            let distance = if number & 1 == 0 {
                (number >> 1).saturating_mul(SECOND_MS)
            } else {
                number >> 1
            };
            rank = if index == 0 {
                varint::unzigzag(number)
            } else {
                rank.saturating_sub_unsigned(distance)
            };
            times.ranks.push(rank);
        }
        let mut next = 0_u32;
        while !others.is_empty() {
            let distance = varint::take_u32(&mut others).ok_or(BROKEN)?;
            next = next.checked_add(distance).ok_or(BROKEN)?;
            let published = varint::unzigzag(varint::take(&mut others).ok_or(BROKEN)?);
            times.others.insert(next, published);
        }
        Ok(times)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn times_come_back(
            mut ranks in proptest::collection::vec(-5_000_000_000_000..5_000_000_000_000_i64, 0..30),
            others in proptest::collection::btree_map(0..30_u32, any::<i64>(), 0..5),
        ) {
            ranks.sort_unstable_by_key(|rank| std::cmp::Reverse(*rank));
            let times = Times { ranks, others };
            let pieces = times.encode();
            prop_assert_eq!(Times::decode(times.ranks.len(), &pieces[0], &pieces[1]), Ok(times));
        }

        #[test]
        fn any_bytes_are_survived(count in 0..90_usize, bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = Times::decode(count, &bytes, &bytes);
        }
    }
}
