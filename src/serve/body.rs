//! An answer's body.

use bytes::Bytes;

/// An answer's body: ranges of stored values, shared and not copied.
#[derive(Debug, Clone, Default)]
pub struct Body {
    /// To be sent one after another.
    pub chunks: Vec<Bytes>,
}

impl Body {
    /// Its length in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.chunks.iter().map(Bytes::len).sum()
    }

    /// Whether it has no bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All in one piece; copies where there are several chunks.
    #[must_use]
    pub fn into_bytes(mut self) -> Bytes {
        if self.chunks.len() == 1 {
            return self.chunks.remove(0);
        }
        let mut whole = Vec::with_capacity(self.len());
        for chunk in &self.chunks {
            whole.extend_from_slice(chunk);
        }
        whole.into()
    }
}
