//! Makes runs: of documents, and of other runs.

use std::collections::BTreeMap;

use super::document::Document;
use super::postings::{END, Postings};
use super::records::{
    BLOCK_DOCUMENTS, BLOCK_DOCUMENTS_MAX, Block, Record, Unpack, blocks, records_of,
};
use super::run::{NO_RECORD, NO_TERMS, Run};
use super::shard::{Shard, Terms};
use super::write::{Made, Placed, RunWriter};
use crate::slice::{Corrupt, Position};

/// A run of `documents` (not empty) for the head of `generation`. Of two at one place the first counts.
pub(crate) fn index(mut documents: Vec<Document>, generation: u64) -> Made {
    documents.sort_by_key(|document| std::cmp::Reverse(document.hit.position));
    documents.dedup_by_key(|document| document.hit.position);
    let placed: Vec<Placed> = documents
        .iter()
        .map(|document| Placed {
            position: document.hit.position,
            published: document.hit.published.0,
        })
        .collect();
    let mut terms: BTreeMap<Vec<u8>, Vec<(u32, Vec<u32>)>> = BTreeMap::new();
    let mut add = |term: Vec<u8>, number: u32, place: u32| {
        let list = terms.entry(term).or_default();
        match list.last_mut().filter(|(last, _)| *last == number) {
            Some((_, places)) => places.push(place),
            None => list.push((number, vec![place])),
        }
    };
    for (number, document) in (0_u32..).zip(&documents) {
        for label in &document.labels {
            add(label.clone(), number, 0);
        }
        for (word, place) in document.words.iter() {
            add(word.to_vec(), number, place);
        }
    }
    let mut writer = RunWriter::new(&placed, generation);
    for (term, mut list) in terms {
        for (_, places) in &mut list {
            places.sort_unstable();
            places.dedup();
        }
        let all = list
            .iter()
            .map(|(number, places)| (*number, places.as_slice()));
        writer.term(&term, all);
    }
    let records: Vec<Record> = documents
        .iter()
        .map(|document| Record::of(&document.hit))
        .collect();
    writer.finish(blocks(&records))
}

/// A run with all of its values, opened to be merged.
pub(crate) struct Opened {
    run: Run,
    terms: Vec<Shard>,
    /// All documents, struck ones too.
    placed: Vec<Placed>,
    /// With the number of its first document.
    blocks: Vec<(usize, Block)>,
}

impl Opened {
    /// `value_of` gives the values of the run by their names.
    ///
    /// # Errors
    /// Where one is missing or can't be used.
    pub(crate) fn new(
        run: Run,
        value_of: impl Fn(u128) -> Option<bytes::Bytes>,
    ) -> Result<Self, Corrupt> {
        let open =
            |name: u128| Shard::open(value_of(name).ok_or(Corrupt("a run without a value"))?);
        let terms = run.terms.iter().map(|shard| open(shard.name));
        let terms: Vec<Shard> = terms.collect::<Result<_, _>>()?;
        let mut times = terms.first().ok_or(NO_TERMS)?.times()?;
        let mut placed = Vec::with_capacity(times.len());
        let mut all: Vec<(usize, Block)> = Vec::new();
        for (_, name) in &run.records {
            let shard = open(*name)?;
            for hash in shard.hashes() {
                let time = times.at(placed.len())?;
                let hash = u64::from_le_bytes(*hash);
                placed.push(Placed {
                    position: Position {
                        rank: time.rank,
                        hash,
                    },
                    published: time.published,
                });
            }
            for (first, packed) in shard.records() {
                if let Some((before, block)) = all.last_mut() {
                    block.documents = first.saturating_sub(*before);
                }
                let documents = placed.len().saturating_sub(first);
                all.push((first, Block { documents, packed }));
            }
        }
        let sound =
            |(_, block): &(usize, Block)| (1..=BLOCK_DOCUMENTS_MAX).contains(&block.documents);
        if !all.iter().all(sound) || all.first().is_none_or(|(first, _)| *first != 0) {
            return Err(Corrupt("a run's records out of order"));
        }
        if placed.len() != times.len() || placed.len() != run.documents as usize {
            return Err(Corrupt("a run of other documents than it says"));
        }
        Ok(Self {
            run,
            terms,
            placed,
            blocks: all,
        })
    }

    fn is_live(&self, number: u32) -> bool {
        number < self.run.kept && self.run.struck.binary_search(&number).is_err()
    }
}

/// No document of the merged run.
const GONE: u32 = u32::MAX;

/// One run of all documents of `runs` that count. `None` where there are none.
///
/// # Errors
/// Where a run's values make no sense.
pub(crate) fn merge(runs: &[Opened], generation: u64) -> Result<Option<Made>, Corrupt> {
    let mut order: Vec<(Placed, usize, u32)> = Vec::new();
    for (index, opened) in runs.iter().enumerate() {
        let all = (0_u32..).zip(&opened.placed);
        let live = all.filter(|(number, _)| opened.is_live(*number));
        order.extend(live.map(|(number, placed)| (*placed, index, number)));
    }
    order.sort_by_key(|(placed, _, _)| std::cmp::Reverse(placed.position));
    // One item is in one run only: others of it were struck when it was indexed anew.
    order.dedup_by_key(|(placed, _, _)| placed.position);
    if order.is_empty() {
        return Ok(None);
    }
    let mut numbers: Vec<Vec<u32>> = runs
        .iter()
        .map(|run| vec![GONE; run.placed.len()])
        .collect();
    for (new, (_, index, old)) in (0_u32..).zip(&order) {
        if let Some(number) = numbers
            .get_mut(*index)
            .and_then(|of| of.get_mut(*old as usize))
        {
            *number = new;
        }
    }
    let placed: Vec<Placed> = order.iter().map(|(placed, _, _)| *placed).collect();
    let mut writer = RunWriter::new(&placed, generation);
    merge_terms(runs, &numbers, &mut writer);
    Ok(Some(writer.finish(merge_records(runs, &order, &numbers)?)))
}

/// The terms of one run, from value to value.
struct Walk<'v> {
    shards: &'v [Shard],
    terms: Option<Terms<'v>>,
}

impl<'v> Walk<'v> {
    fn new(shards: &'v [Shard]) -> Self {
        let mut walk = Self {
            shards,
            terms: None,
        };
        walk.settle();
        walk
    }

    /// Goes into the next value where this one is at its end.
    fn settle(&mut self) {
        while self
            .terms
            .as_ref()
            .is_none_or(|terms| terms.term().is_empty())
        {
            let Some((next, rest)) = self.shards.split_first() else {
                self.terms = None;
                return;
            };
            self.shards = rest;
            self.terms = Some(next.terms_from(b""));
        }
    }

    fn term(&self) -> Option<&[u8]> {
        self.terms.as_ref().map(Terms::term)
    }

    /// The postings of the term that stands here, and goes on.
    fn take(&mut self) -> Option<Postings<'v>> {
        let terms = self.terms.as_mut()?;
        let postings = terms.postings();
        terms.advance();
        self.settle();
        Some(postings)
    }
}

fn merge_terms(runs: &[Opened], numbers: &[Vec<u32>], writer: &mut RunWriter<'_>) {
    let mut walks: Vec<Walk<'_>> = runs.iter().map(|run| Walk::new(&run.terms)).collect();
    let mut places = Vec::new();
    loop {
        let Some(term) = walks
            .iter()
            .filter_map(Walk::term)
            .min()
            .map(<[u8]>::to_vec)
        else {
            return;
        };
        // Numbers and where their places are among all of this term's.
        let mut found: Vec<(u32, std::ops::Range<usize>)> = Vec::new();
        let mut all_places: Vec<u32> = Vec::new();
        for (walk, numbers) in walks.iter_mut().zip(numbers) {
            // More than once where a list was cut.
            while walk.term() == Some(&term) {
                let Some(mut postings) = walk.take() else {
                    break;
                };
                while postings.document() != END {
                    let old = postings.document() as usize;
                    let new = numbers.get(old).copied().unwrap_or(GONE);
                    if new != GONE {
                        let start = all_places.len();
                        postings.places(&mut places);
                        all_places.extend_from_slice(&places);
                        found.push((new, start..all_places.len()));
                    }
                    postings.advance();
                }
            }
        }
        if !found.is_sorted_by_key(|(number, _)| *number) {
            found.sort_unstable_by_key(|(number, _)| *number);
        }
        let all = found
            .iter()
            .filter_map(|(number, range)| Some((*number, all_places.get(range.clone())?)));
        writer.term(&term, all);
    }
}

/// Takes over whole blocks where their documents stay together, and packs the rest anew.
fn merge_records(
    runs: &[Opened],
    order: &[(Placed, usize, u32)],
    numbers: &[Vec<u32>],
) -> Result<Vec<Block>, Corrupt> {
    let mut merged = Vec::new();
    let mut loose: Vec<Record> = Vec::new();
    let mut unpack = Unpack::default();
    let mut at = 0;
    while let Some((_, index, old)) = order.get(at) {
        let (Some(opened), Some(numbers)) = (runs.get(*index), numbers.get(*index)) else {
            break;
        };
        let old = *old as usize;
        let block = opened.blocks.partition_point(|(first, _)| *first <= old);
        let block = block
            .checked_sub(1)
            .and_then(|block| opened.blocks.get(block));
        let (first, block) = block.ok_or(NO_RECORD)?;
        let rest = block.documents.saturating_sub(old - *first);
        let stays = |(number, at): &(&u32, usize)| **number as usize == *at;
        let count = numbers
            .iter()
            .skip(old)
            .take(rest)
            .zip(at..)
            .take_while(stays)
            .count();
        let small = block.documents < BLOCK_DOCUMENTS / 2;
        let fills = !loose.is_empty() && loose.len() + block.documents <= BLOCK_DOCUMENTS_MAX;
        if count == block.documents && !small && !fills {
            merged.extend(blocks(&loose));
            loose.clear();
            merged.push(block.clone());
        } else {
            let records = records_of(&unpack.block(&block.packed)?)?;
            loose.extend(records.into_iter().skip(old - *first).take(count));
        }
        at += count.max(1);
        if loose.len() > 2 * BLOCK_DOCUMENTS_MAX {
            let whole = loose.len() / BLOCK_DOCUMENTS * BLOCK_DOCUMENTS;
            let rest = loose.split_off(whole.saturating_sub(BLOCK_DOCUMENTS));
            merged.extend(blocks(&loose));
            loose = rest;
        }
    }
    merged.extend(blocks(&loose));
    Ok(merged)
}
