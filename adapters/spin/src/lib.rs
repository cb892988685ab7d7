//! The spin adapter.
