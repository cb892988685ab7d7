//! Merges new entries with what is known: stable ids, de-duplication, edits, order.

mod assemble;
mod views;

pub use assemble::{config_digest, head_of};
pub use views::{ALL, ViewDef, views, views_of};
