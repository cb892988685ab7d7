//! Three `edgefold up` on three NATS servers, on this machine: what breaks, who reads meanwhile, and what must hold.
//!
//! - [`site`]: one process, behind a proxy to each server.
//! - [`news`]: a source that gets one numbered item after the other.
//! - [`readers`]: who reads, and checks every answer.
//! - [`faults`]: what breaks, and how it is mended.
//! - [`drive`]: all of them together.

pub mod drive;
pub mod faults;
pub mod news;
pub mod readers;
pub mod site;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use crate::arms::client::{self, Answer};
use crate::servers::Scratch;
use crate::servers::nats::Nats;
use news::News;
use site::Site;

/// Processes, and NATS servers.
pub const SIZE: usize = 3;
/// Room of each NATS server, in MB.
const DISK_MB: u32 = 128;
/// Where the processes keep everything.
const BUCKET: &str = "site?replicas=3";
/// A cluster that has just begun needs a moment to choose its leaders.
const START_PATIENCE: Duration = Duration::from_secs(60);
/// Opens the admin routes; nothing else listens to these processes.
const TOKEN: &str = "cluster-token";

/// All of it. Ends when this is dropped.
pub struct Cluster {
    /// The servers.
    pub nats: Nats,
    /// The processes.
    pub sites: Vec<Site>,
    /// The source.
    pub news: Arc<News>,
    folder: Scratch,
}

impl Cluster {
    /// Starts everything with the guest at `component`; `None`, with a message, where a program is missing. With `schedule` the
    /// processes run cycles by themselves.
    ///
    /// # Errors
    /// Where something does not start.
    pub async fn start(component: &Path, schedule: bool) -> anyhow::Result<Option<Self>> {
        let Some(program) = edgefold() else {
            return Ok(None);
        };
        let Some(nats) = Nats::cluster_on_disks(SIZE, DISK_MB)? else {
            return Ok(None);
        };
        let news = Arc::new(News::start().await?);
        let folder = Scratch::new("cluster")?;
        let config = folder.path().join("edgefold.toml");
        std::fs::write(&config, news.config())?;
        let servers: Vec<_> = nats.nodes.iter().map(|node| node.address).collect();
        let mut sites = Vec::new();
        for number in 0..SIZE {
            let log = folder.path().join(format!("site{number}.log"));
            let mut site = Site::new(&program, component, &config, &servers, log).await?;
            site.schedule = schedule;
            site.store_rest = BUCKET.to_owned();
            // One after the other: the first compiles the component, the others take what it has compiled.
            let patience = Instant::now() + START_PATIENCE;
            while let Err(error) = site.start().await {
                if Instant::now() > patience {
                    return Err(error.context(site.log_tail()));
                }
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
            sites.push(site);
        }
        Ok(Some(Self {
            nats,
            sites,
            news,
            folder,
        }))
    }

    /// Where the processes' logs are.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

/// The command as it was built beside this program, or a folder above where this is a test.
pub(crate) fn edgefold() -> Option<PathBuf> {
    let this = std::env::current_exe().ok()?;
    let beside = this.parent()?.join("edgefold");
    let above = this.parent()?.parent()?.join("edgefold");
    let found = [beside, above].into_iter().find(|place| place.is_file());
    if found.is_none() {
        println!("skipped: no `edgefold` beside this program (`cargo build --bin edgefold`)");
    }
    found
}

/// Runs a cycle over all sources at `url`, and says how it ended: `published`, `unchanged`, `conflict`, ….
///
/// # Errors
/// Where no report comes.
pub async fn refresh(url: &str) -> anyhow::Result<String> {
    let token = format!("Bearer {TOKEN}");
    let headers = [("authorization", token.as_str())];
    let asked = client::send(url, "POST", "/_edgefold/refresh?all=1", &headers);
    let answer = tokio::time::timeout(Duration::from_secs(20), asked)
        .await
        .context("no report in time")??;
    if answer.status != 200 {
        bail!("{}: {}", answer.status, answer.text());
    }
    let outcome = answer.json()?["outcome"].as_str().map(str::to_owned);
    outcome.context("a report without outcome")
}

/// Numbers of the items on a page, as their titles say, newest first.
///
/// # Errors
/// Where it is no page.
pub fn numbers(answer: &Answer) -> anyhow::Result<(Vec<u64>, Option<String>)> {
    let page = answer.json()?;
    let items = page["items"].as_array().context("no items")?;
    let numbers = items
        .iter()
        .map(|item| {
            let title = item["title"].as_str().unwrap_or_default();
            let number = title.strip_prefix("Number ").and_then(|n| n.parse().ok());
            number.with_context(|| format!("an item {title:?}"))
        })
        .collect::<anyhow::Result<Vec<u64>>>()?;
    Ok((numbers, page["next"].as_str().map(str::to_owned)))
}

/// Every item that `url` lists.
///
/// # Errors
/// Where a page is missing.
pub async fn all_numbers(url: &str) -> anyhow::Result<Vec<u64>> {
    let mut all = Vec::new();
    let mut path = "/api/items?limit=100".to_owned();
    loop {
        let answer = client::send(url, "GET", &path, &[]).await?;
        anyhow::ensure!(answer.status == 200, "{path}: {}", answer.status);
        let (numbers, next) = numbers(&answer)?;
        all.extend(numbers);
        match next {
            None => return Ok(all),
            Some(next) => path = format!("/api/items?limit=100&cursor={next}"),
        }
    }
}
