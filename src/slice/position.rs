//! Where an item stands in every list: its rank, ties by the hash of its identity.

use std::fmt;

/// An item's place. Greater is newer; lists run from the greatest to the least. Fixed at first sight and never changed
/// after, so that it also names the item: the id is its text form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Milliseconds since 1970: when it was published, raised above everything already sealed.
    pub rank: i64,
    /// Hash of what identifies the item at its source.
    pub hash: u64,
}

/// A position in bytes.
pub(crate) const POSITION_BYTES: usize = 16;
/// Characters of an item's id.
pub const ID_CHARS: usize = 32;
const SIGN: u64 = 1 << 63;

impl Position {
    /// Newer than every item.
    pub const MAX: Self = Self {
        rank: i64::MAX,
        hash: u64::MAX,
    };
    /// Older than every item.
    pub const MIN: Self = Self {
        rank: i64::MIN,
        hash: 0,
    };

    /// Reads an item's id. `None` where `id` is none of ours.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        if id.len() != ID_CHARS
            || !id
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        {
            return None;
        }
        let number = u128::from_str_radix(id, 16).ok()?;
        Some(Self::from_bytes(number.to_be_bytes()))
    }

    /// Order-preserving: the bytes sort as the positions do.
    pub(crate) fn to_bytes(self) -> [u8; POSITION_BYTES] {
        let rank = self.rank.cast_unsigned() ^ SIGN;
        ((u128::from(rank) << 64) | u128::from(self.hash)).to_be_bytes()
    }

    pub(crate) fn from_bytes(bytes: [u8; POSITION_BYTES]) -> Self {
        let number = u128::from_be_bytes(bytes);
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the two halves of 128 bits"
        )]
        let (high, low) = ((number >> 64) as u64, number as u64);
        Self {
            rank: (high ^ SIGN).cast_signed(),
            hash: low,
        }
    }
}

/// The item's id: 32 lower-case hexadecimal digits.
impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.to_bytes()))
    }
}
