//! What a handler gives back, before the headers that all answers share.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode, header};

use super::body::Body;
use super::policy::{Caching, Class};
use crate::config::Cache;
use crate::slice::Head;
use crate::time::Timestamp;

/// How long an answer stays what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lasting {
    /// While the head does.
    Head,
    /// And no longer than the minute: "3 minutes ago" stands in it.
    Minute,
}

/// An answer in the making.
#[derive(Debug, Clone)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) media_type: &'static str,
    pub(super) chunks: Vec<Bytes>,
    /// In place of `chunks`: what is read while it is sent.
    pub(super) streamed: Option<Body>,
    /// How it may be kept.
    pub(super) caching: Caching,
    /// Its class, where it is not its route's.
    pub(super) class: Option<Class>,
    /// The strong entity tag, quotes included, where the answer has one.
    pub(super) etag: Option<String>,
    /// When it was made last, where that is known. No later than the content became what it is.
    pub(super) modified: Option<Timestamp>,
    /// What it is about, in words separated by spaces: a cache in front may be told to drop what has one of them.
    pub(super) keys: String,
    /// What it is made of, where its chunks are ranges of a head.
    pub(super) head: Option<Head>,
    /// Where it follows from the head and the request: see [`super::given`].
    pub(super) lasting: Option<Lasting>,
    /// Its content in gzip, where that was made before.
    pub(super) gzip: Option<Bytes>,
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
            streamed: None,
            caching: Caching::Never,
            class: None,
            etag: None,
            modified: None,
            keys: String::new(),
            head: None,
            lasting: None,
            gzip: None,
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

    /// This answer as one that may be kept as the site of `head` says. `keys`: see [`Reply::keys`].
    pub(super) fn of_head(mut self, head: &Head, etag: String, keys: String) -> Self {
        self.head = Some(head.clone());
        self.kept_as(head.cache_policies(), etag, keys)
    }

    /// This answer as one that may be kept as its class among `policies` says.
    pub(super) fn kept_as(mut self, policies: Cache, etag: String, keys: String) -> Self {
        self.caching = Caching::Site(policies);
        self.etag = Some(etag);
        self.keys = keys;
        self
    }

    /// This answer as one that stays what it is for so long, where all that it is made of was there.
    pub(super) fn lasting(mut self, lasting: Lasting, whole: bool) -> Self {
        self.lasting = whole.then_some(lasting);
        self
    }

    /// This answer as one that became what it is at `modified` (`Last-Modified`). Only where nothing else changes it: no
    /// words such as "3 minutes ago".
    pub(super) fn since(mut self, modified: Timestamp) -> Self {
        self.modified = Some(modified);
        self
    }

    /// This answer in another class than its route's.
    pub(super) fn in_class(mut self, class: Class) -> Self {
        self.class = Some(class);
        self
    }

    /// Adds a header; one whose value has bytes that no header may have is left out.
    pub(super) fn header(&mut self, name: HeaderName, value: &str) {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.push((name, value));
        }
    }
}
