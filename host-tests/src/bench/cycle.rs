//! How long a cycle takes and how much memory: in the component, and the same logic natively.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, ensure};
use edgefold::config::Config;
use edgefold::cycle::{self, RunOutcome, Scope};
use edgefold_host::Limits;
use serde_json::Value;

use super::feeds::Feeds;
use super::memory;
use super::running::Running;
use super::table::{Cell, Table, median};
use crate::sim::SimHost;

/// Feeds that share the items.
const FEEDS: usize = 50;
/// Items of the whole site, and how many of them one cycle brings at most.
const SIZES: [(usize, usize); 6] = [
    (1_000, 1_000),
    (5_000, 5_000),
    (20_000, 20_000),
    (20_000, 5_000),
    (100_000, 20_000),
    (100_000, 5_000),
];
/// Items that each feed lists once the history is there.
const LISTED: usize = 20;
/// Items that are new in the last cycle.
const NEW: usize = 5;
/// Rounds at sizes up to [`LARGE`]; one beyond.
const ROUNDS: usize = 3;
const LARGE: usize = 20_000;

/// One round at one size.
#[derive(Debug, Clone, Copy, Default)]
struct Figures {
    /// Seconds until all items were there.
    first_s: f64,
    unchanged_s: f64,
    new_s: f64,
    /// Most memory over all cycles, in bytes.
    peak: usize,
}

/// Measures cycles at all sizes.
///
/// # Errors
/// Where a cycle fails, or finds something else than the feeds have.
pub async fn run(component: &Path) -> anyhow::Result<Table> {
    let mut rows = Vec::new();
    for size in SIZES {
        let (mut natively, mut in_component) = (Vec::new(), Vec::new());
        for _ in 0..if size.0 > LARGE { 1 } else { ROUNDS } {
            natively.push(native(size).await?);
            in_component.push(guest(component, size).await?);
        }
        rows.push(row("native", size, &natively, &natively));
        rows.push(row("component", size, &in_component, &natively));
    }
    Ok(Table {
        name: "cycle",
        about: format!(
            "cycles over {FEEDS} RSS feeds from a server on loopback; medians of {ROUNDS} rounds (one beyond {LARGE} items); \
             memory: bytes allocated by the process, its upstream included, and the linear memory of the largest instance"
        ),
        columns: vec![
            "where",
            "items",
            "at once",
            "all s",
            "unchanged s",
            "five new items s",
            "peak MiB",
            "all ratio",
        ],
        rows,
    })
}

fn row(
    name: &str,
    (items, portion): (usize, usize),
    figures: &[Figures],
    floor: &[Figures],
) -> Vec<Cell> {
    let of = |figure: fn(&Figures) -> f64| median(figures.iter().map(figure).collect());
    let ratios = figures.iter().zip(floor);
    let ratios = ratios.map(|(figures, floor)| figures.first_s / floor.first_s);
    #[expect(clippy::cast_precision_loss, reason = "memory is far below 2^52 bytes")]
    let peak = of(|figures| figures.peak as f64 / f64::from(1 << 20));
    vec![
        name.into(),
        Cell::count(items as u64),
        Cell::count(portion as u64),
        Cell::Number(of(|figures| figures.first_s), 3),
        Cell::Number(of(|figures| figures.unchanged_s), 3),
        Cell::Number(of(|figures| figures.new_s), 3),
        Cell::Number(peak, 1),
        Cell::Number(median(ratios.collect()), 2),
    ]
}

/// What came of a cycle.
struct Done {
    /// Items that were new.
    added: usize,
    /// Nothing was published.
    unchanged: bool,
}

/// Something that runs a cycle.
trait Site {
    async fn cycle(&self) -> anyhow::Result<Done>;
}

struct Native {
    host: SimHost<crate::sim::LoopbackHttp>,
    config: Config,
}

impl Site for Native {
    async fn cycle(&self) -> anyhow::Result<Done> {
        let report = cycle::run(&self.host, &self.config, Scope::All).await?;
        ensure!(report.left == 0, "sources are left: {report:?}");
        Ok(Done {
            added: report.added,
            unchanged: report.outcome == RunOutcome::Unchanged,
        })
    }
}

impl Site for Running {
    async fn cycle(&self) -> anyhow::Result<Done> {
        let report: Value = Self::cycle(self).await?;
        let added = report["added"].as_u64().unwrap_or(u64::MAX);
        Ok(Done {
            added: usize::try_from(added).unwrap_or(usize::MAX),
            unchanged: report["outcome"] == "unchanged",
        })
    }
}

async fn native((items, portion): (usize, usize)) -> anyhow::Result<Figures> {
    let feeds = Feeds::serve(FEEDS, portion / FEEDS).await?;
    let site = Native {
        host: SimHost::loopback(1),
        config: feeds.config()?,
    };
    let memory = memory::since();
    let mut figures = measure(&feeds, items, portion, &site).await?;
    figures.peak = memory.peak();
    Ok(figures)
}

async fn guest(component: &Path, (items, portion): (usize, usize)) -> anyhow::Result<Figures> {
    let feeds = Feeds::serve(FEEDS, portion / FEEDS).await?;
    let config = feeds.config()?;
    let upstream = Some(&feeds.upstream);
    let site = Running::start(component, Some(&config), upstream, Limits::default()).await?;
    let mut figures = measure(&feeds, items, portion, &site).await?;
    figures.peak = site.memory_bytes_peak();
    Ok(figures)
}

async fn measure(
    feeds: &Feeds,
    items: usize,
    portion: usize,
    site: &impl Site,
) -> anyhow::Result<Figures> {
    let mut figures = Figures::default();
    let each = items / FEEDS;
    let portion = portion / FEEDS;
    for from in (0..each).step_by(portion) {
        let to = each.min(from + portion);
        feeds.list(from..to, 0);
        figures.first_s += timed(site, (to - from) * FEEDS).await?;
    }
    feeds.list(each - LISTED..each, 0);
    // The documents are others now, the items are not.
    timed(site, 0).await?;
    // Cycles go on with the search index of older items, until all have one.
    let mut cycles = super::cycles_to_index(items);
    while !site.cycle().await?.unchanged {
        cycles = cycles
            .checked_sub(1)
            .context("nothing has changed, and cycles publish")?;
    }
    figures.unchanged_s = timed(site, 0).await?;
    feeds.list(each - LISTED..each, NEW);
    figures.new_s = timed(site, NEW).await?;
    Ok(figures)
}

/// Seconds of one cycle.
async fn timed(site: &impl Site, expected: usize) -> anyhow::Result<f64> {
    let start = Instant::now();
    let added = site.cycle().await?.added;
    let took = start.elapsed().as_secs_f64();
    ensure!(added == expected, "{added} new items, not {expected}");
    Ok(took)
}
