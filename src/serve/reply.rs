//! What a handler gives back, before the headers that all answers share.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode, header};

/// How an answer may be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cache {
    /// Not at all.
    Never,
    /// A read: for a minute, and beyond while a fresh one is fetched or can't be had.
    Read,
    /// The content never changes under this name.
    Forever,
}

/// An answer in the making.
#[derive(Debug, Clone)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) media_type: &'static str,
    pub(super) chunks: Vec<Bytes>,
    pub(super) cache: Cache,
    /// The strong entity tag, quotes included, where the answer has one.
    pub(super) etag: Option<String>,
    /// `Surrogate-Key`: what a cache in front may be told to drop.
    pub(super) surrogate_key: Option<String>,
    /// What only this answer has.
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
}

pub(super) const HTML: &str = "text/html; charset=utf-8";
pub(super) const JSON: &str = "application/json";
pub(super) const PROBLEM: &str = "application/problem+json";

impl Reply {
    pub(super) fn new(status: StatusCode, media_type: &'static str, chunks: Vec<Bytes>) -> Self {
        Self {
            status,
            media_type,
            chunks,
            cache: Cache::Never,
            etag: None,
            surrogate_key: None,
            headers: Vec::new(),
        }
    }

    pub(super) fn ok(media_type: &'static str, chunks: Vec<Bytes>) -> Self {
        Self::new(StatusCode::OK, media_type, chunks)
    }

    /// An answer to `OPTIONS`.
    pub(super) fn options(allow: &str) -> Self {
        let mut reply = Self::new(StatusCode::NO_CONTENT, "", Vec::new());
        reply.header(header::ALLOW, allow);
        reply
    }

    /// This answer as a read that caches may keep.
    pub(super) fn cached(mut self, cache: Cache, etag: String, surrogate_key: String) -> Self {
        self.cache = cache;
        self.etag = Some(etag);
        self.surrogate_key = Some(surrogate_key);
        self
    }

    /// Adds a header; one whose value has bytes that no header may have is left out.
    pub(super) fn header(&mut self, name: HeaderName, value: &str) {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.push((name, value));
        }
    }
}
