//! Asks the sources: conditional GET, redirects, content-decoding, limits, errors and when to come back.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::config::{Limits, Source};
use crate::host::Host;
use crate::time::Timestamp;

/// What a source said about the document we have, to ask again only for a change (RFC 9110 §13).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Validators {
    /// `ETag`, as received.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// `Last-Modified`, as received.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_modified: Option<String>,
    /// Hash of the decoded body: tells "unchanged" for sources without validators.
    #[serde(default)]
    pub body_hash: u64,
}

/// One source to ask.
#[derive(Debug, Clone)]
pub struct Job<'a> {
    /// Whom.
    pub source: &'a Source,
    /// What we have.
    pub validators: Validators,
}

/// A whole new document, content-decoded.
#[derive(Debug, Clone)]
pub struct Document {
    /// At most [`Limits::body_bytes_max`].
    pub body: Bytes,
    /// `Content-Type`, as received.
    pub content_type: Option<String>,
    /// Where it was found after redirects: the base of relative links.
    pub url: Url,
    /// For the next time.
    pub validators: Validators,
}

/// What came of one [`Job`].
#[derive(Debug, Clone)]
pub enum Outcome {
    /// 304, or the same bytes again.
    Unchanged {
        /// For the next time.
        validators: Validators,
    },
    /// A document to parse.
    Fresh(Document),
    /// Nothing usable.
    Failed(FetchError),
}

/// Why a source gave nothing usable. `message` is shown on the page and in the API: no secrets, one sentence, at most 300 characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchError {
    /// A stable word: `timeout`, `too-large`, `denied`, `connect`, `protocol`, `redirects`, `status`, `encoding`, `secret`.
    pub kind: &'static str,
    /// For people.
    pub message: String,
    /// The upstream asked not to be asked again before this (`Retry-After`).
    pub not_before: Option<Timestamp>,
}

/// Asks all `jobs`, in batches within `limits`, and hands over each outcome (with its index) as soon as its batch is
/// done, so that bodies do not pile up. Returns how many upstream requests were sent. A job that can't be started within
/// `requests_left` is not asked: `each` is not called for it.
#[allow(unused_variables, clippy::unused_async, reason = "stub")]
pub async fn fetch_all<H: Host>(
    host: &H,
    jobs: &[Job<'_>],
    limits: &Limits,
    requests_left: usize,
    each: &mut dyn FnMut(usize, Outcome),
) -> usize {
    0
}
