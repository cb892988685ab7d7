//! Values that an instance keeps, so that a host need not copy into it again what has not changed.

use std::cell::RefCell;

use super::Entry;

/// Values that are kept: the head, and what a reader needs who pages through the archive or searches it.
const VALUES_MAX: usize = 16;
/// What they take together, in bytes: a search of a hundred thousand items reads about as much.
const BYTES_MAX: usize = 4_000_000;

/// The values read last, by key. For an adapter whose store can say that a value is still the one of a version: it asks each
/// time all the same, so that nothing gets older by this.
#[derive(Debug, Default)]
pub struct KeptValues {
    /// The newest last.
    values: RefCell<Vec<(String, Entry)>>,
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
        let at = values.iter().position(|(kept, _)| kept == key)?;
        // The head is asked for all the time, and is not to make room for what one search has read.
        let (key, entry) = values.remove(at);
        values.push((key, entry.clone()));
        Some(entry)
    }

    /// Takes note of what was read: `None` where there is nothing.
    pub fn keep(&self, key: &str, entry: Option<&Entry>) {
        let mut values = self.values.borrow_mut();
        values.retain(|(kept, _)| kept != key);
        if let Some(entry) = entry {
            values.push((key.to_owned(), entry.clone()));
            let mut bytes: usize = values.iter().map(|(_, kept)| kept.value.len()).sum();
            while values.len() > VALUES_MAX || (bytes > BYTES_MAX && values.len() > 1) {
                let (_, oldest) = values.remove(0);
                bytes = bytes.saturating_sub(oldest.value.len());
            }
        }
    }
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
        // What is used stays: "2" is the oldest, and after this "4" is.
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
}
