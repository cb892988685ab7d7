//! Where the next page of results begins.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use xxhash_rust::xxh3::xxh3_64;

use super::query::Query;
use crate::read::CursorError;
use crate::slice::Position;

/// The result after which a page begins. Opaque, URL-safe text for clients. It names the query that it is of, and stays
/// valid when items come, go or are indexed anew: a result's place in the order never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SearchCursor {
    /// Of the query, in bits: a cursor of another one is refused.
    query: u32,
    pub(super) key: i64,
    pub(super) position: Position,
}

/// Those of lists have 1.
const VERSION: u8 = 2;
const BYTES: usize = 1 + 4 + 8 + 16;

impl SearchCursor {
    pub(super) fn new(query: &Query, key: i64, position: Position) -> Self {
        Self {
            query: mark(query),
            key,
            position,
        }
    }

    /// Reads the text form of a cursor of `query`.
    ///
    /// # Errors
    /// Where `text` is none that [`SearchCursor`] prints, or is of another query.
    pub fn parse(text: &str, query: &Query) -> Result<Self, CursorError> {
        if text.len() != (BYTES * 4).div_ceil(3) {
            return Err(CursorError);
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| CursorError)?;
        let bytes: [u8; BYTES] = bytes.try_into().map_err(|_| CursorError)?;
        let [VERSION, a, b, c, d, rest @ ..] = bytes else {
            return Err(CursorError);
        };
        let (key, position) = rest.split_first_chunk().ok_or(CursorError)?;
        let cursor = Self {
            query: u32::from_le_bytes([a, b, c, d]),
            key: i64::from_le_bytes(*key),
            position: Position::from_bytes(position.try_into().map_err(|_| CursorError)?),
        };
        if cursor.query == mark(query) {
            Ok(cursor)
        } else {
            Err(CursorError)
        }
    }
}

fn mark(query: &Query) -> u32 {
    let hash = xxh3_64(format!("{query:?}").as_bytes());
    u32::try_from(hash >> 32).unwrap_or_default()
}

impl fmt::Display for SearchCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = Vec::with_capacity(BYTES);
        bytes.push(VERSION);
        bytes.extend(self.query.to_le_bytes());
        bytes.extend(self.key.to_le_bytes());
        bytes.extend(self.position.to_bytes());
        f.write_str(&URL_SAFE_NO_PAD.encode(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_of_its_query() {
        let query = |text: &str| Query::parse(text).unwrap();
        let position = Position { rank: -3, hash: 9 };
        let cursor = SearchCursor::new(&query("rust"), i64::MIN, position);
        let text = cursor.to_string();
        assert_eq!(SearchCursor::parse(&text, &query("  RUST ")), Ok(cursor));
        assert!(SearchCursor::parse(&text, &query("wasm")).is_err());
        assert!(SearchCursor::parse(&text, &query("rust").within(Some("a"), None)).is_err());
        for bad in ["", "x", &text[1..], &format!("{text}A"), &"ä".repeat(20)] {
            assert!(SearchCursor::parse(bad, &query("rust")).is_err(), "{bad}");
        }
        assert!(crate::read::Cursor::parse(&text).is_err());
    }
}
