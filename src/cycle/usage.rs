//! What cycles take of a day's reads and requests: for the report, nothing is refused.
//!
//! It is stored inside heads and states, at no write of its own. Runs that write nothing are therefore not counted: what
//! is known is at least what was used.

use std::collections::BTreeMap;

use serde::Serialize;

use super::ledger::DAY_SECS;
use crate::config::Config;
use crate::slice::Usage;
use crate::time::Timestamp;

/// Keys that a run reads at least: head, state and configuration.
const READS_PER_RUN: u64 = 3;

/// Of the current UTC day, by cycles, as far as was stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Today {
    /// Store writes. Never too few.
    pub writes: u32,
    /// Store reads, at least.
    pub reads: u64,
    /// Requests to sources, at least.
    pub requests: u64,
}

/// What a whole day takes where each source is asked when it is due and nothing fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Expected {
    /// Runs.
    pub runs: u64,
    /// Store reads, at least.
    pub reads: u64,
    /// Requests to sources; redirects are not in it.
    pub requests: u64,
}

/// What head and state know of the day of `now`. Each holds all that its run knew, so the larger one does.
pub(super) fn known(now: Timestamp, head: Usage, state: Usage) -> Usage {
    let day = now.utc_day();
    let today = |usage: Usage| {
        if usage.day == day {
            usage
        } else {
            Usage::default()
        }
    };
    let (head, state) = (today(head), today(state));
    Usage {
        day,
        reads: head.reads.max(state.reads),
        requests: head.requests.max(state.requests),
    }
}

/// With one more run.
pub(super) fn and(known: Usage, reads: u32, requests: usize) -> Usage {
    Usage {
        day: known.day,
        reads: known.reads.saturating_add(u64::from(reads)),
        requests: known.requests.saturating_add(requests as u64),
    }
}

/// Sources of one rhythm are due together, in as many runs as their number takes.
pub(super) fn expected(config: &Config) -> Expected {
    let mut rhythms: BTreeMap<u64, u64> = BTreeMap::new();
    for source in &config.sources {
        *rhythms.entry(source.every_s.max(1)).or_default() += 1;
    }
    let per_run = config.source_requests_per_run() as u64;
    let day_s = DAY_SECS.unsigned_abs();
    let (mut runs, mut requests) = (0, 0);
    for (every_s, sources) in rhythms {
        let times = day_s.div_ceil(every_s);
        runs += times * sources.div_ceil(per_run);
        requests += times * sources;
    }
    Expected {
        runs,
        reads: runs * READS_PER_RUN,
        requests,
    }
}

/// Where a day at the configured rhythm takes more than `[budget]` says, for people.
pub(super) fn notes(config: &Config) -> Vec<String> {
    let expected = expected(config);
    let budget = &config.budget;
    let pairs = [
        (
            "reads",
            "reads_per_day",
            expected.reads,
            budget.reads_per_day,
        ),
        (
            "requests to sources",
            "requests_per_day",
            expected.requests,
            budget.requests_per_day,
        ),
    ];
    let over = pairs
        .into_iter()
        .filter_map(|(what, key, expected, budget)| {
            let budget = budget.filter(|budget| expected > *budget)?;
            Some(format!(
                "a day takes about {expected} {what} at this rhythm, and [budget] {key} is {budget}: raise `every`, or leave sources out"
            ))
        });
    over.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_worked_out_from_the_rhythm() {
        let mut config = crate::cycle::tests::config(&["a", "a2", "b"]);
        config.sources[2].every_s = 7200;
        let expected_day = Expected {
            runs: 96 + 12,
            reads: 324,
            requests: 204,
        };
        assert_eq!(expected(&config), expected_day);
        config.limits.requests_per_run = 1;
        assert_eq!(expected(&config).runs, 204);
        assert!(notes(&config).is_empty());
        config.budget.requests_per_day = Some(203);
        config.budget.reads_per_day = Some(612);
        let notes = notes(&config);
        assert!(
            notes.len() == 1 && notes[0].contains("204 requests"),
            "{notes:?}"
        );
    }
}
