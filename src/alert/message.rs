//! What an alert says. Nothing of what an upstream or a host has said is in it, and no secret.

use serde_json::{Value, json};
use xxhash_rust::xxh3::xxh3_64;

use super::record::{Incident, Kind};
use crate::config::Config;

/// An alert ready to be sent.
pub(crate) struct Letter {
    /// The same in every attempt, whoever sends it.
    pub(crate) id: String,
    /// JSON.
    pub(crate) body: Vec<u8>,
}

/// `type` of the alert, and a sentence for people.
fn told(incident: &Incident, config: &Config) -> (&'static str, String) {
    let (since, until) = (incident.since, incident.until);
    let source = incident.source.as_deref().unwrap_or_default();
    let known = config.sources.iter().find(|one| one.id == source);
    let title = known.map_or(source, |one| one.title.as_str());
    match (incident.kind, until) {
        (Kind::SourceFailing, None) => (
            "source.failing",
            format!("{title} has failed since {since}."),
        ),
        (Kind::SourceFailing, Some(until)) => (
            "source.recovered",
            format!("{title} no longer fails. It failed from {since} to {until}."),
        ),
        (Kind::AllSourcesFailing, None) => (
            "sources.failing",
            format!(
                "Every source has failed since {since}: perhaps the site can't reach the network."
            ),
        ),
        (Kind::AllSourcesFailing, Some(until)) => (
            "sources.recovered",
            format!("Sources answer again. All failed from {since} to {until}."),
        ),
        (Kind::BudgetShort, None) => (
            "budget.short",
            "The day's write budget runs short: publishes are put off until it is enough again."
                .to_owned(),
        ),
        (Kind::BudgetShort, Some(_)) => (
            "budget.renewed",
            "A new day has begun, with a write budget of its own.".to_owned(),
        ),
        // It is known only when it is over.
        (Kind::CyclesMissed, until) => (
            "cycles.missed",
            format!(
                "At least {} cycles did not begin between {since} and {}: see what calls them.",
                incident.missed,
                until.unwrap_or(since)
            ),
        ),
    }
}

/// Identifies an incident among those of all sites that tell the same receiver.
fn id(incident: &Incident, config: &Config) -> String {
    let site = (&config.site.url, &config.site.title);
    let site = serde_json::to_string(&site).unwrap_or_default();
    let kind = match incident.kind {
        Kind::SourceFailing => "source",
        Kind::AllSourcesFailing => "sources",
        Kind::BudgetShort => "budget",
        Kind::CyclesMissed => "cycles",
    };
    let mut id = format!(
        "{kind}-{:016x}-{}",
        xxh3_64(site.as_bytes()),
        incident.since.as_secs()
    );
    if let Some(source) = &incident.source {
        id.push('-');
        id.push_str(source);
    }
    id
}

/// What is sent of `incident`, as it stands.
pub(crate) fn letter(incident: &Incident, config: &Config) -> Letter {
    let (what, text) = told(incident, config);
    let id = id(incident, config);
    let data = json!({
        "incident": id,
        "text": text,
        "site": { "title": config.site.title, "url": config.site.url },
        "source": incident.source,
        "since": incident.since,
        "until": incident.until,
        "missed": (incident.kind == Kind::CyclesMissed).then_some(incident.missed),
    });
    let whole: Value = json!({
        "type": what,
        "timestamp": incident.until.unwrap_or(incident.since),
        "data": data,
    });
    let end = if incident.until.is_some() {
        "end"
    } else {
        "begin"
    };
    Letter {
        id: format!("{id}-{end}"),
        body: serde_json::to_vec(&whole).unwrap_or_default(),
    }
}
