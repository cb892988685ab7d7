//! The content-named values of a publish, between being laid out and being written.
//!
//! All of them are counted and named before the first is written, and a seal of many items puts each into a segment of every
//! view that it belongs to. So a segment of items that are in memory anyway is not kept: it is laid out once to be named, and
//! again, to the same bytes, when it is asked for or written.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;

use crate::slice::{Row, Stamp, encode_segment};

/// Content-named values, by key.
#[derive(Debug, Clone, Default)]
pub(crate) struct Values(BTreeMap<String, Made>);

/// One value.
#[derive(Debug, Clone)]
pub(super) enum Made {
    Bytes(Bytes),
    /// A segment of these rows, for this view and generation.
    Segment(Arc<[Arc<Row>]>, Arc<str>, u64),
}

impl Made {
    fn bytes(&self) -> Bytes {
        match self {
            Self::Bytes(bytes) => bytes.clone(),
            Self::Segment(rows, view, generation) => {
                let stamp = Stamp {
                    view,
                    generation: *generation,
                };
                let rows: Vec<&Row> = rows.iter().map(AsRef::as_ref).collect();
                encode_segment(&rows, stamp).1
            }
        }
    }
}

impl Values {
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Their keys, in order.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The value of `key`; a segment may be laid out anew.
    pub(super) fn get(&self, key: &str) -> Option<Bytes> {
        self.0.get(key).map(Made::bytes)
    }

    pub(super) fn insert(&mut self, key: String, made: Made) {
        self.0.insert(key, made);
    }

    /// Whether there was one.
    pub(super) fn remove(&mut self, key: &str) -> bool {
        self.0.remove(key).is_some()
    }

    /// All, in the order of their keys, each made when the iterator comes to it.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, impl FnOnce() -> Bytes)> {
        self.0
            .iter()
            .map(|(key, made)| (key.as_str(), || made.bytes()))
    }
}

impl Extend<(String, Bytes)> for Values {
    fn extend<T: IntoIterator<Item = (String, Bytes)>>(&mut self, values: T) {
        let values = values.into_iter();
        self.0
            .extend(values.map(|(key, bytes)| (key, Made::Bytes(bytes))));
    }
}
