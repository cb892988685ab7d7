//! Values that an instance keeps, so that a host need not copy into it again what has not changed.

use std::cell::RefCell;

use super::Entry;

/// Values that are kept: the head, and what a reader who pages through the archive needs.
const VALUES_MAX: usize = 4;

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
        let values = self.values.borrow();
        let mut values = values.iter();
        values
            .find(|(kept, _)| kept == key)
            .map(|(_, entry)| entry.clone())
    }

    /// Takes note of what was read: `None` where there is nothing.
    pub fn keep(&self, key: &str, entry: Option<&Entry>) {
        let mut values = self.values.borrow_mut();
        values.retain(|(kept, _)| kept != key);
        if let Some(entry) = entry {
            if values.len() == VALUES_MAX {
                values.remove(0);
            }
            values.push((key.to_owned(), entry.clone()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{KeptValues, VALUES_MAX};
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
    }
}
