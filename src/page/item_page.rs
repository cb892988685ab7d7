//! The page of one item: its stored fragment, and newer ones of its source, which the head has anyway.

use bytes::Bytes;

use super::item::title_of;
use super::selection::Selection;
use super::surround::Surround;
use crate::slice::{Corrupt, Head};
use crate::time::Timestamp;

/// What the page of an item shows.
#[derive(Debug)]
pub struct ItemPage<'a> {
    /// The published root.
    pub head: &'a Head,
    /// The item's fragment.
    pub html: Bytes,
    /// Its source, where that is still configured.
    pub source: Option<Selection<'a>>,
    /// Fragments of other items of that source.
    pub others: Vec<Bytes>,
    /// The time of the request.
    pub now: Timestamp,
}

/// The page, as ranges of stored values with a few words between.
///
/// # Errors
/// Where the head holds no page of this version.
pub fn item_page(page: ItemPage<'_>) -> Result<Vec<Bytes>, Corrupt> {
    let fragment = page.html.clone();
    let title = std::str::from_utf8(&fragment).ok().and_then(title_of);
    let mut content = vec![
        Bytes::from(source_heading(page.source)),
        Bytes::from_static(br#"<ol class="items one">"#),
        page.html,
        Bytes::from_static(b"</ol>"),
    ];
    if !page.others.is_empty() {
        content.push(Bytes::from_static(
            br#"<h2>Newest from there</h2><ol class="items">"#,
        ));
        content.extend(page.others);
        content.push(Bytes::from_static(b"</ol>"));
    }
    let around = Surround {
        head: page.head,
        title_html: title,
        everything: false,
        view: None,
        source: page.source,
        q: "",
        now: page.now,
    };
    around.around(content)
}

fn source_heading(source: Option<Selection<'_>>) -> String {
    source.map_or_else(
        || "<h2>One item</h2>".to_owned(),
        |source| {
            format!(
                r#"<h2><a href="/?source={}">{}</a></h2>"#,
                source.id, source.title_html
            )
        },
    )
}
