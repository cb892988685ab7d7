//! A browser under remote control: chromium by way of chromedriver, over WebDriver (W3C) and the DevTools commands that
//! chromedriver passes on.
//!
//! A client of its own: what is used of the protocol is a dozen of POST requests with JSON.

mod driver;
mod wire;

pub use driver::{Browser, Look};

use std::path::PathBuf;

/// Where `program` is on the PATH.
#[must_use]
pub fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|candidate| candidate.is_file())
}

/// Whether there is a browser to control.
#[must_use]
pub fn is_installed() -> bool {
    on_path("chromium").is_some() && on_path("chromedriver").is_some()
}
