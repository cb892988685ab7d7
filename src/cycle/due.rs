//! Which sources a run asks, and when each is to be asked again.

use crate::config::{Config, Source};
use crate::fold::{SourceState, State};
use crate::time::Timestamp;

use super::{Round, Scope};

/// Longest wait after failures, in milliseconds, unless the source is asked less often anyway.
pub(crate) const BACKOFF_MAX_MS: i64 = 24 * 60 * 60 * 1000;
/// Shortest wait after a failure, in milliseconds.
const BACKOFF_MIN_MS: i64 = 60 * 1000;
/// A source is due this much early, in milliseconds, so that a scheduler with the same rhythm never just misses it.
const EARLY_MAX_MS: i64 = 30 * 1000;

/// What to ask now.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Plan {
    /// Indexes into the configuration's sources: the longest unasked first.
    pub(crate) ask: Vec<usize>,
    /// Due, but beyond what one run may ask.
    pub(crate) left: usize,
}

/// Picks the due sources (or all), the longest unasked first, so that the next run goes on where this one stops.
/// What the `round` has finished is not asked again.
pub(crate) fn plan(
    config: &Config,
    state: &State,
    now: Timestamp,
    scope: Scope,
    round: Option<&Round>,
) -> Plan {
    let known = |source: &Source| state.sources.get(&source.id);
    // When a source was asked last, and its index.
    let mut due: Vec<(i64, usize)> = config
        .sources
        .iter()
        .enumerate()
        .filter(|(index, _)| round.is_none_or(|round| !round.has(*index)))
        .filter(|(_, source)| {
            scope == Scope::All || known(source).is_none_or(|state| is_due(source, state, now))
        })
        .map(|(index, source)| {
            let checked = known(source).and_then(|state| state.checked);
            (checked.map_or(i64::MIN, |at| at.0), index)
        })
        .collect();
    due.sort_unstable();
    let asked_max = config.source_requests_per_run();
    let left = due.len().saturating_sub(asked_max);
    let ask = due.into_iter().take(asked_max).map(|(_, index)| index);
    Plan {
        ask: ask.collect(),
        left,
    }
}

fn is_due(source: &Source, state: &SourceState, now: Timestamp) -> bool {
    let early = EARLY_MAX_MS.min(every_ms(source) / 10);
    // Nothing that answered is put off for longer than its interval, unless by a clock that was ahead.
    let latest = match state.failures {
        0 => now.plus_millis(every_ms(source)),
        _ => Timestamp(i64::MAX),
    };
    state
        .due
        .is_none_or(|due| now.plus_millis(early) >= due || due > latest)
}

fn every_ms(source: &Source) -> i64 {
    i64::try_from(source.every_s.saturating_mul(1000)).unwrap_or(i64::MAX)
}

/// When a source that answered is due again.
pub(crate) fn after_success(source: &Source, now: Timestamp) -> Timestamp {
    now.plus_millis(every_ms(source))
}

/// When a source that failed (for the `failures`th time in a row) is due again: its interval, doubled with each failure,
/// at most a day, less up to a quarter by `random`; never before `not_before`, unless that is more than a day away.
pub(crate) fn after_failure(
    source: &Source,
    failures: u32,
    not_before: Option<Timestamp>,
    now: Timestamp,
    random: u64,
) -> Timestamp {
    let every = every_ms(source);
    let cap = BACKOFF_MAX_MS.max(every);
    let doubled = every
        .max(BACKOFF_MIN_MS)
        .saturating_mul(1 << failures.saturating_sub(1).min(20));
    let wait = doubled.min(cap);
    let jitter = i64::try_from(random % 256).unwrap_or(0) * (wait / 1024);
    let backoff = now.plus_millis(wait - jitter);
    let asked = not_before.map(|at| at.min(now.plus_millis(cap)));
    asked.map_or(backoff, |at| at.max(backoff))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::SourceKind;

    fn source(every_s: u64) -> Source {
        Source {
            id: "a".into(),
            title: "A".into(),
            url: "https://a.example/".into(),
            kind: SourceKind::Feed,
            category: "c".into(),
            tags: Vec::new(),
            every_s,
            headers: std::collections::BTreeMap::new(),
            include: Vec::new(),
            mute: Vec::new(),
            timeout_ms: None,
            body_bytes_max: None,
        }
    }

    #[test]
    fn waits_double_up_to_a_day_and_respect_retry_after() {
        let now = Timestamp::from_secs(1_790_000_000);
        let wait = |failures, not_before| {
            (after_failure(&source(900), failures, not_before, now, 0).0 - now.0) / 1000
        };
        assert_eq!(
            [1, 2, 3, 4].map(|failures| wait(failures, None)),
            [900, 1800, 3600, 7200]
        );
        assert_eq!(wait(40, None), 86_400);
        assert_eq!(wait(1, Some(now.plus_millis(5_000_000))), 5_000);
        assert_eq!(
            wait(1, Some(now.plus_millis(i64::MAX / 2))),
            86_400,
            "at most a day"
        );
        let jittered = after_failure(&source(900), 1, None, now, u64::MAX).0 - now.0;
        assert!((675_000..900_000).contains(&jittered), "{jittered}");
        assert_eq!(
            (after_failure(&source(200_000), 9, None, now, 0).0 - now.0) / 1000,
            200_000
        );
    }
}
