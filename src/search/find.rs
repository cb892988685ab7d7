//! One page of results.

#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::clauses::needed;
use super::cursor::SearchCursor;
use super::document::Hit;
use super::matching::{Match, TOTAL_MAX, Wanted, matches};
use super::query::Query;
use super::run::Run;
use super::scan::{Scan, Seen};
use super::shard::Shard;
use super::values::{Records, Values, record_name};
use crate::host::Kv;
use crate::read::{Arrival, ReadError};
use crate::slice::{Head, PAGE_ITEMS_MAX, Position, Segment, keys};
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
    /// All results, on all pages, counted up to [`TOTAL_MAX`].
    pub total: u64,
    /// There are more than `total`.
    pub more_than_total: bool,
    /// Where the next page begins, if there is one.
    pub next: Option<SearchCursor>,
    /// What is older was not looked at, or not all of it: its index is not written yet, it or its index is lost, or it would have taken
    /// too many reads.
    /// `None` where all of the history was.
    pub searched_to: Option<Timestamp>,
    /// Store reads beside the head's own, at most [`READS_MAX`]; more only where many results are of the same millisecond, or a part of
    /// the index is damaged.
    pub reads: u32,
}

/// Finds the items of `query` in everything that `head` names: those after the result of `after`, at most `limit`, and at most
/// [`PAGE_ITEMS_MAX`]. Where their records lie in more values than may be read, a page is shorter and has a next one.
///
/// A part of the index that is lost or damaged is left out, as `searched_to` says.
///
/// # Errors
/// Where the store fails, or what was sealed last can't be read.
pub async fn find<K: Kv>(
    kv: &K,
    head: &Head,
    query: &Query,
    after: Option<SearchCursor>,
    limit: usize,
) -> Result<Found, ReadError> {
    search(kv, head, query, (after, limit), None).await
}

/// As [`find`], but what was sealed last and is lost by `arrival` is passed over, as `searched_to` says.
///
/// # Errors
/// Where the store fails, or what was sealed last may be on its way.
pub async fn find_in_the_rest<K: Kv>(
    kv: &K,
    head: &Head,
    query: &Query,
    after: Option<SearchCursor>,
    limit: usize,
    arrival: &Arrival,
) -> Result<Found, ReadError> {
    search(kv, head, query, (after, limit), Some(arrival)).await
}

async fn search<K: Kv>(
    kv: &K,
    head: &Head,
    query: &Query,
    (after, limit): (Option<SearchCursor>, usize),
    arrival: Option<&Arrival>,
) -> Result<Found, ReadError> {
    let index = head.index();
    let scan = Scan::new(head, query, &index);
    let mut search = Search {
        kv,
        query,
        after,
        limit: limit.clamp(1, PAGE_ITEMS_MAX),
        values: Values::default(),
        runs: Vec::new(),
        unsearched: scan.unsearched,
    };
    let mut wanted: Vec<String> = scan.keys().collect();
    for run in index.runs {
        let shards = needed(&run, query);
        if wanted.len() + shards.len() + RECORD_READS > READS_MAX {
            search.leave_out(&run);
            continue;
        }
        let names = shards.iter().filter_map(|shard| run.terms.get(*shard));
        wanted.extend(names.map(|shard| keys::run(shard.name)));
        search.runs.push((run, shards));
    }
    search.values.fetch(kv, wanted).await?;
    let (seen, lost) = scan.hits(|segment| {
        let value = search.values.get(&keys::segment(segment.name));
        match value.and_then(|value| Ok(Segment::open(value)?)) {
            Err(error) if arrival.is_some_and(|arrival| arrival.has_lost(&error)) => Ok(None),
            opened => opened.map(Some),
        }
    })?;
    search.unsearched = search.unsearched.max(lost);
    loop {
        match search.page(&seen).await {
            Ok(found) => return Ok(found),
            Err(Failed::Read(error)) => return Err(error),
            Err(Failed::Run(at)) => {
                let (run, _) = search.runs.remove(at);
                search.leave_out(&run);
            }
        }
    }
}

/// Why a page can't be made.
enum Failed {
    Read(ReadError),
    /// A run can't be used.
    Run(usize),
}

impl Failed {
    /// What was done with run `at` has failed.
    fn of(at: usize) -> impl Fn(ReadError) -> Self {
        move |error| match error {
            ReadError::Store(_) => Self::Read(error),
            _ => Self::Run(at),
        }
    }
}

/// A result, perhaps.
struct Candidate<'s> {
    key: i64,
    rank: i64,
    of: Of<'s>,
}

enum Of<'s> {
    Seen(&'s Seen),
    /// In which run.
    Run(usize, Match),
}

/// A search under way.
struct Search<'a, K> {
    kv: &'a K,
    query: &'a Query,
    after: Option<SearchCursor>,
    limit: usize,
    values: Values,
    /// Runs that are searched, and the values of each that the query needs.
    runs: Vec<(Run, Vec<usize>)>,
    unsearched: Option<Position>,
}

impl<K: Kv> Search<'_, K> {
    fn leave_out(&mut self, run: &Run) {
        self.unsearched = self.unsearched.max(Some(run.newest));
    }

    async fn page(&mut self, seen: &[Seen]) -> Result<Found, Failed> {
        let mut wanted = Wanted {
            most: self.limit + 1,
            after: self.after.map(|after| (after.key, after.position.rank)),
            enough: i64::MIN,
            counted: seen.len() as u64,
        };
        let mut candidates = self.candidates(seen);
        for at in 0..self.runs.len() {
            wanted.enough = enough(&mut candidates, wanted.most);
            let found = self.in_run(at, &mut wanted).await.map_err(Failed::of(at))?;
            candidates.extend(found.into_iter().map(|one| Candidate {
                key: one.key,
                rank: one.rank,
                of: Of::Run(at, one),
            }));
        }
        candidates.sort_by_key(|candidate| Reverse((candidate.key, candidate.rank)));
        let records = candidates.iter().map(|candidate| match &candidate.of {
            Of::Seen(_) => None,
            Of::Run(at, one) => self.runs.get(*at).map(|(run, _)| (run, one.number)),
        });
        let shown = self.limit.min(self.values.affordable(records));
        let more = candidates.len() > shown;
        shorten(&mut candidates, shown);
        let mut hits = self.hits(candidates).await?;
        hits.sort_by_key(|(key, hit)| Reverse((*key, hit.position)));
        hits.truncate(shown);
        let last = hits.last().filter(|_| more);
        Ok(Found {
            next: last.map(|(key, last)| SearchCursor::new(self.query, *key, last.position)),
            hits: hits.into_iter().map(|(_, hit)| hit).collect(),
            total: wanted.counted.min(TOTAL_MAX),
            more_than_total: wanted.counted > TOTAL_MAX,
            searched_to: self.unsearched.map(|position| Timestamp(position.rank)),
            reads: self.values.reads,
        })
    }

    /// Of what was looked through, what may be on the page.
    fn candidates<'s>(&self, seen: &'s [Seen]) -> Vec<Candidate<'s>> {
        let scoring = self.query.scoring();
        let all = seen.iter().map(|seen| Candidate {
            key: super::key(seen.position.rank, seen.points, scoring),
            rank: seen.position.rank,
            of: Of::Seen(seen),
        });
        let later = |one: &Candidate<'_>| match (self.after, &one.of) {
            (Some(after), Of::Seen(seen)) => (one.key, seen.position) < (after.key, after.position),
            _ => true,
        };
        all.filter(later).collect()
    }

    async fn in_run(&mut self, at: usize, wanted: &mut Wanted) -> Result<Vec<Match>, ReadError> {
        let Some((run, needed)) = self.runs.get(at) else {
            return Ok(Vec::new());
        };
        let mut shards: BTreeMap<usize, Shard> = BTreeMap::new();
        for shard in needed {
            if let Some(of) = run.terms.get(*shard) {
                shards.insert(*shard, self.values.shard(of.name)?);
            }
        }
        let mut found = matches(run, &shards, self.query, wanted)?;
        if let Some(after) = self.after.filter(|_| !found.ties.is_empty()) {
            let later = self.values.later(self.kv, run, found.ties, after).await?;
            found.best.extend(later);
        }
        Ok(found.best)
    }

    async fn hits(&mut self, candidates: Vec<Candidate<'_>>) -> Result<Vec<(i64, Hit)>, Failed> {
        let mut names = Vec::new();
        for candidate in &candidates {
            if let Of::Run(at, one) = &candidate.of
                && let Some((run, _)) = self.runs.get(*at)
            {
                let name = record_name(run, one.number).map_err(|_| Failed::Run(*at))?;
                names.push(keys::run(name));
            }
        }
        self.values
            .fetch(self.kv, names)
            .await
            .map_err(Failed::Read)?;
        let mut records = Records::default();
        let mut hits = Vec::new();
        for candidate in candidates {
            let hit = match &candidate.of {
                Of::Seen(seen) => seen.hit().map_err(|error| Failed::Read(error.into()))?,
                Of::Run(at, one) => match self.runs.get(*at) {
                    Some((run, _)) => records
                        .hit(&self.values, run, one)
                        .map_err(Failed::of(*at))?,
                    None => continue,
                },
            };
            hits.push((candidate.key, hit));
        }
        Ok(hits)
    }
}

/// The key of the last of the first `most` of `candidates`; the lowest there is where there are fewer.
fn enough(candidates: &mut [Candidate<'_>], most: usize) -> i64 {
    candidates.sort_by_key(|candidate| Reverse(candidate.key));
    let last = most.checked_sub(1).and_then(|last| candidates.get(last));
    last.map_or(i64::MIN, |candidate| candidate.key)
}

/// Keeps the first `limit`, and what can't be told from the last of them without its record.
fn shorten(candidates: &mut Vec<Candidate<'_>>, limit: usize) {
    let order = |one: &Candidate<'_>| (one.key, one.rank);
    let last = limit.checked_sub(1).and_then(|last| candidates.get(last));
    if let Some(last) = last.map(order) {
        let end = candidates.partition_point(|one| order(one) >= last);
        candidates.truncate(end);
    }
}

const _: () = assert!(RECORD_READS < READS_MAX);
