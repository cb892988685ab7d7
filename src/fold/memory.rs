//! What de-duplication remembers of sealed items, so that a fold need not read them.

use std::collections::BTreeMap;

use crate::slice::{Position, Row, VALUE_BYTES_MAX};

/// Items remembered at most. Those that are in a source's last document are kept first, then the newest.
pub const MEMORY_ITEMS_MAX: usize = 12_000;

/// One remembered item in the stored state, in bytes.
pub(crate) const KNOWN_BYTES: usize = 8 + 8 + 8 + 8 + 2 + 1;
const _: () = assert!(MEMORY_ITEMS_MAX * KNOWN_BYTES < VALUE_BYTES_MAX - 60_000);

/// One sealed item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) rank: i64,
    pub(crate) address: u64,
    pub(crate) content: u64,
    pub(crate) source: String,
    /// Its source's last document still had it.
    pub(crate) present: bool,
}

/// Sealed items by the hash of their identity, and by address.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Memory {
    items: BTreeMap<u64, Known>,
    by_address: BTreeMap<u64, u64>,
}

impl Memory {
    /// Remembers a sealed item.
    pub(crate) fn insert(&mut self, hash: u64, known: Known) {
        if known.address != 0 {
            self.by_address.entry(known.address).or_insert(hash);
        }
        self.items.insert(hash, known);
    }

    /// Remembers a row as it is sealed or read back. Taken as present until a document of its source says otherwise.
    pub(crate) fn insert_row(&mut self, row: &Row) {
        let known = Known {
            rank: row.position.rank,
            address: row.address,
            content: row.content,
            source: row.source.clone(),
            present: true,
        };
        self.insert(row.position.hash, known);
    }

    /// Place and content hash of a sealed item that a document has: it is taken as present.
    pub(crate) fn seen(&mut self, hash: u64) -> Option<(Position, u64)> {
        let known = self.items.get_mut(&hash)?;
        known.present = true;
        let rank = known.rank;
        Some((Position { rank, hash }, known.content))
    }

    /// Its source states it otherwise now.
    pub(crate) fn set_content(&mut self, hash: u64, content: u64) {
        if let Some(known) = self.items.get_mut(&hash) {
            known.content = content;
        }
    }

    /// It was withdrawn: seen again, it is new.
    pub(crate) fn forget(&mut self, hash: u64) {
        if let Some(known) = self.items.remove(&hash)
            && self.by_address.get(&known.address) == Some(&hash)
        {
            self.by_address.remove(&known.address);
        }
    }

    /// Whose address this is: identity hash and source.
    pub(crate) fn owner(&self, address: u64) -> Option<(u64, &str)> {
        let hash = self.by_address.get(&address)?;
        self.items
            .get(hash)
            .map(|known| (*hash, known.source.as_str()))
    }

    /// A new document of `source` is about to be folded: what it no longer has may be forgotten.
    pub(crate) fn begin_document(&mut self, source: &str) {
        for known in self
            .items
            .values_mut()
            .filter(|known| known.source == source)
        {
            known.present = false;
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (u64, &Known)> {
        self.items.iter().map(|(hash, known)| (*hash, known))
    }

    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut Known> {
        self.items.values_mut()
    }

    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }

    /// Forgets the oldest beyond `max`, those in last documents last. Returns, by source, the newest rank forgotten of an
    /// item that was still present: what is older than that can no longer be told from something new.
    pub(crate) fn trim(&mut self, max: usize) -> BTreeMap<String, i64> {
        let mut horizon = BTreeMap::new();
        let excess = self.items.len().saturating_sub(max);
        if excess == 0 {
            return horizon;
        }
        let mut order: Vec<(bool, Position)> = self
            .items
            .iter()
            .map(|(hash, known)| {
                (
                    known.present,
                    Position {
                        rank: known.rank,
                        hash: *hash,
                    },
                )
            })
            .collect();
        order.sort_unstable();
        for (_, position) in order.into_iter().take(excess) {
            let Some(known) = self.items.remove(&position.hash) else {
                continue;
            };
            if self.by_address.get(&known.address) == Some(&position.hash) {
                self.by_address.remove(&known.address);
            }
            let newest = horizon.entry(known.source).or_insert(known.rank);
            *newest = known.rank.max(*newest);
        }
        horizon
    }
}
