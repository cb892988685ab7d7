//! What a person types.

mod check;
mod health;
mod import;
mod up;

use std::path::Path;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use edgefold::config::authoring::{Deployment, compile_deployment};

/// What was asked for is wrong: mistakes in a configuration.
const MISTAKES: u8 = 1;
/// It can't be done: a file can't be read, a port is taken. Also what `clap` exits with.
const CANNOT: u8 = 2;

/// Folds many feeds and JSON APIs into one fast site and API at the edge
#[derive(Debug, Parser)]
#[command(name = "edgefold", version)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the site on this machine: pages, API and the schedule
    Up(Box<up::Up>),
    /// Print every mistake in a configuration; exit with 1 where there is one
    Check(check::Check),
    /// Print the subscriptions of another reader (OPML) as sources for edgefold.toml
    Import(import::Import),
    /// Ask a running site whether it is well; exit with 1 where it is not. For health checks
    Health(health::Health),
}

impl Cli {
    pub(crate) fn run(self) -> ExitCode {
        match self.command {
            Command::Up(up) => up.run(),
            Command::Check(check) => check.run(),
            Command::Import(import) => import.run(),
            Command::Health(health) => health.run(),
        }
    }
}

/// Says why it can't be done.
fn cannot(why: impl std::fmt::Display) -> ExitCode {
    eprintln!("edgefold: {why}");
    ExitCode::from(CANNOT)
}

/// Reads and checks a configuration with the files of its tenants; prints what is wrong.
fn deployment(file: &Path) -> Result<Deployment, ExitCode> {
    let text = read_text(file).map_err(cannot)?;
    let folder = file.parent().unwrap_or(Path::new(""));
    let name = file.display().to_string();
    let tenant = |path: &str| {
        let file = folder.join(path);
        let text = std::fs::read_to_string(&file).map_err(|error| error.to_string())?;
        Ok((file.display().to_string(), text))
    };
    compile_deployment(&name, &text, tenant).map_err(|files| {
        for file in files {
            eprint!("{}", file.render());
        }
        ExitCode::from(MISTAKES)
    })
}

/// Reads a text file, or standard input for `-`.
fn read_text(file: &Path) -> Result<String, String> {
    let read = if file.as_os_str() == "-" {
        std::io::read_to_string(std::io::stdin())
    } else {
        std::fs::read_to_string(file)
    };
    read.map_err(|error| format!("can't read {}: {error}", file.display()))
}
