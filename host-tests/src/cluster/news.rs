//! A source that gets one numbered item after the other, and one that never changes.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::upstream::{Reply, Upstream};

/// Items that the feed shows at once.
const SHOWN: u64 = 80;
const FEED: &str = "/news";
const QUIET: &str = "/quiet";

/// The sources.
pub struct News {
    upstream: Upstream,
    last: Arc<AtomicU64>,
}

impl News {
    /// Serves both on a free port. There is one item.
    ///
    /// # Errors
    /// Where no port is free.
    pub async fn start() -> std::io::Result<Self> {
        let upstream = Upstream::start().await?;
        let last = Arc::new(AtomicU64::new(1));
        let shown = Arc::clone(&last);
        upstream.respond(FEED, move |_| reply(shown.load(Ordering::SeqCst)));
        let quiet = rss("Quiet", 0..0);
        upstream.route(
            QUIET,
            Reply::document("application/rss+xml", quiet).with_etag(),
        );
        Ok(Self { upstream, last })
    }

    /// The next item appears; its number.
    pub fn publish(&self) -> u64 {
        self.last.fetch_add(1, Ordering::SeqCst) + 1
    }

    /// The newest item.
    #[must_use]
    pub fn last(&self) -> u64 {
        self.last.load(Ordering::SeqCst)
    }

    /// Requests to the source that never changes, which only schedules ask for.
    #[must_use]
    pub fn quiet_requests(&self) -> u64 {
        self.upstream.requests(QUIET)
    }

    /// A configuration of both.
    #[must_use]
    pub fn config(&self) -> String {
        format!(
            "[site]\ntitle = \"Cluster\"\n[budget]\nwrites_per_day = 1000000\n[limits]\nitems_per_source = 200\n\
             [[source]]\nid = \"news\"\ntitle = \"News\"\nurl = \"{}\"\nevery = \"1m\"\n\
             [[source]]\nid = \"quiet\"\ntitle = \"Quiet\"\nurl = \"{}\"\nevery = \"1m\"\n",
            self.upstream.url(FEED),
            self.upstream.url(QUIET),
        )
    }
}

fn reply(last: u64) -> Reply {
    let first = last.saturating_sub(SHOWN) + 1;
    Reply::document("application/rss+xml", rss("News", first..last + 1)).with_etag()
}

/// These items, a minute apart in 2026, the newest first.
fn rss(title: &str, items: std::ops::Range<u64>) -> String {
    let mut text = format!(
        "<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>{title}</title><link>https://news.example/</link>"
    );
    for item in items.rev() {
        let (day, hour, minute) = (1 + item / 1440 % 28, item / 60 % 24, item % 60);
        // Writing to a String does not fail.
        let _ = write!(
            text,
            "<item><guid>{item}</guid><title>Number {item}</title><link>https://news.example/{item}</link>\
             <pubDate>{day:02} Jan 2026 {hour:02}:{minute:02}:00 GMT</pubDate>\
             <description>What happened at number {item}, in a line or two, as feeds have it.</description></item>"
        );
    }
    text.push_str("</channel></rss>");
    text
}
