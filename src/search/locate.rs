//! Where in a run an item is: for publishes that change or drop it.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::run::{NO_RECORD, NO_TERMS, Run};
use super::shard::Shard;
use crate::read::ReadError;
use crate::slice::{Corrupt, Position, keys};

/// The number of the first document of `run` that is not newer than `position`, and where that one is. Reads a value with its
/// times and those with the records that it needs.
///
/// # Errors
/// Where a value can't be read.
pub(crate) async fn locate<F: Future<Output = Result<Bytes, ReadError>>>(
    run: &Run,
    position: Position,
    value: impl Fn(String) -> F,
) -> Result<Option<(u32, Position)>, ReadError> {
    let first = run.terms.first().ok_or(NO_TERMS)?;
    let timed = Shard::open(value(keys::run(first.name)).await?)?;
    let mut times = timed.times()?;
    let mut shards: BTreeMap<u128, Shard> = BTreeMap::new();
    // Among those of the same rank the hashes fall.
    let mut low = times.first_at(position.rank)?;
    let mut high = match position.rank.checked_sub(1) {
        Some(below) => times.first_at(below)?,
        None => times.len(),
    };
    let mut hashes = BTreeMap::new();
    loop {
        let at = if low < high {
            usize::midpoint(low, high)
        } else {
            low
        };
        if at >= times.len() {
            return Ok(None);
        }
        let rank = times.at(at)?.rank;
        let hash = match hashes.get(&at) {
            Some(hash) => *hash,
            None => {
                let number = u32::try_from(at).unwrap_or(u32::MAX);
                let name = super::values::record_name(run, number)?;
                if let std::collections::btree_map::Entry::Vacant(vacant) = shards.entry(name) {
                    vacant.insert(Shard::open(value(keys::run(name)).await?)?);
                }
                let shard = shards.get(&name).ok_or(NO_RECORD)?;
                let hash = shard.hash(at)?;
                hashes.insert(at, hash);
                hash
            }
        };
        if low >= high {
            let number = u32::try_from(at).unwrap_or(u32::MAX);
            return Ok(Some((number, Position { rank, hash })));
        }
        if hash > position.hash {
            low = at + 1;
        } else {
            high = at;
        }
    }
}

/// Whether `value`, one of a run, is as it was written.
///
/// # Errors
/// Where it is not, or is of another layout.
pub(crate) fn check_run_value(value: Bytes) -> Result<(), Corrupt> {
    Shard::open(value).map(drop)
}
