//! How a source dates an item, told from the item's place in the 16 bits that a rank leaves of its 64.
//!
//! The memory of an item may be given up; what its source dates after all that was given up is new. So it is the date that
//! has to be remembered and not the place alone: a late find has a place long after its date.

use serde::Deserialize;

use crate::slice::Row;
use crate::time::Timestamp;

/// A place that is none: the item is known to be there, but not where.
pub(super) const UNPLACED: i64 = -(1 << 47);

/// The place of an undated item lies so little before the time when it was found, in milliseconds: one for each entry above it.
const FOUND_WITHIN_MS: i64 = 60_000;
/// Items say their date to the second, rounded down; in milliseconds.
const ITEM_DATE_MS: i64 = 1_000;

const AHEAD: u16 = 1 << 15;
const MANTISSA_BITS: u32 = 10;
const MANTISSA: u64 = 1 << MANTISSA_BITS;
const DISTANCE_MAX: u16 = AHEAD - 1;

/// The date, as a distance from the rank: exact up to two seconds, above that to one part in a thousand, up to 69 years. What is lost is
/// always added: the date that is given back is never before the one that was stated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Dated(u16);

impl Dated {
    /// By its rank.
    pub(super) const AT_PLACE: Self = Self(0);
    /// Its source says no date, or may say none.
    pub(super) const UNDATED: Self = Self(AHEAD);

    /// Of an entry whose item is at `rank`.
    pub(super) fn of(stated: Option<Timestamp>, rank: i64) -> Self {
        let Some(Timestamp(stated)) = stated else {
            return Self::UNDATED;
        };
        let distance = stated.abs_diff(rank);
        if stated <= rank {
            return Self(shortened(distance));
        }
        let down = shortened(distance);
        let up = down + u16::from(lengthened(down) < distance);
        Self(AHEAD | up.min(DISTANCE_MAX))
    }

    /// Of an item, as far as its row tells: one that was found at the very time that its place says may be undated.
    pub(super) fn of_row(row: &Row) -> Self {
        #[derive(Deserialize)]
        struct Dates {
            published: Timestamp,
        }
        let rank = row.position.rank;
        if rank.saturating_add(FOUND_WITHIN_MS) > row.seen.0 {
            return Self::UNDATED;
        }
        serde_json::from_str::<Dates>(&row.json).map_or(Self::AT_PLACE, |dates| {
            let latest = dates.published.plus_millis(ITEM_DATE_MS - 1);
            Self::of(Some(latest.min(Timestamp(rank))), rank)
        })
    }

    /// What is to be taken for the date of an item at `rank`, milliseconds since 1970; of an undated one its place.
    pub(super) fn stated(self, rank: i64) -> i64 {
        let distance = lengthened(self.0 & DISTANCE_MAX).cast_signed();
        if self.0 & AHEAD == 0 {
            rank.saturating_sub(distance)
        } else {
            rank.saturating_add(distance)
        }
    }

    /// Its source says a date after its place, or none: what was given up up to its place does not say that it was.
    pub(super) fn is_ahead(self) -> bool {
        self.0 & AHEAD != 0
    }

    /// With the rank, as it is stored. A rank alone is that of an item dated by it, as in states from before there was this.
    pub(super) fn beside(self, rank: i64) -> u64 {
        let rank = rank.clamp(UNPLACED, -UNPLACED - 1);
        rank.cast_unsigned() ^ (u64::from(self.0) << 48)
    }

    /// The rank and this, from their stored form.
    pub(super) fn split(stored: u64) -> (i64, Self) {
        let rank = (stored << 16).cast_signed() >> 16;
        let dated = ((stored ^ rank.cast_unsigned()) >> 48) as u16;
        (rank, Self(dated))
    }
}

/// The longest distance in 15 bits that is no longer than `distance`: below `MANTISSA` as it is, then a binary exponent and
/// ten bits.
fn shortened(distance: u64) -> u16 {
    let exponent = (u64::BITS - distance.leading_zeros()).saturating_sub(MANTISSA_BITS);
    if exponent == 0 {
        return u16::try_from(distance).unwrap_or(DISTANCE_MAX);
    }
    let mantissa = (distance >> (exponent - 1)) - MANTISSA;
    let short = (u64::from(exponent) << MANTISSA_BITS) | mantissa;
    u16::try_from(short).map_or(DISTANCE_MAX, |short| short.min(DISTANCE_MAX))
}

fn lengthened(short: u16) -> u64 {
    let (exponent, mantissa) = (short >> MANTISSA_BITS, u64::from(short) % MANTISSA);
    if exponent == 0 {
        mantissa
    } else {
        (MANTISSA + mantissa) << (exponent - 1)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const YEAR_MS: i64 = 31_556_952_000;

    proptest! {
        #[test]
        fn a_date_is_never_given_back_earlier_and_hardly_later(
            rank in -62_000_000_000_000_i64..140_000_000_000_000,
            distance in prop_oneof![-3_000..3_000_i64, -69 * YEAR_MS..69 * YEAR_MS],
        ) {
            let stated = rank + distance;
            let dated = Dated::of(Some(Timestamp(stated)), rank);
            let (read, again) = Dated::split(dated.beside(rank));
            prop_assert_eq!((read, again), (rank, dated));
            let more = dated.stated(rank) - stated;
            let most = if distance.abs() < 2_048 { 0 } else { distance.abs() / 1_000 };
            prop_assert!((0..=most).contains(&more), "{} more", more);
            prop_assert_eq!(dated.is_ahead(), distance > 0);
        }
    }

    #[test]
    fn the_ends() {
        for rank in [UNPLACED, -1, 0, 1, 1_790_000_000_000, -UNPLACED - 1] {
            for dated in [
                Dated::AT_PLACE,
                Dated::UNDATED,
                Dated(DISTANCE_MAX),
                Dated(u16::MAX),
            ] {
                assert_eq!(Dated::split(dated.beside(rank)), (rank, dated));
            }
            // As it was stored before there were dates.
            assert_eq!(Dated::split(rank.cast_unsigned()), (rank, Dated::AT_PLACE));
        }
        let (first, last) = (Timestamp(i64::MIN), Timestamp(i64::MAX));
        assert_eq!(Dated::of(Some(first), 0), Dated(DISTANCE_MAX));
        assert_eq!(Dated::of(Some(last), 0), Dated(u16::MAX));
        assert_eq!(Dated::UNDATED.stated(7), 7);
    }

    #[test]
    fn a_row_tells_how_its_item_was_dated() {
        let row = |rank: i64, seen: i64, published: i64| Row {
            position: crate::slice::Position { rank, hash: 1 },
            source: String::new(),
            views: Vec::new(),
            address: 0,
            content: 0,
            seen: Timestamp(seen),
            json: format!(r#"{{"title":"t","published":"{}"}}"#, Timestamp(published)),
            html: String::new(),
        };
        let (old, place, now) = (1_600_000_000_123, 1_700_000_000_456, 1_790_000_000_000);
        assert_eq!(Dated::of_row(&row(place, now, place)), Dated::AT_PLACE);
        assert_eq!(Dated::of_row(&row(now - 7, now, now - 7)), Dated::UNDATED);
        let late = Dated::of_row(&row(place, now, old)).stated(place);
        assert!((old..old + 110_000_000).contains(&late), "{late}");
    }
}
