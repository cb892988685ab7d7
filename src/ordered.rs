//! Ordered maps and sets, filled one entry after the other.

/// Collecting by inserting.
pub(crate) trait Inserted: Iterator + Sized {
    /// What `collect` gives, of a map or set. That sorts first, and a sort for one more type of entry is 5 kB of every guest.
    fn inserted<C: Default + Extend<Self::Item>>(self) -> C {
        let mut filled = C::default();
        filled.extend(self);
        filled
    }
}

impl<I: Iterator> Inserted for I {}
