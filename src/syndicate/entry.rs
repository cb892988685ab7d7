//! An item as its stored JSON states it.

use std::borrow::Cow;

use bytes::Bytes;
use serde::Deserialize;

use crate::page::is_web_address;
use crate::slice::{Corrupt, ID_CHARS};
use crate::time::Timestamp;

/// An item, borrowed from its JSON as far as that has no escapes. Fields as in [`crate::item::Item`].
#[derive(Debug, Deserialize)]
pub struct Entry<'a> {
    /// Stable for the item's life.
    #[serde(borrow)]
    pub id: Cow<'a, str>,
    /// Never empty.
    #[serde(borrow)]
    pub title: Cow<'a, str>,
    /// Where it leads, if anywhere.
    #[serde(borrow)]
    pub url: Option<Cow<'a, str>>,
    /// The id of its source.
    #[serde(borrow)]
    pub source: Cow<'a, str>,
    /// The category of its source.
    #[serde(borrow)]
    pub category: Cow<'a, str>,
    /// Its tags.
    #[serde(borrow)]
    pub tags: Vec<Cow<'a, str>>,
    /// Who wrote it.
    #[serde(borrow)]
    pub author: Option<Cow<'a, str>>,
    /// When it was published.
    pub published: Timestamp,
    /// When its source says it was changed.
    pub updated: Option<Timestamp>,
    /// Plain text; may be empty.
    #[serde(borrow)]
    pub summary: Cow<'a, str>,
    /// A picture's address.
    #[serde(borrow)]
    pub image: Option<Cow<'a, str>>,
}

impl Entry<'_> {
    /// What identifies it in every feed, wherever the site is reached: the 128 bits of its id as a UUID of version 8, which is
    /// free but for six bits (RFC 9562 §5.8).
    #[must_use]
    pub fn urn(&self) -> String {
        let id = self.id.as_ref();
        if id.len() != ID_CHARS || !id.is_ascii() {
            // No id of ours; still one and the same each time.
            return format!("urn:edgefold:{id}");
        }
        let (a, b, c, d, e) = (&id[..8], &id[8..12], &id[13..16], &id[17..20], &id[20..]);
        let digit = u8::from_str_radix(&id[16..17], 16).unwrap_or_default();
        let variant = digit & 3 | 8;
        format!("urn:uuid:{a}-{b}-8{c}-{variant:x}{d}-{e}")
    }

    /// When it changed last.
    #[must_use]
    pub fn changed(&self) -> Timestamp {
        self.updated
            .map_or(self.published, |updated| updated.max(self.published))
    }

    /// Its address, if that is one that may be linked.
    #[must_use]
    pub fn address(&self) -> Option<&str> {
        self.url.as_deref().filter(|url| is_web_address(url))
    }

    /// Its picture, if that may be linked.
    #[must_use]
    pub fn picture(&self) -> Option<&str> {
        self.image.as_deref().filter(|url| is_web_address(url))
    }

    /// Its category and its tags, each once.
    pub fn terms(&self) -> impl Iterator<Item = &str> {
        let tags = self.tags.iter().map(AsRef::as_ref);
        let others = tags.filter(|tag| *tag != self.category);
        std::iter::once(self.category.as_ref()).chain(others)
    }
}

/// The JSON of a page's items, as one array.
#[must_use]
pub fn array(fragments: &[Bytes]) -> Vec<u8> {
    let bytes: usize = fragments.iter().map(Bytes::len).sum();
    let mut array = Vec::with_capacity(bytes + 2);
    array.push(b'[');
    for fragment in fragments {
        array.extend_from_slice(fragment);
    }
    array.push(b']');
    array
}

impl<'a> Entry<'a> {
    /// Reads the JSON of one item.
    ///
    /// # Errors
    /// Where it is no item of this version.
    pub fn read(json: &'a [u8]) -> Result<Self, Corrupt> {
        serde_json::from_slice(json).map_err(|_| Corrupt("an item that is none"))
    }

    /// Reads what [`array()`] has made.
    ///
    /// # Errors
    /// Where it holds no items of this version.
    pub fn read_all(array: &'a [u8]) -> Result<Vec<Self>, Corrupt> {
        serde_json::from_slice(array).map_err(|_| Corrupt("items that are no items"))
    }
}
