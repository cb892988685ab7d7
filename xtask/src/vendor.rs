//! `wit/deps`: the WIT packages of others, copied from the crates that `Cargo.lock` pins.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use crate::process::{cargo, output};
use crate::root;

/// What is copied: from a folder of a crate to a folder below `wit/deps`, and which files.
const PACKAGES: [(&str, &str, &str, &[&str]); 2] = [
    (
        "wasmtime-wasi-http",
        "src/p3/wit/deps",
        "",
        &[
            "cli.wit",
            "clocks.wit",
            "filesystem.wit",
            "http.wit",
            "random.wit",
            "sockets.wit",
        ],
    ),
    (
        "wasmtime-wasi-config",
        "wit/deps/config",
        "config",
        &["store.wit", "world.wit"],
    ),
];

/// Makes `wit/deps` what it should be, and says what changed.
pub(crate) fn write() -> anyhow::Result<()> {
    let (wanted, present) = (wanted()?, present()?);
    let deps = deps();
    for (name, text) in &wanted {
        if present.get(name) == Some(text) {
            continue;
        }
        let file = deps.join(name);
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&file, text).with_context(|| format!("can't write {}", file.display()))?;
        println!("wrote   wit/deps/{}", name.display());
    }
    for name in present.keys().filter(|name| !wanted.contains_key(*name)) {
        fs::remove_file(deps.join(name))?;
        println!("removed wit/deps/{}", name.display());
    }
    Ok(())
}

/// Fails where `wit/deps` is not what [`write`] would leave.
pub(crate) fn check() -> anyhow::Result<()> {
    let (wanted, present) = (wanted()?, present()?);
    let mut differing: Vec<String> = Vec::new();
    for name in wanted.keys().chain(present.keys()) {
        let line = format!("wit/deps/{}", name.display());
        if wanted.get(name) != present.get(name) && !differing.contains(&line) {
            differing.push(line);
        }
    }
    if !differing.is_empty() {
        bail!(
            "these files are not those of the locked crates; run `cargo xtask vendor`:\n  {}",
            differing.join("\n  ")
        );
    }
    Ok(())
}

type Files = BTreeMap<PathBuf, Vec<u8>>;

fn deps() -> PathBuf {
    root().join("wit/deps")
}

fn wanted() -> anyhow::Result<Files> {
    let text = output(&mut cargo(&[
        "metadata",
        "--format-version",
        "1",
        "--locked",
    ]))?;
    let metadata: serde_json::Value = serde_json::from_str(&text)?;
    let mut files = Files::new();
    for (name, from, to, names) in PACKAGES {
        let folder = crate_folder(&metadata, name)?.join(from);
        for file in names {
            let path = folder.join(file);
            let text = fs::read(&path).with_context(|| {
                format!(
                    "{name} has no {from}/{file} in its locked version: mend xtask/src/vendor.rs"
                )
            })?;
            files.insert(Path::new(to).join(file), text);
        }
    }
    Ok(files)
}

fn crate_folder(metadata: &serde_json::Value, name: &str) -> anyhow::Result<PathBuf> {
    let packages = metadata["packages"].as_array().into_iter().flatten();
    let mut manifests = packages
        .filter(|package| package["name"] == name)
        .filter_map(|package| package["manifest_path"].as_str());
    match (manifests.next(), manifests.next()) {
        (Some(manifest), None) => Path::new(manifest)
            .parent()
            .map(Path::to_owned)
            .context("a manifest has a folder"),
        (None, _) => bail!("{name} is not in Cargo.lock"),
        (Some(_), Some(_)) => bail!("{name} is in Cargo.lock in more than one version"),
    }
}

fn present() -> anyhow::Result<Files> {
    let mut files = Files::new();
    let deps = deps();
    let mut folders = vec![deps.clone()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else {
            continue;
        };
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(&deps)?.to_owned();
                files.insert(name, fs::read(&path)?);
            }
        }
    }
    Ok(files)
}
