//! The names of stored values, as the logic of one tenant sees them: `<kind>/<name>`. What stands in front of them in the
//! store, `ef/<format>/<tenant>/`, is added in one place: [`crate::tenant::TenantKv`].

/// The root, and the only key that ever changes on the read path.
pub const HEAD: &str = "head";
/// What only the refresh needs.
pub const STATE: &str = "state";
/// Engagement counts of all listed items.
pub const ENGAGEMENT: &str = "snapshot/engagement";
/// A compiled configuration that replaces the baked-in one.
pub const CONFIG: &str = "config";

/// What the keys of all segments begin with.
pub const SEGMENTS: &str = "seg/";
/// What the keys of all directories begin with.
pub const DIRECTORIES: &str = "dir/";

/// What the keys of all values of the search index begin with.
pub const RUNS: &str = "run/";

/// Who refreshes which cached answer, what was purged, and how many writes that took today.
pub const CACHE_CONTROL: &str = "cache/control";

/// Where the cached answer of the proxy whose id has this hash is.
#[must_use]
pub fn cached(id_hash: u128) -> String {
    format!("cache/{id_hash:032x}")
}

/// Where the segment of content hash `name` is.
#[must_use]
pub fn segment(name: u128) -> String {
    format!("{SEGMENTS}{name:032x}")
}

/// Where the directory of content hash `name` is.
#[must_use]
pub fn directory(name: u128) -> String {
    format!("{DIRECTORIES}{name:032x}")
}

/// Where the value of a run (see [`crate::search`]) of content hash `name` is.
#[must_use]
pub fn run(name: u128) -> String {
    format!("{RUNS}{name:032x}")
}

/// The content hash in the key of a segment, a directory or a value of a run.
pub(crate) fn name_of(key: &str) -> Option<u128> {
    let (_, name) = key.rsplit_once('/')?;
    u128::from_str_radix(name, 16).ok()
}

/// The counter that tells who may publish `generation`, in its `slot`th term: only on stores without compare-and-swap.
#[must_use]
pub fn claim(generation: u64, slot: u32) -> String {
    format!("claim/{generation}-{slot}")
}
