//! Where the feeds of what a page shows are: for feed readers in its head, for people beside its heading.

use url::form_urlencoded;

use super::selection::Selection;
use crate::syndicate::Format;

/// The query of a search (empty for none) and a selection as HTML: empty, or from the question mark on. Ids need no escaping by the
/// rules of the configuration.
pub(super) fn query(q: &str, view: Option<Selection<'_>>, source: Option<Selection<'_>>) -> String {
    let mut query = String::new();
    if !q.is_empty() {
        query.push_str("?q=");
        query.extend(form_urlencoded::byte_serialize(q.as_bytes()));
    }
    for (selection, key) in [(view, "category"), (source, "source")] {
        if let Some(selection) = selection {
            let mark = if query.is_empty() { "?" } else { "&amp;" };
            query = format!("{query}{mark}{key}={}", selection.id);
        }
    }
    query
}

/// `<link rel="alternate">` for each kind of feed of what `query` asks for, to where the page's title begins.
pub(super) fn links(query: &str) -> String {
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
pub(super) fn shown(query: &str) -> String {
    let format = Format::Rss;
    format!(
        r#" <a href="{}{query}" type="{}">feed</a>"#,
        format.path(),
        format.link_type(),
    )
}
