//! `edgefold.toml`: reading, checking, its JSON Schema, OPML import.
//!
//! [`compile`] reads the file of one site against one table of keys (`tables.rs`) and gives a [`Config`](super::Config) or
//! *all* mistakes; [`compile_deployment`] also reads a file that declares tenants, with theirs; [`render`] shows mistakes. Never part of a guest: a guest reads the compiled form.

mod alerting;
mod build_script;
mod caching;
mod compile;
mod headers;
mod keys;
mod mapping;
mod mistake;
mod nearest;
mod opml;
mod proxies;
mod read;
mod scalar;
mod schema;
mod slug;
mod sources;
mod syntax;
mod tables;
mod tenants;
mod units;
mod value;
mod views;

pub use build_script::{COMPILED_FILE_NAME, build_script};
pub use compile::compile;
pub use mistake::{Mistake, render};
pub use opml::{ImportError, ImportedSources, import_opml};
pub use schema::{SCHEMA_FILE, schema};
pub use tenants::{DeclaredTenant, Deployment, FileMistakes, NamedText, compile_deployment};

#[cfg(test)]
mod tests;
