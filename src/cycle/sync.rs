//! What is remembered of the sources, against the configuration and the published head.

use crate::cache::{Control, purged_upto};
use crate::config::{Config, Source};
use crate::fetch::Validators;
use crate::fold::{SourceState, State};
use crate::slice::{Check, Head};
use crate::time::Timestamp;

use super::due;

/// Forgets removed sources, and what is known of sources that are now read in another way: a 304 stands for the items of
/// the document as it was read before. Takes the times of checks from the head where they are later.
pub(crate) fn sync(config: &Config, state: &mut State, head: Option<&Head>) {
    let mut old = std::mem::take(&mut state.sources);
    for source in &config.sources {
        let definition = definition(source, config);
        let check = head.and_then(|head| head.check(&source.id));
        let published = check.filter(|check| check.definition == definition);
        let mut known = old.remove(&source.id).unwrap_or_default();
        // The head has the last word: the state may have been stored before another definition came and went.
        if known.digest != definition || published.is_none() {
            known = SourceState {
                digest: definition,
                forgotten_upto: known.forgotten_upto,
                adopts_undated: known.adopts_undated,
                ..SourceState::default()
            };
        }
        let basis = published.map_or(0, |check| check.basis);
        if known.basis != basis {
            // Of another head's document: a 304 to them would hide what this head has not.
            known.validators = Validators::default();
            known.checked = None;
        }
        known.basis = basis;
        known.checked = known.checked.max(published.and_then(asked));
        if let Some(checked) = known.checked {
            let next = due::after_success(source, checked);
            known.due = match known.due {
                Some(later) if known.failures > 0 => Some(later.max(next)),
                _ => Some(next),
            };
        }
        state.sources.insert(source.id.clone(), known);
    }
}

/// Forgets what is known of the documents of sources that were purged since, so that they are asked for whole, now. Says
/// whether there were any.
pub(crate) fn void_purged(config: &Config, state: &mut State, control: &Control) -> bool {
    let mut any = false;
    for source in &config.sources {
        let purged = purged_upto(control, source);
        if let Some(known) = state.sources.get_mut(&source.id)
            && purged > known.purged
        {
            known.purged = purged;
            known.validators = Validators::default();
            known.due = None;
            any = true;
        }
    }
    any
}

fn asked(check: Check) -> Option<Timestamp> {
    (check.checked.0 != 0).then_some(check.checked)
}

/// What the head says of the configured sources.
pub(crate) fn checks(config: &Config, state: &State) -> Vec<Check> {
    let check = |source: &Source| {
        let known = state.sources.get(&source.id);
        known.map_or_else(Check::default, |known| Check {
            definition: known.digest,
            checked: known.checked.unwrap_or_default(),
            basis: known.basis,
        })
    };
    config.sources.iter().map(check).collect()
}

/// What a head says of a source whose document with these validators was folded into it: see [`Check::basis`].
pub(super) fn basis(validators: &Validators) -> u64 {
    if *validators == Validators::default() {
        return 0;
    }
    let text = serde_json::to_string(validators).unwrap_or_default();
    xxhash_rust::xxh3::xxh3_64(text.as_bytes())
}

/// The validators of this run hold for the head that is published already: nothing that it lacks was in the documents.
pub(super) fn rebase(state: &mut State, head: Option<&Head>) {
    for (id, known) in &mut state.sources {
        let check = head.and_then(|head| head.check(id));
        known.basis = check.map_or(0, |check| check.basis);
    }
}

/// Hash of everything that decides which items a source's document gives: not of its title, its rhythm or its limits of
/// time and size.
fn definition(source: &Source, config: &Config) -> u64 {
    let defining = Source {
        title: String::new(),
        every_s: 0,
        timeout_ms: None,
        body_bytes_max: None,
        ..source.clone()
    };
    let text = serde_json::to_string(&(defining, config.limits.items_per_source));
    let text = format!("{} {}", env!("CARGO_PKG_VERSION"), text.unwrap_or_default());
    xxhash_rust::xxh3::xxh3_64(text.as_bytes())
}
