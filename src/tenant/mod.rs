//! One deployment holds many sites. Each is a *tenant*, with keys, budget, configuration and secrets of its own.
//!
//! The logic of a site never sees a tenant's name: it runs on a [`TenantHost`], whose store ([`TenantKv`]) puts
//! `ef/<format>/<tenant>/` in front of every key and takes it off what is listed. What the logic can name is inside by
//! construction. The wrapper is put on once, where requests and refreshes enter: `serve::handle` and the public functions of
//! [`crate::cycle`].

//!
//! Which tenant a request belongs to is told by its host ([`host_of`]) and the deployment's [`Roster`], which stands in the
//! variable `tenants` or in the baked-in [`Form`]. Where that is empty there is one tenant, `main`, whatever the host.

mod authority;
mod form;
mod host;
mod kept;
mod kv;
mod name;
mod roster;
#[cfg(test)]
mod tests;

pub use authority::host_of;
pub use form::{Form, FormError, declared};
pub use host::TenantHost;
pub use kv::{KEY_BYTES_MAX, TenantKv};
pub use name::{NotATenant, TENANT_CHARS_MAX, Tenant};
pub use roster::{
    ANY_HOST, Entry, HOST_BYTES_MAX, HOSTS_MAX, ROSTER_BYTES_MAX, Roster, RosterError, TENANTS_MAX,
    is_host,
};
