//! What the rooms beside this one do together.

mod any_text;
mod apis;
mod caching;
mod files;
mod imports;
mod mistakes;
mod model;
mod proxies;
mod tenants;
