//! Readers, a publisher and one fault after the other.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;

use super::faults::Fault;
use super::news::News;
use super::readers::{self, Ledger, Tally};
use super::{Cluster, all_numbers, refresh};

/// Readers of each process.
const READERS: usize = 2;
/// A publish is tried this often.
const PUBLISH_EVERY: Duration = Duration::from_millis(700);
/// Tries whose end is remembered.
const TRIES_MAX: usize = 12;
/// After a fault is mended, everything is as before within this.
pub const RECOVERY_MAX: Duration = Duration::from_secs(30);

/// What to do.
#[derive(Debug, Clone)]
pub struct Plan {
    /// One after the other.
    pub faults: Vec<Fault>,
    /// How long each lasts.
    pub broken: Duration,
    /// From the end of one to the beginning of the next.
    pub whole: Duration,
}

/// What happened while one thing was broken, and until the next.
#[derive(Debug, Clone)]
pub struct Episode {
    /// What broke; `None` at the start, when nothing was.
    pub fault: Option<Fault>,
    /// While it was broken.
    pub broken: Tally,
    /// Until the next one.
    pub after: Tally,
    /// From its end until a publish was acknowledged and every process answered with it.
    pub recovery: Duration,
    /// Publishes that were acknowledged while it was broken.
    pub published: u64,
    /// Memory of the largest process at its end, in bytes.
    pub memory_bytes: u64,
}

/// Everything together.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// One for each fault, and one before them.
    pub episodes: Vec<Episode>,
    /// Items that were published.
    pub items: u64,
    /// What the processes list at the end, where that is not each item once.
    pub lost: Vec<String>,
}

/// Publishes all the time, at one process after the other.
struct Publisher {
    task: JoinHandle<()>,
    /// How the last tries ended, for whoever wonders why nothing is published.
    tries: Arc<Mutex<Vec<String>>>,
    acknowledged: Arc<AtomicU64>,
}

impl Publisher {
    fn start(urls: Vec<String>, news: Arc<News>, ledger: Arc<Ledger>) -> Self {
        let acknowledged = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&acknowledged);
        let next = AtomicUsize::new(0);
        let tries = Arc::new(Mutex::new(Vec::new()));
        let told = Arc::clone(&tries);
        let task = tokio::spawn(async move {
            loop {
                let number = news.publish();
                let url = &urls[next.fetch_add(1, Ordering::Relaxed) % urls.len()];
                // The report speaks of what the feed had when it was asked for, or of more.
                let begun = Instant::now();
                let tried = refresh(url).await;
                if tried.as_deref().is_ok_and(|outcome| outcome == "published") {
                    ledger.acknowledge(number);
                    counted.fetch_add(1, Ordering::Relaxed);
                }
                let end = format!("{url} after {:?}: {tried:?}", begun.elapsed());
                remember(&told, end);
                tokio::time::sleep(PUBLISH_EVERY).await;
            }
        });
        Self {
            task,
            tries,
            acknowledged,
        }
    }

    fn acknowledged(&self) -> u64 {
        self.acknowledged.load(Ordering::Relaxed)
    }
}

fn remember(tries: &Mutex<Vec<String>>, end: String) {
    let mut tries = tries.lock().unwrap_or_else(PoisonError::into_inner);
    if tries.len() == TRIES_MAX {
        tries.remove(0);
    }
    tries.push(end);
}

/// Carries out `plan`; `said` hears what happens.
///
/// # Errors
/// Where a program does not start again, or nothing recovers.
pub async fn run(
    cluster: &mut Cluster,
    plan: &Plan,
    mut said: impl FnMut(&str),
) -> anyhow::Result<Outcome> {
    let ledger = Arc::new(Ledger::default());
    let urls: Vec<String> = cluster.sites.iter().map(super::site::Site::url).collect();
    refresh(&urls[0]).await?;
    let publisher = Publisher::start(urls.clone(), Arc::clone(&cluster.news), Arc::clone(&ledger));
    let tasks: Vec<JoinHandle<()>> = urls
        .iter()
        .flat_map(|url| (0..READERS).map(|_| readers::spawn(url.clone(), Arc::clone(&ledger))))
        .collect();
    let mut episodes = Vec::new();
    let whole = async |ledger: &Ledger| {
        tokio::time::sleep(plan.whole).await;
        ledger.take()
    };
    episodes.push(Episode {
        fault: None,
        broken: Tally::default(),
        after: whole(&ledger).await,
        recovery: Duration::ZERO,
        published: publisher.acknowledged(),
        memory_bytes: memory(cluster),
    });
    for fault in &plan.faults {
        if !fault.is_possible(cluster) {
            said(&format!("left out on this machine: {}", fault.name()));
            continue;
        }
        said(&fault.name());
        let before = publisher.acknowledged();
        fault.begin(cluster).await?;
        tokio::time::sleep(plan.broken).await;
        let published = publisher.acknowledged() - before;
        fault.end(cluster).await?;
        let mended = Instant::now();
        if let Err(error) = recovered(&urls, &ledger, mended).await {
            let tries = publisher
                .tries
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            return Err(error.context(format!("after {}: {}", fault.name(), tries.join("\n"))));
        }
        let broken = ledger.take();
        let recovery = mended.elapsed();
        episodes.push(Episode {
            fault: Some(*fault),
            broken,
            after: whole(&ledger).await,
            recovery,
            published,
            memory_bytes: memory(cluster),
        });
    }
    publisher.task.abort();
    tasks.iter().for_each(JoinHandle::abort);
    let items = cluster.news.last();
    let lost = compare(&urls, items).await?;
    Ok(Outcome {
        episodes,
        items,
        lost,
    })
}

/// Until something was acknowledged after `mended`, and every process lists it.
async fn recovered(urls: &[String], ledger: &Ledger, mended: Instant) -> anyhow::Result<()> {
    let before = ledger.acknowledged_at(mended);
    loop {
        let acknowledged = ledger.acknowledged_at(Instant::now());
        let mut good = acknowledged > before;
        for url in urls {
            good = good && newest(url).await.is_some_and(|first| first >= acknowledged);
        }
        if good {
            return Ok(());
        }
        anyhow::ensure!(
            mended.elapsed() < RECOVERY_MAX,
            "not as before within {RECOVERY_MAX:?}"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn newest(url: &str) -> Option<u64> {
    let asked = crate::arms::client::send(url, "GET", "/api/items?limit=1", &[]);
    let answer = tokio::time::timeout(Duration::from_secs(5), asked).await;
    let (numbers, _) = super::numbers(&answer.ok()?.ok()?).ok()?;
    numbers.first().copied()
}

/// After a last cycle every process lists each item once.
async fn compare(urls: &[String], items: u64) -> anyhow::Result<Vec<String>> {
    let wanted: Vec<u64> = (1..=items).rev().collect();
    let patience = Instant::now() + RECOVERY_MAX;
    loop {
        refresh(&urls[0]).await?;
        let mut lost = Vec::new();
        for url in urls {
            let found = all_numbers(url).await?;
            if found != wanted {
                let missing: Vec<u64> = wanted
                    .iter()
                    .copied()
                    .filter(|number| !found.contains(number))
                    .collect();
                lost.push(format!("{url}: {} items, missing {missing:?}", found.len()));
            }
        }
        if lost.is_empty() || Instant::now() > patience {
            return Ok(lost);
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

fn memory(cluster: &Cluster) -> u64 {
    let sites = cluster.sites.iter();
    sites
        .filter_map(super::site::Site::memory_bytes)
        .max()
        .unwrap_or_default()
}
