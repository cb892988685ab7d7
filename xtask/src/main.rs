//! `cargo xtask`: everything a person types in this project.
//!
//! Each command sets up what it needs, shows how long its steps take, and says what to do when one fails.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::disallowed_macros,
    reason = "a tool for the workstation: clocks, files, environment and output are its work"
)]

mod docs;
mod guests;
mod hosts;
mod neutral;
mod optimise;
mod process;
mod programs;
mod screenshot;
mod setup;
mod steps;
mod test;
mod vendor;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::guests::Which;

#[derive(Parser)]
#[command(
    name = "cargo xtask",
    about = "Everything a person types in this project",
    disable_help_subcommand = true
)]
struct Cli {
    #[command(subcommand)]
    command: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Build the guests into dist/edgefold-{component,spin,fastly}.wasm
    Build {
        /// Which one
        #[arg(value_enum, default_value_t = Which::All)]
        which: Which,
        /// Bake in this configuration instead of ./edgefold.toml
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
    /// Set up what the tests need, then check and test everything
    Test {
        /// Only what needs no guest and no host: format, neutrality, clippy and tests of the logic and of xtask
        #[arg(long)]
        quick: bool,
    },
    /// Show a page that changes as you watch, from a small upstream server on this machine
    Demo {
        /// Passed on; see `cargo xtask demo --help`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Run your edgefold.toml on this machine (`edgefold up`)
    Up {
        /// Passed on to `edgefold up`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Measure: size, kv, writes, start, cycle, read, serve, or all of them; `cluster --minutes 9` breaks one thing a minute
    Bench {
        /// Passed on; see `cargo xtask bench --help`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Take the pictures of the page that the README shows (needs chromium and chromedriver)
    Screenshot {
        /// A running site; without it, invented sources are folded and served natively
        #[arg(long)]
        url: Option<String>,
        /// The folder that the pictures go to
        #[arg(long, value_name = "DIR", default_value = "docs")]
        out: PathBuf,
    },
    /// Copy the WIT packages of the locked crates to wit/deps and to the folders for Spin
    Vendor {
        /// Change nothing; fail where a copy differs
        #[arg(long)]
        check: bool,
    },
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Task::Build { which, config } => guests::build(which, config.as_deref()).map(|()| true),
        Task::Test { quick } => test::run(quick),
        Task::Demo { args } => programs::demo(&args).map(|()| true),
        Task::Up { args } => programs::up(&args).map(|()| true),
        Task::Bench { args } => programs::bench(&args).map(|()| true),
        Task::Screenshot { url, out } => screenshot::take(url.as_deref(), &out).map(|()| true),
        Task::Vendor { check: true } => vendor::check().map(|()| true),
        Task::Vendor { check: false } => vendor::write().map(|()| true),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The project's root folder.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap_or(Path::new("."))
}
