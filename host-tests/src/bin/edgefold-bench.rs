//! `cargo xtask bench`: runs benchmarks and prints their tables.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "a command for the workstation"
)]

use std::path::PathBuf;

use anyhow::Context;
use clap::Parser;
use host_tests::bench::{self, CLUSTER, Guests, NAMES};
use indicatif::{ProgressBar, ProgressStyle};

/// `cycle` also says how much memory a native cycle takes.
#[global_allocator]
static MEMORY: bench::memory::Counting = bench::memory::Counting;

/// Measures edgefold beside floors of the same run.
#[derive(Parser)]
#[command(name = "cargo xtask bench")]
struct Arguments {
    /// Which ones; all but `cluster` where none is named
    #[arg(value_parser = NAMES)]
    names: Vec<String>,
    /// For how long `cluster` runs; something breaks in each minute
    #[arg(long, default_value_t = 9)]
    minutes: usize,
    /// Also write the figures to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// The folder with the guests
    #[arg(long, value_name = "DIR", default_value = "dist")]
    dist: PathBuf,
    /// The hello-world component
    #[arg(long, value_name = "FILE", default_value = "dist/bench-hello.wasm")]
    hello: PathBuf,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    if cfg!(debug_assertions) && arguments.names != [CLUSTER] {
        eprintln!("warning: not optimised; `cargo xtask bench` builds it as it should be");
    }
    let guests = Guests {
        dist: arguments.dist,
        hello: arguments.hello,
    };
    let all = || {
        let usual = NAMES.into_iter().filter(|name| *name != CLUSTER);
        usual.map(str::to_owned).collect()
    };
    let names = Some(arguments.names)
        .filter(|names| !names.is_empty())
        .unwrap_or_else(all);
    let progress = ProgressBar::new_spinner()
        .with_style(ProgressStyle::with_template("{spinner} {msg} {elapsed}")?);
    progress.enable_steady_tick(std::time::Duration::from_millis(100));
    let mut tables = Vec::new();
    for name in names {
        progress.set_message(format!("measuring {name}"));
        let table = bench::run(&name, &guests, arguments.minutes)
            .await
            .with_context(|| format!("benchmark {name}"))?;
        progress.suspend(|| println!("{}", table.text()));
        tables.push(table);
    }
    progress.finish_and_clear();
    if let Some(file) = arguments.json {
        let text = serde_json::to_string_pretty(&bench::json(&tables))?;
        std::fs::write(&file, text + "\n")
            .with_context(|| format!("can't write {}", file.display()))?;
    }
    Ok(())
}
