//! The one place of the crate that touches files: it runs in build scripts, on the workstation, never in a guest.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "cargo passes everything to a build script by environment and takes it by standard output"
)]

use std::path::{Path, PathBuf};
use std::{env, fs, process};

use super::{FileMistakes, compile_deployment};

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
    let variable = |name: &str| env::var(name).map_err(|error| format!("{name}: {error}"));
    let file = chosen(
        Path::new(&variable("CARGO_MANIFEST_DIR")?),
        env::var("EDGEFOLD_CONFIG").ok().as_deref(),
    )?;
    println!("cargo::rerun-if-changed={}", file.display());
    let out = Path::new(&variable("OUT_DIR")?).join(COMPILED_FILE_NAME);
    fs::write(&out, compiled(&file)?).map_err(|error| format!("{}: {error}", out.display()))
}

/// The file to compile: the one that is `named`, else the default of the workspace that `package` belongs to.
fn chosen(package: &Path, named: Option<&str>) -> Result<PathBuf, String> {
    let root = workspace_root(package)?;
    let name = named.filter(|name| !name.is_empty());
    Ok(root.join(name.unwrap_or("edgefold.toml")))
}

fn compiled(file: &Path) -> Result<String, String> {
    let name = file.display().to_string();
    let text = fs::read_to_string(file).map_err(|error| {
        format!("{name}: can't be read: {error}. Write one, or name another in EDGEFOLD_CONFIG.")
    })?;
    let folder = file.parent().unwrap_or(Path::new(""));
    let compiled = compile_deployment(&name, &text, |path| {
        let file = folder.join(path);
        println!("cargo::rerun-if-changed={}", file.display());
        let text = fs::read_to_string(&file).map_err(|error| error.to_string())?;
        Ok((file.display().to_string(), text))
    });
    match compiled {
        Ok(deployment) => Ok(deployment.to_compiled()),
        Err(files) => Err(files.iter().map(FileMistakes::render).collect()),
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn the_default_of_the_workspace_is_baked_in() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let package = root.join("adapters/component");
        assert_eq!(chosen(&package, None), Ok(root.join("edgefold.toml")));
        assert_eq!(chosen(&package, Some("")), Ok(root.join("edgefold.toml")));
        let config =
            Config::from_compiled(&compiled(&root.join("edgefold.toml")).unwrap()).unwrap();
        assert!(config.sources.len() >= 6);
    }

    #[test]
    fn another_file_is_baked_in_when_named() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let file = chosen(&root.join("adapters/component"), Some("examples/hub.toml")).unwrap();
        let config = Config::from_compiled(&compiled(&file).unwrap()).unwrap();
        assert_eq!(config.site.title, "AI, folded");
        let elsewhere = chosen(root, Some("/etc/edgefold.toml"));
        assert_eq!(elsewhere, Ok(PathBuf::from("/etc/edgefold.toml")));
    }

    #[test]
    fn what_is_wrong_is_said_with_the_file_name() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let absent = compiled(&root.join("absent.toml")).unwrap_err();
        assert!(absent.contains("absent.toml: can't be read: "), "{absent}");
        let wrong = compiled(&root.join("rust-toolchain.toml")).unwrap_err();
        assert!(wrong.contains("rust-toolchain.toml:1:"), "{wrong}");
        assert!(wrong.contains("the file has no key `toolchain`"), "{wrong}");
    }
}
