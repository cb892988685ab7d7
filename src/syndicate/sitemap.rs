//! The sitemap, <https://www.sitemaps.org/protocol.html>: the pages of views and sources, and of the newest items.

use super::xml::Xml;
use crate::page::{Kind, Selections};
use crate::slice::Head;

/// Addresses of a sitemap, as the protocol has it.
pub const ADDRESSES_MAX: usize = 50_000;

/// What the sitemap is of.
#[derive(Debug)]
pub struct Sitemap<'a> {
    /// The published root; `None` before the first publish.
    pub head: Option<&'a Head>,
    /// What can be selected in it.
    pub selections: &'a Selections,
    /// Where the site is, without a trailing slash.
    pub base: &'a str,
}

/// The document. Of items it has those that the head holds itself: older ones are found by the links from page to page.
#[must_use]
pub fn sitemap(of: &Sitemap<'_>) -> String {
    let mut xml = Xml::new();
    xml.open(
        "urlset",
        &[("xmlns", "http://www.sitemaps.org/schemas/sitemap/0.9")],
    );
    let mut left = ADDRESSES_MAX;
    let mut page = |path: &str, changed: Option<String>| {
        if left == 0 {
            return;
        }
        left -= 1;
        xml.open("url", &[]);
        xml.element("loc", &format!("{}{path}", of.base));
        if let Some(changed) = changed {
            xml.element("lastmod", &changed);
        }
        xml.close("url");
    };
    page("/", of.head.map(|head| head.updated().to_string()));
    // The first view is that of everything, which is the front page.
    for view in of.selections.all(Kind::View).skip(1) {
        page(&format!("/?category={}", view.id), None);
    }
    for source in of.selections.all(Kind::Source) {
        page(&format!("/?source={}", source.id), None);
    }
    for (id, seen) in of.head.iter().flat_map(|head| head.newest()) {
        page(&format!("/item/{id}"), Some(seen.to_string()));
    }
    xml.close("urlset");
    xml.finish()
}
