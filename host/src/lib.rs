//! Embeds the edgefold component in any tokio program.
//!
//! [`EdgefoldHost`] answers requests through the component; the program brings the store ([`kv::Kv`]), the variables and the
//! outbound policy. [`up::Options`] is a whole deployment with server and schedule: what the command `edgefold up` runs.
//!
//! ```no_run
//! use bytes::Bytes;
//! use edgefold_host::{EdgefoldHost, kv::RedbKv, schedule::Schedule};
//! use http::Request;
//! use http_body_util::{BodyExt, Empty};
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
//!     let schedule = Schedule::random()?;
//!     let edgefold = EdgefoldHost::builder()
//!         .component(std::fs::read("dist/edgefold-component.wasm")?)
//!         .configuration(std::fs::read_to_string("edgefold.toml")?)
//!         .kv(RedbKv::open("items.redb")?)
//!         .schedule(&schedule)
//!         .build()
//!         .await?;
//!     // One cycle, by hand; `Schedule::run` does it whenever sources are due.
//!     schedule.refresh(&edgefold).await;
//!     let request = Request::get("/api/items?limit=5").body(Empty::<Bytes>::new())?;
//!     let answer = edgefold.handle(request).await;
//!     println!("{:?}", answer.into_body().collect().await?.to_bytes());
//!     let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
//!     edgefold.serve(listener, std::future::pending()).await;
//!     Ok(())
//! }
//! ```
//!
//! What it promises: a component that traps, loops, or takes too much memory costs its own answer and nothing else
//! ([`limits`]); it reaches no private address ([`outbound`]); its standard error becomes `tracing` events.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    clippy::disallowed_types,
    reason = "those are rules of the host-neutral logic; this crate is a host"
)]

mod answers;
mod bindings;
mod embed;
mod engine;
mod instance;
pub mod kv;
pub mod limits;
mod memory;
pub mod outbound;
mod request_id;
pub mod schedule;
pub mod server;
mod stderr;
mod store;
mod turns;
pub mod up;

pub use embed::{Body, BodyError, BuildError, Builder, EdgefoldHost};
pub use engine::default_cache_dir;
pub use limits::Limits;
