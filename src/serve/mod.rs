//! Answers requests from the stored slices.

use bytes::Bytes;
use http::{Request, Response, StatusCode};

use crate::host::Host;

/// A request's body may have this many bytes; adapters stop reading there and pass one byte more, which is answered 413.
pub const REQUEST_BODY_BYTES_MAX: usize = 64 * 1024;

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

/// Answers one request. `default_config` is the compiled configuration that the adapter has baked in. Sets every header
/// but framing (`Content-Length` is set; a `HEAD` answer has it with an empty body).
#[allow(unused_variables, clippy::unused_async, reason = "stub")]
pub async fn handle<H: Host>(
    host: &H,
    default_config: &str,
    request: Request<Bytes>,
) -> Response<Body> {
    let mut response = Response::new(Body::default());
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}
