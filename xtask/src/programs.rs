//! Starts the programs that need the wasmtime host: `edgefold up`, the demo and the benchmarks.

use std::process::Stdio;

use anyhow::Context;

use crate::guests::{self, Which};
use crate::process::{become_program, cargo, run};
use crate::setup;

/// `cargo xtask up`: the component and `edgefold up`.
pub(crate) fn up(args: &[String]) -> anyhow::Result<()> {
    guests::build(Which::Component, None)?;
    start("edgefold", &[], "up", args)
}

/// `cargo xtask demo`.
pub(crate) fn demo(args: &[String]) -> anyhow::Result<()> {
    if !asks_for_help(args) {
        guests::build(Which::Component, None)?;
    }
    start("edgefold-demo", &[], "", args)
}

/// `cargo xtask bench`: optimised, with all guests, unless only what runs natively is asked for.
pub(crate) fn bench(args: &[String]) -> anyhow::Result<()> {
    let named = |name: &str| args.iter().any(|arg| arg == name);
    if args.first().is_some_and(|name| name == "cluster") {
        return bench_cluster(args);
    }
    let native_only = named("writes")
        && !["size", "kv", "start", "cycle", "read", "spin", "serve"]
            .into_iter()
            .any(named);
    if !asks_for_help(args) && !native_only {
        guests::build(Which::All, None)?;
        guests::build_hello()?;
        // `start` starts the command, which it looks for beside itself.
        let bins = ["--bin", "edgefold", "--bin", "edgefold-bench"];
        run(cargo(&["build", "--release"])
            .args(bins)
            .stdin(Stdio::null()))?;
    }
    start("edgefold-bench", &["--release"], "", args)
}

/// `cargo xtask bench cluster`: the programs as the tests build them, since what it measures is no speed.
fn bench_cluster(args: &[String]) -> anyhow::Result<()> {
    if !asks_for_help(args) {
        setup::store_servers()?;
        guests::build(Which::Component, None)?;
        run(
            cargo(&["build", "--bin", "edgefold", "--bin", "edgefold-bench"]).stdin(Stdio::null()),
        )?;
    }
    start("edgefold-bench", &[], "", args)
}

fn asks_for_help(args: &[String]) -> bool {
    args.iter().any(|arg| arg == "--help" || arg == "-h")
}

// Without `--package`, so that cargo unifies features over all packages, and what is built once serves all of these.
fn start(bin: &str, options: &[&str], first: &str, args: &[String]) -> anyhow::Result<()> {
    let mut command = cargo(&["run", "--bin", bin]);
    command.args(options).arg("--");
    if !first.is_empty() {
        command.arg(first);
    }
    command.args(args);
    become_program(&mut command).with_context(|| format!("can't build or start {bin}"))
}
