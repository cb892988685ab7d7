//! Renders the fragments that a request serves: run at publish time, never on a read.

use crate::config::Site;
use crate::item::Item;
use crate::slice::Section;
use crate::time::Timestamp;

/// What the page shows besides the items.
#[derive(Debug)]
pub struct Model<'a> {
    /// `[site]` of the configuration.
    pub site: &'a Site,
    /// When this head is published.
    pub updated: Timestamp,
    /// Every view with its count: first the view of everything (id `all`), then the categories, then the declared ones.
    pub views: &'a [ViewCount],
    /// Every source, in the configuration's order.
    pub sources: &'a [SourceHealth],
}

/// A view and how many items it has.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ViewCount {
    /// As in `category=`.
    pub id: String,
    /// For people.
    pub title: String,
    /// All its items, sealed ones included.
    pub items: u64,
}

/// How a source fares. Changes only when something a reader would care about changes, so that an unchanged cycle writes nothing.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct SourceHealth {
    /// [`crate::config::Source::id`].
    pub id: String,
    /// For people.
    pub title: String,
    /// The site it belongs to (from the feed), or the feed's own address.
    pub link: String,
    /// [`crate::config::Source::category`].
    pub category: String,
    /// `new` (never asked), `ok` or `failing`.
    pub status: String,
    /// One sentence, where failing.
    pub error: Option<String>,
    /// What was mended or left out at the last parse.
    pub notes: Vec<String>,
    /// Since when it has this status.
    pub since: Option<Timestamp>,
    /// When it last brought something new.
    pub changed: Option<Timestamp>,
    /// Items of it that are published.
    pub items: u64,
}

/// The pre-rendered sections of a head, each in pieces (a read may put something between two pieces).
#[allow(unused_variables, reason = "stub")]
#[must_use]
pub fn sections(model: &Model<'_>) -> Vec<(Section, Vec<Vec<u8>>)> {
    Vec::new()
}

/// One item as the page shows it.
#[allow(unused_variables, reason = "stub")]
#[must_use]
pub fn item_html(item: &Item, source_title: &str) -> String {
    String::new()
}
