//! Renders the fragments that a request serves: run at publish time, never on a read.
//!
//! Everything that comes from a feed is hostile: it goes through the templates' escaping, addresses are
//! `http`/`https` only, attributes are quoted. The page works without its script.

mod alternate;
mod assets;
mod dashboard;
mod dates;
mod frame;
mod item;
mod item_page;
mod notice;
mod results;
mod selection;
mod site;
mod sparkline;
mod status;
mod surround;

pub use assets::{Asset, FAVICON_PATH, asset, rules_path, script_path, stylesheet_path};
pub use dashboard::{Dashboard, Paging, dashboard};
pub use dates::ago;
pub use frame::{rendering, sections};
pub(crate) use item::is_web_address;
pub use item::{item_html, title_of};
pub use item_page::{ItemPage, item_page};
pub use notice::{Notice, notice_html};
pub use results::{Results, results};
pub use selection::{Kind, Selection, Selections};
pub use site::SiteWords;
pub use status::{StatusPage, status_page};
pub use surround::Surround;

use crate::config::Site;
use crate::slice::Activity;
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
    /// What happened lately, for the charts.
    pub activity: &'a Activity,
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
