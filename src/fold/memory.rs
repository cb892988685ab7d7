//! What de-duplication remembers of sealed items, so that a fold need not read them.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::dated::{Dated, UNPLACED};
use super::known::{self, Known, Table};
use crate::slice::{Corrupt, Position, Row, Value, Writer};
use crate::time::Timestamp;

/// Items remembered at most. Those that are in a source's last document are kept first, then the newest.
pub const MEMORY_ITEMS_MAX: usize = 12_000;

/// Sealed items by the hash of their identity, and by address: the stored ones, and what this run has changed. A run that
/// looks nothing up costs nothing, however much is remembered.
#[derive(Debug, Clone, Default)]
pub(crate) struct Memory {
    stored: Table,
    /// Added or changed by this run; `None`: forgotten.
    changed: BTreeMap<u64, Option<Known<'static>>>,
    /// Address and identity of those added.
    by_address: BTreeSet<(u64, u64)>,
    /// Sources of which this run has folded a document.
    folded: BTreeSet<String>,
    /// Items that those documents have, and how they date them where that was looked at.
    seen: BTreeMap<u64, Option<Dated>>,
    /// As they were before the edits and withdrawals of the head that this is stored for.
    before: Vec<Known<'static>>,
}

/// A remembered item that a lost value held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Gone {
    pub(crate) position: Position,
    /// The id of its source.
    pub(crate) source: String,
    /// Hash of its entry.
    pub(crate) content: u64,
}

/// One remembered item in a stored state, in bytes.
pub(crate) const KNOWN_BYTES: usize = known::ITEM_BYTES + known::ORDER_BYTES;

impl Memory {
    /// What a stored state remembers.
    ///
    /// # Errors
    /// Where it is not of this layout.
    pub(crate) fn open(value: Value) -> Result<Self, Corrupt> {
        let stored = Table::open(value)?;
        Ok(Self {
            before: stored.before(),
            stored,
            ..Self::default()
        })
    }

    /// Puts it into a state.
    pub(crate) fn write(&self, writer: &mut Writer) {
        let items: Vec<Known<'_>> = self
            .iter()
            .map(|known| {
                let (present, dated) = (self.is_present(&known), self.dated(&known));
                Known {
                    present,
                    dated,
                    ..known
                }
            })
            .collect();
        known::write(writer, &items, &self.before);
    }

    /// Whether something is remembered, forgotten or known otherwise since it was stored.
    pub(crate) fn is_changed(&self) -> bool {
        !self.changed.is_empty()
    }

    /// Remembers a row that is read back. Taken as present until a document of its source says otherwise.
    pub(crate) fn insert_row(&mut self, row: &Row) {
        let hash = row.position.hash;
        if row.address != 0 {
            self.by_address.insert((row.address, hash));
        }
        let known = Known {
            hash,
            rank: row.position.rank,
            dated: Dated::of_row(row),
            address: row.address,
            content: row.content,
            source: Cow::Owned(row.source.clone()),
            present: true,
        };
        self.changed.insert(hash, Some(known));
    }

    /// Remembers a row that is sealed now.
    pub(crate) fn insert_sealed(&mut self, row: &Row) {
        self.insert_row(row);
        self.seen.entry(row.position.hash).or_default();
    }

    /// Where a sealed item is.
    pub(crate) fn position(&self, hash: u64) -> Option<Position> {
        let rank = self.get(hash)?.rank;
        (rank != UNPLACED).then_some(Position { rank, hash })
    }

    pub(super) fn get(&self, hash: u64) -> Option<Known<'_>> {
        match self.changed.get(&hash) {
            Some(changed) => changed.as_ref().map(Known::borrowed),
            None => self.stored.find(hash),
        }
    }

    /// Hash of a sealed item's entry as its source stated it, and what the date that is `stated` now is to it.
    pub(super) fn content(&self, hash: u64, stated: Option<Timestamp>) -> Option<(u64, Dated)> {
        let known = self.get(hash)?;
        Some((known.content, Dated::of(stated, known.rank)))
    }

    /// Place and content hash of a sealed item that a document has: it is taken as present.
    pub(crate) fn seen(&mut self, hash: u64) -> Option<(Position, u64)> {
        let known = self.get(hash)?;
        let (rank, content) = (known.rank, known.content);
        self.seen.entry(hash).or_default();
        Some((Position { rank, hash }, content))
    }

    /// As [`Memory::seen`], and how the document dates it. Like presence that is stored when something else is: a source that
    /// dates its items anew with each answer costs no write.
    pub(super) fn seen_dated(&mut self, hash: u64, dated: Dated) -> Option<(Position, u64)> {
        let seen = self.seen(hash)?;
        self.seen.insert(hash, Some(dated));
        Some(seen)
    }

    /// Remembers an entry of `source` without an item: it is there, or was taken for being there, and nobody knows where.
    pub(super) fn adopt(&mut self, source: &str, hash: u64, address: u64, content: u64) {
        if address != 0 {
            self.by_address.insert((address, hash));
        }
        let known = Known {
            hash,
            rank: UNPLACED,
            dated: Dated::UNDATED,
            address,
            content,
            source: Cow::Owned(source.to_owned()),
            present: true,
        };
        self.changed.insert(hash, Some(known));
        self.seen.entry(hash).or_default();
    }

    /// Its source states it otherwise now.
    pub(crate) fn set_content(&mut self, hash: u64, content: u64) {
        let Some(known) = self.get(hash).map(Known::into_owned) else {
            return;
        };
        self.changed.insert(hash, Some(Known { content, ..known }));
    }

    /// Those between two places, both included.
    pub(crate) fn within(&self, oldest: Position, newest: Position) -> impl Iterator<Item = Gone> {
        self.iter().filter_map(move |known| {
            let position = Position {
                rank: known.rank,
                hash: known.hash,
            };
            let within = oldest <= position && position <= newest;
            within.then(|| Gone {
                position,
                source: known.source.into_owned(),
                content: known.content,
            })
        })
    }

    /// It was withdrawn: seen again, it is new.
    pub(crate) fn forget(&mut self, hash: u64) {
        if let Some(address) = self.get(hash).map(|known| known.address) {
            self.by_address.remove(&(address, hash));
        }
        if self.stored.find(hash).is_some() {
            self.changed.insert(hash, None);
        } else {
            self.changed.remove(&hash);
        }
    }

    /// An item is edited or withdrawn by the head that is made now: before that, its source stated `content`.
    pub(crate) fn note_before(&mut self, hash: u64, content: u64) {
        if let Some(known) = self.get(hash).map(Known::into_owned) {
            self.before.push(Known { content, ..known });
        }
    }

    /// The head that it was stored for is visible, or there is none to wait for.
    pub(crate) fn settle(&mut self) {
        self.before.clear();
    }

    /// The head that it was stored for is not visible: as before, when `sealed_upto` was the newest sealed place.
    pub(crate) fn undo(&mut self, sealed_upto: Option<Position>) {
        let place = |known: &Known<'_>| Position {
            rank: known.rank,
            hash: known.hash,
        };
        let above = |known: &Known<'_>| sealed_upto.is_none_or(|upto| place(known) > upto);
        let gone: Vec<u64> = self.iter().filter(above).map(|known| known.hash).collect();
        for hash in gone {
            self.forget(hash);
        }
        for known in std::mem::take(&mut self.before) {
            if known.address != 0 {
                self.by_address.insert((known.address, known.hash));
            }
            self.changed.insert(known.hash, Some(known));
        }
    }

    /// Whose address this is: identity hash and source.
    pub(crate) fn owner(&self, address: u64) -> Option<(u64, Cow<'_, str>)> {
        let forgotten = |known: &Known<'_>| matches!(self.changed.get(&known.hash), Some(None));
        let stored = self
            .stored
            .of_address(address)
            .find(|known| !forgotten(known));
        let mut added = self.by_address.range((address, 0)..=(address, u64::MAX));
        let owner = stored.or_else(|| self.get(added.next()?.1));
        owner.map(|known| (known.hash, known.source))
    }

    /// A new document of `source` is about to be folded: what it no longer has may be forgotten.
    pub(crate) fn begin_document(&mut self, source: &str) {
        self.folded.insert(source.to_owned());
    }

    pub(super) fn is_present(&self, known: &Known<'_>) -> bool {
        let before = known.present && !self.folded.contains(known.source.as_ref());
        before || self.seen.contains_key(&known.hash)
    }

    pub(super) fn dated(&self, known: &Known<'_>) -> Dated {
        let stated = self.seen.get(&known.hash).copied().flatten();
        stated.unwrap_or(known.dated)
    }

    /// All, in the order of their identities.
    pub(super) fn iter(&self) -> impl Iterator<Item = Known<'_>> {
        let mut stored = self.stored.iter().peekable();
        let mut changed = self.changed.iter().peekable();
        std::iter::from_fn(move || {
            loop {
                let next = changed.peek().map(|(hash, _)| **hash);
                let first = stored.peek().map(|known| known.hash);
                if first.is_some_and(|first| next.is_none_or(|next| first < next)) {
                    return stored.next();
                }
                if first == next {
                    stored.next();
                }
                if let (_, Some(known)) = changed.next()? {
                    return Some(known.borrowed());
                }
            }
        })
    }

    pub(crate) fn len(&self) -> usize {
        let mut len = self.stored.len();
        for (hash, known) in &self.changed {
            match (self.stored.find(*hash).is_some(), known.is_some()) {
                (true, false) => len = len.saturating_sub(1),
                (false, true) => len += 1,
                _ => {}
            }
        }
        len
    }
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::slice::Kind;
    use crate::time::Timestamp;

    pub(in crate::fold) fn row(hash: u64, content: u64) -> Row {
        Row {
            position: Position {
                rank: (hash * 37 % 11).cast_signed(),
                hash,
            },
            source: format!("s{}", hash % 3),
            views: Vec::new(),
            address: hash % 5,
            content,
            seen: Timestamp(0),
            json: String::new(),
            html: String::new(),
        }
    }

    /// As the next run finds it.
    pub(in crate::fold) fn stored(memory: &Memory) -> Memory {
        let mut writer = Writer::default();
        memory.write(&mut writer);
        let value = Value::open(writer.finish(Kind::State, None), Kind::State).unwrap();
        Memory::open(value).unwrap()
    }

    proptest! {
        /// A plain map, and a memory that is stored and read back at any moment, remember alike.
        #[test]
        fn it_remembers_what_a_map_does(
            steps in proptest::collection::vec((0..6_u8, 0..40_u64, any::<u64>()), 0..120),
        ) {
            let (mut memory, mut map) = (Memory::default(), BTreeMap::new());
            for (step, hash, content) in steps {
                match step {
                    0 | 1 => {
                        memory.insert_sealed(&row(hash, content));
                        map.insert(hash, content);
                    }
                    2 => {
                        memory.set_content(hash, content);
                        map.entry(hash).and_modify(|known| *known = content);
                    }
                    3 => {
                        memory.forget(hash);
                        map.remove(&hash);
                    }
                    4 => memory = stored(&memory),
                    _ => prop_assert_eq!(memory.seen(hash).map(|seen| seen.1), map.get(&hash).copied()),
                }
                prop_assert_eq!(memory.len(), map.len());
            }
            let all: Vec<(u64, u64)> = memory.iter().map(|known| (known.hash, known.content)).collect();
            prop_assert_eq!(all, map.clone().into_iter().collect::<Vec<_>>());
            for address in 1..5 {
                let owner = memory.owner(address).map(|(hash, _)| hash % 5);
                let any = map.keys().any(|hash| hash % 5 == address);
                prop_assert_eq!(owner, any.then_some(address));
            }
        }
    }
}
