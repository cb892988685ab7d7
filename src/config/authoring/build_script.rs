//! The one place of the crate that touches files: it runs in build scripts, on the workstation, never in a guest.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "cargo passes everything to a build script by environment and takes it by standard output"
)]

use std::path::{Path, PathBuf};
use std::{env, fs, process};

use super::{compile, render};

/// The file in `OUT_DIR` that [`build_script`] writes.
pub const COMPILED_FILE_NAME: &str = "edgefold.config.json";

/// A guest's whole build script: compiles the configuration that is baked in.
///
/// Reads the file named by the environment variable `EDGEFOLD_CONFIG` (relative to the workspace's root), else the
/// workspace's `edgefold.toml`, and writes `$OUT_DIR/edgefold.config.json` for
/// `include_str!(concat!(env!("OUT_DIR"), "/edgefold.config.json"))`. With a mistake in the file it prints what
/// `edgefold check` prints and exits with 1.
pub fn build_script() {
    if let Err(message) = bake() {
        // Cargo shows the standard error of a build script that failed as it is.
        eprintln!("{message}");
        process::exit(1);
    }
}

fn bake() -> Result<(), String> {
    println!("cargo::rerun-if-env-changed=EDGEFOLD_CONFIG");
    let manifest =
        env::var("CARGO_MANIFEST_DIR").map_err(|e| format!("CARGO_MANIFEST_DIR: {e}"))?;
    let root = workspace_root(Path::new(&manifest))?;
    let file = env::var("EDGEFOLD_CONFIG")
        .ok()
        .filter(|name| !name.is_empty())
        .map_or_else(|| root.join("edgefold.toml"), |name| root.join(name));
    println!("cargo::rerun-if-changed={}", file.display());
    let name = file.display().to_string();
    let text = fs::read_to_string(&file).map_err(|error| {
        format!("{name}: can't be read: {error}. Write one, or name another in EDGEFOLD_CONFIG.")
    })?;
    let config = compile(&text).map_err(|mistakes| render(&name, &text, &mistakes))?;
    let out = env::var("OUT_DIR").map_err(|e| format!("OUT_DIR: {e}"))?;
    let out = Path::new(&out).join(COMPILED_FILE_NAME);
    fs::write(&out, config.to_compiled()).map_err(|e| format!("{}: {e}", out.display()))
}

/// The nearest folder above whose `Cargo.toml` is a workspace's.
fn workspace_root(from: &Path) -> Result<PathBuf, String> {
    from.ancestors()
        .find(|folder| {
            fs::read_to_string(folder.join("Cargo.toml"))
                .is_ok_and(|manifest| manifest.lines().any(|line| line.trim() == "[workspace]"))
        })
        .map(Path::to_path_buf)
        .ok_or_else(|| format!("{}: there is no workspace above", from.display()))
}
