//! How the head names the index: runs, the values of each, and what of them no longer counts.

use super::varint;
use crate::slice::{Corrupt, Position, keys};

/// A run whose list of terms names no value.
pub(super) const NO_TERMS: Corrupt = Corrupt("a run without terms");
/// A run in which a document has no record.
pub(super) const NO_RECORD: Corrupt = Corrupt("a run without a record");

/// The index as the head has it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Index {
    /// What is sealed between these two places, and at them, is in `runs`. `None` where nothing is indexed yet.
    pub covered: Option<(Position, Position)>,
    /// The youngest first.
    pub runs: Vec<Run>,
}

/// Some documents, indexed: never changed, but documents of it can be struck out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Documents in it, numbered from the newest.
    pub documents: u32,
    /// Documents from this number on have left by retention.
    pub kept: u32,
    /// Of the first document.
    pub newest: Position,
    /// Of the last one that is kept.
    pub oldest: Position,
    /// Documents that were changed or withdrawn since, ascending: they count no more.
    pub struck: Vec<u32>,
    /// The values that hold its terms, in the order of the terms.
    pub terms: Vec<TermShard>,
    /// The values that hold its records, and the number of the first document of each. In a small run it is the value that
    /// holds the terms.
    pub records: Vec<(u32, u128)>,
}

/// A value that holds a range of a run's terms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TermShard {
    /// Its content hash, which is its name.
    pub name: u128,
    /// Above every term of the value before, and not above any of its own.
    pub from: Vec<u8>,
    /// Its first term is `from`, and stands at the end of the value before too: its postings did not fit into one.
    pub continues: bool,
}

impl Run {
    /// Names of its values, each once.
    #[must_use]
    pub fn names(&self) -> Vec<u128> {
        let terms = self.terms.iter().map(|shard| shard.name);
        let mut names: Vec<u128> = terms
            .chain(self.records.iter().map(|(_, name)| *name))
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Where its values are stored.
    pub(crate) fn keys(&self) -> impl Iterator<Item = String> {
        self.names().into_iter().map(keys::run)
    }

    /// Whether terms and records are one value.
    #[must_use]
    pub fn is_single(&self) -> bool {
        self.names().len() == 1
    }

    /// Documents that count.
    #[must_use]
    pub fn live(&self) -> u32 {
        let struck = self.struck.partition_point(|number| *number < self.kept);
        let struck = u32::try_from(struck).unwrap_or(u32::MAX);
        self.kept.saturating_sub(struck)
    }

    /// Whether an item at `position` could be in it.
    #[must_use]
    pub fn spans(&self, position: Position) -> bool {
        self.oldest <= position && position <= self.newest
    }

    /// The values that may hold `term`, or with `prefix` any term that begins with it.
    pub(crate) fn shards_of(&self, term: &[u8], prefix: bool) -> std::ops::Range<usize> {
        let mut first = self
            .terms
            .partition_point(|shard| shard.from.as_slice() <= term);
        // All that begin with exactly this term, down to the one where it stands first.
        while first > 0 {
            first -= 1;
            let shard = &self.terms[first];
            if shard.from != term || !shard.continues {
                break;
            }
        }
        let end = self.terms.partition_point(|shard| {
            shard.from.as_slice() <= term || (prefix && shard.from.starts_with(term))
        });
        first..end
    }

    fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        varint::put(&mut out, u64::from(self.documents));
        varint::put(&mut out, u64::from(self.kept));
        out.extend_from_slice(&self.newest.to_bytes());
        out.extend_from_slice(&self.oldest.to_bytes());
        varint::put(&mut out, self.struck.len() as u64);
        let mut next = 0;
        for number in &self.struck {
            varint::put(&mut out, u64::from(number.saturating_sub(next)));
            next = *number;
        }
        varint::put(&mut out, self.terms.len() as u64);
        for shard in &self.terms {
            out.extend_from_slice(&shard.name.to_le_bytes());
            out.push(u8::from(shard.continues));
            varint::put_bytes(&mut out, &shard.from);
        }
        for (first, name) in &self.records {
            varint::put(&mut out, u64::from(*first));
            out.extend_from_slice(&name.to_le_bytes());
        }
        out
    }

    fn decode(mut bytes: &[u8]) -> Option<Self> {
        let from = &mut bytes;
        let (documents, kept) = (varint::take_u32(from)?, varint::take_u32(from)?);
        let (newest, oldest) = (
            Position::from_bytes(fixed(from)?),
            Position::from_bytes(fixed(from)?),
        );
        let mut struck = Vec::new();
        let mut next = 0_u32;
        for _ in 0..varint::take(from)? {
            next = next.checked_add(varint::take_u32(from)?)?;
            struck.push(next);
        }
        let mut terms = Vec::new();
        for _ in 0..varint::take(from)? {
            let name = u128::from_le_bytes(fixed(from)?);
            let [continues] = fixed(from)?;
            terms.push(TermShard {
                name,
                continues: continues != 0,
                from: varint::take_bytes(from)?.to_vec(),
            });
        }
        let mut records = Vec::new();
        while !from.is_empty() {
            records.push((varint::take_u32(from)?, u128::from_le_bytes(fixed(from)?)));
        }
        Some(Self {
            documents,
            kept,
            newest,
            oldest,
            struck,
            terms,
            records,
        })
    }
}

fn fixed<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (front, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*front)
}

impl Index {
    /// As pieces of the head: what is covered, then the runs. Nothing where nothing is indexed.
    pub(crate) fn encode(&self) -> Vec<Vec<u8>> {
        let Some((from, upto)) = self.covered else {
            return Vec::new();
        };
        let mut pieces = vec![[from.to_bytes(), upto.to_bytes()].concat()];
        pieces.extend(self.runs.iter().map(Run::encode));
        pieces
    }

    /// From pieces of a head. What can't be read counts as not indexed.
    pub(crate) fn decode<'p>(mut pieces: impl Iterator<Item = &'p [u8]>) -> Self {
        let covered = pieces.next().and_then(|mut bytes| {
            let from = Position::from_bytes(fixed(&mut bytes)?);
            Some((from, Position::from_bytes(fixed(&mut bytes)?)))
        });
        let runs: Option<Vec<Run>> = pieces.map(Run::decode).collect();
        match (covered, runs) {
            (Some(covered), Some(runs)) => Self {
                covered: Some(covered),
                runs,
            },
            _ => Self::default(),
        }
    }

    /// Where all its values are stored.
    pub(crate) fn keys(&self) -> impl Iterator<Item = String> + '_ {
        self.runs.iter().flat_map(Run::keys)
    }

    /// Whether all of the history is in runs, but for what was sealed last.
    pub(crate) fn is_complete(&self) -> bool {
        self.covered.is_some_and(|(from, _)| from == Position::MIN)
    }

    /// How many of `sealed` items are in no run, but for those that were passed over.
    pub(crate) fn waiting(&self, sealed: u64) -> u64 {
        let indexed: u64 = self.runs.iter().map(|run| u64::from(run.live())).sum();
        sealed.saturating_sub(indexed)
    }

    /// Whether what is sealed at `position` is in a run.
    pub(crate) fn covers(&self, position: Position) -> bool {
        self.covered
            .is_some_and(|(from, upto)| from <= position && position <= upto)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shard(name: u128, from: &str, continues: bool) -> TermShard {
        TermShard {
            name,
            from: from.into(),
            continues,
        }
    }

    fn run() -> Run {
        Run {
            documents: 900,
            kept: 800,
            newest: Position { rank: 9, hash: 1 },
            oldest: Position { rank: -2, hash: 7 },
            struck: vec![0, 3, 850],
            terms: vec![
                shard(1, "", false),
                shard(2, "ca", false),
                shard(3, "the", false),
                shard(4, "the", true),
                shard(5, "thes", false),
            ],
            records: vec![(0, 6), (400, 7)],
        }
    }

    #[test]
    fn an_index_comes_back() {
        let index = Index {
            covered: Some((Position::MIN, Position { rank: 9, hash: 1 })),
            runs: vec![run(), run()],
        };
        let pieces = index.encode();
        let decode = |pieces: &[Vec<u8>]| Index::decode(pieces.iter().map(Vec::as_slice));
        assert_eq!(decode(&pieces), index);
        assert_eq!(run().live(), 798);
        for end in 0..pieces[1].len() {
            let _ = decode(&[pieces[0].clone(), pieces[1][..end].to_vec()]);
        }
        assert_eq!(decode(&[]), Index::default());
        assert_eq!(decode(&[vec![1, 2]]), Index::default());
    }

    #[test]
    fn terms_are_looked_for_where_they_can_be() {
        let of = |term: &str, prefix| run().shards_of(term.as_bytes(), prefix);
        assert_eq!(of("a", false), 0..1);
        assert_eq!(of("ca", false), 1..2);
        assert_eq!(of("dog", false), 1..2);
        assert_eq!(of("the", false), 2..4, "in two values");
        assert_eq!(of("then", false), 3..4);
        assert_eq!(of("zebra", false), 4..5);
        assert_eq!(of("c", true), 0..2);
        assert_eq!(of("the", true), 2..5);
        assert_eq!(of("th", true), 1..5);
        assert_eq!(of("zz", true), 4..5);
    }
}
