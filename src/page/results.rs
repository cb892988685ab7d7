//! The results of a search: rendered when asked for, from what the index has of each item.

use std::fmt::Write as _;

use askama::Template;
use bytes::Bytes;
use url::form_urlencoded;

use super::alternate;
use super::dates::{Shown, count};
use super::frame::escaped;
use super::item::{hue, is_web_address};
use super::selection::{Kind, Selection, Selections};
use super::surround::Surround;
use crate::search::{Found, Hit};
use crate::slice::{Corrupt, Head};
use crate::time::Timestamp;

/// What a page of results shows.
#[derive(Debug)]
pub struct Results<'a> {
    /// The published root.
    pub head: &'a Head,
    /// What can be selected in it.
    pub selections: &'a Selections,
    /// The search, as it was asked.
    pub q: &'a str,
    /// The view that it is kept to by a parameter.
    pub view: Option<Selection<'a>>,
    /// The source that it is kept to by a parameter.
    pub source: Option<Selection<'a>>,
    /// Whether this is the first page.
    pub first: bool,
    /// What was found.
    pub found: &'a Found,
    /// The time of the request.
    pub now: Timestamp,
}

#[derive(Template)]
#[template(path = "hit.html")]
struct Fragment<'a> {
    hit: &'a Hit,
    id: String,
    url: Option<&'a str>,
    source_html: &'a str,
    at: Shown,
    hue: u64,
}

/// What to try where nothing is found, and how to say more.
const HELP: &str = "<p class=\"say\">All words must occur; the last one may be the beginning of one. \
    <kbd>\"two words\"</kbd> finds them side by side, <kbd>-word</kbd> leaves out, and <kbd>source:</kbd> <kbd>category:</kbd> \
    <kbd>tag:</kbd> <kbd>after:2026-11</kbd> <kbd>before:2026-11-21</kbd> narrow down.</p>";

/// The page.
///
/// # Errors
/// Where the head holds no page of this version.
pub fn results(page: &Results<'_>) -> Result<Vec<Bytes>, Corrupt> {
    let query_html = escaped(page.q);
    let title = format!("“{query_html}”");
    let found = page.found;
    let mut html = String::new();
    let plural = if found.total == 1 { "" } else { "s" };
    let over = if found.more_than_total { "over " } else { "" };
    let place = if page.first { "" } else { ", further down" };
    // Writing to a string does not fail.
    let _ = write!(
        html,
        r#"<h2>{title}{}</h2><p class="n">{over}{} result{plural}{place} <a href="/">show everything</a>{}</p>"#,
        within(page),
        count(found.total),
        alternate::shown(&alternate::query(page.q, page.view, page.source)),
    );
    if let Some(at) = found.searched_to {
        let at = Shown::new(at);
        let _ = write!(
            html,
            r#"<p class="card">Not all of what came before {} is searched yet: its index is being written.</p>"#,
            at.day
        );
    }
    if found.hits.is_empty() {
        let _ = write!(
            html,
            r#"<ol class="items"><li class="none">Nothing found. Fewer words, or only their beginnings, find more.</li></ol>{HELP}"#
        );
    } else {
        html.push_str(r#"<ol class="items">"#);
        for hit in &found.hits {
            html.push_str(&fragment(hit, page.selections));
        }
        html.push_str("</ol>");
    }
    html.push_str(&pages(page));
    let around = Surround {
        head: page.head,
        title_html: Some(&title),
        everything: false,
        view: page.view,
        source: page.source,
        q: page.q,
        now: page.now,
    };
    around.around(vec![Bytes::from(html)])
}

fn within(page: &Results<'_>) -> String {
    let all = [page.source, page.view].into_iter().flatten();
    all.map(|one| format!(" in {}", one.title_html)).collect()
}

fn fragment(hit: &Hit, selections: &Selections) -> String {
    let source = selections.find(Kind::Source, &hit.source);
    let id_html = escaped(&hit.source);
    let fragment = Fragment {
        hit,
        id: hit.position.to_string(),
        url: hit.url.as_deref().filter(|url| is_web_address(url)),
        source_html: source.map_or(id_html.as_str(), |source| source.title_html),
        at: Shown::new(hit.published),
        hue: hue(&hit.category),
    };
    // Rendering into a string fails only where a template calls something that fails; these don't.
    fragment.render().unwrap_or_default()
}

fn pages(page: &Results<'_>) -> String {
    if page.first && page.found.next.is_none() {
        return String::new();
    }
    let start = "/?";
    let mut address = form_urlencoded::Serializer::for_suffix(start.to_owned(), start.len());
    let mut address = address.append_pair("q", page.q);
    for (key, selection) in [("category", page.view), ("source", page.source)] {
        if let Some(selection) = selection {
            address = address.append_pair(key, selection.id);
        }
    }
    let address = address.finish();
    let mut html = String::from(r#"<nav class="pages" aria-label="Pages">"#);
    let link = escaped(&address);
    if !page.first {
        let _ = write!(html, r#"<a href="{link}" rel="first">Best</a>"#);
    }
    if let Some(next) = page.found.next {
        let _ = write!(
            html,
            r#"<a href="{link}&amp;cursor={next}" rel="next">More</a>"#
        );
    }
    html.push_str("</nav>");
    html
}
