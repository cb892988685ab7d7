//! How long `edgefold up` takes from the start of the process until a page is answered.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{ChildStdout, Command, Stdio};
use std::time::Instant;

use anyhow::{Context, ensure};

use super::feeds::Feeds;
use super::table::median;
use crate::arms::client;
use crate::cluster;
use crate::servers::{Process, Scratch};

/// Starts with the compiled component on disk, of which the median is told.
pub(super) const STARTS: usize = 7;
/// Opens the refresh; nothing else listens to these processes.
const TOKEN: &str = "bench-token";

/// In milliseconds, from starting the process to the last byte of `GET /`.
#[derive(Debug, Clone, Copy)]
pub struct Started {
    /// With an empty cache: the component is compiled.
    pub first_ms: f64,
    /// With its code on disk, and items in the store: the median.
    pub again_ms: f64,
    /// The slowest of those.
    pub again_ms_max: f64,
}

/// Measures the command that was built beside this program, with `component`.
///
/// # Errors
/// Where the command is missing, or does not start or answer.
pub async fn run(component: &Path) -> anyhow::Result<Started> {
    let program = cluster::edgefold().context("no `edgefold` beside this program")?;
    let folder = Scratch::new("bench-up")?;
    let feeds = Feeds::serve(20, 50).await?;
    let start = async || -> anyhow::Result<(f64, Process, String)> {
        let mut command = Command::new(&program);
        command
            .args([
                "up",
                "--listen",
                "127.0.0.1:0",
                "--no-schedule",
                "--component",
            ])
            .arg(std::path::absolute(component)?)
            .args([
                "--store",
                "redb:items.redb",
                "--allow-outbound",
                "127.0.0.1",
            ])
            .current_dir(folder.path())
            .env("XDG_CACHE_HOME", folder.path())
            .env("EDGEFOLD_VAR_CONFIG", feeds.config()?.to_compiled())
            .env("EDGEFOLD_VAR_ADMIN_TOKEN", TOKEN)
            .stdout(Stdio::piped());
        let started = Instant::now();
        let mut process = Process::start(&mut command, None)?;
        let stdout = process.stdout().context("no standard output")?;
        let base = tokio::task::spawn_blocking(move || ready(stdout)).await??;
        let page = client::send(&base, "GET", "/", &[]).await?;
        let ms = started.elapsed().as_secs_f64() * 1e3;
        ensure!(page.status == 200, "GET /: {}", page.status);
        Ok((ms, process, base))
    };
    let (first_ms, process, base) = start().await?;
    let bearer = format!("Bearer {TOKEN}");
    let headers = [("authorization", bearer.as_str())];
    let report = client::send(&base, "POST", "/_edgefold/refresh?all=1", &headers).await?;
    ensure!(report.status == 200, "refresh: {}", report.text());
    drop(process);
    let mut again_ms = Vec::new();
    for _ in 0..STARTS {
        again_ms.push(start().await?.0);
    }
    Ok(Started {
        first_ms,
        again_ms_max: again_ms.iter().copied().fold(0.0, f64::max),
        again_ms: median(again_ms),
    })
}

fn ready(stdout: ChildStdout) -> anyhow::Result<String> {
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line)?;
    let base = line.trim().strip_prefix("ready ");
    base.map(str::to_owned).context("it did not start")
}
