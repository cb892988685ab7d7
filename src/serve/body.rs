//! An answer's body: what is there already, and what is still to be read from the store.

use bytes::Bytes;

use crate::host::{Host, Level};
use crate::read::{Export, ReadError};
use crate::tenant::{Tenant, TenantKv};

/// An answer's body: ranges of stored values, shared and not copied; of a long answer only the beginning, and the rest is
/// read while it is sent.
///
/// An adapter asks for piece after piece with [`Body::next`] and sends each before it asks for the next, so that an answer takes no
/// more memory than its largest piece. Nothing of the request or the host is borrowed: the body outlives [`super::handle`].
#[derive(Debug, Clone, Default)]
pub struct Body {
    /// To be sent one after another, before what is still to be read.
    pub chunks: Vec<Bytes>,
    rest: Option<Rest>,
}

#[derive(Debug, Clone)]
struct Rest {
    tenant: Tenant,
    export: Export,
}

/// Why a body ends before its declared length: the adapter breaks the answer off, so that nobody takes it for whole.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the answer breaks off: {0}")]
pub struct Broken(#[from] ReadError);

impl Body {
    /// One that is whole.
    pub(super) fn whole(chunks: Vec<Bytes>) -> Self {
        Self { chunks, rest: None }
    }

    /// One that is read from the store of `tenant` while it is sent.
    pub(super) fn streamed(tenant: Tenant, export: Export) -> Self {
        Self {
            chunks: Vec::new(),
            rest: Some(Rest { tenant, export }),
        }
    }

    /// Its length in bytes, what is still to be read included.
    #[must_use]
    pub fn len(&self) -> u64 {
        let here: u64 = self.chunks.iter().map(|chunk| chunk.len() as u64).sum();
        here + self.rest.as_ref().map_or(0, |rest| rest.export.len())
    }

    /// Whether it has no bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether all of it is here: [`Body::into_bytes`] gives the whole body then.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.rest.is_none()
    }

    /// What is here, in one piece; copies where there are several chunks.
    #[must_use]
    pub fn into_bytes(self) -> Bytes {
        joined(self.chunks)
    }

    /// The next piece; `None` at the end. Never longer than a stored value, but for the first one of a body that was put
    /// together in memory: that is given at once, as each piece may be a round trip to the host.
    ///
    /// # Errors
    /// Where what follows can't be read. Nothing comes after that.
    pub async fn next<H: Host>(&mut self, host: &H) -> Option<Result<Bytes, Broken>> {
        if !self.chunks.is_empty() {
            return Some(Ok(joined(std::mem::take(&mut self.chunks))));
        }
        let rest = self.rest.as_mut()?;
        let kv = TenantKv::new(host.kv(), &rest.tenant);
        let piece = rest.export.next(&kv).await;
        if let Some(why) = rest.export.passed_over() {
            host.log(Level::Error, &format!("passed over: {why}"));
        }
        if !matches!(piece, Some(Ok(_))) {
            self.rest = None;
        }
        piece.map(|piece| piece.map_err(Broken))
    }
}

fn joined(mut chunks: Vec<Bytes>) -> Bytes {
    if chunks.len() == 1 {
        return chunks.remove(0);
    }
    chunks.concat().into()
}
