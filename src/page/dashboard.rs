//! Puts a page together out of stored pieces, without a template engine: what a read does.

use bytes::Bytes;

use super::dates::{ago, count};
use super::frame::{
    BOTTOM_END, BOTTOM_LIST, BOTTOM_PIECES, BOTTOM_SOURCES, CURRENT, TOP_ALL, TOP_BAR, TOP_MAIN,
    TOP_OPEN, TOP_PIECES, TOP_VIEWS,
};
use super::selection::Selection;
use crate::slice::{Corrupt, Head, Section};
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
    let head = page.head;
    let top: [Bytes; TOP_PIECES] = head
        .section(Section::PageTop)
        .try_into()
        .map_err(|_| Corrupt("the page's top has not the pieces of this version"))?;
    let bottom: [Bytes; BOTTOM_PIECES] = head
        .section(Section::PageBottom)
        .try_into()
        .map_err(|_| Corrupt("the page's bottom has not the pieces of this version"))?;
    let heading = heading(page.view, page.source);
    let everything = page.view.is_none() && page.source.is_none();

    let mut chunks = Vec::with_capacity(page.items.len() + 20);
    chunks.push(top[TOP_OPEN].clone());
    if !everything {
        chunks.push(Bytes::from(format!("{heading} · ")));
    }
    chunks.push(top[TOP_BAR].clone());
    chunks.push(Bytes::from(format!(
        "{}</time> <span>generation {}</span> ",
        ago(head.updated(), page.now),
        count(head.generation()),
    )));
    chunks.push(top[TOP_ALL].clone());
    if everything {
        chunks.push(Bytes::from_static(CURRENT.as_bytes()));
    }
    push_marked(&mut chunks, &top[TOP_VIEWS], page.view);
    chunks.push(top[TOP_MAIN].clone());
    chunks.push(Bytes::from(list_start(&heading, &page.paging, everything)));
    chunks.extend(page.items);
    chunks.push(bottom[BOTTOM_LIST].clone());
    chunks.push(Bytes::from(links(&page.paging, page.view, page.source)));
    push_marked(&mut chunks, &bottom[BOTTOM_SOURCES], page.source);
    chunks.push(bottom[BOTTOM_END].clone());
    chunks.retain(|chunk| !chunk.is_empty());
    Ok(chunks)
}

/// `piece` with the link of `selection` marked as current.
fn push_marked(chunks: &mut Vec<Bytes>, piece: &Bytes, selection: Option<Selection<'_>>) {
    match selection {
        Some(selection) if selection.offset <= piece.len() => {
            chunks.push(piece.slice(..selection.offset));
            chunks.push(Bytes::from_static(CURRENT.as_bytes()));
            chunks.push(piece.slice(selection.offset..));
        }
        _ => chunks.push(piece.clone()),
    }
}

fn heading(view: Option<Selection<'_>>, source: Option<Selection<'_>>) -> String {
    match (view, source) {
        (None, None) => "Newest".to_owned(),
        (Some(one), None) | (None, Some(one)) => one.title_html.to_owned(),
        (Some(view), Some(source)) => format!("{} in {}", source.title_html, view.title_html),
    }
}

fn list_start(heading: &str, paging: &Paging<'_>, everything: bool) -> String {
    let clear = if everything {
        ""
    } else {
        r#" <a href="/">show everything</a>"#
    };
    let total = count(paging.total);
    let place = if paging.first { "" } else { ", older" };
    let empty = if paging.shown == 0 {
        r#"<li class="none">Nothing here.</li>"#
    } else {
        ""
    };
    format!(
        r#"<h2>{heading}</h2><p class="n">{} of {total}{place}{clear}</p><ol class="items">{empty}"#,
        count(paging.shown as u64),
    )
}

fn links(
    paging: &Paging<'_>,
    view: Option<Selection<'_>>,
    source: Option<Selection<'_>>,
) -> String {
    if paging.first && paging.next.is_none() {
        return String::new();
    }
    let mut query = String::new();
    for (selection, key) in [(view, "category"), (source, "source")] {
        if let Some(selection) = selection {
            let mark = if query.is_empty() { "?" } else { "&amp;" };
            query = format!("{query}{mark}{key}={}", selection.id);
        }
    }
    let mut html = String::from(r#"<nav class="pages" aria-label="Pages">"#);
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
