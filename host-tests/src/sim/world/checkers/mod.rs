//! What must hold, each in a file of its own. They look all the time, through readers on the PoPs or over the shoulder of
//! the store.

pub(super) mod budget;
pub(super) mod convergence;
pub(super) mod pages;
mod values;

pub(super) use values::GRACE_MS;
