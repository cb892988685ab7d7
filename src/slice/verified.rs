//! Which values need not be hashed once more.
//!
//! Hashing is a pass over a value, two or three instructions of a guest for each byte (`docs/benchmarks.md`: the first read of a page of
//! sealed items), and a search of a long history reads some twenty values. An adapter that keeps what it has read
//! ([`crate::host::KeptValues`]) answers with the same memory again, and nothing changes that while it is held. So a value is
//! hashed once for each place in memory. What was hashed lately is held here: its place is not given to another value meanwhile.

use std::cell::RefCell;

use bytes::Bytes;

use super::{Corrupt, header};
use crate::host::KEPT_BYTES_MAX;

/// What is held, in bytes: all that an adapter keeps. What nobody else holds is held until the next value is hashed.
const BYTES_MAX: usize = KEPT_BYTES_MAX;

thread_local! {
    /// The one that was hashed last stands last.
    static KNOWN: RefCell<Vec<Known>> = const { RefCell::new(Vec::new()) };
}

struct Known {
    value: Bytes,
    /// It was opened again.
    again: bool,
}

/// Whether content and hash of `value` agree.
///
/// # Errors
/// Where they do not.
pub(super) fn verify(value: &Bytes) -> Result<(), Corrupt> {
    let same = |known: &&mut Known| std::ptr::eq::<[u8]>(known.value.as_ref(), value.as_ref());
    KNOWN.with_borrow_mut(|known| {
        if let Some(known) = known.iter_mut().find(same) {
            known.again = true;
            return Ok(());
        }
        header::verify(value)?;
        keep(known, value.clone());
        Ok(())
    })
}

/// Lets go of what nobody else holds, and of what was opened once before what was opened again. Never of the last one.
fn keep(known: &mut Vec<Known>, value: Bytes) {
    known.retain(|known| !known.value.is_unique());
    let mut bytes: usize = known.iter().map(|known| known.value.len()).sum();
    bytes += value.len();
    while bytes > BYTES_MAX && !known.is_empty() {
        let once = known.iter().position(|known| !known.again);
        bytes -= known.remove(once.unwrap_or(0)).value.len();
    }
    let again = false;
    known.push(Known { value, again });
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::super::{HeadParts, Row, VALUE_BYTES_MAX};
    use super::{BYTES_MAX, KNOWN, verify};

    fn held() -> Vec<Bytes> {
        KNOWN.with_borrow(|known| known.iter().map(|known| known.value.clone()).collect())
    }

    fn is_held(value: &Bytes) -> bool {
        let same = |known: &Bytes| std::ptr::eq::<[u8]>(known.as_ref(), value.as_ref());
        held().iter().any(same)
    }

    /// Not shared with any other: equal bytes at another place.
    fn value(generation: u64) -> Bytes {
        let parts = HeadParts {
            generation,
            ..HeadParts::default()
        };
        parts.encode()
    }

    /// Of about so many bytes.
    fn large(bytes: usize) -> Bytes {
        let row = Row {
            position: super::super::Position::MAX,
            source: "a".to_owned(),
            views: vec![0],
            address: 0,
            content: 0,
            seen: crate::time::Timestamp(0),
            json: "x".repeat(bytes),
            html: String::new(),
        };
        let parts = HeadParts {
            rows: vec![row],
            ..HeadParts::default()
        };
        parts.encode()
    }

    #[test]
    fn only_that_place_in_memory_is_known() {
        let value = value(1);
        verify(&value).unwrap();
        assert!(is_held(&value));
        assert!(!is_held(&Bytes::copy_from_slice(&value)));
        let mut damaged = value.to_vec();
        if let Some(last) = damaged.last_mut() {
            *last ^= 1;
        }
        let damaged = Bytes::from(damaged);
        assert!(verify(&damaged).is_err() && verify(&damaged).is_err());
        assert!(!is_held(&damaged));
        verify(&value).unwrap();
    }

    #[test]
    fn what_nobody_else_holds_is_let_go_of_and_no_more_than_so_much_is_held() {
        let first = value(1);
        verify(&first).unwrap();
        verify(&first).unwrap();
        verify(&value(2)).unwrap();
        let third = value(3);
        verify(&third).unwrap();
        assert_eq!(held().len(), 2, "the second is held by nobody");
        // Of many large ones what was opened again stays.
        let many: Vec<Bytes> = (0..30).map(|_| large(VALUE_BYTES_MAX - 10_000)).collect();
        for one in &many {
            verify(one).unwrap();
        }
        let bytes: usize = held().iter().map(Bytes::len).sum();
        assert!(bytes <= BYTES_MAX, "{bytes}");
        assert!(is_held(&first) && !is_held(&third));
        assert!(many.last().is_some_and(is_held));
        drop((first, many));
        verify(&third).unwrap();
        assert_eq!(held().len(), 1);
    }
}
