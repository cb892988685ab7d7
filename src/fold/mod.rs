//! Merges new entries with what is known: stable ids, de-duplication, edits, order.

mod assemble;
mod canonical;
mod dated;
mod entry;
mod forget;
mod known;
mod memory;
mod merge;
mod place;
mod sift;
mod state;
mod views;

pub use assemble::{config_digest, head_of};
pub use canonical::canonical;
pub use memory::MEMORY_ITEMS_MAX;
pub use state::{SourceState, State};
pub use views::{ALL, ViewDef, views, views_of};

pub(crate) use assemble::{count, keep_date, new_source, render};
pub(crate) use forget::{Forgotten, GivenUp};
pub(crate) use memory::{Gone, KNOWN_BYTES, Memory};
pub(crate) use merge::{Edit, Fold, Folded};
pub(crate) use sift::Sifted;
