//! The names of stored values: `ef/<format>/<tenant>/<kind>/<name>`.

/// The tenant of a deployment that has only one.
pub const TENANT: &str = "main";
/// The root, and the only key that ever changes on the read path.
pub const HEAD: &str = "ef/1/main/head";
/// What only the refresh needs.
pub const STATE: &str = "ef/1/main/state";
/// A compiled configuration that replaces the baked-in one.
pub const CONFIG: &str = "ef/1/main/config";

/// Where the segment of content hash `name` is.
#[must_use]
pub fn segment(name: u128) -> String {
    format!("ef/1/{TENANT}/seg/{name:032x}")
}

/// Where the directory of content hash `name` is.
#[must_use]
pub fn directory(name: u128) -> String {
    format!("ef/1/{TENANT}/dir/{name:032x}")
}
