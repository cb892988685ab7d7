//! Asks the sources and reads what they answer.

use std::collections::BTreeMap;

use crate::config::{Config, Source};
use crate::fetch::{self, Job, Outcome, Validators};
use crate::fold::State;
use crate::host::Host;
use crate::parse::{self, Parsed};
use crate::time::Timestamp;

/// What came of asking one source.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    /// Nothing new.
    Unchanged(Validators),
    /// A document, read.
    Fresh(Validators, Parsed),
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
/// in the configuration's order whoever was quicker, and how many requests were sent.
pub(crate) async fn ask<H: Host>(
    host: &H,
    config: &Config,
    state: &State,
    ask: &[usize],
) -> (BTreeMap<usize, Answer>, usize) {
    let sources: Vec<(usize, &Source)> = ask
        .iter()
        .filter_map(|index| config.sources.get(*index).map(|source| (*index, source)))
        .collect();
    let validators = |source: &Source| {
        state
            .sources
            .get(&source.id)
            .map(|known| known.validators.clone())
    };
    let jobs: Vec<Job<'_>> = sources
        .iter()
        .map(|(_, source)| Job {
            source,
            validators: validators(source).unwrap_or_default(),
        })
        .collect();
    let mut answers = BTreeMap::new();
    let mut each = |job: usize, outcome: Outcome| {
        if let Some((index, source)) = sources.get(job) {
            answers.insert(*index, read(outcome, source, config));
        }
    };
    let requests_max = config.source_requests_per_run();
    let requests = fetch::fetch_all(host, &jobs, config, requests_max, &mut each).await;
    (answers, requests)
}

fn read(outcome: Outcome, source: &Source, config: &Config) -> Answer {
    match outcome {
        Outcome::Unchanged { validators } => Answer::Unchanged(validators),
        Outcome::Failed(error) => Answer::Failed(Failure {
            kind: error.kind.to_owned(),
            message: error.message,
            not_before: error.not_before,
        }),
        Outcome::Fresh(document) => match parse::parse(&document, source, &config.limits) {
            Ok(parsed) => Answer::Fresh(document.validators, parsed),
            // The validators are not kept: a 304 would make a broken document look well.
            Err(error) => Answer::Failed(Failure {
                kind: error.kind.to_owned(),
                message: error.message,
                not_before: None,
            }),
        },
    }
}
