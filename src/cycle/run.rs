//! One run, step by step.

use std::collections::BTreeMap;

use crate::config::Config;
use crate::fold::{Edit, Fold, Folded, Memory, SourceState, State};
use crate::host::{Capabilities, Host, Kv};
use crate::page::SourceHealth;
use crate::publish::CountingKv;
use crate::slice::{Head, Ledger, Row, Usage};
use crate::time::Timestamp;

use super::alert::Alarm;
use super::ask::{Answer, ask};
use super::engagement::Counted;
use super::load::{Loaded, catch_up, load};
use super::sync::{basis, sync, void_purged};
use super::{
    CycleError, KvCounts, Report, Round, RunOutcome, Scope, SourceRun, Today, due, health, usage,
};

/// Runs one cycle, or as much of it as the limits allow: the next call goes on with what is [`Report::left`].
///
/// # Errors
/// Where the store can't be read or written. A failing source is no error: see [`SourceRun`].
pub(super) async fn run<H: Host>(
    host: &H,
    config: &Config,
    scope: Scope,
    round: Option<Round>,
) -> Result<Report, CycleError> {
    let kv = CountingKv::new(host.kv());
    let now = host.time().await;
    let loaded = load(host, &kv).await?;
    let mut state = loaded.state.clone();
    sync(config, &mut state, loaded.head.as_ref());
    let purged = void_purged(config, &mut state, &loaded.control);
    let carried = round.is_some();
    let mut round = round.unwrap_or_default().at(now, config);
    let plan = due::plan(config, &state, now, scope, Some(&round));
    let idle = scope == Scope::Due && plan.ask.is_empty() && round.is_new();
    let early = idle && note_early_call(&mut state, now);
    let (answers, requests) = ask(host, config, &state, &plan.ask).await;
    round.finish(answers.keys().copied());
    let usage_before = usage::known(
        now,
        loaded.head.as_ref().map(Head::usage).unwrap_or_default(),
        loaded.state.usage,
    );
    let mut run = Run {
        host,
        config,
        now,
        left: plan.left + plan.ask.len() - answers.len(),
        carried,
        early,
        asked: !answers.is_empty(),
        purged,
        report: Report {
            outcome: RunOutcome::Unchanged,
            generation: loaded.head.as_ref().map_or(0, Head::generation),
            added: 0,
            changed: 0,
            sources: Vec::new(),
            left: 0,
            round: None,
            next_due: None,
            requests,
            engagement: None,
            alerts: None,
            kv: KvCounts::default(),
            today: Today {
                writes: 0,
                reads: 0,
                requests: 0,
            },
            notes: Vec::new(),
        },
        usage: usage_before,
        alarm: Alarm::default(),
        stored: false,
        published: None,
        loaded,
        state,
    };
    let spent_before = run.purse(now).writes();
    let store = kv.capabilities();
    if run.loaded.head.is_none() || !(store.swap || store.increment) {
        run.report.notes = store_notes(store);
    }
    run.report.notes.extend(usage::notes(config));
    let folded = run.fold(&kv, &answers).await?;
    run.watch(&folded.health).await;
    let counts = run.gather_engagement(&kv, &folded).await;
    run.usage = usage::and(run.usage, kv.counts().reads, requests);
    run.report.outcome = run.publish(&kv, folded).await?;
    run.store_engagement(&kv, counts).await;
    run.report.left = run.left;
    run.report.round = (run.left > 0).then(|| round.to_string());
    run.report.next_due = run.next_due();
    run.tell(&kv).await;
    run.report.kv = kv.counts();
    run.report.today = Today {
        writes: spent_before.saturating_add(run.report.kv.writes + run.report.kv.deletes),
        reads: run.usage.reads,
        requests: run.usage.requests,
    };
    Ok(run.report)
}

/// Nothing is due: the caller does not go by [`Report::next_due`], so check times are worth storing. Returns whether that
/// is news, which it is once a day.
fn note_early_call(state: &mut State, now: Timestamp) -> bool {
    let known = state
        .called_early
        .is_some_and(|at| now.0.saturating_sub(at.0) < EARLY_NEWS_MS);
    if !known {
        state.called_early = Some(now);
    }
    !known
}

/// How long it is news that calls come early, in milliseconds.
const EARLY_NEWS_MS: i64 = 24 * 60 * 60 * 1000;

/// The variable in which a host says more of its store, a line each: shown on the status page.
pub const STORE_NOTES: &str = "store_notes";

/// What the store can't promise, for people: for the first report, the status, and whoever starts a host.
#[must_use]
pub fn store_notes(store: Capabilities) -> Vec<String> {
    let note = match (store.swap, store.increment) {
        (true, _) => return Vec::new(),
        (false, true) => {
            "this store has no compare-and-swap: runs claim what they publish by a counter. One that dies holds its claim \
             for up to 7 minutes; one that stalls in its last write may undo another's, which later runs make good from \
             what the sources still offer"
        }
        (false, false) => {
            "this store has neither compare-and-swap nor counters: run one cycle at a time, or the later of two that \
             overlap undoes the other"
        }
    };
    vec![note.to_owned()]
}

/// A run under way.
pub(super) struct Run<'a, H> {
    pub(super) host: &'a H,
    pub(super) config: &'a Config,
    pub(super) now: Timestamp,
    pub(super) loaded: Loaded,
    pub(super) state: State,
    pub(super) left: usize,
    /// The caller carries what the round has finished.
    pub(super) carried: bool,
    /// It was noted that the caller comes before anything is due.
    pub(super) early: bool,
    pub(super) asked: bool,
    /// Reads and requests of the day, as far as known.
    pub(super) usage: Usage,
    /// What was known of a source was purged: to be remembered, or it would be purged again.
    pub(super) purged: bool,
    /// What is wrong and to be told.
    pub(super) alarm: Alarm,
    /// The state of this run is stored, at [`Loaded::state_version`].
    pub(super) stored: bool,
    /// What the head counts that this run has published.
    pub(super) published: Option<Ledger>,
    pub(super) report: Report,
}

/// What a fold came to, to be laid out and published.
pub(super) struct Outcome {
    pub(super) rows: Vec<Row>,
    pub(super) edits: Vec<Edit>,
    pub(super) health: Vec<SourceHealth>,
    /// Points and comments of the documents of this run.
    pub(super) counted: Vec<Counted>,
}

impl<H: Host> Run<'_, H> {
    /// Puts all answers onto what is published. Sources and state are brought up to date on the way.
    async fn fold<K: Kv>(
        &mut self,
        kv: &K,
        answers: &BTreeMap<usize, Answer>,
    ) -> Result<Outcome, CycleError> {
        let mut memory = std::mem::take(&mut self.state.memory);
        self.remember(kv, &mut memory).await?;
        let mut fold = Fold::new(self.config, self.now, self.loaded.head.as_ref(), memory)?;
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
                (self.config.sources.get(*index), healths.get_mut(*index))
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
                    succeeded(known, validators, due::after_success(source, self.now));
                    health::well(health, None, self.now);
                }
                Answer::Fresh(validators, parsed) => {
                    let mut folded: Folded = fold.document(source, parsed, known.forgotten_upto);
                    if !folded.engagement.is_empty() {
                        counted.push(Counted {
                            source: source.id.clone(),
                            before: before.validators.clone(),
                            counts: std::mem::take(&mut folded.engagement),
                        });
                    }
                    succeeded(known, validators, due::after_success(source, self.now));
                    known.basis = basis(validators);
                    health::well(health, Some((parsed, &folded)), self.now);
                    run.outcome = "fresh";
                    run.entries = parsed.entries.len();
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
                    health::failing(health, failure, &before, self.now);
                    run.outcome = "failed";
                    run.error = Some(failure.message.clone());
                }
            }
            self.report.sources.push(run);
        }
        let (rows, edits, memory) = fold.finish();
        self.state.memory = memory;
        Ok(Outcome {
            rows,
            edits,
            health: healths,
            counted,
        })
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
                source.forgotten_upto = source.forgotten_upto.max(Some(rank));
            }
        }
        self.state.sealed_upto = sealed;
        Ok(())
    }

    fn next_due(&self) -> Option<Timestamp> {
        let due = |known: &SourceState| known.due.unwrap_or(self.now).max(self.now);
        let next = self.state.sources.values().map(due).min();
        if self.left > 0 {
            next.map(|_| self.now)
        } else {
            next
        }
    }
}

fn succeeded(known: &mut SourceState, validators: &crate::fetch::Validators, due: Timestamp) {
    known.validators = validators.clone();
    known.due = Some(due);
    known.failures = 0;
    known.error_kind = None;
    known.failing_since = None;
}
