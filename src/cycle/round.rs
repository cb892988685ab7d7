//! What earlier runs of one round have finished, carried by the caller.
//!
//! A run that leaves sources says so, and the next call goes on. That a source was asked and had nothing new is stored
//! nowhere: an unchanged cycle writes nothing. So either the caller carries it from report to call, as this text, or the run
//! stores a checkpoint in the state.

use std::collections::BTreeSet;
use std::fmt;

use crate::config::Config;
use crate::time::Timestamp;

/// A round is given up after this long, in milliseconds: sources are due again by then, and a text kept by mistake must not
/// hide them for ever.
const ROUND_MS_MAX: i64 = 60 * 60 * 1000;
/// The text that begins a round.
const NEW: &str = "new";
/// Sources in one digit of the text.
const DIGIT_SOURCES: usize = 4;

/// The sources that a round has finished.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Round {
    /// When it began; `None` for one that is to begin.
    began: Option<Timestamp>,
    /// Of the sources that it counts: see [`digest`].
    digest: u64,
    /// Indexes into the configuration's sources.
    done: BTreeSet<usize>,
}

/// What is no round, for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("neither `new` nor the `round` of a report")]
pub struct NoRound;

impl Round {
    /// Reads `new`, or what [`Report::round`](super::Report::round) said.
    ///
    /// # Errors
    /// Where `text` is neither.
    pub fn parse(text: &str) -> Result<Self, NoRound> {
        if text == NEW {
            return Ok(Self::default());
        }
        let mut parts = text.split('-');
        let mut hex = || u64::from_str_radix(parts.next()?, 16).ok();
        let (began, digest) = hex().zip(hex()).ok_or(NoRound)?;
        let (Some(digits), None) = (parts.next(), parts.next()) else {
            return Err(NoRound);
        };
        let mut done = BTreeSet::new();
        for (place, digit) in digits.chars().enumerate() {
            let bits = digit.to_digit(16).ok_or(NoRound)?;
            let set = (0..DIGIT_SOURCES).filter(|bit| bits & (1 << bit) != 0);
            done.extend(set.map(|bit| place * DIGIT_SOURCES + bit));
        }
        Ok(Self {
            began: Some(Timestamp(i64::try_from(began).map_err(|_| NoRound)?)),
            digest,
            done,
        })
    }

    /// This round if it can go on `now` with the sources of `config`, else a new one.
    pub(super) fn at(self, now: Timestamp, config: &Config) -> Self {
        let digest = digest(config);
        let goes_on = self.digest == digest
            && self
                .began
                .is_some_and(|began| (0..=ROUND_MS_MAX).contains(&now.0.saturating_sub(began.0)));
        if goes_on {
            return self;
        }
        Self {
            began: Some(now),
            digest,
            done: BTreeSet::new(),
        }
    }

    /// Whether an earlier run has finished the source with this index.
    pub(super) fn has(&self, index: usize) -> bool {
        self.done.contains(&index)
    }

    /// Whether nothing is finished yet.
    pub(super) fn is_new(&self) -> bool {
        self.done.is_empty()
    }

    /// These are finished too.
    pub(super) fn finish(&mut self, indexes: impl Iterator<Item = usize>) {
        self.done.extend(indexes);
    }
}

impl fmt::Display for Round {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let began = self.began.unwrap_or_default().0;
        write!(f, "{began:x}-{:x}-", self.digest)?;
        let digits = self.done.last().map_or(0, |last| last / DIGIT_SOURCES + 1);
        for place in 0..digits {
            let bit = |bit: usize| u32::from(self.has(place * DIGIT_SOURCES + bit)) << bit;
            write!(f, "{:x}", (0..DIGIT_SOURCES).map(bit).sum::<u32>())?;
        }
        Ok(())
    }
}

/// Hash of the sources' ids in order: indexes of another configuration mean other sources.
fn digest(config: &Config) -> u64 {
    let mut hasher = xxhash_rust::xxh3::Xxh3::new();
    for source in &config.sources {
        hasher.update(source.id.as_bytes());
        hasher.update(&[0]);
    }
    hasher.digest()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_is_read_back_as_it_was_written() {
        let began = Timestamp(1_790_000_000_000);
        for done in [vec![0], vec![1, 4, 999], (0..25).collect(), Vec::new()] {
            let round = Round {
                began: Some(began),
                digest: 0xabc,
                done: done.into_iter().collect(),
            };
            assert_eq!(Round::parse(&round.to_string()), Ok(round));
        }
        assert!(Round::parse("new").unwrap().is_new());
        for text in [
            "",
            "old",
            "1-2",
            "1-2-3-4",
            "x-2-3",
            "1-2-g",
            "ffffffffffffffff-1-1",
        ] {
            assert_eq!(Round::parse(text), Err(NoRound), "{text}");
        }
    }

    #[test]
    fn a_round_goes_on_for_an_hour_with_the_same_sources() {
        let config = |ids: &[&str]| crate::cycle::tests::config(ids);
        let now = Timestamp(1_790_000_000_000);
        let site = config(&["a", "b"]);
        let mut round = Round::parse("new").unwrap().at(now, &site);
        round.finish([1].into_iter());
        let later = |ms| round.clone().at(now.plus_millis(ms), &site);
        assert!(later(ROUND_MS_MAX).has(1));
        assert!(later(ROUND_MS_MAX + 1).is_new());
        assert!(later(-1).is_new(), "a clock that was set back");
        assert!(round.at(now, &config(&["b", "a"])).is_new());
    }
}
