//! Feeds out: a page of items as RSS 2.0, Atom (RFC 4287) or JSON Feed 1.1, the sources as OPML 2.0, sitemaps.
//!
//! The three formats are written from the same [`Feed`]. What stands in an item's own words is written as text in every one of
//! them: nothing of it is markup to a reader that goes by the format's rules. Ids do not depend on where the site is
//! reached (see [`Entry::urn`]).

mod atom;
mod entry;
mod json_feed;
mod opml;
mod rss;
pub mod sitemap;
mod xml;

use std::borrow::Cow;
use std::collections::BTreeMap;

pub use entry::{Entry, array};
pub use opml::{Outlines, opml};

use crate::time::Timestamp;

/// What a feed calls the program that made it.
const GENERATOR: &str = concat!("edgefold ", env!("CARGO_PKG_VERSION"));

/// How a feed is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// RSS 2.0, <https://www.rssboard.org/rss-specification>.
    Rss,
    /// RFC 4287.
    Atom,
    /// <https://www.jsonfeed.org/version/1.1/>
    JsonFeed,
}

impl Format {
    /// All of them, the one that most readers know first.
    pub const ALL: [Self; 3] = [Self::Rss, Self::Atom, Self::JsonFeed];

    /// Where the feed of everything is.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::Rss => "/feed.xml",
            Self::Atom => "/atom.xml",
            Self::JsonFeed => "/feed.json",
        }
    }

    /// As in a link's `type`, without parameters.
    #[must_use]
    pub const fn link_type(self) -> &'static str {
        match self {
            Self::Rss => "application/rss+xml",
            Self::Atom => "application/atom+xml",
            Self::JsonFeed => "application/feed+json",
        }
    }

    /// `Content-Type`. JSON has no parameter for the character set.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Rss => "application/rss+xml; charset=utf-8",
            Self::Atom => "application/atom+xml; charset=utf-8",
            Self::JsonFeed => "application/feed+json",
        }
    }

    /// For people.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rss => "RSS",
            Self::Atom => "Atom",
            Self::JsonFeed => "JSON Feed",
        }
    }
}

/// A page of items, and what is to be said of the list that it is a page of. Text is plain text, addresses are absolute.
#[derive(Debug)]
pub struct Feed<'a> {
    /// What the list is called.
    pub title: &'a str,
    /// One sentence; may be empty.
    pub description: &'a str,
    /// BCP 47 tag.
    pub language: &'a str,
    /// When the list changed last.
    pub updated: Timestamp,
    /// Where the site is, without a trailing slash.
    pub base: &'a str,
    /// The list as a page for people.
    pub home: &'a str,
    /// The first page of this feed, as it identifies itself.
    pub id: &'a str,
    /// This page.
    pub this: &'a str,
    /// The next (older) page (RFC 5005 §3), if there is one.
    pub next: Option<&'a str>,
    /// Titles of sources by their ids.
    pub sources: &'a BTreeMap<&'a str, Cow<'a, str>>,
    /// The items, newest first.
    pub entries: &'a [Entry<'a>],
}

impl Feed<'_> {
    /// Who an item is by: its author, else its source.
    fn by<'e>(&'e self, entry: &'e Entry<'_>) -> &'e str {
        entry
            .author
            .as_deref()
            .unwrap_or_else(|| self.source_title(entry))
    }

    /// The title of an item's source; its id where the source is not configured any more.
    fn source_title<'e>(&'e self, entry: &'e Entry<'_>) -> &'e str {
        self.sources
            .get(entry.source.as_ref())
            .map_or(entry.source.as_ref(), AsRef::as_ref)
    }

    /// Where an item leads: to its own address, else to its page here.
    fn link(&self, entry: &Entry<'_>) -> String {
        entry
            .address()
            .map_or_else(|| format!("{}/item/{}", self.base, entry.id), str::to_owned)
    }

    /// The feed of an item's source on this site.
    fn source_feed(&self, entry: &Entry<'_>, format: Format) -> String {
        format!("{}{}?source={}", self.base, format.path(), entry.source)
    }
}

/// The document.
#[must_use]
pub fn write(feed: &Feed<'_>, format: Format) -> String {
    match format {
        Format::Rss => rss::write(feed),
        Format::Atom => atom::write(feed),
        Format::JsonFeed => json_feed::write(feed),
    }
}
