//! Reads what a source answered: RSS, Atom, JSON Feed told apart by content, and JSON by mapping. As lenient as the best feed readers.
//!
//! One way through: [`charset`] makes text of bytes, [`detect`] tells what it is, then [`xml`] finds the entries of RSS, RDF
//! and Atom and [`feed`] maps each [`field`], or `serde_json` reads the document and [`json_feed`] or [`json_api`] maps it;
//! [`collect`] applies the limits to all of them. [`markup`] splits XML and the HTML inside of it alike.
//!
//! Why no strict XML parser stands in front: the feeds that need help are not well-formed, and what has to be known to mend
//! a document for a strict parser (where an entry ends, which `<` is text, which entity is meant) is all that is needed to
//! read it at once. A second, strict way through would answer differently for the same feed on the day it breaks, and the
//! well-kept feed parsers bring a regular-expression engine and a second calendar into the guest. They serve as a yardstick
//! in the tests instead.

mod attribute;
mod charset;
mod collect;
mod date;
mod detect;
mod entity;
mod feed;
mod field;
mod iregexp;
mod json_api;
mod json_feed;
mod link;
mod markup;
mod namespace;
mod text;
mod xml;
mod zone;

use collect::Collector;
use detect::Form;
use serde_json::Value;

use crate::config::{Limits, Source, SourceKind};
use crate::fetch::Document;
use crate::item::Engagement;
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
    /// What the source says it has taken back, at most as many as entries are taken.
    pub withdrawn: Vec<Tombstone>,
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
    /// Points and comments, where the source is mapped to give them.
    pub engagement: Engagement,
}

/// An entry that its source has taken back: `at:deleted-entry`, RFC 6721.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tombstone {
    /// The `atom:id` of the entry.
    pub guid: String,
    /// When it was taken back, where that can be read.
    pub at: Option<Timestamp>,
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

/// Longest [`ParseError::message`], in characters.
const MESSAGE_CHARS_MAX: usize = 300;

impl ParseError {
    fn new(kind: &'static str, message: &str) -> Self {
        Self {
            kind,
            message: text::from_plain(message, MESSAGE_CHARS_MAX),
        }
    }
}

/// Reads `document` as `source` says.
///
/// # Errors
/// Where not one entry can be made out and the document is not a valid empty feed.
pub fn parse(document: &Document, source: &Source, limits: &Limits) -> Result<Parsed, ParseError> {
    let decoded = charset::decode(&document.body, document.content_type.as_deref());
    let text = decoded.text.as_ref();
    let mut collector = Collector::new(limits.items_per_source);
    if let Some(note) = decoded.note {
        collector.notes.add(note);
    }
    match (&source.kind, detect::form(text)) {
        (_, Form::Empty) => Err(detect::empty_error()),
        (SourceKind::Json(_), Form::Html) => Err(detect::html_error(text, &document.url)),
        (SourceKind::Json(mapping), _) => {
            json_api::read(&json(text)?, mapping, &document.url, collector)
        }
        (SourceKind::Feed, Form::Json) => json_feed::read(&json(text)?, &document.url, collector),
        (SourceKind::Feed, Form::Html) => Err(detect::html_error(text, &document.url)),
        (SourceKind::Feed, Form::Xml | Form::Other) => feed::read(text, &document.url, collector)
            .ok_or_else(|| detect::other_error(text, document.content_type.as_deref())),
    }
}

/// Memory that a JSON document may take once it is read, in bytes, by [`json_memory`]'s estimate. A body of a few megabytes
/// made of `{"":0}` would take a hundred times its size, and a guest has 128 MiB in all.
const JSON_MEMORY_BYTES_MAX: usize = 80 << 20;

/// About what `serde_json` allocates: a map's first node, an entry with its key, an array's first four and further values.
fn json_memory(text: &str) -> usize {
    let cost = |byte: u8| match byte {
        b'{' => 560,
        b':' => 80,
        b'[' => 128,
        b',' => 64,
        _ => 1,
    };
    text.bytes().map(cost).sum()
}

/// `serde_json` refuses what is nested deeper than 128, so that no input exhausts the stack.
fn json(text: &str) -> Result<Value, ParseError> {
    let text = text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}' || c == '\0');
    if json_memory(text) > JSON_MEMORY_BYTES_MAX {
        let message = format!(
            "JSON of too many small values: it would take more than {} MiB",
            JSON_MEMORY_BYTES_MAX >> 20
        );
        return Err(ParseError::new("json", &message));
    }
    serde_json::from_str(text).map_err(|error| {
        let begins = text::from_plain(text, 40);
        ParseError::new(
            "json",
            &format!("not valid JSON: {error}; it begins with \"{begins}\""),
        )
    })
}

/// A string as it is, a number or truth value written out; nothing for `null`, arrays and objects.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}
