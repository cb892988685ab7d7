//! One level of a view's sealed history: items in segments, or segments in directories. Both grow and change alike.

use std::sync::Arc;

use bytes::Bytes;

use super::seal::Seal;
use super::values::Made;
use crate::host::Kv;
use crate::read::{ReadError, usable};
use crate::slice::{
    Corrupt, DIRECTORY_SEGMENTS_MAX, Directory, Row, SEGMENT_ITEMS_MAX, Segment, SliceRef, Stamp,
    VALUE_BYTES_MAX, encode_directory, encode_segment, keys,
};

/// Room that a value's entries leave for its tables, in bytes.
const ENTRIES_BYTES_MAX: usize = VALUE_BYTES_MAX - 20_000;

/// What sealed values hold, newest first.
pub(super) trait Entry: Sized {
    /// Entries of a full value.
    const ENTRIES_MAX: usize;
    /// What it takes in a value.
    fn bytes(&self) -> usize;
    /// Where the value called `name` is stored.
    fn key(name: u128) -> String;
    /// Lays out `entries` (not empty) as a value, and names it.
    fn encode(entries: &[Self], stamp: Stamp<'_>) -> (SliceRef, Bytes);
    /// The value of `entries`, laid out as `bytes`, to be written later.
    fn made(_entries: &[Self], bytes: Bytes, _stamp: Stamp<'_>) -> Made {
        Made::Bytes(bytes)
    }
    /// Reads a value whose content fits its hash.
    fn decode(value: Bytes) -> Result<Vec<Self>, Corrupt>;
    /// How many entries the value that `reference` names has.
    fn held(reference: SliceRef) -> usize;
}

impl Entry for Row {
    const ENTRIES_MAX: usize = SEGMENT_ITEMS_MAX;

    fn bytes(&self) -> usize {
        Self::bytes(self)
    }

    fn key(name: u128) -> String {
        keys::segment(name)
    }

    fn encode(entries: &[Self], stamp: Stamp<'_>) -> (SliceRef, Bytes) {
        encode_segment(&entries.iter().collect::<Vec<_>>(), stamp)
    }

    fn decode(value: Bytes) -> Result<Vec<Self>, Corrupt> {
        Ok(Segment::open(value)?.items.rows().collect())
    }

    fn held(reference: SliceRef) -> usize {
        reference.items as usize
    }
}

/// A row that is sealed now: every view that it belongs to shares it.
impl Entry for Arc<Row> {
    const ENTRIES_MAX: usize = SEGMENT_ITEMS_MAX;

    fn bytes(&self) -> usize {
        Row::bytes(self)
    }

    fn key(name: u128) -> String {
        <Row as Entry>::key(name)
    }

    fn encode(entries: &[Self], stamp: Stamp<'_>) -> (SliceRef, Bytes) {
        let rows: Vec<&Row> = entries.iter().map(AsRef::as_ref).collect();
        encode_segment(&rows, stamp)
    }

    fn made(entries: &[Self], bytes: Bytes, stamp: Stamp<'_>) -> Made {
        // One that was read back for this segment is held by nobody else: its bytes are less.
        let shared = entries.iter().all(|row| Arc::strong_count(row) > 1);
        if !shared {
            return Made::Bytes(bytes);
        }
        Made::Segment(entries.into(), stamp.view.into(), stamp.generation)
    }

    fn decode(value: Bytes) -> Result<Vec<Self>, Corrupt> {
        let rows = <Row as Entry>::decode(value)?;
        Ok(rows.into_iter().map(Arc::new).collect())
    }

    fn held(reference: SliceRef) -> usize {
        <Row as Entry>::held(reference)
    }
}

impl Entry for SliceRef {
    const ENTRIES_MAX: usize = DIRECTORY_SEGMENTS_MAX;

    fn bytes(&self) -> usize {
        size_of::<Self>()
    }

    fn key(name: u128) -> String {
        keys::directory(name)
    }

    fn encode(entries: &[Self], stamp: Stamp<'_>) -> (SliceRef, Bytes) {
        encode_directory(entries, stamp)
    }

    fn decode(value: Bytes) -> Result<Vec<Self>, Corrupt> {
        Ok(Directory::open(value)?.segments().collect())
    }

    fn held(reference: SliceRef) -> usize {
        reference.segments as usize
    }
}

impl Seal {
    /// What `reference` names, written just now or stored. `None`, and a line for people, where it can't be used.
    ///
    /// # Errors
    /// Where the store fails.
    pub(super) async fn entries<E: Entry, K: Kv>(
        &mut self,
        kv: &K,
        reference: SliceRef,
    ) -> Result<Option<Vec<E>>, ReadError> {
        let key = E::key(reference.name);
        match self.writes.get(&key) {
            Some(written) => Ok(Some(E::decode(written)?)),
            None => usable(stored(kv, key).await, &mut self.notes),
        }
    }

    /// Puts `newer` (newest first) on top of `list`, from the old end: its newest value is filled up first.
    ///
    /// # Errors
    /// Where the store fails.
    pub(super) async fn append<E: Entry, K: Kv>(
        &mut self,
        kv: &K,
        list: &mut Vec<SliceRef>,
        mut newer: Vec<E>,
        stamp: Stamp<'_>,
    ) -> Result<(), ReadError> {
        let open = list.first().copied();
        if let Some(open) = open.filter(|open| E::held(*open) < E::ENTRIES_MAX)
            // One that is lost stays listed and counts as full: the next one begins above it.
            && let Some(held) = self.entries(kv, open).await?
        {
            newer.extend(held);
            list.remove(0);
            self.supersede::<E>(open);
        }
        for chunk in chunks(&newer) {
            list.insert(0, self.write(chunk, stamp));
        }
        Ok(())
    }

    /// Puts `entries` (newest first) where `list` has `old`: no value where there are none, several where they are too
    /// many for one.
    pub(super) fn replace<E: Entry>(
        &mut self,
        list: &mut Vec<SliceRef>,
        old: SliceRef,
        entries: &[E],
        stamp: Stamp<'_>,
    ) {
        let Some(at) = list.iter().position(|listed| listed.name == old.name) else {
            return;
        };
        self.supersede::<E>(old);
        let mut parts = Vec::new();
        split(entries, &mut parts);
        let written: Vec<SliceRef> = parts
            .into_iter()
            .map(|part| self.write(part, stamp))
            .collect();
        list.splice(at..=at, written);
    }

    /// The next head does not name it.
    pub(super) fn supersede<E: Entry>(&mut self, reference: SliceRef) {
        let key = E::key(reference.name);
        if !self.writes.remove(&key) {
            self.garbage.push(key);
        }
    }

    /// Adds a value of `entries` (newest first, not empty).
    pub(super) fn write<E: Entry>(&mut self, entries: &[E], stamp: Stamp<'_>) -> SliceRef {
        let (reference, bytes) = E::encode(entries, stamp);
        let made = E::made(entries, bytes, stamp);
        self.writes.insert(E::key(reference.name), made);
        reference
    }
}

async fn stored<E: Entry, K: Kv>(kv: &K, key: String) -> Result<Vec<E>, ReadError> {
    let entry = kv.get(&key).await?.ok_or(ReadError::Missing(key))?;
    Ok(E::decode(entry.value)?)
}

/// `entries` (newest first) in values, the oldest value first and all but the last one full.
pub(super) fn chunks<E: Entry>(entries: &[E]) -> Vec<&[E]> {
    let mut chunks = Vec::new();
    let mut rest = entries;
    while !rest.is_empty() {
        let mut bytes = 0;
        let fits = rest.iter().rev().take(E::ENTRIES_MAX).take_while(|entry| {
            bytes += entry.bytes();
            bytes <= ENTRIES_BYTES_MAX
        });
        let (newer, chunk) = rest.split_at(rest.len() - fits.count().max(1));
        chunks.push(chunk);
        rest = newer;
    }
    chunks
}

/// Halves `entries` until each part fits into a value, the newest part first: what is in the middle of history has room to
/// grow again.
fn split<'e, E: Entry>(entries: &'e [E], parts: &mut Vec<&'e [E]>) {
    let bytes: usize = entries.iter().map(E::bytes).sum();
    let too_many = entries.len() > E::ENTRIES_MAX || bytes > ENTRIES_BYTES_MAX;
    if too_many && entries.len() > 1 {
        let (newer, older) = entries.split_at(entries.len() / 2);
        split(newer, parts);
        split(older, parts);
    } else if !entries.is_empty() {
        parts.push(entries);
    }
}
