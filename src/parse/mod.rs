//! Reads what a source answered: RSS, Atom, JSON Feed told apart by content, and JSON by mapping. As lenient as the best feed readers.

use crate::config::{Limits, Source};
use crate::fetch::Document;
use crate::time::Timestamp;

/// What one document holds.
#[derive(Debug, Clone, Default)]
pub struct Parsed {
    /// The feed's own title.
    pub title: Option<String>,
    /// The site it belongs to.
    pub link: Option<String>,
    /// In the document's order.
    pub entries: Vec<Entry>,
    /// What was mended or left out, for the source's health. At most a few sentences.
    pub notes: Vec<String>,
}

/// One entry as its source states it, reduced to plain text and absolute addresses, within the limits of [`crate::item`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Entry {
    /// `guid`, `atom:id`, JSON `id`, as stated.
    pub guid: Option<String>,
    /// Never empty.
    pub title: String,
    /// As stated, made absolute; unsafe schemes dropped.
    pub url: Option<String>,
    /// Who wrote it.
    pub author: Option<String>,
    /// As stated; may lie in the future.
    pub published: Option<Timestamp>,
    /// As stated.
    pub updated: Option<Timestamp>,
    /// Plain text.
    pub summary: String,
    /// Absolute.
    pub image: Option<String>,
    /// Own tags only.
    pub tags: Vec<String>,
}

/// Why a document can't be read. Shown to people: one sentence, at most 300 characters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ParseError {
    /// A stable word: `not-a-feed`, `html`, `xml`, `json`, `mapping`, `empty`.
    pub kind: &'static str,
    /// For people: what was found, and where.
    pub message: String,
}

/// Reads `document` as `source` says.
///
/// # Errors
/// Where not one entry can be made out and the document is not a valid empty feed.
#[allow(unused_variables, reason = "stub")]
pub fn parse(document: &Document, source: &Source, limits: &Limits) -> Result<Parsed, ParseError> {
    Ok(Parsed::default())
}
