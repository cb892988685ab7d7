//! How the sources fare, as readers see it: changes only at transitions.

use crate::config::Config;
use crate::fold::{Folded, SourceState, new_source};
use crate::page::SourceHealth;
use crate::time::Timestamp;

use super::ask::Failure;

/// One for each configured source, in order: what was published, or new.
pub(crate) fn carried(config: &Config, published: &[SourceHealth]) -> Vec<SourceHealth> {
    let carry = |source| {
        let new = new_source(source);
        let old = published.iter().find(|health| health.id == source.id);
        old.map_or_else(
            || new.clone(),
            |old| SourceHealth {
                title: new.title.clone(),
                category: new.category.clone(),
                ..old.clone()
            },
        )
    };
    config.sources.iter().map(carry).collect()
}

/// It answered. `fresh`: with a document, and the link that it states.
pub(crate) fn well(
    health: &mut SourceHealth,
    fresh: Option<(Option<&str>, &Folded)>,
    now: Timestamp,
) {
    if health.status != "ok" {
        "ok".clone_into(&mut health.status);
        health.since = Some(now);
        health.error = None;
    }
    let Some((link, folded)) = fresh else {
        return;
    };
    health.notes.clone_from(&folded.notes);
    if let Some(link) = link {
        link.clone_into(&mut health.link);
    }
    if folded.added + folded.changed > 0 {
        health.changed = Some(now);
    }
}

/// It gave nothing usable. The text changes only with the kind of failure: an upstream that words its trouble anew each
/// time must not cost a write each time.
pub(crate) fn failing(
    health: &mut SourceHealth,
    failure: &Failure,
    before: &SourceState,
    now: Timestamp,
) {
    let was_failing = health.status == "failing";
    if !was_failing {
        "failing".clone_into(&mut health.status);
        health.since = Some(now);
    }
    let same_kind = before.error_kind.as_deref() == Some(failure.kind.as_str());
    if !was_failing || !same_kind || health.error.is_none() {
        health.error = Some(failure.message.clone());
    }
}
