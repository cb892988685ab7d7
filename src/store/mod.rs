//! The write patterns of a store whose writes are dear and whose answers get lost.
//!
//! | pattern | reads | writes | promise |
//! | --- | --- | --- | --- |
//! | [`put_if_changed`] | 1 | 0 or 1 | what is stored equals the value; nothing is written where it did already |
//! | [`write_through`] | 0 | 1 | the value is stored when this returns |
//! | [`swap`] | 0 | 1 | stored only over what the writer had read |
//! | [`modify`] | 0–4 | 0–4, one of them applied | the change is made to the newest value |
//! | [`WriteBehind`] | 1 a value | at most the allowance | stored by a later flush, or lost with the run: for what can be made again |
//!
//! An answer that was lost ([`KvError::Ambiguous`](crate::host::KvError::Ambiguous)) is never taken for success or failure: every pattern reads what is
//! stored. None waits for a time (`PatientKv`, put around the store for a whole run, does), and none but [`WriteBehind`] keeps anything between two calls.
//! What each does in every kind of failure is in `docs/store.md`.

mod behind;
mod conditional;
mod modify;
mod patience;
mod swap;
#[cfg(test)]
mod tests;

pub use behind::{BEHIND_VALUES_MAX, Flushed, WriteBehind};
pub use conditional::{Put, put_if_changed};
pub use modify::{Change, MODIFY_ATTEMPTS_MAX, Modified, modify};
pub(crate) use patience::{PatientKv, WAITS_MS_MAX};
pub use swap::{Swapped, precondition, swap, write_through};
