//! `[alerts]`: what is an incident, and who is told.

use super::keys::{Default, Kind, Table};
use super::read::{Checker, Fields};
use super::tables::key;
use crate::config::{ALERT_KINDS, ALERTS_PER_RUN, Alerts, Limits};

pub(super) static ALERTS: Table = Table {
    path: "alerts",
    doc: "Tells a webhook when something is wrong, once, and once more when it is over. Without this table nothing is looked for.",
    keys: &[
        key(
            "webhook",
            Kind::Url,
            Default::Derived,
            "Where incidents are posted. The host variable `alert_webhook` goes before it: set that instead where the address is a secret. The variable `alert_secret` signs what is sent.",
        ),
        key(
            "failing_after",
            Kind::Duration(60, 7 * 86_400),
            Default::Text("2h"),
            "A source that fails for this long is an incident.",
        ),
        key(
            "cycles_every",
            Kind::Duration(60, 7 * 86_400),
            Default::Derived,
            "How often your schedule begins a cycle. With it, missed and late cycles are recorded; that takes a write an hour where nothing else is written. Without it they are not looked at.",
        ),
        key(
            "on",
            Kind::WordsOf(&ALERT_KINDS),
            Default::Derived,
            "Which incidents to look for: failing `sources`, missed `cycles`, a short write `budget`. Without it all.",
        ),
    ],
};

/// What `file` says of alerts; `None` where a mistake was noted.
pub(super) fn alerts(
    checker: &mut Checker<'_>,
    file: &Fields,
    limits: Option<&Limits>,
) -> Option<Option<Alerts>> {
    let Some(fields) = file.inner("alerts") else {
        return (!file.is_written("alerts")).then_some(None);
    };
    if limits.is_some_and(|limits| limits.requests_per_run <= ALERTS_PER_RUN) {
        let message = format!(
            "a run may send {ALERTS_PER_RUN} alerts, which leaves none of `limits.requests_per_run` for sources"
        );
        let mistake = checker.say(&fields.at, "alerts", message);
        mistake.allowed = Some(format!(
            "`limits.requests_per_run` of at least {}",
            ALERTS_PER_RUN + 1
        ));
        return None;
    }
    let on = if fields.has("on") {
        fields.texts("on")
    } else {
        ALERT_KINDS.map(str::to_owned).to_vec()
    };
    Some(Some(Alerts {
        webhook: fields.text("webhook"),
        failing_after_s: fields.number("failing_after")?,
        cycles_every_s: fields.number("cycles_every"),
        on,
    }))
}
