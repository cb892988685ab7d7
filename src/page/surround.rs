//! What stands around every page's own content, put together out of stored pieces without a template engine.

use bytes::Bytes;

use super::alternate;
use super::dates::ago;
use super::frame::{
    BOTTOM_END, BOTTOM_PIECES, BOTTOM_SOURCES, CURRENT, TOP_ALL, TOP_BAR, TOP_MAIN, TOP_OPEN,
    TOP_PIECES, TOP_SEARCH, TOP_VIEWS, escaped,
};
use super::selection::Selection;
use crate::slice::{Corrupt, Head, Section};
use crate::time::Timestamp;

/// Chunks around the content, at most.
const CHUNKS_MAX: usize = 18;

/// What is around the content.
#[derive(Debug, Clone, Copy)]
pub struct Surround<'a> {
    /// The published root.
    pub head: &'a Head,
    /// The page's own title as HTML; the page of everything has none but the site's.
    pub title_html: Option<&'a str>,
    /// Whether the link to everything is the current one.
    pub everything: bool,
    /// The view whose link is the current one.
    pub view: Option<Selection<'a>>,
    /// The source whose link is the current one.
    pub source: Option<Selection<'a>>,
    /// What stands in the search box: what the page is a search for, if it is one.
    pub q: &'a str,
    /// The time of the request.
    pub now: Timestamp,
}

impl Surround<'_> {
    /// The whole page with `content` in its place.
    ///
    /// # Errors
    /// Where the head holds no page of this version.
    pub fn around(&self, content: Vec<Bytes>) -> Result<Vec<Bytes>, Corrupt> {
        let top: [Bytes; TOP_PIECES] = self
            .head
            .section(Section::PageTop)
            .try_into()
            .map_err(|_| Corrupt("the page's top has not the pieces of this version"))?;
        let bottom: [Bytes; BOTTOM_PIECES] = self
            .head
            .section(Section::PageBottom)
            .try_into()
            .map_err(|_| Corrupt("the page's bottom has not the pieces of this version"))?;
        let mut chunks = Vec::with_capacity(content.len() + CHUNKS_MAX);
        // It ends with the feeds of everything, so that the first page is made of what is stored.
        let open = &top[TOP_OPEN];
        let query = alternate::query(self.q, self.view, self.source);
        if query.is_empty() {
            chunks.push(open.clone());
        } else {
            let of_all = alternate::links("").len();
            chunks.push(open.slice(..open.len().saturating_sub(of_all)));
            chunks.push(Bytes::from(alternate::links(&query)));
        }
        if let Some(title) = self.title_html {
            chunks.push(Bytes::from(format!("{title} · ")));
        }
        chunks.push(top[TOP_BAR].clone());
        let ago = ago(self.head.updated(), self.now);
        chunks.push(Bytes::from(format!("{ago}</time> ")));
        chunks.push(top[TOP_SEARCH].clone());
        if !self.q.is_empty() {
            chunks.push(Bytes::from(format!(r#" value="{}""#, escaped(self.q))));
        }
        chunks.push(top[TOP_ALL].clone());
        if self.everything {
            chunks.push(Bytes::from_static(CURRENT.as_bytes()));
        }
        push_marked(&mut chunks, &top[TOP_VIEWS], self.view);
        chunks.push(top[TOP_MAIN].clone());
        chunks.extend(content);
        push_marked(&mut chunks, &bottom[BOTTOM_SOURCES], self.source);
        chunks.push(bottom[BOTTOM_END].clone());
        chunks.retain(|chunk| !chunk.is_empty());
        Ok(chunks)
    }
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
