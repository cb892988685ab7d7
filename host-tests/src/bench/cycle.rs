//! How long a cycle takes: in the component, and the same logic natively.

use std::path::Path;
use std::time::Instant;

use anyhow::ensure;
use edgefold::cycle::{self, Scope};
use edgefold_host::Limits;

use super::feeds::Feeds;
use super::running::Running;
use super::table::{Cell, Table, median};
use crate::sim::SimHost;

/// 50 sources of 100 items.
const FEEDS: usize = 50;
const ITEMS: usize = 100;
const ROUNDS: usize = 3;

/// Seconds of a first, an unchanged and a one-item-changed cycle.
type Times = [f64; 3];

/// Measures cycles over [`FEEDS`] feeds.
///
/// # Errors
/// Where a cycle fails, or finds something else than the feeds have.
pub async fn run(component: &Path) -> anyhow::Result<Table> {
    let mut in_component = Vec::new();
    let mut natively = Vec::new();
    for _ in 0..ROUNDS {
        in_component.push(component_times(component).await?);
        natively.push(native_times().await?);
    }
    Ok(Table {
        name: "cycle",
        about: format!(
            "one cycle over {FEEDS} RSS feeds of {ITEMS} items from a server on loopback; medians of {ROUNDS} rounds"
        ),
        columns: vec![
            "where",
            "items",
            "first s",
            "unchanged s",
            "one new item s",
            "first ratio",
        ],
        rows: vec![
            row("native", &natively, &natively),
            row("component", &in_component, &natively),
        ],
    })
}

fn row(name: &str, times: &[Times], floor: &[Times]) -> Vec<Cell> {
    let figure = |index: usize| median(times.iter().map(|times| times[index]).collect());
    let ratios = times
        .iter()
        .zip(floor)
        .map(|(times, floor)| times[0] / floor[0]);
    vec![
        name.into(),
        Cell::count((FEEDS * ITEMS) as u64),
        Cell::Number(figure(0), 3),
        Cell::Number(figure(1), 3),
        Cell::Number(figure(2), 3),
        Cell::Number(median(ratios.collect()), 2),
    ]
}

async fn component_times(component: &Path) -> anyhow::Result<Times> {
    let feeds = Feeds::serve(FEEDS, ITEMS).await?;
    let config = feeds.config()?;
    let running = Running::start(
        component,
        Some(&config),
        Some(&feeds.upstream),
        Limits::default(),
    )
    .await?;
    let mut times = Times::default();
    for (index, (time, expected)) in times.iter_mut().zip(EXPECTED).enumerate() {
        if index == 2 {
            feeds.publish_one();
        }
        let start = Instant::now();
        let report = running.cycle().await?;
        *time = start.elapsed().as_secs_f64();
        ensure!(
            report["added"] == expected,
            "expected {expected} new items: {report}"
        );
    }
    Ok(times)
}

async fn native_times() -> anyhow::Result<Times> {
    let feeds = Feeds::serve(FEEDS, ITEMS).await?;
    let config = feeds.config()?;
    let host = SimHost::loopback(1);
    let mut times = Times::default();
    for (index, (time, expected)) in times.iter_mut().zip(EXPECTED).enumerate() {
        if index == 2 {
            feeds.publish_one();
        }
        let start = Instant::now();
        let report = cycle::run(&host, &config, Scope::All).await?;
        *time = start.elapsed().as_secs_f64();
        ensure!(
            report.added == expected,
            "expected {expected} new items: {report:?}"
        );
    }
    Ok(times)
}

/// New items of the three cycles.
const EXPECTED: [usize; 3] = [FEEDS * ITEMS, 0, 1];
