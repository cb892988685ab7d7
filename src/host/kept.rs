//! Values that an instance keeps, so that a host need not copy into it again what has not changed.

use std::cell::RefCell;

use super::Entry;

/// Values that are kept: the head, and what a reader needs who pages through the archive or searches it.
const VALUES_MAX: usize = 32;
/// What they take together, in bytes: a search of half a million items reads about as much, and what is kept need be neither
/// copied nor hashed again.
pub(crate) const BYTES_MAX: usize = 12_000_000;

/// Of them, those that were asked for again are let go of last; so many of them, that what is new has time to be.
const USED_MAX: usize = VALUES_MAX / 2;

/// The values read last, by key. For an adapter whose store can say that a value is still the one of a version: it asks each
/// time all the same, so that nothing gets older by this. Where no store can, the logic has one (`src/tenant/kept.rs`).
#[derive(Debug, Default)]
pub struct KeptValues {
    /// The one that was asked for last stands last.
    values: RefCell<Vec<Kept>>,
}

#[derive(Debug)]
struct Kept {
    key: String,
    entry: Entry,
    /// It was asked for again.
    used: bool,
}

impl KeptValues {
    /// Keeps nothing yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            values: RefCell::new(Vec::new()),
        }
    }

    /// What `key` had when it was read last. To be used only where the store says that it has that version still.
    #[must_use]
    pub fn find(&self, key: &str) -> Option<Entry> {
        let mut values = self.values.borrow_mut();
        let at = values.iter().position(|kept| kept.key == key)?;
        let mut kept = values.remove(at);
        kept.used = true;
        let entry = kept.entry.clone();
        values.push(kept);
        Some(entry)
    }

    /// Takes note of what was read: `None` where there is nothing.
    pub fn keep(&self, key: &str, entry: Option<&Entry>) {
        let mut values = self.values.borrow_mut();
        let before = values.iter().position(|kept| kept.key == key);
        let used = before.is_some_and(|at| values.remove(at).used);
        let Some(entry) = entry else {
            return;
        };
        values.push(Kept {
            key: key.to_owned(),
            entry: entry.clone(),
            used,
        });
        let mut bytes: usize = values.iter().map(|kept| kept.entry.value.len()).sum();
        while values.len() > VALUES_MAX || (bytes > BYTES_MAX && values.len() > 1) {
            let first = first_to_go(&values);
            let gone = values.remove(first);
            bytes = bytes.saturating_sub(gone.entry.value.len());
        }
    }
}

/// The head is asked for all the time, and is not to make room for what one search has read. The last one is never let go of.
fn first_to_go(values: &[Kept]) -> usize {
    let older = values.split_last().map_or(values, |(_, older)| older);
    let used = older.iter().filter(|kept| kept.used).count();
    let unused = older.iter().position(|kept| !kept.used);
    unused.filter(|_| used <= USED_MAX).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{BYTES_MAX, KeptValues, VALUES_MAX};
    use crate::host::{Entry, Version};

    fn entry(version: &str) -> Entry {
        Entry {
            value: "value".into(),
            version: Version(version.to_owned()),
        }
    }

    #[test]
    fn the_last_ones_are_kept() {
        let kept = KeptValues::new();
        for index in 0..=VALUES_MAX {
            kept.keep(&index.to_string(), Some(&entry("1")));
        }
        assert_eq!(kept.find("0"), None);
        assert_eq!(kept.find("1"), Some(entry("1")));
        kept.keep("1", Some(&entry("2")));
        assert_eq!(kept.find("1"), Some(entry("2")));
        kept.keep("1", None);
        assert_eq!(kept.find("1"), None);
        kept.keep("3", Some(&entry("3")));
        // What is used stays: "2" is the oldest that was not, and after this "4" is.
        assert!(kept.find("2").is_some());
        for index in 0..2 {
            kept.keep(&format!("new {index}"), Some(&entry("1")));
        }
        assert!(kept.find("2").is_some());
        assert_eq!(kept.find("4"), None);
        let large = Entry {
            value: vec![0; BYTES_MAX - 1].into(),
            ..entry("1")
        };
        kept.keep("large", Some(&large));
        assert_eq!((kept.find("2"), kept.find("large")), (None, Some(large)));
    }
    #[test]
    fn what_one_search_reads_takes_the_place_of_nothing_that_is_used() {
        let kept = KeptValues::new();
        kept.keep("head", Some(&entry("1")));
        assert!(kept.find("head").is_some());
        for index in 0..3 * VALUES_MAX {
            kept.keep(&index.to_string(), Some(&entry("1")));
        }
        assert!(kept.find("head").is_some());
        // It is the same one with a new version.
        kept.keep("head", Some(&entry("2")));
        for index in 0..3 * VALUES_MAX {
            kept.keep(&index.to_string(), Some(&entry("1")));
        }
        assert_eq!(kept.find("head"), Some(entry("2")));
        // What is used no longer goes at last.
        for index in 0..3 * VALUES_MAX {
            kept.keep(&index.to_string(), Some(&entry("1")));
            assert!(kept.find(&index.to_string()).is_some());
        }
        assert_eq!(kept.find("head"), None);
    }
}
