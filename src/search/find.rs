//! One page of results.

use std::cmp::Reverse;
use std::collections::btree_map::{BTreeMap, Entry};

use bytes::Bytes;

use super::cursor::SearchCursor;
use super::document::Hit;
use super::matching::{Match, matches, needed};
use super::query::Query;
use super::records::Record;
use super::run::Run;
use super::scan::Scan;
use super::shard::Shard;
use crate::host::Kv;
use crate::read::ReadError;
use crate::slice::{Corrupt, Head, PAGE_ITEMS_MAX, Position, Segment, keys};
use crate::time::Timestamp;

/// Store reads of one page of results beside the head's own. Platforms allow 32 to 50 sub-requests in all.
pub const READS_MAX: usize = 31;

/// Of those, what is left for the records of the results.
const RECORD_READS: usize = 10;

/// One page of results.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// The results, the best first.
    pub hits: Vec<Hit>,
    /// All results, on all pages.
    pub total: u64,
    /// Where the next page begins, if there is one.
    pub next: Option<SearchCursor>,
    /// What is older was not looked at: its index is not written yet, or would have taken too many reads. `None` where all
    /// of the history was.
    pub searched_to: Option<Timestamp>,
    /// Store reads beside the head's own, at most [`READS_MAX`]; more only where many results are of the same millisecond.
    pub reads: u32,
}

/// Finds the items of `query` in everything that `head` names: those after the result of `after`, at most `limit`, and at most
/// [`PAGE_ITEMS_MAX`]. Where their records lie in more values than may be read, a page is shorter and has a next one.
///
/// # Errors
/// Where a value can't be read.
pub async fn find<K: Kv>(
    kv: &K,
    head: &Head,
    query: &Query,
    after: Option<SearchCursor>,
    limit: usize,
) -> Result<Found, ReadError> {
    let limit = limit.clamp(1, PAGE_ITEMS_MAX);
    let index = head.index();
    let scan = Scan::new(head, query, &index);
    let mut unsearched = scan.unsearched;
    let mut values = Values::default();
    let mut wanted: Vec<String> = scan.keys().collect();
    let mut runs = Vec::new();
    for run in index.runs {
        let shards = needed(&run, query);
        if wanted.len() + shards.len() + RECORD_READS > READS_MAX {
            unsearched = unsearched.max(Some(run.newest));
            continue;
        }
        let names = shards.iter().filter_map(|shard| run.terms.get(*shard));
        wanted.extend(names.map(|shard| keys::run(shard.name)));
        runs.push((run, shards));
    }
    values.fetch(kv, wanted).await?;
    let mut found = Found {
        searched_to: unsearched.map(|position| Timestamp(position.rank)),
        ..Found::default()
    };
    let mut candidates = Vec::new();
    let scanned = scan.hits(|segment| {
        let key = keys::segment(segment.name);
        Ok::<_, ReadError>(Segment::open(values.get(&key)?)?)
    })?;
    found.total += scanned.len() as u64;
    for (points, hit) in scanned {
        let key = super::key(hit.position.rank, points, query.scoring());
        let later = |after: SearchCursor| (key, hit.position) < (after.key, after.position);
        if after.is_none_or(later) {
            candidates.push(Candidate {
                key,
                rank: hit.position.rank,
                of: Of::Scan(hit),
            });
        }
    }
    for (at, (run, shards)) in runs.iter().enumerate() {
        let opened: Result<BTreeMap<usize, Shard>, ReadError> = shards
            .iter()
            .filter_map(|shard| Some((*shard, run.terms.get(*shard)?)))
            .map(|(shard, of)| Ok((shard, Shard::open(values.get(&keys::run(of.name))?)?)))
            .collect();
        let mut all = matches(run, &opened?, query)?;
        found.total += all.len() as u64;
        if let Some(after) = after {
            all = values.later(kv, run, all, after).await?;
        }
        keep_first(&mut all, limit + 1);
        candidates.extend(all.into_iter().map(|one| Candidate {
            key: one.key,
            rank: one.rank,
            of: Of::Run(at, one),
        }));
    }
    candidates.sort_by_key(|candidate| Reverse((candidate.key, candidate.rank)));
    let shown = limit.min(values.affordable(&runs, &candidates)?);
    let more = candidates.len() > shown;
    shorten(&mut candidates, shown);
    let mut hits = values.hits(kv, &runs, candidates).await?;
    hits.sort_by_key(|(key, hit)| Reverse((*key, hit.position)));
    hits.truncate(shown);
    if let Some((key, last)) = hits.last().filter(|_| more) {
        found.next = Some(SearchCursor::new(query, *key, last.position));
    }
    found.hits = hits.into_iter().map(|(_, hit)| hit).collect();
    found.reads = values.reads;
    Ok(found)
}

/// A result, perhaps.
struct Candidate {
    key: i64,
    rank: i64,
    of: Of,
}

enum Of {
    Scan(Hit),
    /// In which run.
    Run(usize, Match),
}

/// Keeps the first `most`, in order, of what is ordered by number.
fn keep_first(all: &mut Vec<Match>, most: usize) {
    let order = |one: &Match| (Reverse(one.key), one.number);
    if all.len() > most {
        all.select_nth_unstable_by_key(most, order);
        all.truncate(most);
    }
    all.sort_unstable_by_key(order);
}

/// Keeps the first `limit`, and what can't be told from the last of them without its record.
fn shorten(candidates: &mut Vec<Candidate>, limit: usize) {
    let order = |one: &Candidate| (one.key, one.rank);
    let last = limit.checked_sub(1).and_then(|last| candidates.get(last));
    if let Some(last) = last.map(order) {
        let end = candidates.partition_point(|one| order(one) >= last);
        candidates.truncate(end);
    }
}

/// Values that were read for this page.
#[derive(Default)]
struct Values {
    got: BTreeMap<String, Bytes>,
    reads: u32,
}

impl Values {
    /// Reads those of `keys` that are not there yet.
    async fn fetch<K: Kv>(&mut self, kv: &K, mut keys: Vec<String>) -> Result<(), ReadError> {
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
            let Some(entry) = entry else {
                return Err(ReadError::Missing(key));
            };
            self.got.insert(key, entry.value);
        }
        Ok(())
    }

    fn get(&self, key: &str) -> Result<Bytes, ReadError> {
        let value = self.got.get(key).cloned();
        value.ok_or_else(|| ReadError::Missing(key.to_owned()))
    }

    /// The value with the record of document `number` of `run`, which was fetched.
    fn opened<'o>(
        &self,
        run: &Run,
        number: u32,
        opened: &'o mut Records,
    ) -> Result<&'o mut (Shard, BTreeMap<usize, Vec<Record>>), ReadError> {
        let name = record_name(run, number)?;
        match opened.entry(name) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(vacant) => {
                let shard = Shard::open(self.get(&keys::run(name))?)?;
                Ok(vacant.insert((shard, BTreeMap::new())))
            }
        }
    }

    /// What of `all` comes after `after`: where key and rank are the same, the record tells.
    async fn later<K: Kv>(
        &mut self,
        kv: &K,
        run: &Run,
        all: Vec<Match>,
        after: SearchCursor,
    ) -> Result<Vec<Match>, ReadError> {
        let shown = (after.key, after.position.rank);
        let mut later = Vec::with_capacity(all.len());
        let mut ties = Vec::new();
        for one in all {
            match (one.key, one.rank).cmp(&shown) {
                std::cmp::Ordering::Less => later.push(one),
                std::cmp::Ordering::Equal => ties.push(one),
                std::cmp::Ordering::Greater => {}
            }
        }
        let names: Result<Vec<u128>, _> = ties
            .iter()
            .map(|one| record_name(run, one.number))
            .collect();
        self.fetch(kv, names?.into_iter().map(keys::run).collect())
            .await?;
        let mut opened = Records::new();
        // Numbers rise as hashes fall: halving finds the first that comes after.
        let (mut low, mut high) = (0, ties.len());
        while low < high {
            let middle = usize::midpoint(low, high);
            let number = ties.get(middle).map_or(0, |one| one.number);
            let (shard, _) = self.opened(run, number, &mut opened)?;
            if shard.hash(number as usize)? >= after.position.hash {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        later.extend(ties.into_iter().skip(low));
        Ok(later)
    }

    /// How many of `candidates` can be shown with the reads that are left: one at least.
    fn affordable(
        &self,
        runs: &[(Run, Vec<usize>)],
        candidates: &[Candidate],
    ) -> Result<usize, ReadError> {
        let mut left = READS_MAX.saturating_sub(self.reads as usize);
        let mut names = std::collections::BTreeSet::new();
        for (count, candidate) in candidates.iter().enumerate() {
            let Of::Run(at, one) = &candidate.of else {
                continue;
            };
            let (run, _) = runs.get(*at).ok_or(NO_RECORD)?;
            let name = record_name(run, one.number)?;
            if !self.got.contains_key(&keys::run(name)) && names.insert(name) {
                if left == 0 {
                    return Ok(count.max(1));
                }
                left -= 1;
            }
        }
        Ok(candidates.len().max(1))
    }

    async fn hits<K: Kv>(
        &mut self,
        kv: &K,
        runs: &[(Run, Vec<usize>)],
        candidates: Vec<Candidate>,
    ) -> Result<Vec<(i64, Hit)>, ReadError> {
        let mut names = Vec::new();
        for candidate in &candidates {
            if let Of::Run(at, one) = &candidate.of
                && let Some((run, _)) = runs.get(*at)
            {
                names.push(keys::run(record_name(run, one.number)?));
            }
        }
        self.fetch(kv, names).await?;
        let mut opened = Records::new();
        let mut hits = Vec::new();
        for candidate in candidates {
            let hit = match candidate.of {
                Of::Scan(hit) => hit,
                Of::Run(at, one) => {
                    let (run, _) = runs.get(at).ok_or(NO_RECORD)?;
                    let (shard, blocks) = self.opened(run, one.number, &mut opened)?;
                    let number = one.number as usize;
                    let (rank, hash) = (one.rank, shard.hash(number)?);
                    let record = shard.record(number, blocks)?;
                    record.hit(Position { rank, hash }, one.published)
                }
            };
            hits.push((candidate.key, hit));
        }
        Ok(hits)
    }
}

/// Values that hold records, by name, and the blocks of each that were unpacked.
type Records = BTreeMap<u128, (Shard, BTreeMap<usize, Vec<Record>>)>;

const NO_RECORD: Corrupt = Corrupt("a run without a record");

/// The name of the value that holds the record of document `number`.
pub(super) fn record_name(run: &Run, number: u32) -> Result<u128, Corrupt> {
    let after = run.records.partition_point(|(first, _)| *first <= number);
    let shard = after.checked_sub(1).and_then(|at| run.records.get(at));
    shard.map(|(_, name)| *name).ok_or(NO_RECORD)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_are_kept_in_order() {
        let of = |key: i64, number: u32| Match {
            key,
            rank: 0,
            number,
            published: 0,
        };
        let mut all: Vec<Match> = (0..100)
            .map(|number| of(i64::from(number * 37 % 10), number))
            .collect();
        let mut want = all.clone();
        want.sort_by_key(|one| (Reverse(one.key), one.number));
        want.truncate(25);
        keep_first(&mut all, 25);
        assert_eq!(all, want);
    }

    const _: () = assert!(RECORD_READS < READS_MAX);
}
