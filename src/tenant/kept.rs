//! What an instance keeps of what it has read for its readers, where the host leaves that to the logic
//! ([`crate::host::Host::leaves_keeping`]).
//!
//! A sealed value that is what its key names is read once: no answer could be another one, and whoever has named it was a
//! head that the store was asked for. Every other value is asked for each time; where the store answers with the version that
//! is kept, it is the same memory again, so that nothing that was made of it need be made anew. What is damaged or missing is
//! not kept. Keys are those in the store, so that no tenant finds what is another's.

use crate::host::{Entry, KeptValues};
use crate::slice::{is_named_by, is_sealed, is_whole};

thread_local! {
    static KEPT: KeptValues = const { KeptValues::new() };
}

/// The value at `key` where it is kept and need not be asked for. `stored` is the key in the store.
pub(super) fn sealed(key: &str, stored: &str) -> Option<Entry> {
    is_sealed(key).then(|| KEPT.with(|kept| kept.find(stored)))?
}

/// Takes note of what the store has answered, and gives it: as it was kept, where it is that.
pub(super) fn noted(key: &str, stored: &str, found: Option<Entry>) -> Option<Entry> {
    KEPT.with(|kept| {
        let known = kept.find(stored);
        if let (Some(known), Some(found)) = (&known, &found)
            && known.version == found.version
        {
            return Some(known.clone());
        }
        let good = |entry: &&Entry| {
            if is_sealed(key) {
                is_named_by(&entry.value, key)
            } else {
                is_whole(&entry.value)
            }
        };
        kept.keep(stored, found.as_ref().filter(good));
        found
    })
}
