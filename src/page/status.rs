//! The page of the deployment's state, for people. Rendered when asked: it is rare, and says what no head does.

use askama::Template;
use bytes::Bytes;

use super::dates::{Shown, ago, count};
use super::sparkline;
use super::surround::Surround;
use crate::alert::{Incident, Kind};
use crate::cycle::{AlertsStatus, CyclesStatus, SourceStatus, Status};
use crate::slice::{Activity, Corrupt, HEAD_BYTES_TARGET, Head, Publish};
use crate::time::Timestamp;

/// What the page is made from.
#[derive(Debug)]
pub struct StatusPage<'a> {
    /// The published root.
    pub head: &'a Head,
    /// Head and state in full.
    pub status: &'a Status,
    /// The time of the request.
    pub now: Timestamp,
}

#[derive(Template)]
#[template(path = "status.html")]
struct Content<'a> {
    status: &'a Status,
    facts: Vec<Fact>,
    incidents: Vec<IncidentRow>,
    publishes: Vec<PublishRow>,
    sources: Vec<SourceRow<'a>>,
}

/// One figure.
struct Fact {
    name: &'static str,
    value: String,
    detail: String,
    bad: bool,
}

/// Something that is wrong, or was and is still to be told.
struct IncidentRow {
    what: String,
    since: Shown,
    until: Option<Shown>,
    told: &'static str,
}

struct PublishRow {
    at: Shown,
    added: u16,
    changed: u16,
    failing: u16,
}

struct SourceRow<'a> {
    status: &'a SourceStatus,
    checked: Option<Shown>,
    due: Option<Shown>,
    failing_since: Option<Shown>,
    items: String,
    strip: String,
}

/// The whole page.
///
/// # Errors
/// Where the head holds no page of this version.
pub fn status_page(page: &StatusPage<'_>) -> Result<Vec<Bytes>, Corrupt> {
    let activity = page.head.activity();
    let content = Content {
        status: page.status,
        facts: facts(page),
        incidents: incident_rows(page.status),
        publishes: activity.publishes.iter().map(publish_row).collect(),
        sources: source_rows(page, &activity),
    };
    // Rendering fails only where a template calls something that fails; this one calls nothing.
    let html = content.render().unwrap_or_default();
    let around = Surround {
        head: page.head,
        title_html: Some("Status"),
        everything: false,
        view: None,
        source: None,
        q: "",
        now: page.now,
    };
    around.around(vec![html.into()])
}

fn facts(page: &StatusPage<'_>) -> Vec<Fact> {
    let status = page.status;
    let updated = page.head.updated();
    let failing = status
        .sources
        .iter()
        .filter(|source| source.status == "failing")
        .count();
    let new = status
        .sources
        .iter()
        .filter(|source| source.status == "new")
        .count();
    let budget = u64::from(status.writes_today) + u64::from(status.writes_left);
    let paced = status
        .paced_s
        .map_or_else(String::new, |wait| format!(", publishes {wait} s apart"));
    let items = status.views.first();
    let mut facts = vec![
        Fact {
            name: "Last publish",
            value: ago(updated, page.now),
            detail: format!(
                "{}, generation {}",
                moment(updated),
                count(status.generation)
            ),
            bad: false,
        },
        trace(page),
        Fact {
            name: "Sources",
            value: count(status.sources.len() as u64),
            detail: format!("{failing} failing, {new} not asked yet"),
            bad: failing > 0,
        },
        Fact {
            name: "Writes today",
            value: count(u64::from(status.writes_today)),
            detail: format!(
                "{} left of {}{paced}",
                count(u64::from(status.writes_left)),
                count(budget)
            ),
            bad: status.writes_left == 0 || status.paced_s.is_some(),
        },
        Fact {
            name: "Items",
            value: count(items.map_or(0, |all| all.items)),
            detail: format!(
                "{} in the head, the others in {} segments",
                count(status.head_items as u64),
                count(items.map_or(0, |all| all.segments))
            ),
            bad: false,
        },
        Fact {
            name: "Head",
            value: format!("{} kB", status.head_bytes.div_ceil(1000)),
            detail: format!("{} kB are aimed for", HEAD_BYTES_TARGET / 1000),
            bad: false,
        },
    ];
    if let Some(alerts) = &status.alerts {
        facts.push(alerting(alerts));
        facts.extend(alerts.cycles.as_ref().map(rhythm));
    }
    facts
}

/// What is wrong, and whether somebody is told.
fn alerting(alerts: &AlertsStatus) -> Fact {
    let open = alerts.incidents.iter().filter(|one| one.until.is_none());
    let open = open.count();
    let detail = match &alerts.problem {
        Some(problem) => problem.clone(),
        None if alerts.sends => {
            "a webhook is told of each when it begins and when it is over".to_owned()
        }
        None => "no webhook is set, so nobody is told".to_owned(),
    };
    Fact {
        name: "Incidents",
        value: count(open as u64),
        detail,
        bad: open > 0 || alerts.problem.is_some(),
    }
}

/// Whether cycles begin as often as they are meant to.
fn rhythm(cycles: &CyclesStatus) -> Fact {
    let every = format!("one is to begin every {} s", cycles.every_s);
    let detail = match (cycles.silent_s, cycles.gaps.first()) {
        (Some(silent), _) => format!("{every}; for at least {silent} s none has"),
        (None, Some(gap)) => format!(
            "{every}; the last were missed between {} and {}",
            moment(gap.from),
            moment(gap.until)
        ),
        (None, None) => format!(
            "{every}; the last one on record was {} s off the beat",
            cycles.drift_s
        ),
    };
    Fact {
        name: "Missed cycles",
        value: if cycles.missed == 0 {
            "none".to_owned()
        } else {
            format!("at least {}", count(cycles.missed))
        },
        detail,
        bad: cycles.silent_s.is_some(),
    }
}

fn incident_rows(status: &Status) -> Vec<IncidentRow> {
    let title = |id: &str| {
        let known = status.sources.iter().find(|source| source.id == id);
        known.map_or_else(|| id.to_owned(), |source| source.title.clone())
    };
    let row = |one: &Incident| IncidentRow {
        what: match (one.kind, one.source.as_deref()) {
            (Kind::SourceFailing, id) => format!("{} fails", title(id.unwrap_or_default())),
            (Kind::AllSourcesFailing, _) => "Every source fails".to_owned(),
            (Kind::CyclesMissed, _) => format!("At least {} cycles did not begin", one.missed),
            (Kind::BudgetShort, _) => "The day's write budget runs short".to_owned(),
        },
        since: Shown::new(one.since),
        until: one.until.map(Shown::new),
        told: match (one.waits(), one.attempts) {
            (false, 0) => "yes",
            (false, _) => "given up",
            (true, 0) => "not yet",
            (true, _) => "tried in vain",
        },
    };
    let alerts = status.alerts.iter();
    alerts
        .flat_map(|alerts| alerts.incidents.iter().map(row))
        .collect()
}

/// The last sign that cycles run. A source that is due is no proof that they don't: a cycle without news leaves no trace.
fn trace(page: &StatusPage<'_>) -> Fact {
    let status = page.status;
    let checked = status
        .sources
        .iter()
        .filter_map(|source| source.checked)
        .max();
    let last = checked.max(status.state_saved).max(status.updated);
    let due = status.sources.iter().filter_map(|source| source.due).min();
    let detail = match due {
        None => "no source has been asked yet".to_owned(),
        Some(due) if due > page.now => format!("the next source is due at {}", moment(due)),
        Some(due) => format!(
            "sources are due since {}: cycles since found nothing new, or none ran",
            moment(due)
        ),
    };
    Fact {
        name: "Last trace of a cycle",
        value: last.map_or_else(|| "none".to_owned(), |last| ago(last, page.now)),
        detail,
        bad: false,
    }
}

fn moment(at: Timestamp) -> String {
    let shown = Shown::new(at);
    format!("{} {}", shown.day, shown.time)
}

fn publish_row(publish: &Publish) -> PublishRow {
    PublishRow {
        at: Shown::new(publish.at),
        added: publish.added,
        changed: publish.changed,
        failing: publish.failing,
    }
}

fn source_rows<'a>(page: &StatusPage<'a>, activity: &Activity) -> Vec<SourceRow<'a>> {
    let row = |(index, status): (usize, &'a SourceStatus)| SourceRow {
        status,
        checked: status.checked.map(Shown::new),
        due: status.due.map(Shown::new),
        failing_since: status.failing_since.map(Shown::new),
        items: count(status.items),
        strip: activity
            .sources
            .get(index)
            .map_or_else(String::new, sparkline::strip),
    };
    page.status.sources.iter().enumerate().map(row).collect()
}
