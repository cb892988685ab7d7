//! Simulator and harness.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::disallowed_macros,
    reason = "the bans are for the host-neutral logic; this crate plays the host"
)]

pub mod arms;
pub mod bench;
pub mod browser;
pub mod cluster;
pub mod demo;
pub mod preview;
pub mod servers;
pub mod sim;
pub mod tenants;
pub mod upstream;

/// The Rust of the README is compiled as a test.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
