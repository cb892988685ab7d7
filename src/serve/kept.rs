//! Opened heads, kept by an instance from one request for the next.
//!
//! The store is asked all the same. What is kept belongs to the bytes that it has answered with, and is used where it answers
//! with those again: the same memory, not only the same hash.

use std::cell::RefCell;

use crate::host::{Entry, Version};
use crate::slice::{Corrupt, Head};

/// Heads that are kept: of one site, and of some more where a deployment has many.
const HEADS_MAX: usize = 4;

thread_local! {
    /// The newest last.
    static KEPT: RefCell<Vec<Kept>> = const { RefCell::new(Vec::new()) };
}

struct Kept {
    head: Head,
    /// What the store called it when it was opened.
    version: Version,
    /// The store has answered with it more than once.
    again: bool,
}

/// [`Head::open`], once for one value.
///
/// # Errors
/// Where the entry's value is no head of this format.
pub(super) fn open(entry: Entry) -> Result<Head, Corrupt> {
    KEPT.with_borrow_mut(|kept| {
        if let Some(known) = kept.iter_mut().find(|one| one.head.is_of(&entry.value)) {
            known.again = true;
            return Ok(known.head.clone());
        }
        let head = Head::open(entry.value)?;
        if kept.len() == HEADS_MAX {
            kept.remove(0);
        }
        kept.push(Kept {
            head: head.clone(),
            version: entry.version,
            again: false,
        });
        Ok(head)
    })
}

/// Whether the store has answered with `head` more than once: so it may do it again.
pub(super) fn is_again(head: &Head) -> bool {
    KEPT.with_borrow(|kept| kept.iter().any(|one| one.again && one.head.is(head)))
}

/// The version that `head` had in the store when it was opened, where it is still kept.
pub(super) fn version(head: &Head) -> Option<Version> {
    KEPT.with_borrow(|kept| {
        let known = kept.iter().find(|one| one.head.is(head));
        known.map(|one| one.version.clone())
    })
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::{is_again, version};
    use crate::host::{Entry, Version};
    use crate::slice::{Corrupt, Head, HeadParts};

    fn open(value: Bytes) -> Result<Head, Corrupt> {
        let version = Version("7".into());
        super::open(Entry { value, version })
    }

    #[test]
    fn the_same_value_is_opened_once() {
        let value = HeadParts::default().encode();
        let one = open(value.clone()).unwrap();
        assert!(!is_again(&one));
        let again = open(value.clone()).unwrap();
        assert!(one.is(&again) && is_again(&one));
        assert_eq!(version(&one), Some(Version("7".into())));
        // Equal in every byte, and not the same value: two sites may look alike.
        let other = open(Bytes::copy_from_slice(&value)).unwrap();
        assert!(!one.is(&other) && !is_again(&other));
        assert!(open(Bytes::from_static(b"no head")).is_err());
    }
}
