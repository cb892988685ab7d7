//! Every answer is one that `/openapi.json` describes: schemathesis reads the description and makes requests of it, good and bad.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use host_tests::arms::{ADMIN_TOKEN, Host};
use tokio::process::Command;

use crate::site;

/// Requests that are made up for each operation, beside those that go through the edges of every parameter.
const EXAMPLES: &str = "20";
/// A description says which parameters there are, not that `page` and `cursor` exclude each other: a 400 for both is right.
const LEFT_OUT: &str = "positive_data_acceptance";

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
        .arg("run")
        .arg(format!("{}/openapi.json", arm.base_url()))
        .args(["--header", &format!("Authorization: Bearer {ADMIN_TOKEN}")])
        .args(["--seed", "1", "--max-examples", EXAMPLES])
        .args(["--phases", "examples,coverage,fuzzing"])
        .args(["--exclude-checks", LEFT_OUT])
        .args(["--suppress-health-check", "all", "--no-color"])
        // Its folder of found examples goes with the build.
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
