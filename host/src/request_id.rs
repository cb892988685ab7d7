//! What a request is called in the log, and in its answer.

use std::sync::atomic::{AtomicU64, Ordering};

use http::{HeaderName, HeaderValue, Request};

/// The field with it.
pub(crate) const FIELD: HeaderName = HeaderName::from_static("x-request-id");
/// As long as the component takes one over, in bytes.
const BYTES_MAX: usize = 128;

/// The client's own, where it is harmless in a log, else this process and a number.
pub(crate) fn of<B>(request: &Request<B>) -> HeaderValue {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let harmless = |value: &&HeaderValue| {
        let bytes = value.as_bytes();
        (1..=BYTES_MAX).contains(&bytes.len())
            && bytes
                .iter()
                .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(b))
    };
    if let Some(given) = request.headers().get(FIELD).filter(harmless) {
        return given.clone();
    }
    let next = NEXT.fetch_add(1, Ordering::Relaxed);
    HeaderValue::from_str(&format!("{:x}-{next:x}", std::process::id()))
        .unwrap_or(HeaderValue::from_static("-"))
}
