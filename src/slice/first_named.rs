//! Since when a head names what it names.
//!
//! A name is of one value and used once ([`super::SliceRef`]), so the publish that writes a value is the first to name it. What was named
//! lately is listed with its time; all else was named before some moment. A busy site renews its head all the time: what
//! is missing is told from what is on its way by this, not by the age of the head.

use super::head::Head;
use super::keys;
use super::parts::NAMED;
use crate::time::Timestamp;

/// On every store a value has arrived when it has been named for so long, in milliseconds: older names are not listed.
pub(crate) const ARRIVAL_MS_MAX: i64 = 60 * 60 * 1000;

/// Names that are listed. Of more in an hour the oldest count as named as late as the newest of them.
const NAMES_MAX: usize = 128;

/// A listed name in a head: half of it, and its time.
const NAME_BYTES: usize = 8 + 8;

/// Since when sealed values are named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirstNamed {
    /// What is not listed was named then or earlier.
    others: Timestamp,
    /// Half of each name, in the order of their times.
    lately: Vec<(u64, Timestamp)>,
}

impl FirstNamed {
    /// For the head that follows `head`: with it come the values of `written` keys, which are written after `now`, and those of
    /// `discarded` ones are named no more.
    pub(crate) fn after<'k>(
        head: Option<&Head>,
        written: impl Iterator<Item = &'k str>,
        discarded: &[String],
        now: Timestamp,
    ) -> Self {
        let mut next = Self {
            others: head.map_or(Timestamp(0), Head::others_named),
            lately: head.into_iter().flat_map(Head::named_lately).collect(),
        };
        let gone = |name: u64| discarded.iter().any(|key| half_of(key) == Some(name));
        next.lately.retain(|(name, _)| !gone(*name));
        next.lately
            .extend(written.filter_map(half_of).map(|name| (name, now)));
        let arrived = |at: Timestamp| now.0.saturating_sub(at.0) >= ARRIVAL_MS_MAX;
        let old = next.lately.partition_point(|(_, at)| arrived(*at));
        let excess = next.lately.len().saturating_sub(NAMES_MAX);
        for (_, at) in next.lately.drain(..old.max(excess)) {
            next.others = next.others.max(at);
        }
        next
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(8 + self.lately.len() * NAME_BYTES);
        out.extend(self.others.0.to_le_bytes());
        for (name, at) in &self.lately {
            out.extend(name.to_le_bytes());
            out.extend(at.0.to_le_bytes());
        }
        out
    }
}

impl Head {
    /// When the value at `key`, which this head names, was named first, or later.
    pub(crate) fn first_named(&self, key: &str) -> Timestamp {
        let name = half_of(key);
        let listed = self
            .named_lately()
            .find(|(listed, _)| Some(*listed) == name);
        listed.map_or_else(|| self.others_named(), |(_, at)| at)
    }

    /// When all that is not listed had been named; in a head from before there was a list, when that was published.
    fn others_named(&self) -> Timestamp {
        let others = self.value().piece(NAMED, 0).first_chunk();
        others.map_or_else(
            || self.updated(),
            |others| Timestamp(i64::from_le_bytes(*others)),
        )
    }

    fn named_lately(&self) -> impl Iterator<Item = (u64, Timestamp)> + '_ {
        let listed = self.value().piece(NAMED, 0).get(8..).unwrap_or_default();
        let (cells, _) = listed.as_chunks::<NAME_BYTES>();
        cells.iter().map(|[a, b, c, d, e, f, g, h, at @ ..]| {
            let name = u64::from_le_bytes([*a, *b, *c, *d, *e, *f, *g, *h]);
            (name, Timestamp(i64::from_le_bytes(*at)))
        })
    }
}

/// Half of the name in a key of a sealed value: enough to tell a hundred.
fn half_of(key: &str) -> Option<u64> {
    #[expect(clippy::cast_possible_truncation, reason = "half of it")]
    keys::name_of(key).map(|name| name as u64)
}

#[cfg(test)]
mod tests {
    use super::super::HeadParts;
    use super::*;

    const MINUTE_MS: i64 = 60_000;

    fn key(number: u128) -> String {
        keys::segment(number)
    }

    fn head(updated: Timestamp, first_named: Option<FirstNamed>) -> Head {
        let parts = HeadParts {
            updated,
            first_named,
            ..HeadParts::default()
        };
        Head::open(parts.encode()).unwrap()
    }

    /// The head of `minute`, which writes `written` and discards `discarded`.
    fn next(before: Option<&Head>, written: &[u128], discarded: &[u128], minute: i64) -> Head {
        let now = Timestamp(minute * MINUTE_MS);
        let written: Vec<String> = written.iter().map(|name| key(*name)).collect();
        let discarded: Vec<String> = discarded.iter().map(|name| key(*name)).collect();
        let written = written.iter().map(String::as_str);
        head(
            now,
            Some(FirstNamed::after(before, written, &discarded, now)),
        )
    }

    fn minute(head: &Head, name: u128) -> i64 {
        head.first_named(&key(name)).0 / MINUTE_MS
    }

    #[test]
    fn a_name_keeps_its_time_whatever_is_published_after_it() {
        let mut last = next(None, &[1, 2], &[], 100);
        for at in 101..158_i64 {
            let name = u128::from(at.unsigned_abs());
            last = next(Some(&last), &[name], &[], at);
            assert_eq!((minute(&last, 1), minute(&last, name)), (100, at));
        }
        // What is discarded is listed no more, and what is an hour old need not be.
        let last = next(Some(&last), &[], &[150], 160);
        let listed: Vec<(u64, i64)> = last
            .named_lately()
            .map(|(name, at)| (name, at.0 / MINUTE_MS))
            .collect();
        let kept = (101..158_u64).filter(|name| *name != 150);
        assert_eq!(
            listed,
            kept.map(|at| (at, at.cast_signed())).collect::<Vec<_>>()
        );
        assert_eq!((minute(&last, 1), minute(&last, 157)), (100, 157));
    }

    #[test]
    fn of_very_many_the_oldest_count_as_later_than_they_are() {
        let many: Vec<u128> = (1..=NAMES_MAX as u128 + 3).collect();
        let first = next(None, &[1], &[], 1);
        let all = next(Some(&first), &many[1..], &[], 9);
        assert_eq!(all.named_lately().count(), NAMES_MAX);
        assert!(many.iter().all(|name| minute(&all, *name) == 9));
        let more = next(Some(&all), &[1_000], &[], 10);
        assert_eq!((minute(&more, 1), minute(&more, 1_000)), (9, 10));
    }

    #[test]
    fn what_a_head_without_a_list_names_is_as_old_as_that() {
        let old = head(Timestamp(7 * MINUTE_MS), None);
        assert_eq!(minute(&old, 1), 7);
        let young = next(Some(&old), &[2], &[], 9);
        assert_eq!((minute(&young, 1), minute(&young, 2)), (7, 9));
    }
}
