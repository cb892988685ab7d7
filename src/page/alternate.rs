//! Where the feeds of what a page shows are: for feed readers in its head, for people beside its heading.

use super::selection::Selection;
use crate::syndicate::Format;

/// The query of a selection as HTML: empty, or from the question mark on. Ids need no escaping by the rules of the configuration.
pub(super) fn query(view: Option<Selection<'_>>, source: Option<Selection<'_>>) -> String {
    let mut query = String::new();
    for (selection, key) in [(view, "category"), (source, "source")] {
        if let Some(selection) = selection {
            let mark = if query.is_empty() { "?" } else { "&amp;" };
            query = format!("{query}{mark}{key}={}", selection.id);
        }
    }
    query
}

/// `<link rel="alternate">` for each kind of feed, to where the page's title begins.
pub(super) fn links(view: Option<Selection<'_>>, source: Option<Selection<'_>>) -> String {
    let query = query(view, source);
    let link = |format: Format| {
        format!(
            r#"<link rel="alternate" type="{}" title="{}" href="{}{query}">"#,
            format.link_type(),
            format.name(),
            format.path(),
        )
    };
    Format::ALL.map(link).concat() + "<title>"
}

/// The link beside a heading.
pub(super) fn shown(view: Option<Selection<'_>>, source: Option<Selection<'_>>) -> String {
    let format = Format::Rss;
    format!(
        r#" <a href="{}{}" type="{}">feed</a>"#,
        format.path(),
        query(view, source),
        format.link_type(),
    )
}
