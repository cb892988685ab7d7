//! Where a look goes on.

use std::fmt;

use crate::fold::ALL;
use crate::read::Cursor;
use crate::slice::Position;

/// Where a look begins: in this view, at what is older than this place. Views are looked at in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub(super) view: String,
    pub(super) after: Position,
}

/// Not a place that [`Place`] prints.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a place of this API; take it from `next`")]
pub struct NoPlace;

impl Place {
    pub(crate) fn start() -> Self {
        Self {
            view: ALL.to_owned(),
            after: Position::MAX,
        }
    }

    /// Reads the text form.
    ///
    /// # Errors
    /// Where `text` is none that [`Place`] prints.
    pub fn parse(text: &str) -> Result<Self, NoPlace> {
        let (cursor, view) = text.split_once('.').ok_or(NoPlace)?;
        let cursor = Cursor::parse(cursor).map_err(|_| NoPlace)?;
        Ok(Self {
            view: view.to_owned(),
            after: cursor.after,
        })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", Cursor::from(self.after), self.view)
    }
}
