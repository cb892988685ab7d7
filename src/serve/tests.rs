//! Every route through `handle`, on a store in memory.
