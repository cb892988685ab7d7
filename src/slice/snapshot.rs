//! Engagement counts of all listed items, in one value.
//!
//! They change in almost every cycle. In the head they would make every one of them a publish, in segments a re-seal; here
//! they are one write, as often as the budget lets them. The value holds the answer of `GET /api/engagement` as it is sent.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::container::{Value, Writer};
use super::header::Kind;
use super::{Corrupt, Position};
use crate::item::Engagement;
use crate::ordered::Inserted;
use crate::time::Timestamp;

const UPDATED: u16 = 1;
const JSON: u16 = 2;

/// The stored counts, opened for reading. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Snapshot {
    value: Value,
}

#[derive(Serialize, Deserialize)]
struct Answer {
    items: BTreeMap<String, Engagement>,
    updated: String,
}

impl Snapshot {
    /// Opens a stored snapshot.
    ///
    /// # Errors
    /// Where `value` is no snapshot of this format, or is damaged.
    pub fn open(value: Bytes) -> Result<Self, Corrupt> {
        let value = Value::open(value, Kind::Snapshot)?;
        if value.piece(UPDATED, 0).len() != 8 || value.pieces(JSON) != 1 {
            return Err(Corrupt("a snapshot without its parts"));
        }
        Ok(Self { value })
    }

    /// When it was stored.
    #[must_use]
    pub fn updated(&self) -> Timestamp {
        let bytes = self.value.piece(UPDATED, 0).first_chunk();
        Timestamp(bytes.map_or(0, |bytes| i64::from_le_bytes(*bytes)))
    }

    /// The answer as it is sent, without copying: `{"items":{ID:{"points":N,"comments":N}},"updated":TIME}`.
    #[must_use]
    pub fn json(&self) -> Bytes {
        self.value.range(JSON, 0, 1)
    }

    /// Hash of everything in it: the base of its `ETag`.
    #[must_use]
    pub fn content_hash(&self) -> u128 {
        self.value.content_hash()
    }

    /// The counts by place. Reads the JSON: for a cycle, not for a request.
    ///
    /// # Errors
    /// Where they can't be read.
    pub fn counts(&self) -> Result<BTreeMap<Position, Engagement>, Corrupt> {
        let answer: Answer = serde_json::from_slice(self.value.piece(JSON, 0))
            .map_err(|_| Corrupt("unreadable counts"))?;
        let by_place = answer.items.into_iter();
        Ok(by_place
            .filter_map(|(id, counts)| Some((Position::from_id(&id)?, counts)))
            .inserted())
    }
}

/// The stored value for `counts`, of which at most [`super::ENGAGEMENT_ITEMS_MAX`] are given.
#[must_use]
pub fn encode_snapshot(updated: Timestamp, counts: &BTreeMap<Position, Engagement>) -> Bytes {
    let answer = Answer {
        items: counts
            .iter()
            .map(|(place, counts)| (place.to_string(), *counts))
            .inserted(),
        updated: updated.to_string(),
    };
    let mut writer = Writer::default();
    writer.section(UPDATED, vec![updated.0.to_le_bytes().to_vec()]);
    // Serialising numbers and text does not fail.
    writer.section(JSON, vec![serde_json::to_vec(&answer).unwrap_or_default()]);
    writer.finish(Kind::Snapshot, None)
}

#[cfg(test)]
mod tests {
    use super::super::{ENGAGEMENT_ITEMS_MAX, VALUE_BYTES_MAX};
    use super::*;

    #[test]
    fn the_largest_snapshot_fits_and_is_read_back() {
        let least = Engagement {
            points: Some(-(1 << 53)),
            comments: Some(-(1 << 53)),
        };
        let place = |number: u64| Position {
            rank: i64::MAX - 1,
            hash: number,
        };
        let counts: BTreeMap<_, _> = (0..ENGAGEMENT_ITEMS_MAX as u64)
            .map(|number| (place(number), least))
            .collect();
        let value = encode_snapshot(Timestamp(1_790_000_000_000), &counts);
        assert!(value.len() < VALUE_BYTES_MAX, "{}", value.len());
        let snapshot = Snapshot::open(value.clone()).unwrap();
        assert_eq!(snapshot.updated(), Timestamp(1_790_000_000_000));
        assert_eq!(snapshot.counts().unwrap(), counts);
        let mut damaged = value.to_vec();
        let last = damaged.len() - 5;
        damaged[last] ^= 1;
        assert!(Snapshot::open(damaged.into()).is_err());
    }
}
