//! Embeds the edgefold component in any tokio program.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    clippy::disallowed_types,
    reason = "those are rules of the host-neutral logic; this crate is a host"
)]

mod bindings;
mod embed;
mod engine;
mod instance;
pub mod kv;
pub mod limits;
pub mod outbound;
pub mod schedule;
pub mod server;
mod stderr;
pub mod up;

pub use embed::{Body, BodyError, BuildError, Builder, EdgefoldHost};
pub use engine::default_cache_dir;
pub use limits::Limits;
