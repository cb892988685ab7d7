//! `edgefold.toml`: reading, checking, its JSON Schema, OPML import.
//!
//! [`compile`] reads a file against one table of keys (`tables.rs`) and gives a [`Config`](super::Config) or *all* mistakes;
//! [`render`] shows them. Never part of a guest: a guest reads the compiled form.

mod build_script;
mod compile;
mod headers;
mod keys;
mod mistake;
mod nearest;
mod opml;
mod read;
mod scalar;
mod schema;
mod slug;
mod sources;
mod syntax;
mod tables;
mod units;
mod value;
mod views;

pub use build_script::{COMPILED_FILE_NAME, build_script};
pub use compile::compile;
pub use mistake::{Mistake, render};
pub use opml::{ImportError, ImportedSources, import_opml};
pub use schema::{SCHEMA_FILE, schema};

#[cfg(test)]
mod tests;
