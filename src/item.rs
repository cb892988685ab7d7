//! One normalised entry, as the API gives it.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// One normalised entry. The field order is the order in the API's answers.
///
/// All text is plain text (no markup, no control characters), all addresses absolute `http`/`https`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// Stable for the item's life; URL-safe. Given at first sight: see [`crate::fold`].
    pub id: String,
    /// At most [`TITLE_CHARS_MAX`] characters; never empty (falls back to the summary's start, the address, then the id).
    pub title: String,
    /// Where the item leads, if anywhere.
    pub url: Option<String>,
    /// The id of its source.
    pub source: String,
    /// The category of its source.
    pub category: String,
    /// Its own and its source's tags, in order of first mention, at most [`TAGS_MAX`].
    pub tags: Vec<String>,
    /// At most [`AUTHOR_CHARS_MAX`] characters.
    pub author: Option<String>,
    /// When it was published, never in the future of the cycle that saw it first; the time of first sight where the source gives none.
    pub published: Timestamp,
    /// When its source says it was changed.
    pub updated: Option<Timestamp>,
    /// Plain text, at most [`SUMMARY_CHARS_MAX`] characters.
    pub summary: String,
    /// A picture's address.
    pub image: Option<String>,
}

/// Longest title kept, in characters.
pub const TITLE_CHARS_MAX: usize = 300;
/// Longest summary kept, in characters.
pub const SUMMARY_CHARS_MAX: usize = 280;
/// Longest author kept, in characters.
pub const AUTHOR_CHARS_MAX: usize = 100;
/// Longest tag kept, in characters.
pub const TAG_CHARS_MAX: usize = 50;
/// Most tags kept.
pub const TAGS_MAX: usize = 10;
/// Longest address kept, in bytes; a longer one is dropped.
pub const URL_BYTES_MAX: usize = 2048;

/// What people elsewhere make of an item. It changes all the time, so it is stored apart from the item and is no edit of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Engagement {
    /// Votes, likes, stars; may be negative. At most 2^53 either way, so that every JSON reader gets it right.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub points: Option<i64>,
    /// Comments, within the same bounds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comments: Option<i64>,
}

impl Engagement {
    /// Nothing is known.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}
