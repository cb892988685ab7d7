//! What keeping a site up to date costs a day: the real logic beside two sites of JSON documents, on one simulated store.

mod baselines;
mod day;
mod edgefold;
mod entities;

use self::edgefold::Edgefold;
use super::table::{Cell, Table};
use crate::sim::SimHost;
use baselines::{Care, Documents};
use day::{CYCLES, Plan, Taken, live};
use entities::{CHANGED, ENTITIES};

/// The plan of the table that everything is compared by.
const PLAN: Plan = Plan {
    items: 5_000,
    changing_percent: 20,
};
/// A site of JSON documents of more items than this has an index that no host takes.
const DOCUMENT_ITEMS_MAX: usize = 50_000;
/// Upstreams that one run may ask on a host that allows 32.
const CHUNK: usize = 25;

/// One way to keep a site up to date, as the table names it.
#[derive(Debug, Clone, Copy)]
enum Way {
    Documents(Care),
    /// Requests that one run may send.
    Edgefold(usize),
}

/// Everything that is measured, in the table's order.
fn cases() -> Vec<(&'static str, Way, Plan)> {
    let naive = ("naive", Way::Documents(Care::Naive));
    let conditional = ("conditional", Way::Documents(Care::Conditional));
    let ours = ("edgefold", Way::Edgefold(ENTITIES));
    let chunks = ("edgefold, runs of 25", Way::Edgefold(CHUNK));
    let mut cases: Vec<_> = [naive, conditional, ours, chunks]
        .map(|(name, way)| (name, way, PLAN))
        .into();
    let rates = [1, 100].map(|changing_percent| Plan {
        changing_percent,
        ..PLAN
    });
    let sizes = [1_000, 50_000, 500_000].map(|items| Plan { items, ..PLAN });
    for plan in rates.into_iter().chain(sizes) {
        if plan.items <= DOCUMENT_ITEMS_MAX {
            cases.push((conditional.0, conditional.1, plan));
        }
        cases.push((ours.0, ours.1, plan));
    }
    cases
}

/// A site of `items` items from JSON APIs, made by real cycles: its host, with the store, and its compiled configuration.
///
/// # Errors
/// Where a cycle fails.
pub(super) fn site(items: usize) -> anyhow::Result<(SimHost, String)> {
    let mut edgefold = Edgefold::new(ENTITIES)?;
    let host = day::with_history(items, &mut edgefold)?.0;
    Ok((host, edgefold.compiled()))
}

fn measure(way: Way, plan: Plan) -> anyhow::Result<Taken> {
    match way {
        Way::Documents(care) => live(plan, &mut Documents::new(care)),
        Way::Edgefold(requests_per_run) => live(plan, &mut Edgefold::new(requests_per_run)?),
    }
}

/// Runs all plans. Needs no guest and no network.
///
/// # Errors
/// Where a cycle fails. The aims are checked by the test below, in small.
pub fn run() -> anyhow::Result<Table> {
    let mut rows = Vec::new();
    for (name, way, plan) in cases() {
        rows.push(row(name, plan, measure(way, plan)?));
    }
    Ok(Table {
        name: "writes",
        about: format!(
            "a day of {CYCLES} cycles over {ENTITIES} JSON APIs with points and comments; in the given share of cycles {CHANGED} items change; \
             the history is made by real cycles and not counted"
        ),
        columns: vec![
            "strategy",
            "items",
            "changing %",
            "writes",
            "deletes",
            "reads",
            "bytes written",
            "origin requests",
            "largest value",
            "page: reads",
            "page: bytes",
            "page: parsed",
        ],
        rows,
    })
}

fn row(name: &str, plan: Plan, taken: Taken) -> Vec<Cell> {
    vec![
        name.into(),
        Cell::count(plan.items as u64),
        Cell::count(plan.changing_percent as u64),
        Cell::count(taken.writes),
        Cell::count(taken.deletes),
        Cell::count(taken.reads),
        Cell::count(taken.bytes_written),
        Cell::count(taken.requests),
        Cell::count(taken.largest_bytes),
        Cell::count(taken.page.reads),
        Cell::count(taken.page.bytes),
        Cell::count(taken.page.parsed_bytes),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes of edgefold under [`PLAN`], at most.
    const WRITES_AIM: u64 = 75;

    /// The plan in small, so that a change that costs writes shows at once.
    #[test]
    fn edgefold_keeps_to_its_aims() {
        let plan = Plan {
            items: 1_000,
            ..PLAN
        };
        let day = |way| measure(way, plan).unwrap();
        let naive = day(Way::Documents(Care::Naive));
        assert_eq!(naive.writes, 8_448);
        let conditional = day(Way::Documents(Care::Conditional));
        let ours = day(Way::Edgefold(ENTITIES));
        assert!(ours.writes <= WRITES_AIM, "{ours:?}");
        assert!(
            ours.bytes_written < conditional.bytes_written,
            "{ours:?} {conditional:?}"
        );
        assert_eq!((ours.page.reads, ours.page.parsed_bytes), (1, 0));
        assert_eq!(ours.requests, naive.requests);
    }
}
