//! The simulator at work: crashes at every operation, worlds of many PoPs by seeds, and the checkers themselves.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::disallowed_macros,
    reason = "tests"
)]

mod component;
mod crash;
mod planted;
mod purges;
mod rate;
mod seeds;
mod site;
mod worlds;
