//! Incidents: what is wrong with the cycles of a site, told once when it begins and once when it is over.
//!
//! What is known of them is part of the state (`record.rs`), so it costs no value of its own. An alert is *claimed* by a state
//! that counts the attempt, which one of several runs swaps in; that one sends it, and notes in the next state that it
//! arrived. So runs at once send it once; a run that dies in between has it sent again, under the same id, a limited
//! number of times. `src/cycle/alert.rs` does the storing and sending; here is what decides.

mod message;
mod record;
mod rhythm;
#[cfg(test)]
mod tests;

pub use record::{Incident, Kind};
pub use rhythm::Gap;

pub(crate) use message::letter;
pub(crate) use record::{Condition, Record, conditions};
pub(crate) use rhythm::{PULSE_MS, Rhythm};
