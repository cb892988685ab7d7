//! `cargo xtask screenshot`: pictures of the page, wide and on a phone, by day and by night.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "a command for the workstation"
)]

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, ensure};
use clap::Parser;
use edgefold::time::Timestamp;
use host_tests::browser::{Browser, Look};
use host_tests::preview::{Options, Preview};

/// Half-hourly cycles before the picture is taken: four days, so that the charts have something to show.
const CYCLES: u32 = 192;
/// A picture in a README is loaded by everybody who looks at it.
const PICTURE_BYTES_MAX: usize = 300_000;

/// Takes pictures of the page.
#[derive(Parser)]
#[command(name = "cargo xtask screenshot")]
struct Arguments {
    /// A running site; without it, invented sources are folded and served natively
    #[arg(long)]
    url: Option<String>,
    /// The folder that the pictures go to
    #[arg(long, default_value = "docs")]
    out: PathBuf,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let (site, url) = match arguments.url {
        Some(url) => (None, url),
        None => {
            let site = Preview::start(Options {
                now: now(),
                cycles: CYCLES,
                ..Options::default()
            })
            .await?;
            let url = site.url.clone();
            (Some(site), url)
        }
    };
    let browser = Browser::start().await?;
    browser.look(Look::WIDE).await?;
    browser.open(&url).await?;
    let item = browser
        .run("return document.querySelector('.items img')?.closest('li').querySelector('.w').getAttribute('href') ?? '/'")
        .await?;
    let item = item.as_str().unwrap_or("/").to_owned();
    let phone = Look {
        scale: 2,
        ..Look::PHONE
    };
    for (name, path, look) in [
        ("page.png", "/", Look::WIDE),
        ("page-dark.png", "/", Look::WIDE.dark()),
        ("phone.png", "/", phone),
        ("phone-dark.png", "/", phone.dark()),
        ("status.png", "/status", Look::WIDE),
        ("item.png", item.as_str(), Look::WIDE.dark()),
    ] {
        browser.look(look).await?;
        browser.open(&format!("{url}{path}")).await?;
        browser
            .until("[...document.images].every((image) => image.complete || image.getBoundingClientRect().top > innerHeight)")
            .await?;
        save(&arguments.out.join(name), &browser.picture().await?)?;
    }
    drop(site);
    Ok(())
}

fn save(file: &Path, picture: &[u8]) -> anyhow::Result<()> {
    ensure!(
        picture.len() <= PICTURE_BYTES_MAX,
        "{} would be {} bytes",
        file.display(),
        picture.len()
    );
    std::fs::write(file, picture).with_context(|| format!("can't write {}", file.display()))?;
    println!("{} {} bytes", file.display(), picture.len());
    Ok(())
}

fn now() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
