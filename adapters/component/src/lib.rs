//! The component adapter.
