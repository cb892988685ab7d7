//! One deployment holds many sites. Each is a *tenant*, with keys, budget, configuration and secrets of its own.
//!
//! The logic of a site never sees a tenant's name: it runs on a [`TenantHost`], whose store ([`TenantKv`]) puts
//! `ef/<format>/<tenant>/` in front of every key and takes it off what is listed. What the logic can name is inside by
//! construction. The wrapper is put on once, where requests and refreshes enter: `serve::handle` and the public functions of
//! [`crate::cycle`].

mod host;
mod kv;
mod name;
#[cfg(test)]
mod tests;

pub use host::TenantHost;
pub use kv::{KEY_BYTES_MAX, TenantKv};
pub use name::{NotATenant, TENANT_CHARS_MAX, Tenant};
