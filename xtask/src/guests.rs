//! Builds the guests: one WebAssembly file for each kind of host.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Context;
use clap::ValueEnum;

use crate::process::{cargo, output, run};
use crate::{optimise, root, setup};

/// What `cargo xtask build` is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Which {
    /// For wasmtime and every host of `wit/`
    Component,
    /// For Spin
    Spin,
    /// For Fastly Compute
    Fastly,
    /// The three of them
    All,
}

/// One guest.
#[derive(Debug)]
pub(crate) struct Guest {
    which: Which,
    /// As in `cargo xtask build NAME`.
    name: &'static str,
    /// Its file in `dist/`.
    dist: &'static str,
    /// Its cargo package.
    pub(crate) package: &'static str,
    /// Its compilation target.
    pub(crate) target: &'static str,
    /// What its clippy step is called.
    pub(crate) clippy_step: &'static str,
    /// The file that cargo makes of it.
    file: &'static str,
}

/// All guests, in the order they are built.
pub(crate) const GUESTS: [Guest; 3] = [
    Guest {
        which: Which::Component,
        name: "component",
        dist: "edgefold-component.wasm",
        clippy_step: "clippy of component",
        package: "edgefold-component",
        target: "wasm32-wasip2",
        file: "edgefold_component.wasm",
    },
    Guest {
        which: Which::Spin,
        name: "spin",
        dist: "edgefold-spin.wasm",
        clippy_step: "clippy of spin",
        package: "edgefold-spin",
        target: "wasm32-wasip2",
        file: "edgefold_spin.wasm",
    },
    Guest {
        which: Which::Fastly,
        name: "fastly",
        dist: "edgefold-fastly.wasm",
        clippy_step: "clippy of fastly",
        package: "edgefold-fastly",
        target: "wasm32-wasip1",
        file: "edgefold-fastly.wasm",
    },
];

/// The floor of the benchmarks. No product, so not among [`GUESTS`].
const HELLO: Guest = Guest {
    which: Which::All,
    name: "bench-hello",
    dist: "bench-hello.wasm",
    clippy_step: "clippy of hello",
    package: "hello",
    target: "wasm32-wasip2",
    file: "hello.wasm",
};

/// The targets of all guests.
pub(crate) const TARGETS: [&str; 2] = ["wasm32-wasip1", "wasm32-wasip2"];

/// Builds `which` with `config` (or `./edgefold.toml`) baked in, and prints the sizes.
pub(crate) fn build(which: Which, config: Option<&Path>) -> anyhow::Result<()> {
    let config = match config {
        Some(file) => Some(
            fs::canonicalize(file)
                .with_context(|| format!("can't read the configuration {}", file.display()))?,
        ),
        None => None,
    };
    let wanted: Vec<&Guest> = GUESTS
        .iter()
        .filter(|guest| which == Which::All || which == guest.which)
        .collect();
    let targets: Vec<&str> = wanted.iter().map(|guest| guest.target).collect();
    setup::targets(&targets)?;
    if !setup::has_wasm_opt() {
        println!("without wasm-opt (Debian: `apt-get install binaryen`) guests are a tenth larger");
    }
    for guest in wanted {
        let start = Instant::now();
        let file = build_one(guest, config.as_deref())?;
        let bytes = fs::metadata(&file)?.len();
        println!(
            "{:<28} {:>9} bytes  {:>5.2} MB  {:>6.1} s",
            file.strip_prefix(root()).unwrap_or(&file).display(),
            bytes,
            megabytes(bytes),
            start.elapsed().as_secs_f64()
        );
    }
    Ok(())
}

/// Builds the hello-world component of the benchmarks into `dist/bench-hello.wasm`.
pub(crate) fn build_hello() -> anyhow::Result<()> {
    setup::targets(&[HELLO.target])?;
    build_one(&HELLO, None).map(drop)
}

// One cargo call a guest: building two together would unify their dependencies' features, and the same guest would come
// out differently alone and with others.
fn build_one(guest: &Guest, config: Option<&Path>) -> anyhow::Result<PathBuf> {
    let mut command = cargo(&["build", "--profile", "guest", "--package", guest.package]);
    command.args(["--target", guest.target]);
    if let Some(config) = config {
        command.env("EDGEFOLD_CONFIG", config);
    }
    run(&mut command).with_context(|| {
        format!(
            "the guest `{}` does not build; after mending what the compiler says, rerun `cargo xtask build {}`",
            guest.name, guest.name
        )
    })?;
    let built = target_dir()?
        .join(guest.target)
        .join("guest")
        .join(guest.file);
    let built = optimise::smaller(&built, guest.target)?.unwrap_or(built);
    let file = root().join("dist").join(guest.dist);
    copy_if_changed(&built, &file)?;
    if guest.which == Which::Fastly {
        // Where the Fastly CLI looks, with `language = "other"`.
        copy_if_changed(&built, &root().join("bin/main.wasm"))?;
    }
    Ok(file)
}

fn copy_if_changed(from: &Path, to: &Path) -> anyhow::Result<()> {
    let new = fs::read(from).with_context(|| format!("can't read {}", from.display()))?;
    if fs::read(to).is_ok_and(|old| old == new) {
        return Ok(());
    }
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder)?;
    }
    // Renamed into place, so that a host that starts meanwhile never reads half a file.
    let partial = to.with_extension("partial");
    fs::write(&partial, new)?;
    fs::rename(&partial, to).with_context(|| format!("can't write {}", to.display()))
}

/// Where cargo builds.
pub(crate) fn target_dir() -> anyhow::Result<PathBuf> {
    let text = output(&mut cargo(&[
        "metadata",
        "--no-deps",
        "--format-version",
        "1",
    ]))?;
    let metadata: serde_json::Value = serde_json::from_str(&text)?;
    let folder = metadata["target_directory"]
        .as_str()
        .context("cargo metadata names no target directory")?;
    Ok(folder.into())
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a size to look at: two decimals"
)]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
