//! Which incidents there are, and which of them somebody has been told.

use serde::{Deserialize, Serialize};

use super::rhythm::Rhythm;
use crate::config::{ALERTS_PER_RUN, Alerts};
use crate::page::SourceHealth;
use crate::time::Timestamp;

/// Most incidents that are remembered; of more the first ones are.
pub(crate) const INCIDENTS_MAX: usize = 50;
/// An alert is sent at most this often, until its receiver has confirmed it.
pub(crate) const ATTEMPTS_MAX: u32 = 6;
/// The wait after the first attempt, in milliseconds; doubled with each: 31 hours from the first to the last.
const RETRY_MS: i64 = 60 * 60 * 1000;
/// Sources of a site from which on all of them failing is one incident.
const ALL_MIN: usize = 2;

/// What kind of thing is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Every source fails: most likely the deployment's own network.
    AllSourcesFailing,
    /// For some time no cycle began.
    CyclesMissed,
    /// The rest of the day's write budget runs short: publishes are put off.
    BudgetShort,
    /// One source fails.
    SourceFailing,
}

/// Something that was wrong, or is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    /// What.
    pub kind: Kind,
    /// Whose, where it is one source's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// When it began.
    pub since: Timestamp,
    /// When it was over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Of [`Kind::CyclesMissed`]: how many, at least.
    #[serde(default)]
    pub missed: u64,
    /// The receiver has confirmed that it began.
    #[serde(default)]
    pub told: bool,
    /// How often the alert that is due was sent without being confirmed.
    #[serde(default)]
    pub attempts: u32,
    /// It is not sent before this.
    #[serde(default)]
    pub next: Timestamp,
}

impl Incident {
    /// What identifies it: the same for every run that finds it.
    fn is_of(&self, condition: &Condition) -> bool {
        // Stored times have whole seconds.
        self.kind == condition.kind
            && self.source == condition.source
            && self.since.as_secs() == condition.since.as_secs()
    }

    fn is_due(&self, now: Timestamp) -> bool {
        self.waits() && self.next <= now
    }

    /// Whether an alert of it is still to be confirmed, and may be sent again.
    #[must_use]
    pub fn waits(&self) -> bool {
        (self.until.is_some() || !self.told) && self.attempts < ATTEMPTS_MAX
    }
}

/// Something that is wrong in this run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Condition {
    pub(crate) kind: Kind,
    pub(crate) source: Option<String>,
    pub(crate) since: Timestamp,
}

/// What is wrong with the sources, and with today's budget where that runs short since `short_since`.
pub(crate) fn conditions(
    alerts: &Alerts,
    health: &[SourceHealth],
    short_since: Option<Timestamp>,
    now: Timestamp,
) -> Vec<Condition> {
    let after_ms = i64::try_from(alerts.failing_after_s.saturating_mul(1000)).unwrap_or(i64::MAX);
    let wanted = |name: &str| alerts.on.iter().any(|on| on == name);
    let mut all = Vec::new();
    if let Some(since) = short_since.filter(|_| wanted("budget")) {
        let (kind, source) = (Kind::BudgetShort, None);
        all.push(Condition {
            kind,
            source,
            since,
        });
    }
    if !wanted("sources") {
        return all;
    }
    let failing = |one: &&SourceHealth| one.status == "failing" && one.since.is_some();
    let long = |since: Timestamp| now.0.saturating_sub(since.0) >= after_ms;
    let last = health.iter().filter_map(|one| one.since).max();
    if health.len() >= ALL_MIN && health.iter().all(|one| failing(&one)) {
        let (kind, source) = (Kind::AllSourcesFailing, None);
        let since = last.filter(|since| long(*since));
        all.extend(since.map(|since| Condition {
            kind,
            source,
            since,
        }));
    }
    for one in health.iter().filter(failing) {
        let since = one.since.filter(|since| long(*since));
        all.extend(since.map(|since| Condition {
            kind: Kind::SourceFailing,
            source: Some(one.id.clone()),
            since,
        }));
    }
    all
}

/// What the state remembers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    /// When it was stored by a write of its own last.
    #[serde(default)]
    pub(crate) stored: Timestamp,
    /// In the order in which they are told.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) incidents: Vec<Incident>,
    #[serde(default)]
    pub(crate) rhythm: Rhythm,
}

impl Record {
    /// Nothing is remembered.
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Brings the incidents in line with what is wrong `now`.
    pub(crate) fn update(&mut self, conditions: &[Condition], now: Timestamp) {
        for incident in &mut self.incidents {
            let goes_on = conditions.iter().any(|one| incident.is_of(one));
            if !goes_on && incident.until.is_none() {
                incident.until = Some(now);
                // Where nothing was ever sent nobody needs to hear that it is over.
                incident.told |= incident.attempts > 0;
                incident.attempts = if incident.told { 0 } else { ATTEMPTS_MAX };
                incident.next = now;
            }
        }
        self.incidents
            .retain(|one| one.until.is_none() || one.waits());
        // While all fail, that is what is told.
        let all_fail = conditions
            .iter()
            .any(|one| one.kind == Kind::AllSourcesFailing);
        for one in conditions {
            let covered = all_fail && one.kind == Kind::SourceFailing;
            if !covered && !self.incidents.iter().any(|known| known.is_of(one)) {
                let (kind, source) = (one.kind, one.source.clone());
                self.add(kind, source, one.since, now);
            }
        }
    }

    /// Cycles were missed: over as soon as it is known, so it is told once.
    pub(crate) fn missed(&mut self, from: Timestamp, missed: u64, now: Timestamp) {
        if let Some(incident) = self.add(Kind::CyclesMissed, None, from, now) {
            incident.until = Some(now);
            incident.missed = missed;
            incident.told = true;
        }
    }

    fn add(
        &mut self,
        kind: Kind,
        source: Option<String>,
        since: Timestamp,
        now: Timestamp,
    ) -> Option<&mut Incident> {
        if self.incidents.len() >= INCIDENTS_MAX {
            return None;
        }
        let place = self.incidents.partition_point(|known| known.kind <= kind);
        let incident = Incident {
            kind,
            source,
            since,
            until: None,
            missed: 0,
            told: false,
            attempts: 0,
            next: now,
        };
        self.incidents.insert(place, incident);
        self.incidents.get_mut(place)
    }

    /// Whether [`Self::claim`] has something to claim.
    pub(crate) fn is_due(&self, now: Timestamp) -> bool {
        self.incidents.iter().any(|one| one.is_due(now))
    }

    /// The alerts to send now, at most [`ALERTS_PER_RUN`]. The attempt is counted: whoever gets this stored may send them.
    pub(crate) fn claim(&mut self, now: Timestamp) -> Vec<Incident> {
        let due = |one: &&mut Incident| one.is_due(now);
        let mut claimed = Vec::new();
        for incident in self.incidents.iter_mut().filter(due).take(ALERTS_PER_RUN) {
            let wait_ms = RETRY_MS << incident.attempts.min(ATTEMPTS_MAX);
            incident.attempts += 1;
            incident.next = now.plus_millis(wait_ms);
            claimed.push(incident.clone());
        }
        claimed
    }

    /// The receiver has confirmed `claimed`.
    pub(crate) fn confirm(&mut self, claimed: &Incident) {
        if claimed.until.is_some() {
            self.incidents.retain(|one| one != claimed);
        } else if let Some(incident) = self.incidents.iter_mut().find(|one| *one == claimed) {
            incident.told = true;
            incident.attempts = 0;
        }
    }
}
