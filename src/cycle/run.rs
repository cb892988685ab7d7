//! One run, step by step.

use crate::config::Config;
use crate::fold::{SourceState, State};
use crate::host::{Capabilities, Host, Kv};
use crate::publish::{CountingKv, Mended, Place};
use crate::slice::{Head, Ledger, Usage};
use crate::store::PatientKv;
use crate::time::Timestamp;

use super::alert::Alarm;
use super::ask::ask;
use super::load::{Loaded, load};
use super::sync::{sync, void_purged};
use super::{CycleError, KvCounts, Report, Round, RunOutcome, Scope, Today, due, usage};

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
    let (report, _) = run_with(host, config, scope, round, None).await?;
    Ok(report)
}

/// As [`run`]; with `look` it asks no source, and looks for lost values from there on instead.
pub(super) async fn run_with<H: Host>(
    host: &H,
    config: &Config,
    scope: Scope,
    round: Option<Round>,
    look: Option<Place>,
) -> Result<(Report, Option<Mended>), CycleError> {
    let patient = PatientKv::new(host);
    let kv = CountingKv::new(&patient);
    let now = host.time().await;
    let loaded = load(host, &kv, now).await?;
    let mut state = loaded.state.clone();
    sync(config, &mut state, loaded.head.as_ref());
    let purged = void_purged(config, &mut state, &loaded.control);
    let carried = round.is_some();
    let mut round = round.unwrap_or_default().at(now, config);
    let plan = match look {
        None => due::plan(config, &state, now, scope, Some(&round)),
        Some(_) => due::Plan::default(),
    };
    let idle = look.is_none() && scope == Scope::Due && plan.ask.is_empty() && round.is_new();
    let early = idle && note_early_call(&mut state, now);
    let usage_before = usage::known(
        now,
        loaded.head.as_ref().map(Head::usage).unwrap_or_default(),
        loaded.state.usage,
    );
    let mut run = Run {
        host,
        config,
        now,
        left: plan.left,
        carried,
        early,
        asked: false,
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
            requests: 0,
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
        look,
        mended: None,
        loaded,
        state,
    };
    if run.look.is_some() && run.loaded.head.is_none() {
        // Nothing is published that could be lost.
        run.report.kv = kv.counts();
        return Ok((run.report, Some(Mended::default())));
    }
    let mut counted_anew = Vec::new();
    if run.look == Some(Place::start()) {
        counted_anew = run.look_at_counts(&kv).await?;
        run.purged |= !counted_anew.is_empty();
    }
    let spent_before = run.purse(now).writes();
    let store = kv.capabilities();
    if run.loaded.head.is_none() || !(store.swap || store.increment) {
        run.report.notes = store_notes(store);
    }
    run.report.notes.extend(usage::notes(config));
    run.report.notes.extend(run.loaded.restored.clone());
    let fold = run.begin_fold(&kv).await?;
    let (answers, requests) = ask(host, config, &run.state, &fold, &plan.ask).await;
    round.finish(answers.keys().copied());
    run.left += plan.ask.len() - answers.len();
    run.asked = !answers.is_empty();
    run.report.requests = requests;
    let folded = run.fold(fold, answers);
    run.watch(&folded.health).await;
    let counts = run.gather_engagement(&kv, &folded).await;
    run.usage = usage::and(run.usage, kv.counts().reads, requests);
    run.report.outcome = run.publish(&kv, folded).await?;
    run.store_engagement(&kv, counts).await;
    run.note_counted_anew(counted_anew);
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
    Ok((run.report, run.mended))
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
    /// Lost values are looked for from here on.
    pub(super) look: Option<Place>,
    /// What came of that, where nothing stood in the way of it.
    pub(super) mended: Option<Mended>,
    pub(super) report: Report,
}

impl<H: Host> Run<'_, H> {
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
