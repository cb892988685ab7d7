//! What de-duplication remembers of sealed items, so that a fold need not read them.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::known::{self, Known, Table};
use crate::slice::{Corrupt, Position, Row, Value, Writer};

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
    /// Items that those documents have.
    seen: BTreeSet<u64>,
    /// As they were before the edits and withdrawals of the head that this is stored for.
    before: Vec<Known<'static>>,
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
                let present = self.is_present(&known);
                Known { present, ..known }
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
        self.seen.insert(row.position.hash);
    }

    /// Where a sealed item is.
    pub(crate) fn position(&self, hash: u64) -> Option<Position> {
        let rank = self.get(hash)?.rank;
        Some(Position { rank, hash })
    }

    fn get(&self, hash: u64) -> Option<Known<'_>> {
        match self.changed.get(&hash) {
            Some(changed) => changed.as_ref().map(Known::borrowed),
            None => self.stored.find(hash),
        }
    }

    /// Hash of a sealed item's entry as its source stated it.
    pub(crate) fn content(&self, hash: u64) -> Option<u64> {
        self.get(hash).map(|known| known.content)
    }

    /// Place and content hash of a sealed item that a document has: it is taken as present.
    pub(crate) fn seen(&mut self, hash: u64) -> Option<(Position, u64)> {
        let known = self.get(hash)?;
        let (rank, content) = (known.rank, known.content);
        self.seen.insert(hash);
        Some((Position { rank, hash }, content))
    }

    /// Its source states it otherwise now.
    pub(crate) fn set_content(&mut self, hash: u64, content: u64) {
        let Some(known) = self.get(hash).map(Known::into_owned) else {
            return;
        };
        self.changed.insert(hash, Some(Known { content, ..known }));
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

    fn is_present(&self, known: &Known<'_>) -> bool {
        let before = known.present && !self.folded.contains(known.source.as_ref());
        before || self.seen.contains(&known.hash)
    }

    /// All, in the order of their identities.
    fn iter(&self) -> impl Iterator<Item = Known<'_>> {
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

    /// Forgets the oldest beyond `max`, those in last documents last. Returns, by source, the newest rank forgotten: what is
    /// older than that can no longer be told from something new.
    pub(crate) fn trim(&mut self, max: usize) -> BTreeMap<String, i64> {
        let mut horizon = BTreeMap::new();
        let excess = self.len().saturating_sub(max);
        if excess == 0 {
            return horizon;
        }
        let mut order: Vec<(bool, i64, u64)> = self
            .iter()
            .map(|known| (self.is_present(&known), known.rank, known.hash))
            .collect();
        order.sort_unstable();
        for (_, rank, hash) in order.into_iter().take(excess) {
            if let Some(known) = self.get(hash) {
                let newest = horizon.entry(known.source.into_owned()).or_insert(rank);
                *newest = rank.max(*newest);
            }
            self.forget(hash);
        }
        horizon
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::slice::Kind;
    use crate::time::Timestamp;

    fn row(hash: u64, content: u64) -> Row {
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
    fn stored(memory: &Memory) -> Memory {
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

    #[test]
    fn the_oldest_leave_first_and_those_still_listed_last() {
        let mut memory = Memory::default();
        for hash in 1..=20 {
            memory.insert_sealed(&row(hash, 0));
        }
        let mut memory = stored(&memory);
        memory.begin_document("s0");
        for hash in [3, 6] {
            memory.seen(hash);
        }
        let horizon = memory.trim(16);
        // Of source s0 its document has only 3 and 6 any more: the others may go.
        let gone: Vec<u64> = (1..=20)
            .filter(|hash| memory.get(*hash).is_none())
            .collect();
        assert_eq!(gone, [9, 12, 15, 18]);
        assert_eq!(horizon, [("s0".to_owned(), 6)].into());
    }
}
