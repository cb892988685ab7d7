//! Sitemaps, <https://www.sitemaps.org/protocol.html>: addresses of pages, and the index of the files that have them.

use super::xml::Xml;
use crate::page::{Kind, Selections};
use crate::slice::{DIRECTORY_SEGMENTS_MAX, Head, SEGMENT_ITEMS_MAX, SEGMENTS_IN_HEAD_MAX};
use crate::time::Timestamp;

/// Entries of one file, as the protocol has it: addresses of pages, or of other files.
pub const ENTRIES_MAX: usize = 50_000;

const _: () = assert!(SEGMENT_ITEMS_MAX <= ENTRIES_MAX);
const _: () = assert!(1 + SEGMENTS_IN_HEAD_MAX + DIRECTORY_SEGMENTS_MAX <= ENTRIES_MAX);

/// What the sitemap of what is not sealed is of.
#[derive(Debug)]
pub struct Newest<'a> {
    /// The published root; `None` before the first publish.
    pub head: Option<&'a Head>,
    /// What can be selected in it.
    pub selections: &'a Selections,
    /// Where the site is, without a trailing slash.
    pub base: &'a str,
}

/// The pages of views and sources, and of the items that the head holds itself.
#[must_use]
pub fn newest(of: &Newest<'_>) -> String {
    let mut file = File::new(of.base, "urlset", "url");
    file.add("/", of.head.map(Head::updated));
    // The first view is that of everything, which is the front page.
    for view in of.selections.all(Kind::View).skip(1) {
        file.add(&format!("/?category={}", view.id), None);
    }
    for source in of.selections.all(Kind::Source) {
        file.add(&format!("/?source={}", source.id), None);
    }
    for (id, seen) in of.head.iter().flat_map(|head| head.newest()) {
        file.add(&format!("/item/{id}"), Some(seen));
    }
    file.finish()
}

/// The pages of `items`, each an id and when it was seen first.
#[must_use]
pub fn items(base: &str, items: &[(String, Timestamp)]) -> String {
    let mut file = File::new(base, "urlset", "url");
    for (id, seen) in items {
        file.add(&format!("/item/{id}"), Some(*seen));
    }
    file.finish()
}

/// The index of other files: paths under `base`, and when each was changed last.
#[must_use]
pub fn index(base: &str, files: impl Iterator<Item = (String, Option<Timestamp>)>) -> String {
    let mut file = File::new(base, "sitemapindex", "sitemap");
    for (path, changed) in files {
        file.add(&path, changed);
    }
    file.finish()
}

/// A file in the making.
struct File<'a> {
    xml: Xml,
    base: &'a str,
    root: &'static str,
    entry: &'static str,
    left: usize,
}

impl<'a> File<'a> {
    fn new(base: &'a str, root: &'static str, entry: &'static str) -> Self {
        let mut xml = Xml::new();
        xml.open(
            root,
            &[("xmlns", "http://www.sitemaps.org/schemas/sitemap/0.9")],
        );
        Self {
            xml,
            base,
            root,
            entry,
            left: ENTRIES_MAX,
        }
    }

    fn add(&mut self, path: &str, changed: Option<Timestamp>) {
        if self.left == 0 {
            return;
        }
        self.left -= 1;
        self.xml.open(self.entry, &[]);
        self.xml.element("loc", &format!("{}{path}", self.base));
        if let Some(changed) = changed {
            self.xml.element("lastmod", &changed.to_string());
        }
        self.xml.close(self.entry);
    }

    fn finish(mut self) -> String {
        self.xml.close(self.root);
        self.xml.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_index_is_no_longer_than_what_is_compressed() {
        const PARTS: usize = 1 + SEGMENTS_IN_HEAD_MAX + DIRECTORY_SEGMENTS_MAX;
        let part = |number: usize| {
            (
                format!("/sitemap.xml?part={number:032x}"),
                Some(Timestamp(0)),
            )
        };
        let index = index("https://www.news.example.org", (0..PARTS).map(part));
        assert_eq!(index.matches("<loc>").count(), PARTS);
        assert!(index.len() < 170_000, "{}", index.len());
    }
}
