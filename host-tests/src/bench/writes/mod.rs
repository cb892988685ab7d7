//! What keeping a site up to date costs a day: the real logic beside two sites of JSON documents, on one simulated store.

mod baselines;
mod day;
mod edgefold;
mod entities;

use anyhow::ensure;

use self::edgefold::Edgefold;
use super::table::{Cell, Table};
use baselines::{Care, Documents};
use day::{CYCLES, Plan, Strategy, Taken, live};
use entities::{CHANGED, ENTITIES};

/// The plan of the table that everything is compared by.
const PLAN: Plan = Plan {
    items: 5_000,
    changing_percent: 20,
};
/// Writes of edgefold under [`PLAN`], at most.
const WRITES_AIM: u64 = 75;
/// Its bytes written are at most one in this many of the conditional site's.
const BYTES_AIM: u64 = 6;
/// A site of JSON documents of more items than this has an index that no host takes.
const DOCUMENT_ITEMS_MAX: usize = 50_000;
/// Upstreams that one run may ask on a host that allows 32.
const CHUNK: usize = 25;

/// Runs all plans. Needs no guest and no network.
///
/// # Errors
/// Where a cycle fails, or edgefold misses an aim under the first plan.
pub fn run() -> anyhow::Result<Table> {
    let mut rows = Vec::new();
    let mut add = |name: &str, plan: Plan, taken: Taken| rows.push(row(name, plan, taken));
    let naive = live(PLAN, &mut Documents::new(Care::Naive))?;
    add("naive", PLAN, naive);
    let conditional = live(PLAN, &mut Documents::new(Care::Conditional))?;
    add("conditional", PLAN, conditional);
    let ours = live(PLAN, &mut Edgefold::new(ENTITIES)?)?;
    add("edgefold", PLAN, ours);
    add(
        "edgefold, runs of 25",
        PLAN,
        live(PLAN, &mut Edgefold::new(CHUNK)?)?,
    );
    for changing_percent in [1, 100] {
        let plan = Plan {
            changing_percent,
            ..PLAN
        };
        add(
            "conditional",
            plan,
            live(plan, &mut Documents::new(Care::Conditional))?,
        );
        add("edgefold", plan, live(plan, &mut Edgefold::new(ENTITIES)?)?);
    }
    for items in [1_000, 50_000, 500_000] {
        let plan = Plan { items, ..PLAN };
        if items <= DOCUMENT_ITEMS_MAX {
            add(
                "conditional",
                plan,
                live(plan, &mut Documents::new(Care::Conditional))?,
            );
        }
        add("edgefold", plan, live(plan, &mut Edgefold::new(ENTITIES)?)?);
    }
    check(conditional, ours)?;
    Ok(Table {
        name: "writes",
        about: format!(
            "a day of {CYCLES} cycles over {ENTITIES} JSON APIs with points and comments; in the given share of cycles {CHANGED} items change; \
             the history is made by real cycles and not counted; writes include deletions"
        ),
        columns: vec![
            "strategy",
            "items",
            "changing %",
            "writes",
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

fn check(conditional: Taken, ours: Taken) -> anyhow::Result<()> {
    ensure!(
        ours.writes <= WRITES_AIM,
        "{} writes, the aim is {WRITES_AIM}",
        ours.writes
    );
    ensure!(
        ours.bytes_written * BYTES_AIM <= conditional.bytes_written,
        "{} bytes written of {}",
        ours.bytes_written,
        conditional.bytes_written
    );
    Ok(())
}

fn row(name: &str, plan: Plan, taken: Taken) -> Vec<Cell> {
    vec![
        name.into(),
        Cell::count(plan.items as u64),
        Cell::count(plan.changing_percent),
        Cell::count(taken.writes),
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

    /// The plan in small, so that a change that costs writes shows at once.
    #[test]
    fn edgefold_keeps_to_its_aims() {
        let plan = Plan {
            items: 1_000,
            ..PLAN
        };
        let day = |strategy: &mut dyn Strategy| live(plan, strategy).unwrap();
        let naive = day(&mut Documents::new(Care::Naive));
        assert_eq!(naive.writes, 8_448);
        let conditional = day(&mut Documents::new(Care::Conditional));
        let ours = day(&mut Edgefold::new(ENTITIES).unwrap());
        assert!(ours.writes <= WRITES_AIM, "{ours:?}");
        assert!(
            ours.bytes_written < conditional.bytes_written,
            "{ours:?} {conditional:?}"
        );
        assert_eq!((ours.page.reads, ours.page.parsed_bytes), (1, 0));
        assert_eq!(ours.requests, naive.requests);
    }
}
