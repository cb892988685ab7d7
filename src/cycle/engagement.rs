//! Points and comments: gathered from the documents of a run, stored in one value when that is due.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::RunOutcome;
use super::fold::Outcome;
use super::ledger::{DAY_SECS, between_days};
use super::run::Run;
use crate::config::{Budget, Config, Source, SourceKind};
use crate::fetch::Validators;
use crate::host::{Host, Kv, KvError, Level, Precondition, Version};
use crate::item::Engagement;
use crate::ordered::Inserted;
use crate::slice::{ENGAGEMENT_ITEMS_MAX, Head, Position, Row, Snapshot, encode_snapshot, keys};
use crate::time::Timestamp;

/// The part of the day's write budget that counts may take: one in this many.
const SHARE: u32 = 8;

/// What became of the counts that a run has seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum EngagementRun {
    /// Stored: readers see them.
    Stored,
    /// As they were stored before.
    Unchanged,
    /// New ones wait until they may be stored; their sources are asked for the whole document until then.
    Waiting,
}

/// Counts of one source's document.
pub(super) struct Counted {
    /// [`crate::config::Source::id`].
    pub(super) source: String,
    /// What was known before this document.
    pub(super) before: Validators,
    /// By the hash of the entry's identity.
    pub(super) counts: Vec<(u64, Engagement)>,
}

/// Counts that are to be stored.
pub(super) struct Pending {
    counts: BTreeMap<Position, Engagement>,
    version: Option<Version>,
    /// When the stored ones were stored.
    stored: Option<Timestamp>,
}

/// Seconds between two snapshots at least: as configured, and never more than the share of the budget.
pub(super) fn apart_s(budget: &Budget) -> i64 {
    let share = i64::from(budget.cycle_writes_per_day() / SHARE).max(2);
    let every = i64::try_from(budget.engagement_every_s).unwrap_or(i64::MAX);
    every.max(DAY_SECS.div_euclid(share - 1) + 1)
}

/// The writes of a day that heads, seals and states may take: what snapshots may need is set aside, because they are
/// counted nowhere.
pub(super) fn writes_per_day(config: &Config) -> u32 {
    let budget = &config.budget;
    if !config.sources.iter().any(counts) {
        return budget.cycle_writes_per_day();
    }
    let snapshots = DAY_SECS / apart_s(budget) + 1;
    let snapshots = u32::try_from(snapshots).unwrap_or(u32::MAX);
    budget.cycle_writes_per_day().saturating_sub(snapshots)
}

/// Whether `source` has points or comments.
fn counts(source: &Source) -> bool {
    matches!(&source.kind, SourceKind::Json(map) if map.points.is_some() || map.comments.is_some())
}

impl<H: Host> Run<'_, H> {
    /// Where the stored counts are damaged, has their sources asked for whole documents: what answers that nothing has changed
    /// would leave them as they are. Says which sources these are.
    ///
    /// # Errors
    /// Where the store fails.
    pub(super) async fn look_at_counts<K: Kv>(&mut self, kv: &K) -> Result<Vec<String>, KvError> {
        let counting: Vec<&Source> = self.config.sources.iter().filter(|of| counts(of)).collect();
        if counting.is_empty() {
            return Ok(Vec::new());
        }
        let Some(stored) = kv.get(keys::ENGAGEMENT).await? else {
            return Ok(Vec::new());
        };
        if Snapshot::open(stored.value).is_ok_and(|snapshot| snapshot.counts().is_ok()) {
            return Ok(Vec::new());
        }
        let mut asked = Vec::new();
        for source in counting {
            if let Some(known) = self.state.sources.get_mut(&source.id) {
                known.validators = Validators::default();
                known.due = None;
                asked.push(source.id.clone());
            }
        }
        Ok(asked)
    }

    /// Puts the counts of this run onto the stored ones. Where that changes them, what is remembered of the sources'
    /// documents stays as it was: until the counts are stored the documents are wanted whole.
    pub(super) async fn gather_engagement<K: Kv>(
        &mut self,
        kv: &K,
        folded: &Outcome,
    ) -> Option<Pending> {
        if folded.counted.is_empty() {
            return None;
        }
        let mut pending = match self.stored_counts(kv).await {
            Ok(pending) => pending,
            Err(error) => {
                self.host
                    .log(Level::Warn, &format!("no engagement counts: {error}"));
                self.want_whole(&folded.counted);
                return None;
            }
        };
        let before = pending.counts.clone();
        let unsealed = by_hash(&folded.rows);
        for counted in &folded.counted {
            for (hash, counts) in &counted.counts {
                let place = unsealed
                    .get(hash)
                    .copied()
                    .or_else(|| self.state.memory.position(*hash));
                if let Some(place) = place {
                    pending.counts.insert(place, *counts);
                }
            }
        }
        if let Some(dropped) = self.loaded.head.as_ref().and_then(Head::dropped_upto) {
            pending.counts.retain(|place, _| *place > dropped);
        }
        while pending.counts.len() > ENGAGEMENT_ITEMS_MAX {
            pending.counts.pop_first();
        }
        if pending.counts == before && pending.version.is_some() {
            self.report.engagement = Some(EngagementRun::Unchanged);
            return None;
        }
        self.want_whole(&folded.counted);
        Some(pending)
    }

    async fn stored_counts<K: Kv>(&self, kv: &K) -> Result<Pending, KvError> {
        let Some(entry) = kv.get(keys::ENGAGEMENT).await? else {
            return Ok(Pending {
                counts: BTreeMap::new(),
                version: None,
                stored: None,
            });
        };
        // One that can't be read is made anew.
        let snapshot = Snapshot::open(entry.value).ok();
        let counts = snapshot.as_ref().and_then(|stored| stored.counts().ok());
        Ok(Pending {
            stored: counts.as_ref().and(snapshot).map(|stored| stored.updated()),
            counts: counts.unwrap_or_default(),
            version: Some(entry.version),
        })
    }

    fn want_whole(&mut self, counted: &[Counted]) {
        for counted in counted {
            if let Some(known) = self.state.sources.get_mut(&counted.source) {
                known.validators.clone_from(&counted.before);
            }
        }
    }

    /// Stores counts that have changed, if it is time and the budget has room. That it failed costs no run.
    pub(super) async fn store_engagement<K: Kv>(&mut self, kv: &K, pending: Option<Pending>) {
        let Some(pending) = pending else {
            return;
        };
        self.report.engagement = Some(EngagementRun::Waiting);
        let apart_ms = apart_s(&self.config.budget).saturating_mul(1000);
        let due = pending
            .stored
            .is_none_or(|stored| self.now.0.saturating_sub(stored.0) >= apart_ms);
        let landed = matches!(
            self.report.outcome,
            RunOutcome::Published | RunOutcome::Unchanged
        );
        let now = self.host.time().await;
        if !due || !landed || between_days(now) || self.is_budget_short(now) {
            return;
        }
        let value = encode_snapshot(self.now, &pending.counts);
        let when = pending
            .version
            .map_or(Precondition::Absent, Precondition::Version);
        match kv.put(keys::ENGAGEMENT, value, when, None).await {
            Ok(_) => {
                self.report.engagement = Some(EngagementRun::Stored);
                if self.host.purges() {
                    self.drop_answers(BTreeSet::from(["engagement".to_owned()]))
                        .await;
                }
            }
            Err(error) => self.host.log(
                Level::Warn,
                &format!("the engagement counts were not stored: {error}"),
            ),
        }
    }

    fn is_budget_short(&self, now: Timestamp) -> bool {
        let purse = self.purse(now);
        purse.left() == 0 || purse.pace_ms().is_some()
    }
}

fn by_hash(rows: &[Row]) -> BTreeMap<u64, Position> {
    rows.iter()
        .map(|row| (row.position.hash, row.position))
        .inserted()
}
