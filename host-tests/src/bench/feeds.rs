//! Many plain RSS feeds out of memory, so that a cycle is measured and not its upstream.

use std::fmt::Write as _;
use std::ops::Range;

use edgefold::config::{Config, authoring};

use crate::upstream::{Reply, Upstream};

/// Feeds on a port of this machine, at `/0`, `/1`, …; each answers a conditional request for what it has with 304.
#[derive(Debug)]
pub struct Feeds {
    /// Where they are.
    pub upstream: Upstream,
    feeds: usize,
    items: usize,
}

impl Feeds {
    /// Serves `feeds` feeds of `items` items each, until this is dropped.
    ///
    /// # Errors
    /// Where no port is free.
    pub async fn serve(feeds: usize, items: usize) -> std::io::Result<Self> {
        let upstream = Upstream::start().await?;
        for feed in 0..feeds {
            upstream.route(&format!("/{feed}"), reply(feed, 0..items));
        }
        Ok(Self {
            upstream,
            feeds,
            items,
        })
    }

    /// Gives the first feed one more item.
    pub fn publish_one(&self) {
        self.upstream.route("/0", reply(0, 0..self.items + 1));
    }

    /// Every feed lists the items `listed` of its own from here on; the first `more` feeds one beyond.
    pub fn list(&self, listed: Range<usize>, more: usize) {
        for feed in 0..self.feeds {
            let end = listed.end + usize::from(feed < more);
            self.upstream
                .route(&format!("/{feed}"), reply(feed, listed.start..end));
        }
    }

    /// A configuration that asks them all in one run.
    ///
    /// # Errors
    /// Where edgefold's checker refuses it.
    pub fn config(&self) -> anyhow::Result<Config> {
        let mut text = format!(
            "[site]\ntitle = \"Bench\"\n[budget]\nwrites_per_day = 1000000\n[limits]\nrequests_per_run = {}\nitems_per_source = {}\n",
            self.feeds.max(1),
            self.items + 1,
        );
        for feed in 0..self.feeds {
            // Writing to a String does not fail.
            let _ = writeln!(
                text,
                "[[source]]\nid = \"feed-{feed}\"\ntitle = \"Feed {feed}\"\nurl = \"{}\"\ncategory = \"{}\"",
                self.upstream.url(&format!("/{feed}")),
                CATEGORIES[feed % CATEGORIES.len()],
            );
        }
        authoring::compile(&text)
            .map_err(|mistakes| anyhow::anyhow!(authoring::render("bench", &text, &mistakes)))
    }
}

const CATEGORIES: [&str; 5] = ["news", "releases", "science", "status", "video"];

fn reply(feed: usize, items: Range<usize>) -> Reply {
    Reply::document("application/rss+xml", rss(feed, items)).with_etag()
}

/// These items, an hour apart in 2026, the newest first.
fn rss(feed: usize, items: Range<usize>) -> String {
    let mut text = format!(
        "<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>Feed {feed}</title><link>https://feed-{feed}.example/</link>"
    );
    for item in items.rev() {
        let (day, hour) = (1 + item / 24 % 28, item % 24);
        let month = ["Jan", "Feb", "Mar", "Apr"][item / 24 / 28 % 4];
        let _ = write!(
            text,
            "<item><guid>{feed}-{item}</guid><title>Number {item} of feed {feed}: what is new in the world of widgets</title>\
             <link>https://feed-{feed}.example/{item}</link><pubDate>{day:02} {month} 2026 {hour:02}:{:02}:00 GMT</pubDate>\
             <description>&lt;p&gt;A paragraph that says &lt;b&gt;enough&lt;/b&gt; about item {item} to fill two lines of a page, \
             as feeds do: who did what, where, and why it matters to those who read it.&lt;/p&gt;</description></item>",
            feed % 60
        );
    }
    text.push_str("</channel></rss>");
    text
}
