//! A page of the list: its heading, the stored fragments, the links to other pages.

use bytes::Bytes;

use super::alternate;
use super::dates::count;
use super::selection::Selection;
use super::surround::Surround;
use crate::slice::{Corrupt, Head};
use crate::time::Timestamp;

/// Where the reader is in the list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Paging<'a> {
    /// Whether this is the first page.
    pub first: bool,
    /// The cursor of the next (older) page.
    pub next: Option<&'a str>,
    /// Items on this page.
    pub shown: usize,
    /// Items on all pages.
    pub total: u64,
    /// Items that were to be on this page and can't be shown.
    pub lost: u64,
}

/// What a page shows.
#[derive(Debug)]
pub struct Dashboard<'a> {
    /// The published root.
    pub head: &'a Head,
    /// The selected view, if not everything.
    pub view: Option<Selection<'a>>,
    /// The selected source.
    pub source: Option<Selection<'a>>,
    /// What is to be said of the selected source; may be empty.
    pub card: Bytes,
    /// The items' fragments.
    pub items: Vec<Bytes>,
    /// Where in the list.
    pub paging: Paging<'a>,
    /// The time of the request.
    pub now: Timestamp,
}

/// The page, as ranges of stored values with a few words between.
///
/// # Errors
/// Where the head holds no page of this version.
pub fn dashboard(page: Dashboard<'_>) -> Result<Vec<Bytes>, Corrupt> {
    let heading = heading(page.view, page.source);
    let everything = page.view.is_none() && page.source.is_none();
    let mut content = Vec::with_capacity(page.items.len() + 4);
    content.push(Bytes::from(list_heading(
        &heading,
        &page.paging,
        everything,
        &alternate::shown(&alternate::query("", page.view, page.source)),
    )));
    content.push(page.card);
    content.push(Bytes::from_static(list_start(&page.paging).as_bytes()));
    content.extend(page.items);
    content.push(Bytes::from(list_end(&page.paging, page.view, page.source)));
    let around = Surround {
        head: page.head,
        title_html: (!everything).then_some(&heading),
        everything,
        view: page.view,
        source: page.source,
        q: "",
        now: page.now,
    };
    around.around(content)
}

fn heading(view: Option<Selection<'_>>, source: Option<Selection<'_>>) -> String {
    match (view, source) {
        (None, None) => "Newest".to_owned(),
        (Some(one), None) | (None, Some(one)) => one.title_html.to_owned(),
        (Some(view), Some(source)) => format!("{} in {}", source.title_html, view.title_html),
    }
}

fn list_heading(heading: &str, paging: &Paging<'_>, everything: bool, feed: &str) -> String {
    let clear = if everything {
        ""
    } else {
        r#" <a href="/">show everything</a>"#
    };
    let total = count(paging.total);
    let place = if paging.first { "" } else { ", older" };
    let lost = match paging.lost {
        0 => String::new(),
        lost => format!("; {} can’t be shown: the store has lost them", count(lost)),
    };
    format!(
        r#"<h2>{heading}</h2><p class="n">{} of {total}{place}{lost}{clear}{feed}</p>"#,
        count(paging.shown as u64),
    )
}

fn list_start(paging: &Paging<'_>) -> &'static str {
    if paging.shown == 0 {
        r#"<ol class="items"><li class="none">Nothing here.</li>"#
    } else {
        r#"<ol class="items">"#
    }
}

fn list_end(
    paging: &Paging<'_>,
    view: Option<Selection<'_>>,
    source: Option<Selection<'_>>,
) -> String {
    if paging.first && paging.next.is_none() {
        return "</ol>".to_owned();
    }
    let query = alternate::query("", view, source);
    let mut html = String::from(r#"</ol><nav class="pages" aria-label="Pages">"#);
    if !paging.first {
        html = format!(r#"{html}<a href="/{query}" rel="first">Newest</a>"#);
    }
    if let Some(next) = paging.next {
        let mark = if query.is_empty() { "?" } else { "&amp;" };
        html = format!(r#"{html}<a href="/{query}{mark}cursor={next}" rel="next">Older</a>"#);
    }
    html.push_str("</nav>");
    html
}
