//! The stores that are reached by network keep the rules, and say what is wrong (skipped where their servers are missing); so do
//! the statements with which a guest uses SQLite.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    clippy::disallowed_types,
    reason = "tests; and those are rules of the host-neutral logic"
)]

mod certificates;
mod credentials;
mod nats;
mod redis;
mod secured;
mod sqlite;
