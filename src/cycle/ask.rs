//! Asks the sources and reads what they answer.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use crate::config::{Config, Source};
use crate::fetch::{self, Job, Outcome, Validators};
use crate::fold::{Fold, Forgotten, Sifted, State};
use crate::host::Host;
use crate::parse;
use crate::time::Timestamp;

/// News that one run takes in, in bytes of memory that its items take, give or take the document with which that is reached: what
/// comes on top (the index, answers under way) is as much again, and a guest has 128 MiB in all. The next run goes on.
pub(super) const NEWS_BYTES_MAX: usize = 28 << 20;

/// What came of asking one source.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    /// Nothing new.
    Unchanged(Validators),
    /// A document: what it brings.
    Fresh(Validators, Sifted),
    /// Nothing usable.
    Failed(Failure),
}

/// Why a source gave nothing usable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    /// A stable word.
    pub(crate) kind: String,
    /// For people.
    pub(crate) message: String,
    /// The upstream asked not to be asked again before this.
    pub(crate) not_before: Option<Timestamp>,
}

/// Asks the sources of `ask` (indexes into the configuration's). Returns the answers by index, so that they are folded
/// in the configuration's order whoever was quicker, and how many requests were sent. Of an answer no more is kept than `fold`
/// needs of it; once that is [`NEWS_BYTES_MAX`] over all answers, no further source is asked.
pub(crate) async fn ask<H: Host>(
    host: &H,
    config: &Config,
    state: &State,
    fold: &Fold<'_>,
    ask: &[usize],
) -> (BTreeMap<usize, Answer>, usize) {
    let sources: Vec<(usize, &Source)> = ask
        .iter()
        .filter_map(|index| config.sources.get(*index).map(|source| (*index, source)))
        .collect();
    let known = |source: &Source| state.sources.get(&source.id);
    let validators = |source| known(source).map(|known| known.validators.clone());
    let jobs: Vec<Job<'_>> = sources
        .iter()
        .map(|(_, source)| Job {
            source,
            validators: validators(source).unwrap_or_default(),
        })
        .collect();
    let mut answers = BTreeMap::new();
    let mut news_bytes = 0;
    let mut each = |job: usize, outcome: Outcome| {
        if let Some((index, source)) = sources.get(job) {
            let forgotten = known(source).map(Forgotten::of).unwrap_or_default();
            let answer = read(outcome, source, config, fold, forgotten);
            if let Answer::Fresh(_, sifted) = &answer {
                news_bytes += sifted.news_bytes;
            }
            answers.insert(*index, answer);
        }
        if news_bytes < NEWS_BYTES_MAX {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    };
    let requests_max = config.source_requests_per_run();
    let requests = fetch::fetch_all(host, &jobs, config, requests_max, &mut each).await;
    (answers, requests)
}

fn read(
    outcome: Outcome,
    source: &Source,
    config: &Config,
    fold: &Fold<'_>,
    forgotten: Forgotten,
) -> Answer {
    match outcome {
        Outcome::Unchanged { validators } => Answer::Unchanged(validators),
        Outcome::Failed(error) => Answer::Failed(Failure {
            kind: error.kind.to_owned(),
            message: error.message,
            not_before: error.not_before,
        }),
        Outcome::Fresh(document) => match parse::parse(&document, source, &config.limits) {
            Ok(parsed) => Answer::Fresh(document.validators, fold.sift(source, parsed, forgotten)),
            // The validators are not kept: a 304 would make a broken document look well.
            Err(error) => Answer::Failed(Failure {
                kind: error.kind.to_owned(),
                message: error.message,
                not_before: None,
            }),
        },
    }
}
