//! The stored values that a page of results reads, and the records in them.

use std::collections::btree_map::{BTreeMap, Entry};

use bytes::Bytes;

use super::cursor::SearchCursor;
use super::document::Hit;
use super::find::READS_MAX;
use super::matching::Match;
use super::records::Unpack;
use super::run::{NO_RECORD, Run};
use super::shard::Shard;
use crate::host::Kv;
use crate::read::ReadError;
use crate::slice::{Corrupt, Position, keys};

/// Values that were read for this page.
#[derive(Default)]
pub(super) struct Values {
    got: BTreeMap<String, Bytes>,
    pub(super) reads: u32,
}

impl Values {
    /// Reads those of `keys` that are not there yet. What the store does not have is missed when it is asked for.
    pub(super) async fn fetch<K: Kv>(
        &mut self,
        kv: &K,
        mut keys: Vec<String>,
    ) -> Result<(), ReadError> {
        keys.sort_unstable();
        keys.dedup();
        keys.retain(|key| !self.got.contains_key(key));
        if keys.is_empty() {
            return Ok(());
        }
        let asked: Vec<&str> = keys.iter().map(String::as_str).collect();
        self.reads += u32::try_from(asked.len()).unwrap_or(u32::MAX);
        let entries = kv.get_many(&asked).await?;
        for (key, entry) in keys.into_iter().zip(entries) {
            if let Some(entry) = entry {
                self.got.insert(key, entry.value);
            }
        }
        Ok(())
    }

    pub(super) fn get(&self, key: &str) -> Result<Bytes, ReadError> {
        let value = self.got.get(key).cloned();
        value.ok_or_else(|| ReadError::Missing(key.to_owned()))
    }

    /// A value of a run, which was fetched.
    pub(super) fn shard(&self, name: u128) -> Result<Shard, ReadError> {
        Ok(Shard::open(self.get(&keys::run(name))?)?)
    }

    /// Those of `ties`, which have the key and rank of the result of `after`, that come after it.
    pub(super) async fn later<K: Kv>(
        &mut self,
        kv: &K,
        run: &Run,
        ties: Vec<Match>,
        after: SearchCursor,
    ) -> Result<Vec<Match>, ReadError> {
        let names: Result<Vec<u128>, _> = ties
            .iter()
            .map(|one| record_name(run, one.number))
            .collect();
        self.fetch(kv, names?.into_iter().map(keys::run).collect())
            .await?;
        let mut records = Records::default();
        // Numbers rise as hashes fall: halving finds the first that comes after.
        let (mut low, mut high) = (0, ties.len());
        while low < high {
            let middle = usize::midpoint(low, high);
            let number = ties.get(middle).map_or(0, |one| one.number);
            let (shard, _) = records.shard(self, run, number)?;
            if shard.hash(number as usize)? >= after.position.hash {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        Ok(ties.into_iter().skip(low).collect())
    }

    /// How many of `candidates`, which are results of these runs or need no record, can be shown with the reads that are left: one at
    /// least. A record that is in no value takes no read: whoever wants it is told.
    pub(super) fn affordable<'r>(
        &self,
        candidates: impl Iterator<Item = Option<(&'r Run, u32)>>,
    ) -> usize {
        let mut left = READS_MAX.saturating_sub(self.reads as usize);
        let mut names = std::collections::BTreeSet::new();
        let mut shown = 0;
        for candidate in candidates {
            let name = candidate.and_then(|(run, number)| record_name(run, number).ok());
            if let Some(name) = name
                && !self.got.contains_key(&keys::run(name))
                && names.insert(name)
            {
                if left == 0 {
                    break;
                }
                left -= 1;
            }
            shown += 1;
        }
        shown.max(1)
    }
}

/// Values that hold records, by name, and the blocks of each that were unpacked.
#[derive(Default)]
pub(super) struct Records {
    opened: BTreeMap<u128, (Shard, BTreeMap<usize, Vec<u8>>)>,
    unpack: Unpack,
}

impl Records {
    fn shard(
        &mut self,
        values: &Values,
        run: &Run,
        number: u32,
    ) -> Result<(&Shard, &mut BTreeMap<usize, Vec<u8>>), ReadError> {
        let name = record_name(run, number)?;
        let (shard, blocks) = match self.opened.entry(name) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(vacant) => vacant.insert((values.shard(name)?, BTreeMap::new())),
        };
        Ok((shard, blocks))
    }

    /// A result of `run`, whose record is in a value that was fetched.
    pub(super) fn hit(
        &mut self,
        values: &Values,
        run: &Run,
        one: &Match,
    ) -> Result<Hit, ReadError> {
        let mut unpack = std::mem::take(&mut self.unpack);
        let (shard, blocks) = self.shard(values, run, one.number)?;
        let number = one.number as usize;
        let (rank, hash) = (one.rank, shard.hash(number)?);
        let record = shard.record(number, blocks, &mut unpack)?;
        self.unpack = unpack;
        Ok(record.hit(Position { rank, hash }, one.published))
    }
}

/// The name of the value that holds the record of document `number`.
pub(super) fn record_name(run: &Run, number: u32) -> Result<u128, Corrupt> {
    let after = run.records.partition_point(|(first, _)| *first <= number);
    let shard = after.checked_sub(1).and_then(|at| run.records.get(at));
    shard.map(|(_, name)| *name).ok_or(NO_RECORD)
}
