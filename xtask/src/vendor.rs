//! The WIT packages of others, copied from the crates that `Cargo.lock` pins: `wit/deps`, and what Spin offers.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use crate::process::{cargo, output};
use crate::root;

/// Folders that hold copies and nothing else.
const FOLDERS: [&str; 3] = [
    "wit/deps",
    "adapters/spin/wit/deps",
    "host-tests/wit/spin/deps",
];

/// Some files of a crate, and where they go.
struct Package {
    name: &'static str,
    from: &'static str,
    to: &'static str,
    files: &'static [&'static str],
}

const WASI_KEYVALUE: &[&str] = &[
    "atomic.wit",
    "batch.wit",
    "store.wit",
    "watch.wit",
    "world.wit",
];

const PACKAGES: [Package; 7] = [
    Package {
        name: "wasmtime-wasi-http",
        from: "src/p3/wit/deps",
        to: "wit/deps",
        files: &[
            "cli.wit",
            "clocks.wit",
            "filesystem.wit",
            "http.wit",
            "random.wit",
            "sockets.wit",
        ],
    },
    Package {
        name: "wasmtime-wasi-config",
        from: "wit/deps/config",
        to: "wit/deps/config",
        files: &["store.wit", "world.wit"],
    },
    Package {
        name: "spin-sdk",
        from: "wit/deps/wasi-keyvalue-2024-10-17",
        to: "adapters/spin/wit/deps/wasi-keyvalue-2024-10-17",
        files: WASI_KEYVALUE,
    },
    Package {
        name: "spin-sdk",
        from: "wit/deps/wasi-keyvalue-2024-10-17",
        to: "host-tests/wit/spin/deps/wasi-keyvalue-2024-10-17",
        files: WASI_KEYVALUE,
    },
    Package {
        name: "spin-sdk",
        from: "wit/deps/spin-key-value@3.0.0",
        to: "host-tests/wit/spin/deps/spin-key-value@3.0.0",
        files: &["key-value.wit"],
    },
    Package {
        name: "spin-sdk",
        from: "wit/deps/spin-sqlite@3.1.0",
        to: "host-tests/wit/spin/deps/spin-sqlite@3.1.0",
        files: &["sqlite.wit"],
    },
    Package {
        name: "spin-sdk",
        from: "wit/deps/spin-variables@3.0.0",
        to: "host-tests/wit/spin/deps/spin-variables@3.0.0",
        files: &["variables.wit"],
    },
];

/// Makes the copies what they should be, and says what changed.
pub(crate) fn write() -> anyhow::Result<()> {
    let (wanted, present) = (wanted()?, present()?);
    for (name, text) in &wanted {
        if present.get(name) == Some(text) {
            continue;
        }
        let file = root().join(name);
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&file, text).with_context(|| format!("can't write {}", file.display()))?;
        println!("wrote   {}", name.display());
    }
    for name in present.keys().filter(|name| !wanted.contains_key(*name)) {
        fs::remove_file(root().join(name))?;
        println!("removed {}", name.display());
    }
    Ok(())
}

/// Fails where a copy is not what [`write`] would leave.
pub(crate) fn check() -> anyhow::Result<()> {
    let (wanted, present) = (wanted()?, present()?);
    let mut differing: Vec<String> = Vec::new();
    for name in wanted.keys().chain(present.keys()) {
        let line = name.display().to_string();
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

fn wanted() -> anyhow::Result<Files> {
    let text = output(&mut cargo(&[
        "metadata",
        "--format-version",
        "1",
        "--locked",
    ]))?;
    let metadata: serde_json::Value = serde_json::from_str(&text)?;
    let mut files = Files::new();
    for package in PACKAGES {
        let Package {
            name,
            from,
            to,
            files: names,
        } = package;
        let folder = crate_folder(&metadata, name)?.join(from);
        for file in names {
            let text = fs::read(folder.join(file)).with_context(|| {
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
    let mut folders: Vec<PathBuf> = FOLDERS.map(|folder| root().join(folder)).into();
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else {
            continue;
        };
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(root())?.to_owned();
                files.insert(name, fs::read(&path)?);
            }
        }
    }
    Ok(files)
}
