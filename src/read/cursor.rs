//! Where the next page begins.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::slice::Position;

/// The place after which a page begins. Opaque, URL-safe text for clients; stays valid when items are added, edited or
/// sealed, because an item's place never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    pub(crate) after: Position,
}

/// Not a cursor of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a cursor of this API; take it from `next`")]
pub struct CursorError;

const VERSION: u8 = 1;
const BYTES: usize = 17;

impl Cursor {
    /// Reads the text form.
    ///
    /// # Errors
    /// Where `text` is none that [`Cursor`] prints.
    pub fn parse(text: &str) -> Result<Self, CursorError> {
        if text.len() != (BYTES * 4).div_ceil(3) {
            return Err(CursorError);
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| CursorError)?;
        match bytes.split_first_chunk::<1>() {
            Some(([VERSION], rest)) => {
                let rest = rest.try_into().map_err(|_| CursorError)?;
                Ok(Self {
                    after: Position::from_bytes(rest),
                })
            }
            _ => Err(CursorError),
        }
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = [VERSION; BYTES];
        bytes[1..].copy_from_slice(&self.after.to_bytes());
        f.write_str(&URL_SAFE_NO_PAD.encode(bytes))
    }
}

impl From<Position> for Cursor {
    fn from(after: Position) -> Self {
        Self { after }
    }
}
