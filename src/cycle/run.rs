//! One run, step by step.

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::config::Config;
use crate::fold::{self, Fold, Folded, Memory, SourceState, State};
use crate::host::{Host, Kv, KvError, Level, Precondition};
use crate::page::SourceHealth;
use crate::publish::{self, CountingKv, Published};
use crate::slice::{Head, Ledger, Row, VALUE_BYTES_MAX, keys};
use crate::time::Timestamp;

use super::ask::{Answer, ask};
use super::frame::Frame;
use super::load::{Loaded, catch_up, load};
use super::{CycleError, KvCounts, Report, RunOutcome, Scope, SourceRun, due, health, now};

/// The state is stored at most this often, in milliseconds, unless something was sealed or sources were left.
const STATE_EVERY_MS: i64 = 60 * 60 * 1000;
const DAY_SECS: i64 = 24 * 60 * 60;

/// Runs one cycle.
///
/// # Errors
/// Where the store can't be read or written. A failing source is no error: see [`SourceRun`].
pub async fn run<H: Host>(host: &H, config: &Config, scope: Scope) -> Result<Report, CycleError> {
    let kv = CountingKv::new(host.kv());
    let now = now(host).await;
    let loaded = load(host, &kv).await?;
    let mut state = loaded.state.clone();
    sync_sources(config, &mut state);
    let plan = due::plan(config, &state, now, scope);
    let (answers, requests) = ask(host, config, &state, &plan.ask).await;
    let mut run = Run {
        host,
        config,
        now,
        left: plan.left + plan.ask.len() - answers.len(),
        asked: !answers.is_empty(),
        report: Report {
            outcome: RunOutcome::Unchanged,
            generation: loaded.head.as_ref().map_or(0, Head::generation),
            added: 0,
            changed: 0,
            sources: Vec::new(),
            left: 0,
            next_due: None,
            requests,
            kv: KvCounts::default(),
            notes: Vec::new(),
        },
        loaded,
        state,
    };
    let folded = run.fold(&kv, &answers).await?;
    run.report.outcome = run.publish(&kv, folded).await?;
    run.report.left = run.left;
    run.report.next_due = run.next_due();
    run.report.kv = kv.counts();
    Ok(run.report)
}

/// Forgets removed sources, and what is known of sources whose configuration has changed.
fn sync_sources(config: &Config, state: &mut State) {
    let mut old = std::mem::take(&mut state.sources);
    for source in &config.sources {
        let digest = digest(source);
        let mut known = old.remove(&source.id).unwrap_or_default();
        if known.digest != digest {
            known = SourceState {
                digest,
                forgotten_upto: known.forgotten_upto,
                ..SourceState::default()
            };
        }
        state.sources.insert(source.id.clone(), known);
    }
}

fn digest(source: &crate::config::Source) -> u64 {
    xxhash_rust::xxh3::xxh3_64(&serde_json::to_vec(source).unwrap_or_default())
}

struct Run<'a, H> {
    host: &'a H,
    config: &'a Config,
    now: Timestamp,
    loaded: Loaded,
    state: State,
    left: usize,
    asked: bool,
    report: Report,
}

/// What a fold came to, to be laid out and published.
struct Outcome {
    rows: Vec<Row>,
    edits: Vec<Row>,
    health: Vec<SourceHealth>,
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
                    let folded: Folded = fold.document(source, parsed, known.forgotten_upto);
                    succeeded(known, validators, due::after_success(source, self.now));
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
        let (unread, segments) = catch_up(kv, head, self.state.sealed_upto, memory).await?;
        self.report.notes.push(format!(
            "what is sealed was read back from {segments} segments"
        ));
        if let Some(rank) = unread {
            for source in self.state.sources.values_mut() {
                source.forgotten_upto = source.forgotten_upto.max(Some(rank));
            }
        }
        self.state.sealed_upto = sealed;
        Ok(())
    }

    async fn publish<K: Kv>(&mut self, kv: &K, folded: Outcome) -> Result<RunOutcome, CycleError> {
        let spent = self.spent();
        let left_today = self
            .config
            .budget
            .writes_per_day
            .saturating_sub(spent.writes) as usize;
        let head = self.loaded.head.clone();
        let frame = Frame {
            config: self.config,
            head: head.as_ref(),
            now: self.now,
        };
        let mut parts = frame.parts(folded.health);
        let sealed_before = frame.sealed_counts();
        let keep = publish::keep(&folded.rows, self.config.site.page_items);
        let (kept, sealed) = folded.rows.split_at(keep);
        let mut seal = publish::seal(kv, &mut parts.views, sealed, &folded.edits).await?;
        let waits = seal.writes.len() + 1 > left_today;
        if waits {
            // Sealing can wait as long as the head takes everything.
            parts.views = frame.parts(Vec::new()).views;
            parts.rows.clone_from(&folded.rows);
            seal = publish::Seal::default();
            frame.lay_out(&mut parts, sealed_before);
        } else {
            parts.rows = kept.to_vec();
            let sealed_now = frame.add_sealed(sealed_before, sealed);
            frame.lay_out(&mut parts, sealed_now);
            for row in sealed {
                self.state.memory.insert_row(row);
            }
        }
        let published = self.loaded.head.as_ref();
        let unchanged = published.is_some_and(|head| head.fold_hash() == parts.fold_hash);
        if !waits && !sealed.is_empty() {
            self.state.sealed_upto = sealed.first().map(|row| row.position);
        }
        // Without the state an edit of a sealed item would be taken for news again in the next run.
        let touched = !sealed.is_empty() || !folded.edits.is_empty();
        let state = self.state_to_save(touched, waits);
        let ledger = |writes: usize| Ledger {
            day: spent.day,
            writes: spent
                .writes
                .saturating_add(u32::try_from(writes).unwrap_or(u32::MAX)),
        };
        if unchanged {
            if state && left_today > 0 {
                self.save_state(kv, ledger(1)).await;
            }
            return Ok(RunOutcome::Unchanged);
        }
        let writes = seal.writes.len() + 1;
        let state = state && writes < left_today;
        parts.ledger = ledger(writes + usize::from(state));
        let head = parts.encode();
        if left_today == 0 || head.len() > VALUE_BYTES_MAX {
            self.host.log(
                Level::Warn,
                "the day's write budget is used up: what is new waits upstream",
            );
            return Ok(RunOutcome::Deferred);
        }
        let outcome = self.swap(kv, &seal.writes, &head).await?;
        if outcome == RunOutcome::Published {
            self.report.generation = parts.generation;
            if state {
                self.save_state(kv, parts.ledger).await;
            }
        }
        Ok(outcome)
    }

    async fn swap<K: Kv>(
        &self,
        kv: &K,
        values: &BTreeMap<String, Bytes>,
        head: &Bytes,
    ) -> Result<RunOutcome, CycleError> {
        match publish::publish(kv, values, head, self.loaded.head_version.clone()).await {
            Ok(Published::Visible) => Ok(RunOutcome::Published),
            Ok(Published::Conflict) => Ok(RunOutcome::Conflict),
            Err(error @ (KvError::QuotaExceeded | KvError::Throttled { .. })) => {
                self.host
                    .log(Level::Warn, &format!("publishing waits: {error}"));
                Ok(RunOutcome::Deferred)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Today's writes so far. Head and state may each know of some that the other does not.
    fn spent(&self) -> Ledger {
        let day = u32::try_from(self.now.as_secs().div_euclid(DAY_SECS)).unwrap_or(0);
        let head = self
            .loaded
            .head
            .as_ref()
            .map(Head::ledger)
            .unwrap_or_default();
        let ledgers = [head, self.state.ledger];
        let writes = ledgers
            .iter()
            .filter(|ledger| ledger.day == day)
            .map(|ledger| ledger.writes)
            .max();
        Ledger {
            day,
            writes: writes.unwrap_or(0),
        }
    }

    /// Whether the state is to be stored after this run.
    fn state_to_save(&mut self, touched: bool, waits: bool) -> bool {
        for (source, rank) in self.state.memory.trim(fold::MEMORY_ITEMS_MAX) {
            if let Some(known) = self.state.sources.get_mut(&source) {
                known.forgotten_upto = known.forgotten_upto.max(Some(rank));
            }
        }
        if waits {
            return false;
        }
        let due = self.now.0.saturating_sub(self.loaded.state.saved_at.0) >= STATE_EVERY_MS;
        // The last run of a round too: else its sources would count as unasked.
        self.state.goes_on = self.left > 0;
        let goes_on = self.asked && (self.left > 0 || self.loaded.state.goes_on);
        touched || goes_on || (due && self.state.essence() != self.loaded.state.essence())
    }

    /// Stores the state. That it could not be stored costs the next run a re-fetch, no more.
    async fn save_state<K: Kv>(&mut self, kv: &K, ledger: Ledger) {
        self.state.saved_at = self.now;
        self.state.ledger = ledger;
        let value = self.state.encode();
        if value.len() > VALUE_BYTES_MAX {
            self.host.log(
                Level::Warn,
                "the state is too large to be stored: sources are asked afresh",
            );
            return;
        }
        let when = self
            .loaded
            .state_version
            .clone()
            .map_or(Precondition::Absent, Precondition::Version);
        if let Err(error) = kv.put(keys::STATE, value, when, None).await {
            self.host
                .log(Level::Warn, &format!("the state was not stored: {error}"));
        }
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
