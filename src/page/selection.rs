//! What a request may select (`category=`, `source=`), listed so that it is found without a JSON parser.
//!
//! The section has two pieces: the number of items on a page, and the lines. One line for each: kind (`v` view, `s` source), id, offset, title as HTML, separated by single spaces. The offset is the
//! place in its piece of the page where the link's attributes end, so that a read can mark the link as the current one.

use std::borrow::Cow;

use bytes::Bytes;

use crate::slice::PAGE_ITEMS_MAX;

/// Items on a page, where the head does not say.
const PAGE_ITEMS_DEFAULT: usize = 30;

/// What is selected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A view: `category=`.
    View,
    /// A source: `source=`.
    Source,
}

impl Kind {
    const fn letter(self) -> &'static str {
        match self {
            Self::View => "v",
            Self::Source => "s",
        }
    }
}

/// One view or source that can be selected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Selection<'a> {
    /// Which of the two.
    pub kind: Kind,
    /// As in the query.
    pub id: &'a str,
    /// Where its link in the page can be marked as current.
    pub offset: usize,
    /// For people; escaped already.
    pub title_html: &'a str,
}

impl<'a> Selection<'a> {
    /// For people, as text.
    #[must_use]
    pub fn title(&self) -> Cow<'a, str> {
        html_escape::decode_html_entities(self.title_html)
    }
}

/// All that can be selected, in the page's order.
#[derive(Debug, Clone, Default)]
pub struct Selections {
    page_items: Bytes,
    lines: Bytes,
}

impl Selections {
    /// From the stored section.
    #[must_use]
    pub fn new(pieces: Vec<Bytes>) -> Self {
        let mut pieces = pieces.into_iter();
        Self {
            page_items: pieces.next().unwrap_or_default(),
            lines: pieces.next().unwrap_or_default(),
        }
    }

    /// Items on a page, where a request does not say: `page_items` of the configuration.
    #[must_use]
    pub fn page_items(&self) -> usize {
        std::str::from_utf8(&self.page_items)
            .ok()
            .and_then(|text| text.parse().ok())
            .unwrap_or(PAGE_ITEMS_DEFAULT)
            .clamp(1, PAGE_ITEMS_MAX)
    }

    /// Every view or every source.
    pub fn all(&self, kind: Kind) -> impl Iterator<Item = Selection<'_>> {
        std::str::from_utf8(&self.lines)
            .unwrap_or_default()
            .lines()
            .filter_map(parse_line)
            .filter(move |selection| selection.kind == kind)
    }

    /// Which one in the page's order the one of this `id` is.
    #[must_use]
    pub fn position(&self, kind: Kind, id: &str) -> Option<usize> {
        self.all(kind).position(|selection| selection.id == id)
    }

    /// The one of this `id`.
    #[must_use]
    pub fn find(&self, kind: Kind, id: &str) -> Option<Selection<'_>> {
        self.all(kind).find(|selection| selection.id == id)
    }
}

fn parse_line(line: &str) -> Option<Selection<'_>> {
    let mut parts = line.splitn(4, ' ');
    let kind = match parts.next()? {
        "v" => Kind::View,
        "s" => Kind::Source,
        _ => return None,
    };
    Some(Selection {
        kind,
        id: parts.next()?,
        offset: parts.next()?.parse().ok()?,
        title_html: parts.next()?,
    })
}

/// Adds a line. `id` has no white space by the rules of the configuration; in `title_html` each run of it becomes one space.
pub(super) fn push_line(lines: &mut String, selection: &Selection<'_>) {
    use std::fmt::Write as _;

    // Writing to a string does not fail.
    let _ = write!(
        lines,
        "{} {} {} ",
        selection.kind.letter(),
        selection.id,
        selection.offset
    );
    for (index, word) in selection.title_html.split_whitespace().enumerate() {
        if index > 0 {
            lines.push(' ');
        }
        lines.push_str(word);
    }
    lines.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_found() {
        let mut lines = String::new();
        for (kind, id, offset, title_html) in [
            (Kind::View, "all", 0, "All"),
            (Kind::View, "ai", 77, "AI\n &#38;  more"),
            (Kind::Source, "ai", 9, ""),
        ] {
            push_line(
                &mut lines,
                &Selection {
                    kind,
                    id,
                    offset,
                    title_html,
                },
            );
        }
        let selections = Selections::new(vec!["25".into(), lines.into()]);
        assert_eq!(selections.page_items(), 25);
        let found = selections.find(Kind::View, "ai").unwrap();
        assert_eq!((found.offset, found.title_html), (77, "AI &#38; more"));
        assert_eq!(selections.find(Kind::Source, "ai").unwrap().offset, 9);
        assert_eq!(selections.find(Kind::Source, "all"), None);
        assert_eq!(selections.all(Kind::View).count(), 2);
    }

    #[test]
    fn broken_lines_are_passed_over() {
        let selections = Selections::new(vec![
            Bytes::from_static(b"0"),
            Bytes::from_static(b"v\nx a 1 t\nv a -1 t\n"),
        ]);
        assert_eq!(selections.page_items(), 1);
        assert_eq!(selections.all(Kind::View).count(), 0);
    }
}
