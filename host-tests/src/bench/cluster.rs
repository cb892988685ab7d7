//! `cluster`: three processes on three NATS servers under mixed load, and each minute something breaks.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, ensure};

use super::table::{Cell, Table};
use crate::cluster::Cluster;
use crate::cluster::drive::{self, Episode, Plan};
use crate::cluster::faults::Fault;
use crate::cluster::readers::Tally;

/// Of each minute something is broken so long; the rest is for recovery and for everything being whole.
const BROKEN: Duration = Duration::from_secs(20);
const WHOLE: Duration = Duration::from_secs(36);

/// What breaks, in this order and then again.
const FAULTS: [Fault; 11] = [
    Fault::SiteKilled(0),
    Fault::ServerKilled(0),
    Fault::Partition(1),
    Fault::ServerPaused(1),
    Fault::Slow(Duration::from_millis(100)),
    Fault::SiteKilled(2),
    Fault::Refused(0),
    Fault::ServerKilled(2),
    Fault::ClockAhead(1),
    Fault::DiskFull(1),
    Fault::AllServersKilled,
];

/// Runs the guest at `component` for `minutes`, with a fault in each.
///
/// # Errors
/// Where a program is missing or does not start, or nothing recovers.
pub async fn run(component: &Path, minutes: usize) -> anyhow::Result<Table> {
    let cluster = Cluster::start(component, true).await?;
    let mut cluster = cluster.context("a program is missing: see above")?;
    let plan = Plan {
        faults: FAULTS.into_iter().cycle().take(minutes).collect(),
        broken: BROKEN,
        whole: WHOLE,
    };
    let start = std::time::Instant::now();
    let outcome = drive::run(&mut cluster, &plan, |what| eprintln!("{what}")).await?;
    let seconds = start.elapsed().as_secs();
    for shown in outcome
        .episodes
        .iter()
        .flat_map(|e| e.broken.shown.iter().chain(&e.after.shown))
    {
        eprintln!("wrong: {shown}");
    }
    ensure!(outcome.lost.is_empty(), "lost: {}", outcome.lost.join("; "));
    Ok(Table {
        name: "cluster",
        about: format!(
            "Three `edgefold up` on three NATS servers, six readers without a pause of more than 40 ms, a publish every 0.7 s at one process \
             after the other, for {seconds} s. {} items were published; at the end every process lists each of them once. \
             Wrong: torn, doubled, missing, or older than 4 s without saying so. `none`: the process was down.",
            outcome.items
        ),
        columns: vec![
            "what broke, for 20 s",
            "answers",
            "said they are old",
            "5xx",
            "none",
            "wrong",
            "slowest ms",
            "publishes meanwhile",
            "recovery s",
            "largest process MB",
        ],
        rows: outcome.episodes.iter().map(row).collect(),
    })
}

fn row(episode: &Episode) -> Vec<Cell> {
    let both = [&episode.broken, &episode.after];
    let sum = |count: fn(&Tally) -> u64| Cell::count(both.iter().map(|tally| count(tally)).sum());
    let slowest = both
        .iter()
        .map(|tally| tally.slowest)
        .max()
        .unwrap_or_default();
    let name = match episode.fault {
        Some(fault) => fault.name(),
        None => "nothing".to_owned(),
    };
    vec![
        Cell::Text(name),
        sum(|tally| tally.good),
        sum(|tally| tally.said_stale),
        sum(|tally| tally.errors.values().sum()),
        sum(|tally| tally.none),
        sum(|tally| tally.wrong),
        Cell::Number(slowest.as_secs_f64() * 1000.0, 0),
        Cell::count(episode.published),
        Cell::Number(episode.recovery.as_secs_f64(), 1),
        Cell::Number(episode.memory_bytes as f64 / 1e6, 0),
    ]
}
