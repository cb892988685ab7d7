//! What a deployment is configured to do.
//!
//! People write `edgefold.toml`; `authoring` (a feature for the CLI and build scripts) checks it and compiles it to the
//! compact form of [`Config::to_compiled`], which is all a guest reads. Compiled means: validated, defaults applied, ids unique.

#[cfg(feature = "authoring")]
pub mod authoring;
mod cache;
mod model;

pub use cache::{CACHE_HEADERS, Cache, CacheHeaders, Policy};
pub use model::*;
