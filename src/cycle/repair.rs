//! Looks at what is stored, and mends what the store has lost of it: by a publish as any other.

use serde::Serialize;

use super::frame::Counts;
use super::run::{self, Run};
use super::{CycleError, KvCounts, Report, RunOutcome, Scope, Today, config};
use crate::fetch::Validators;
use crate::host::{Host, Kv};
use crate::publish::{Mended, Mending, Place};
use crate::read::Arrival;
use crate::slice::{Row, keys};
use crate::tenant::TenantHost;

/// What one look at what is stored came to. The answer of `POST /_edgefold/repair`.
#[derive(Debug, Clone, Serialize)]
pub struct Repair {
    /// What became visible: `unchanged` where nothing is lost.
    pub outcome: RunOutcome,
    /// The head's generation after it.
    pub generation: u64,
    /// Segments and directories read.
    pub looked_at: u32,
    /// Keys of those that are gone or damaged.
    pub lost: Vec<String>,
    /// Keys of those that are not there and may be on their way, or wait for others to be mended: look again later.
    pub waiting: Vec<String>,
    /// Items that are where they were again, counted in each view.
    pub restored: u64,
    /// Items that no view has any more and that left the lists, counted in each view.
    pub gone: u64,
    /// Sources that are asked for their whole documents when they are due next: they may still offer some of those. Those whose
    /// points and comments are damaged are due at once.
    pub sources: Vec<String>,
    /// Where there is more to look at: go on from here.
    pub next: Option<String>,
    /// Store operations of this look.
    pub kv: KvCounts,
    /// What cycles have taken of this UTC day, this look included, as far as known.
    pub today: Today,
    /// What somebody should look at.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// See [`super::repair_of`].
pub(super) async fn repair<H: Host>(
    tenant: &TenantHost<'_, H>,
    default_config: &str,
    from: Option<Place>,
) -> Result<Repair, CycleError> {
    let found = config::configured(tenant, default_config).await?;
    let from = from.unwrap_or_else(Place::start);
    let look = Some(from.clone());
    let (report, mended) = run::run_with(tenant, &found.config, Scope::Due, None, look).await?;
    let mut repair = repair_of(report, mended, &from);
    repair.notes.extend(found.problem);
    Ok(repair)
}

fn repair_of(report: Report, mended: Option<Mended>, from: &Place) -> Repair {
    // What was not published is found again.
    let stopped = matches!(report.outcome, RunOutcome::Conflict | RunOutcome::Deferred);
    let done = mended.filter(|mended| !stopped || mended.lost.is_empty());
    let next = match &done {
        Some(mended) => mended.next.as_ref(),
        None => Some(from),
    };
    let outcome = match report.outcome {
        // For the write budget.
        RunOutcome::Unchanged if done.is_none() && next.is_some() => RunOutcome::Deferred,
        outcome => outcome,
    };
    let next = next.map(Place::to_string);
    let mended = done.unwrap_or_default();
    let mut sources: Vec<String> = mended
        .forgotten
        .into_iter()
        .map(|gone| gone.source)
        .chain(mended.counted_anew)
        .collect();
    sources.sort_unstable();
    sources.dedup();
    Repair {
        outcome,
        generation: report.generation,
        looked_at: mended.looked_at,
        lost: mended.lost.into_iter().collect(),
        waiting: mended.waiting.into_iter().collect(),
        restored: mended.restored,
        gone: mended.gone,
        sources,
        next,
        kv: report.kv,
        today: report.today,
        notes: report.notes,
    }
}

impl<H: Host> Run<'_, H> {
    /// What this run is to look at.
    pub(super) fn mending<K: Kv>(&self, kv: &K) -> Option<Mending> {
        let (from, head) = (self.look.clone()?, self.loaded.head.as_ref()?);
        Some(Mending {
            from,
            arrival: Arrival::new(head, kv.capabilities(), self.now),
            memory: self.state.memory.clone(),
        })
    }

    /// Takes note of the sources whose counts are damaged. Where that could not be stored, this look is to be repeated.
    pub(super) fn note_counted_anew(&mut self, sources: Vec<String>) {
        if sources.is_empty() {
            return;
        }
        if !self.stored {
            self.mended = None;
        }
        if let Some(mended) = &mut self.mended {
            mended.lost.insert(keys::ENGAGEMENT.to_owned());
            mended.counted_anew = sources;
        }
    }

    /// Brings memory and counts in line with what was mended, which is about to be published.
    pub(super) fn take_mended(&mut self, mended: Mended, restored: &[Row], sealed: &mut Counts) {
        for row in restored {
            // The memory may have been read back while it was lost, or taken it for known without its place.
            if self.state.memory.position(row.position.hash) != Some(row.position) {
                self.state.memory.insert_row(row);
            }
        }
        for gone in &mended.forgotten {
            let hash = gone.position.hash;
            self.state.memory.note_before(hash, gone.content);
            self.state.memory.forget(hash);
            if let Some(known) = self.state.sources.get_mut(&gone.source) {
                known.validators = Validators::default();
            }
        }
        for (view, items) in &mended.unknown {
            leave(sealed, view, *items);
        }
        self.mended = Some(mended);
    }
}

/// Takes `items` of a view of which nobody knows the sources from those that have most there.
fn leave(sealed: &mut Counts, view: &str, mut items: u64) {
    while items > 0 {
        let of_view = sealed.iter_mut().filter(|((of, _), _)| of == view);
        let Some(most) = of_view
            .map(|(_, items)| items)
            .max()
            .filter(|most| **most > 0)
        else {
            return;
        };
        let taken = items.min(*most);
        *most -= taken;
        items -= taken;
    }
}
