//! A crash or a lost answer at every write: nothing lost, nothing doubled, nothing torn.
