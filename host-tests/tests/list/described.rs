//! Every answer is one that `/openapi.json` describes: schemathesis reads the description and makes requests of it, good and bad.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use host_tests::arms::{ADMIN_TOKEN, Host};
use tokio::process::Command;

use crate::site;

/// Requests that are made up for each operation, beside those that go through the edges of every parameter.
const EXAMPLES: &str = "20";
/// What counts as a refusal, and which checks don't fit: comments there.
const CONFIG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/list/schemathesis.toml");

/// Where `cargo xtask test` installs it.
fn schemathesis() -> Option<PathBuf> {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent()?;
    let program = target.join("schemathesis/bin/schemathesis");
    if !program.is_file() {
        eprintln!(
            "left out: no {}; `cargo xtask test` installs it",
            program.display()
        );
        return None;
    }
    Some(program)
}

pub(crate) async fn answers_are_as_described() -> anyhow::Result<()> {
    let Some(program) = schemathesis() else {
        return Ok(());
    };
    let upstream = site::upstream().await?;
    let arm = site::published(Host::Component, &upstream).await?;
    let output = Command::new(program)
        .args(["--config-file", CONFIG, "run"])
        .arg(format!("{}/openapi.json", arm.base_url()))
        .args(["--header", &format!("Authorization: Bearer {ADMIN_TOKEN}")])
        .args(["--seed", "1", "--max-examples", EXAMPLES])
        .args(["--phases", "examples,coverage,fuzzing"])
        .args(["--suppress-health-check", "all", "--no-color"])
        // The same requests on every machine: neither what an earlier run has found, nor the order of Python's sets.
        .args(["--generation-database", "none"])
        .env("PYTHONHASHSEED", "0")
        // Its folder of reports goes with the build.
        .current_dir(env!("CARGO_TARGET_TMPDIR"))
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await?;
    let report = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(output.status.success(), "{report}\n{errors}");
    anyhow::ensure!(
        report.contains("Test cases:"),
        "nothing was tested: {report}"
    );
    Ok(())
}
