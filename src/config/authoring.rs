//! `edgefold.toml`: reading, checking, its JSON Schema, OPML import.
