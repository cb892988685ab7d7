//! Makes a new head visible: segments first, then the root by compare-and-swap.
