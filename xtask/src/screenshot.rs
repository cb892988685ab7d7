//! `cargo xtask screenshot`: the pictures of the page that the README shows.

use std::path::Path;

use crate::process::{cargo, run};
use crate::{root, setup};

/// Takes pictures of the site at `url`, or of invented sources where none is given, and writes them to `folder`.
pub(crate) fn take(url: Option<&str>, folder: &Path) -> anyhow::Result<()> {
    setup::program(&["chromium"], "chromium")?;
    setup::program(&["chromedriver"], "chromium-driver")?;
    let mut command = cargo(&["run", "--bin", "edgefold-screenshots", "--"]);
    command.arg("--out").arg(root().join(folder));
    if let Some(url) = url {
        command.args(["--url", url]);
    }
    run(&mut command)
}
