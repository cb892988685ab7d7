//! `cargo xtask screenshot`: the picture of the page that the README shows.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, bail};

use crate::guests::{self, Which};
use crate::process::{cargo, run};
use crate::{root, setup};

/// Pixels of the picture: wide enough for the page's columns, high enough for a dozen items.
const WINDOW: &str = "1280,900";

/// Takes a picture of `url`, or of the demo's page where none is given, and writes it to `file`.
pub(crate) fn take(url: Option<&str>, file: &Path) -> anyhow::Result<()> {
    let browser = setup::program(
        &["chromium", "chromium-browser", "google-chrome"],
        "chromium",
    )?;
    let demo = match url {
        Some(_) => None,
        None => Some(Demo::start()?),
    };
    let url = match (url, &demo) {
        (Some(url), _) => url,
        (None, Some(demo)) => &demo.url,
        (None, None) => bail!("no address to show"),
    };
    let file = root().join(file);
    let mut command = Command::new(browser);
    command
        .args([
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
        ])
        .arg(format!("--window-size={WINDOW}"))
        .arg(format!("--screenshot={}", file.display()))
        .arg(url)
        .stderr(Stdio::null());
    run(&mut command)?;
    println!("{}", file.display());
    Ok(())
}

/// The demo as a child; ended when dropped.
struct Demo {
    child: Child,
    url: String,
}

impl Demo {
    fn start() -> anyhow::Result<Self> {
        guests::build(Which::Component, None)?;
        run(&mut cargo(&["build", "--bin", "edgefold-demo"]))?;
        let program = guests::target_dir()?.join("debug/edgefold-demo");
        let mut child = Command::new(program)
            .args(["--listen", "127.0.0.1:0", "--no-changes"])
            .current_dir(root())
            .stdout(Stdio::piped())
            .spawn()
            .context("can't start the demo")?;
        let output = child.stdout.take().context("the demo has an output")?;
        // Made first, so that the child ends whatever happens next.
        let mut demo = Self {
            child,
            url: String::new(),
        };
        for line in BufReader::new(output).lines() {
            if let Some(url) = line?.strip_prefix("ready ") {
                url.clone_into(&mut demo.url);
                return Ok(demo);
            }
        }
        bail!("the demo ended before it was ready")
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        // Both fail only when it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
