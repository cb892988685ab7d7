//! Finds out in a run what is wrong, has it stored, and tells it: never at the cost of what the run is for.

mod webhook;

use serde::Serialize;

use super::RunOutcome;
use super::claim::once_claimed;
use super::engagement;
use super::ledger::{DAY_SECS, Priority, Purse, between_days};
use super::load::Loaded;
use super::run::Run;
use crate::alert::{Gap, Incident, Kind, PULSE_MS, Record, conditions};
use crate::config::{Alerts, Config};
use crate::host::{Host, Kv, Level};
use crate::page::SourceHealth;
use crate::slice::Head;
use crate::time::Timestamp;
use webhook::Receiver;

/// The record has a write of its own at most this often, in milliseconds, and one more where an alert arrived.
const RECORD_EVERY_MS: i64 = 60 * 60 * 1000;

/// What a run did about alerts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct AlertsRun {
    /// Confirmed by the receiver.
    pub sent: usize,
    /// Not confirmed; sent again later.
    pub failed: usize,
    /// To be sent, now or later, those that failed among them.
    pub waiting: usize,
}

/// What is wrong, and who is told. Part of the [`Status`](super::Status).
#[derive(Debug, Clone, Serialize)]
pub struct AlertsStatus {
    /// There is a webhook to tell.
    pub sends: bool,
    /// Why nothing can be sent, though a webhook is set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// What is wrong, and what is over and still to be told.
    pub incidents: Vec<Incident>,
    /// When cycles began, where `[alerts] cycles_every` is set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cycles: Option<CyclesStatus>,
}

/// When cycles began, against how often they are meant to.
#[derive(Debug, Clone, Serialize)]
pub struct CyclesStatus {
    /// How often, in seconds.
    pub every_s: u64,
    /// The last one that left a trace; those without news do so once an hour.
    pub last: Option<Timestamp>,
    /// How far its begin was from the beat of the trace before, in seconds; negative: early.
    pub drift_s: i64,
    /// Cycles that did not begin, since this is recorded, at least.
    pub missed: u64,
    /// When, the newest first.
    pub gaps: Vec<Gap>,
    /// Seconds for which none has begun, at least, where that is too long.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub silent_s: Option<i64>,
}

/// What a run knows of alerts.
#[derive(Default)]
pub(super) struct Alarm {
    /// To be sent once the state that counts the attempt is stored.
    claimed: Vec<Incident>,
    receiver: Option<Receiver>,
    /// The record is worth a write, and the last one for its sake is long enough ago.
    pub(super) wants: bool,
}

impl<H: Host> Run<'_, H> {
    /// Brings the record up to date with what this run has found, and claims the alerts that are due.
    pub(super) async fn watch(&mut self, health: &[SourceHealth]) {
        let Some(alerts) = &self.config.alerts else {
            self.state.alerts = Record::default();
            return;
        };
        let now = self.now;
        let mut record = std::mem::take(&mut self.state.alerts);
        let pulse = self.listen(alerts, &mut record);
        let purse = once_claimed(self.host.kv(), self.purse(now));
        let found = found(alerts, health, &record, purse, now);
        record.update(&found, now);
        if record.is_due(now) {
            match Receiver::of(self.host, alerts).await {
                Ok(receiver) => self.alarm.receiver = receiver,
                Err(why) => self.report.notes.push(why),
            }
        }
        if self.alarm.receiver.is_some() {
            self.alarm.claimed = record.claim(now);
        }
        let due = now.0.saturating_sub(record.stored.0) >= RECORD_EVERY_MS;
        self.alarm.wants = due && (pulse || !self.alarm.claimed.is_empty());
        if self.alarm.wants {
            record.stored = now;
        }
        self.state.alerts = record;
    }

    /// Notes when this cycle began. Says whether it has to leave a trace.
    fn listen(&self, alerts: &Alerts, record: &mut Record) -> bool {
        let Some(every_s) = alerts.cycles_every_s else {
            record.rhythm = crate::alert::Rhythm::default();
            return false;
        };
        let published = self.loaded.head.as_ref().map(Head::updated);
        let rhythm = &mut record.rhythm;
        let (known, last) = (rhythm.every_s == every_s, rhythm.last(published));
        // Nothing was written since: what could have been written then, could have been at any time until that day's end.
        let could_write = self.purse(last).may(Priority::Alert, 1);
        if let Some(gap) = rhythm.begin(every_s, published, self.now, could_write)
            && alerts.on.iter().any(|on| on == "cycles")
        {
            record.missed(gap.from, gap.missed, self.now);
        }
        !known || self.now.0.saturating_sub(last.0) >= PULSE_MS
    }

    /// Sends what was claimed, once that is stored, and stores what arrived.
    pub(super) async fn tell<K: Kv>(&mut self, kv: &K) {
        let alarm = std::mem::take(&mut self.alarm);
        if alarm.wants && !self.stored {
            self.store_record(kv, &alarm.claimed).await;
        }
        let mut told = AlertsRun::default();
        if let Some(receiver) = alarm.receiver.filter(|_| self.stored) {
            let http = self.host.http();
            let sent = receiver.send(http, &alarm.claimed, self.config, self.now);
            for (incident, answer) in sent.await {
                match answer {
                    Ok(()) => {
                        self.state.alerts.confirm(incident);
                        told.sent += 1;
                    }
                    Err(why) => {
                        let line = format!("an alert was not taken: {why}");
                        self.host.log(Level::Warn, &line);
                        self.report.notes.push(line);
                        told.failed += 1;
                    }
                }
            }
        }
        if told.sent > 0 {
            self.store_confirmed(kv, priority(&alarm.claimed)).await;
        }
        let waiting = self.state.alerts.incidents.iter();
        told.waiting = waiting.filter(|one| one.waits()).count();
        self.report.alerts = Some(told).filter(|told| *told != AlertsRun::default());
    }

    /// Stores the record with the state that was read: what this run has found out of the sources may speak of a head that
    /// did not become visible.
    async fn store_record<K: Kv>(&mut self, kv: &K, claimed: &[Incident]) {
        let now = self.host.time().await;
        let mut purse = self.purse_after(now);
        // That it arrived is to be stored too.
        let writes = 1 + usize::from(!claimed.is_empty());
        if self.report.outcome == RunOutcome::Conflict
            || self.loaded.head.is_none()
            || between_days(now)
            || !purse.may(priority(claimed), writes)
        {
            return;
        }
        purse.spend(1);
        let record = std::mem::take(&mut self.state.alerts);
        self.state = self.loaded.state.clone();
        self.state.alerts = record;
        self.state.usage = self.usage;
        self.put_state(kv, purse).await;
    }

    /// That it could not be stored costs a repetition.
    async fn store_confirmed<K: Kv>(&mut self, kv: &K, priority: Priority) {
        let now = self.host.time().await;
        let mut purse = self.purse_after(now);
        if !between_days(now) && purse.may(priority, 1) {
            purse.spend(1);
            self.put_state(kv, purse).await;
        }
    }

    /// What may be written after all that this run has written.
    fn purse_after(&self, now: Timestamp) -> Purse {
        let budget = engagement::writes_per_day(self.config);
        let head = self.loaded.head.as_ref().map(Head::ledger);
        let state = if self.stored {
            &self.state
        } else {
            &self.loaded.state
        };
        let purse = Purse::of(budget, now, self.published.or(head), state.ledger);
        purse.keeping(kept_back(self.config, &state.alerts, now))
    }
}

/// Writes of the day of `now` that are kept back to tell that its budget runs short: until that was told, two of them, one to
/// claim the alert and one to store that it arrived.
pub(super) fn kept_back(config: &Config, record: &Record, now: Timestamp) -> u32 {
    let wanted = |alerts: &Alerts| alerts.on.iter().any(|on| on == "budget");
    let today = day_of(now);
    let told = |one: &Incident| one.kind == Kind::BudgetShort && one.since == today && one.told;
    if config.alerts.as_ref().is_some_and(wanted) && !record.incidents.iter().any(told) {
        2
    } else {
        0
    }
}

/// What the writes are for that send `claimed`.
fn priority(claimed: &[Incident]) -> Priority {
    let short = claimed.iter().any(|one| one.kind == Kind::BudgetShort);
    if short {
        Priority::Budget
    } else {
        Priority::Alert
    }
}

/// When the UTC day of `now` began.
fn day_of(now: Timestamp) -> Timestamp {
    Timestamp::from_secs(now.as_secs().div_euclid(DAY_SECS) * DAY_SECS)
}

/// What is wrong now. `purse`: what is left for a publish.
fn found(
    alerts: &Alerts,
    health: &[SourceHealth],
    record: &Record,
    purse: Purse,
    now: Timestamp,
) -> Vec<crate::alert::Condition> {
    let today = day_of(now);
    // What was short today counts as short until the day is over, or it would be told every hour anew.
    let known = |one: &Incident| one.kind == Kind::BudgetShort && one.since == today;
    let short =
        purse.heads_left() == 0 || purse.pace_ms().is_some() || record.incidents.iter().any(known);
    conditions(alerts, health, short.then_some(today), now)
}

/// What the status says of alerts.
pub(super) async fn status<H: Host>(
    host: &H,
    config: &Config,
    loaded: &Loaded,
    health: &[SourceHealth],
    now: Timestamp,
) -> Option<AlertsStatus> {
    let alerts = config.alerts.as_ref()?;
    let mut record = loaded.state.alerts.clone();
    let purse = once_claimed(host.kv(), loaded.purse(config, now));
    let found = found(alerts, health, &record, purse, now);
    record.update(&found, now);
    let receiver = Receiver::of(host, alerts).await;
    let published = loaded.head.as_ref().map(Head::updated);
    let cycles = alerts.cycles_every_s.map(|every_s| {
        let known = Some(record.rhythm).filter(|rhythm| rhythm.every_s == every_s);
        let rhythm = known.unwrap_or_default();
        let last = rhythm.last(published);
        CyclesStatus {
            every_s,
            last: (last != Timestamp::default()).then_some(last),
            drift_s: rhythm.drift_s,
            missed: rhythm.missed,
            silent_s: rhythm.silence_ms(published, now).map(|ms| ms / 1000),
            gaps: rhythm.gaps,
        }
    });
    Some(AlertsStatus {
        sends: matches!(receiver, Ok(Some(_))),
        problem: receiver.err(),
        incidents: record.incidents,
        cycles,
    })
}
