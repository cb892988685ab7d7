//! Embeds the edgefold component in any tokio program.

mod bindings;
mod embed;
mod engine;
mod instance;
pub mod kv;
pub mod limits;
pub mod outbound;
mod stderr;

pub use embed::{Body, BodyError, BuildError, Builder, EdgefoldHost};
pub use engine::default_cache_dir;
pub use limits::Limits;
