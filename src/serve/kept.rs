//! Opened heads, kept by an instance from one request for the next.
//!
//! The store is asked all the same. What is kept belongs to the bytes that it has answered with, and is used where it answers
//! with those again: the same memory, not only the same hash.

use std::cell::RefCell;

use bytes::Bytes;

use crate::slice::{Corrupt, Head};

/// Heads that are kept: of one site, and of some more where a deployment has many.
const HEADS_MAX: usize = 4;

thread_local! {
    /// The newest last.
    static KEPT: RefCell<Vec<Kept>> = const { RefCell::new(Vec::new()) };
}

struct Kept {
    head: Head,
    /// The store has answered with it more than once.
    again: bool,
}

/// [`Head::open`], once for one value.
///
/// # Errors
/// Where `value` is no head of this format.
pub(super) fn open(value: Bytes) -> Result<Head, Corrupt> {
    KEPT.with_borrow_mut(|kept| {
        if let Some(known) = kept.iter_mut().find(|one| one.head.is_of(&value)) {
            known.again = true;
            return Ok(known.head.clone());
        }
        let head = Head::open(value)?;
        if kept.len() == HEADS_MAX {
            kept.remove(0);
        }
        kept.push(Kept {
            head: head.clone(),
            again: false,
        });
        Ok(head)
    })
}

/// Whether the store has answered with `head` more than once: so it may do it again.
pub(super) fn is_again(head: &Head) -> bool {
    KEPT.with_borrow(|kept| kept.iter().any(|one| one.again && one.head.is(head)))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::{is_again, open};
    use crate::slice::HeadParts;

    #[test]
    fn the_same_value_is_opened_once() {
        let value = HeadParts::default().encode();
        let one = open(value.clone()).unwrap();
        assert!(!is_again(&one));
        let again = open(value.clone()).unwrap();
        assert!(one.is(&again) && is_again(&one));
        // Equal in every byte, and not the same value: two sites may look alike.
        let other = open(Bytes::copy_from_slice(&value)).unwrap();
        assert!(!one.is(&other) && !is_again(&other));
        assert!(open(Bytes::from_static(b"no head")).is_err());
    }
}
