//! Tests of the embedding library and of the `edgefold` command, in one program: it links wasmtime once.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    clippy::disallowed_types,
    reason = "tests; and those are rules of the host-neutral logic"
)]

#[path = "host/command.rs"]
mod command;
#[path = "host/guests.rs"]
mod guests;
#[path = "host/limits.rs"]
mod limits;
#[path = "host/serving.rs"]
mod serving;
#[path = "host/stores.rs"]
mod stores;
#[path = "host/wit.rs"]
mod wit;
