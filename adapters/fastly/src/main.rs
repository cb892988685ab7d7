//! The Fastly adapter.
fn main() {}
