//! The page in Debian's chromium, served natively by [`host_tests::preview`]. Left out, with a message, where chromium or
//! chromedriver is missing: `cargo xtask test` installs them where it may.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::disallowed_macros,
    reason = "the bans are for the host-neutral logic; tests play the host"
)]

mod access;
mod moving;
mod reading;

use std::time::Duration;

use host_tests::browser::{self, Browser, Look};
use host_tests::preview::{Options, Preview};

/// A site and a window onto it.
struct Stage {
    site: Preview,
    browser: Browser,
}

/// `None` where there is no browser.
async fn stage(options: Options) -> Option<Stage> {
    if !browser::is_installed() {
        eprintln!("skipped: chromium and chromedriver are not on the PATH");
        return None;
    }
    let site = Preview::start(options).await.expect("a site");
    let browser = Browser::start().await.expect("a browser");
    browser.look(Look::WIDE).await.expect("a size");
    Some(Stage { site, browser })
}

impl Stage {
    /// Opens a page and waits for the module, unless there is no script.
    async fn open(&self, path: &str) {
        let url = format!("{}{path}", self.site.url);
        self.browser.open(&url).await.expect("a page");
        self.until("'live' in document.documentElement.dataset")
            .await;
    }

    async fn until(&self, expression: &str) {
        self.browser.until(expression).await.expect(expression);
    }

    /// As a person does it: the mouse rests on the link for a moment before the click.
    async fn click(&self, css: &str) {
        let (rest, down) = (Duration::from_millis(250), Duration::from_millis(60));
        self.browser.click(css, rest, down).await.expect(css);
    }

    async fn text(&self, expression: &str) -> String {
        let script = format!("return String({expression})");
        let value = self.browser.run(&script).await.expect(expression);
        value.as_str().unwrap_or_default().to_owned()
    }

    async fn number(&self, expression: &str) -> f64 {
        let script = format!("return Number({expression})");
        let value = self.browser.run(&script).await.expect(expression);
        value.as_f64().unwrap_or(f64::NAN)
    }

    /// Errors of scripts and breaches of the content security policy. Pictures that can't be had are none.
    async fn assert_no_complaint(&self) {
        let complaints = self.browser.complaints().await.expect("a log");
        let complaints: Vec<&String> = complaints
            .iter()
            .filter(|line| !line.contains("Failed to load resource"))
            .collect();
        assert!(complaints.is_empty(), "{complaints:#?}");
    }
}
