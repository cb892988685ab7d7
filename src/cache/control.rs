//! The one control value: claims, purges, and the day's writes.
//!
//! It is replaced only by compare-and-swap, each time with one more write counted (itself) and what it announces counted
//! too. So whoever writes at the same time, it counts exactly or, after a crash, too many.

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::config::Proxy;
use crate::host::Entry;
use crate::ordered::Inserted;
use crate::slice::{Corrupt, Kind, Value, Writer};
use crate::time::Timestamp;

const META: u16 = 1;
const PURGED_NAMES: u16 = 2;
const PURGED_EPOCHS: u16 = 3;
const CLAIM_IDS: u16 = 4;
const CLAIMS: u16 = 5;
const CLAIM_BYTES: usize = 8 + 8 + 8 + 4;
/// Names whose last purge is remembered; with one more everything counts as purged, and the list begins anew.
pub(super) const PURGED_NAMES_MAX: usize = 200;

/// Who refreshes an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Claim {
    /// Since when.
    pub(crate) at: Timestamp,
    /// The claimer's own number: two claims are never the same bytes.
    pub(crate) nonce: u64,
    /// It brought nothing, and nobody asks again before this. `None`: under way, or done where the answer is newer.
    pub(crate) failed_until: Option<Timestamp>,
    /// Claims in a row that brought nothing, those before this one, and this one where it has failed.
    pub(crate) failures: u32,
}

/// What a purge may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Name<'a> {
    /// The id of a proxy or source.
    Key(&'a str),
    /// A tag.
    Tag(&'a str),
}

impl Name<'_> {
    fn stored(self) -> String {
        match self {
            Self::Key(id) => format!("key:{id}"),
            Self::Tag(tag) => format!("tag:{tag}"),
        }
    }
}

/// The control value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Control {
    /// The UTC day that `writes` counts, in days since 1970.
    pub(crate) day: u32,
    /// Writes of that day: of answers, of this value.
    pub(crate) writes: u32,
    /// When something was purged last, in milliseconds since 1970, and larger with each purge. A time, so that purges count
    /// also after this value was lost.
    pub(crate) epoch: u64,
    /// The epoch of the last purge of everything.
    all: u64,
    /// The epoch of the last purge of each name.
    purged: BTreeMap<String, u64>,
    /// By the proxy's id.
    pub(crate) claims: BTreeMap<String, Claim>,
}

impl Control {
    /// What is stored. One that can't be used counts as none, for all its epochs: its answers are asked for anew, since
    /// what was purged is not known.
    pub(crate) fn of(entry: &Entry) -> Self {
        Self::open(entry.value.clone()).unwrap_or_else(|_| Self {
            epoch: u64::MAX / 2,
            all: u64::MAX / 2,
            ..Self::default()
        })
    }

    fn open(bytes: Bytes) -> Result<Self, Corrupt> {
        let value = Value::open(bytes, Kind::CacheControl)?;
        let meta = value.piece(META, 0);
        let number = |bytes: &[u8], at: usize| {
            let bytes = bytes.get(at..at + 8).and_then(|bytes| bytes.first_chunk());
            bytes.map_or(0, |bytes| u64::from_le_bytes(*bytes))
        };
        let small = |bytes: &[u8], at: usize| {
            let bytes = bytes.get(at..at + 4).and_then(|bytes| bytes.first_chunk());
            bytes.map_or(0, |bytes| u32::from_le_bytes(*bytes))
        };
        let value = &value;
        let texts = |section| {
            let text = move |index: usize| value.text(section, index).to_owned();
            (0..value.pieces(section)).map(text).collect::<Vec<_>>()
        };
        let epochs = value.piece(PURGED_EPOCHS, 0);
        let cells = value.piece(CLAIMS, 0);
        let claim = |index: usize| {
            let at = index * CLAIM_BYTES;
            let until = number(cells, at + 16).cast_signed();
            Claim {
                at: Timestamp(number(cells, at).cast_signed()),
                nonce: number(cells, at + 8),
                failed_until: (until != 0).then_some(Timestamp(until)),
                failures: small(cells, at + 24),
            }
        };
        Ok(Self {
            day: small(meta, 16),
            writes: small(meta, 20),
            epoch: number(meta, 0),
            all: number(meta, 8),
            purged: texts(PURGED_NAMES)
                .into_iter()
                .enumerate()
                .map(|(index, name)| (name, number(epochs, index * 8)))
                .inserted(),
            claims: texts(CLAIM_IDS)
                .into_iter()
                .enumerate()
                .map(|(index, id)| (id, claim(index)))
                .inserted(),
        })
    }

    /// The stored value.
    pub(crate) fn encode(&self) -> Bytes {
        let mut meta = Vec::new();
        meta.extend(self.epoch.to_le_bytes());
        meta.extend(self.all.to_le_bytes());
        meta.extend(self.day.to_le_bytes());
        meta.extend(self.writes.to_le_bytes());
        let names = |names: Vec<&String>| {
            let bytes = |name: &String| name.as_bytes().to_vec();
            names.into_iter().map(bytes).collect::<Vec<_>>()
        };
        let mut cells = Vec::new();
        for claim in self.claims.values() {
            cells.extend(claim.at.0.to_le_bytes());
            cells.extend(claim.nonce.to_le_bytes());
            cells.extend(claim.failed_until.map_or(0, |until| until.0).to_le_bytes());
            cells.extend(claim.failures.to_le_bytes());
        }
        let epochs = self.purged.values().flat_map(|epoch| epoch.to_le_bytes());
        let mut writer = Writer::default();
        writer.section(META, vec![meta]);
        writer.section(PURGED_NAMES, names(self.purged.keys().collect()));
        writer.section(PURGED_EPOCHS, vec![epochs.collect()]);
        writer.section(CLAIM_IDS, names(self.claims.keys().collect()));
        writer.section(CLAIMS, vec![cells]);
        writer.finish(Kind::CacheControl, None)
    }

    /// The newest purge that touches any of `names`, or everything.
    pub(crate) fn epoch_of_names<'a>(&self, names: impl Iterator<Item = Name<'a>>) -> u64 {
        names
            .filter_map(|name| self.purged.get(&name.stored()).copied())
            .fold(self.all, u64::max)
    }

    /// The newest purge that touches `proxy`: an answer asked for before it is not served.
    pub(crate) fn epoch_of(&self, proxy: &Proxy) -> u64 {
        let tags = proxy.tags.iter().map(|tag| Name::Tag(tag));
        self.epoch_of_names(std::iter::once(Name::Key(&proxy.id)).chain(tags))
    }

    /// Counts `writes` more at `now`, on a new day from nothing. A clock that is behind counts for the later day.
    pub(crate) fn count(&mut self, now: Timestamp, writes: u32) {
        let today = now.utc_day();
        if today > self.day {
            self.day = today;
            self.writes = 0;
        }
        self.writes = self.writes.saturating_add(writes);
    }

    /// Writes of the day of `now` so far.
    pub(crate) fn writes_today(&self, now: Timestamp) -> u32 {
        if now.utc_day() > self.day {
            0
        } else {
            self.writes
        }
    }

    fn next_epoch(&mut self, now: Timestamp) {
        let now = u64::try_from(now.0).unwrap_or(0);
        self.epoch = self.epoch.saturating_add(1).max(now);
    }

    /// Purges what any of `names` names, or everything.
    pub(crate) fn purge<'a>(
        &mut self,
        now: Timestamp,
        names: Option<impl Iterator<Item = Name<'a>>>,
    ) {
        match names {
            Some(names) => self.purge_names(now, names),
            None => self.purge_all(now),
        }
    }

    /// Whether the purge of `epoch` is in it.
    pub(crate) fn has_purged<'a>(
        &self,
        names: Option<impl Iterator<Item = Name<'a>>>,
        epoch: u64,
    ) -> bool {
        let mut names = names.into_iter().flatten().peekable();
        if names.peek().is_none() {
            return self.all >= epoch;
        }
        names.all(|name| self.epoch_of_names(std::iter::once(name)) >= epoch)
    }

    /// Purges everything.
    fn purge_all(&mut self, now: Timestamp) {
        self.next_epoch(now);
        self.all = self.epoch;
        self.purged.clear();
    }

    /// Purges what any of `names` names.
    fn purge_names<'a>(&mut self, now: Timestamp, names: impl Iterator<Item = Name<'a>>) {
        self.next_epoch(now);
        for name in names {
            self.purged.insert(name.stored(), self.epoch);
        }
        if self.purged.len() > PURGED_NAMES_MAX {
            self.all = self.epoch;
            self.purged.clear();
        }
    }
}
