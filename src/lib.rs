//! edgefold's logic: folds many upstream sources into one site and API at the edge.
//!
//! What this crate never does: it opens no socket and no file, has no clock and no source of
//! randomness of its own, spawns no thread and needs no executor. Everything it wants from outside
//! comes through the ports in [`host`], so that the same code runs in a WebAssembly component on
//! any of the hosts that `adapters/` knows, in a native program, and in a simulator that controls time and faults.
//!
//! No name of a concrete host occurs in this crate; the adapters in `adapters/` map each host's own
//! interfaces to the ports and take no decision.
//!
//! The way of an item: [`fetch`] asks the sources, [`parse`] reads what they answered, [`fold`] merges
//! it with what is known, [`slice`](mod@slice) lays it out so that a request can serve it without
//! parsing, [`publish`] makes it visible, [`search`] indexes it, [`serve`] answers requests. [`cycle`] runs one refresh. Beside that way,
//! [`cache`] passes whole answers on, and [`store`] has the patterns that writes follow, and [`alert`] tells somebody when a cycle is not as it should be. The feature
//! `testing` brings a host in memory, to test with.

pub mod alert;
pub mod cache;
pub mod config;
pub mod cycle;
pub mod fetch;
pub mod fold;
mod gzip;
pub mod host;
pub mod item;
mod ordered;
pub mod page;
pub mod parse;
pub mod publish;
pub mod read;
pub mod search;
pub mod serve;
mod signature;
pub mod slice;
pub mod store;
pub mod syndicate;
pub mod tenant;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod time;
