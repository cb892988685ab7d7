//! Merges new entries with what is known: stable ids, de-duplication, edits, order.
