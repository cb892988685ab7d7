//! `cargo xtask demo`: a page that changes as you watch, without network.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "a command for the workstation"
)]

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Context;
use clap::Parser;
use edgefold::time::Timestamp;
use host_tests::demo::{Cycle, Demo};
use host_tests::upstream::{Upstream, captures, lively};
use indicatif::{ProgressBar, ProgressStyle};
use tokio::net::TcpListener;

/// Starts a small upstream server and edgefold in front of it; the page changes as you watch.
#[derive(Parser)]
#[command(name = "cargo xtask demo")]
struct Arguments {
    /// Where the page is served; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:3000")]
    listen: SocketAddr,
    /// Serve this folder of captured feeds (with its manifest.jsonl) instead of invented ones
    #[arg(long, value_name = "DIR")]
    captures: Option<PathBuf>,
    /// One cycle, and upstreams that stand still
    #[arg(long)]
    no_changes: bool,
    /// Decides what the invented feeds say
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Seconds between two cycles
    #[arg(long, value_name = "SECONDS", default_value_t = 15, value_parser = clap::value_parser!(u64).range(1..))]
    every: u64,
    /// The component
    #[arg(
        long,
        value_name = "FILE",
        default_value = "dist/edgefold-component.wasm"
    )]
    component: PathBuf,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    // First, so that a port in use is found out before anything takes time.
    let listener = TcpListener::bind(arguments.listen).await.with_context(|| {
        format!(
            "can't listen on {}: try `--listen 127.0.0.1:0`",
            arguments.listen
        )
    })?;
    let address = listener.local_addr()?;
    let upstream = Upstream::start().await?;
    let config = mount(&upstream, &arguments)?;
    let demo = start(&arguments.component, &config, &upstream).await?;
    report(&demo.cycle().await?);
    let server = demo.host.clone();
    let serving = tokio::spawn(async move {
        server.serve(listener, stop()).await;
    });
    println!("ready http://{address}");
    let again = cycles(&demo, Duration::from_secs(arguments.every));
    tokio::select! {
        done = serving => done?,
        () = again, if !arguments.no_changes => {}
    }
    Ok(())
}

/// Sets the upstream up and returns the configuration for it.
fn mount(upstream: &Upstream, arguments: &Arguments) -> anyhow::Result<String> {
    if let Some(folder) = &arguments.captures {
        let captures = captures::mount(upstream, folder)?;
        return Ok(captures::config(&upstream.base_url(), &captures));
    }
    let (start, stands_still) = (now(), arguments.no_changes);
    lively::mount(upstream, arguments.seed, move || {
        if stands_still { start } else { now() }
    });
    Ok(lively::config(&upstream.base_url()))
}

async fn start(component: &Path, config: &str, upstream: &Upstream) -> anyhow::Result<Demo> {
    let progress = ProgressBar::new_spinner()
        .with_style(ProgressStyle::with_template("{spinner} {msg} {elapsed}")?)
        .with_message("compiling the component (kept for the next time)");
    progress.enable_steady_tick(Duration::from_millis(100));
    let demo = Demo::start(component, config, upstream).await;
    progress.finish_and_clear();
    demo
}

async fn cycles(demo: &Demo, every: Duration) {
    loop {
        tokio::time::sleep(every).await;
        match demo.cycle().await {
            Ok(cycle) => report(&cycle),
            Err(error) => eprintln!("{error:#}"),
        }
    }
}

fn report(cycle: &Cycle) {
    eprintln!(
        "generation {}: {} new and {} changed items out of {} requests, {} values written",
        cycle.generation, cycle.added, cycle.changed, cycle.requests, cycle.writes
    );
    for source in &cycle.failed {
        eprintln!("  failing: {source}");
    }
}

fn now() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// Ready at Ctrl-C.
async fn stop() {
    if tokio::signal::ctrl_c().await.is_err() {
        // Without signals the process is ended from outside.
        std::future::pending::<()>().await;
    }
}
