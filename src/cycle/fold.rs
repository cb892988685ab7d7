//! Puts what the sources answered onto what is published.

use std::collections::BTreeMap;

use crate::fetch::Validators;
use crate::fold::{Edit, Fold, Folded, GivenUp, Memory, SourceState};
use crate::host::{Host, Kv};
use crate::page::SourceHealth;
use crate::slice::{Head, Row};
use crate::time::Timestamp;

use super::ask::Answer;
use super::engagement::Counted;
use super::load::catch_up;
use super::run::Run;
use super::sync::basis;
use super::{CycleError, SourceRun, due, health};

/// What a fold came to, to be laid out and published.
pub(super) struct Outcome {
    pub(super) rows: Vec<Row>,
    pub(super) edits: Vec<Edit>,
    pub(super) health: Vec<SourceHealth>,
    /// Points and comments of the documents of this run.
    pub(super) counted: Vec<Counted>,
}

impl<'a, H: Host> Run<'a, H> {
    /// What answers are to be put onto: what is published, and what is remembered of it.
    pub(super) async fn begin_fold<K: Kv>(&mut self, kv: &K) -> Result<Fold<'a>, CycleError> {
        let mut memory = std::mem::take(&mut self.state.memory);
        self.remember(kv, &mut memory).await?;
        let head = self.loaded.head.as_ref();
        Ok(Fold::new(self.config, self.now, head, memory)?)
    }

    /// Puts all answers onto what is published, and lets go of each. Sources and state are brought up to date on the way.
    pub(super) fn fold(&mut self, mut fold: Fold<'_>, answers: BTreeMap<usize, Answer>) -> Outcome {
        let published = self
            .loaded
            .head
            .as_ref()
            .map(Head::health)
            .unwrap_or_default();
        let mut healths = health::carried(self.config, &published);
        let mut counted = Vec::new();
        for (index, answer) in answers {
            let (Some(source), Some(health)) =
                (self.config.sources.get(index), healths.get_mut(index))
            else {
                continue;
            };
            let known = self.state.sources.entry(source.id.clone()).or_default();
            let before = known.clone();
            known.checked = Some(self.now);
            let mut run = SourceRun {
                id: source.id.clone(),
                outcome: "unchanged",
                entries: 0,
                error: None,
            };
            match answer {
                Answer::Unchanged(validators) => {
                    succeeded(known, &validators, due::after_success(source, self.now));
                    health::well(health, None, self.now);
                }
                Answer::Fresh(validators, sifted) => {
                    let (link, read) = (sifted.link.clone(), sifted.read);
                    let mut folded: Folded = fold.document(source, sifted);
                    if !folded.engagement.is_empty() {
                        counted.push(Counted {
                            source: source.id.clone(),
                            before: before.validators.clone(),
                            counts: std::mem::take(&mut folded.engagement),
                        });
                    }
                    succeeded(known, &validators, due::after_success(source, self.now));
                    known.basis = basis(&validators);
                    known.adopts_undated &= read == 0;
                    health::well(health, Some((link.as_deref(), &folded)), self.now);
                    run.outcome = "fresh";
                    run.entries = read;
                    self.report.added += folded.added;
                    self.report.changed += folded.changed;
                }
                Answer::Failed(failure) => {
                    known.failures = known.failures.saturating_add(1);
                    known.error_kind = Some(failure.kind.clone());
                    known.failing_since = known.failing_since.or(Some(self.now));
                    let random = self.host.random_u64();
                    let due = due::after_failure(
                        source,
                        known.failures,
                        failure.not_before,
                        self.now,
                        random,
                    );
                    known.due = Some(due);
                    health::failing(health, &failure, &before, self.now);
                    run.outcome = "failed";
                    run.error = Some(failure.message);
                }
            }
            self.report.sources.push(run);
        }
        let (rows, edits, memory) = fold.finish();
        self.state.memory = memory;
        Outcome {
            rows,
            edits,
            health: healths,
            counted,
        }
    }

    /// Brings the memory of sealed items up to what the head has sealed.
    async fn remember<K: Kv>(&mut self, kv: &K, memory: &mut Memory) -> Result<(), CycleError> {
        let Some(head) = &self.loaded.head else {
            return Ok(());
        };
        let sealed = head.sealed_upto();
        if sealed == self.state.sealed_upto || sealed.is_none() {
            return Ok(());
        }
        let caught_up = catch_up(kv, head, self.state.sealed_upto, memory, self.now).await?;
        self.report.notes.push(format!(
            "what is sealed was read back from {} segments",
            caught_up.segments
        ));
        self.report.notes.extend(caught_up.skipped);
        if let Some(rank) = caught_up.unread_upto {
            for source in self.state.sources.values_mut() {
                source.give_up(GivenUp {
                    upto: Some(rank),
                    listed_undated: true,
                });
            }
        }
        self.state.sealed_upto = sealed;
        Ok(())
    }
}

fn succeeded(known: &mut SourceState, validators: &Validators, due: Timestamp) {
    known.validators = validators.clone();
    known.due = Some(due);
    known.failures = 0;
    known.error_kind = None;
    known.failing_since = None;
}
