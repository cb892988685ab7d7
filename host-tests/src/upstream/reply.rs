//! What a route answers.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write as _;
use std::time::SystemTime;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::header::{
    CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED,
};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use http_body_util::Full;

use super::misbehave::Misbehaviour;

/// What a route answers.
#[derive(Debug, Clone)]
pub enum Reply {
    /// Valid HTTP.
    Document(Document),
    /// Anything but.
    Misbehave(Misbehaviour),
}

/// A valid answer. Where it is a 200 with `ETag` or `Last-Modified`, conditional requests get a true 304.
#[derive(Debug, Clone)]
pub struct Document {
    /// Its status.
    pub status: StatusCode,
    /// Its headers; length and date are added.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

impl Reply {
    /// 200 with `body` of the given media type, and no validators.
    ///
    /// # Panics
    /// Where `media_type` can't be in a header.
    #[must_use]
    pub fn document(media_type: &str, body: impl Into<Bytes>) -> Self {
        let bare = Document {
            status: StatusCode::OK,
            headers: HeaderMap::new(),
            body: body.into(),
        };
        Self::Document(bare).header(CONTENT_TYPE.as_str(), media_type)
    }

    /// An empty answer of this status.
    ///
    /// # Panics
    /// Where `status` is not within 100 to 999.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self::Document(Document {
            status: StatusCode::from_u16(status).expect("a status"),
            headers: HeaderMap::new(),
            body: Bytes::new(),
        })
    }

    /// A redirect.
    #[must_use]
    pub fn redirect(status: u16, location: &str) -> Self {
        Self::status(status).header("location", location)
    }

    /// Adds a header (to valid answers only).
    ///
    /// # Panics
    /// Where name or value can't be in a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        if let Self::Document(document) = &mut self {
            let name: HeaderName = name.parse().expect("a header name");
            let value = HeaderValue::from_str(value).expect("a header value");
            document.headers.append(name, value);
        }
        self
    }

    /// Adds an `ETag` made from the body.
    #[must_use]
    pub fn with_etag(self) -> Self {
        let tag = match &self {
            Self::Document(document) => format!("\"{:016x}\"", hash(&document.body)),
            Self::Misbehave(_) => return self,
        };
        self.header(ETAG.as_str(), &tag)
    }

    /// Adds `Last-Modified`.
    #[must_use]
    pub fn with_last_modified(self, at: SystemTime) -> Self {
        self.header(LAST_MODIFIED.as_str(), &httpdate::fmt_http_date(at))
    }

    /// Compresses the body with gzip and says so.
    #[must_use]
    pub fn gzipped(mut self) -> Self {
        if let Self::Document(document) = &mut self {
            document.body = gzip(&document.body).into();
        }
        self.header(CONTENT_ENCODING.as_str(), "gzip")
    }
}

impl Document {
    /// The answer to a request with these headers (RFC 9110 §13.2.2).
    pub(super) fn answer(&self, asked: &HeaderMap) -> Response<Full<Bytes>> {
        let fresh = self.status == StatusCode::OK && self.is_known(asked);
        let (status, body) = if fresh {
            (StatusCode::NOT_MODIFIED, Bytes::new())
        } else {
            (self.status, self.body.clone())
        };
        let mut answer = Response::new(Full::new(body));
        *answer.status_mut() = status;
        *answer.headers_mut() = self.headers.clone();
        answer
    }

    fn is_known(&self, asked: &HeaderMap) -> bool {
        if let Some(tags) = asked.get(IF_NONE_MATCH) {
            let own = self.headers.get(ETAG).map(|tag| opaque(tag.as_bytes()));
            let mut tags = tags.as_bytes().split(|byte| *byte == b',');
            return own.is_some_and(|own| tags.any(|tag| tag == b"*" || opaque(tag) == own));
        }
        let date = |map: &HeaderMap, name| {
            let text = map.get(name)?.to_str().ok()?;
            httpdate::parse_http_date(text).ok()
        };
        let since = date(asked, IF_MODIFIED_SINCE);
        let modified = date(&self.headers, LAST_MODIFIED);
        matches!((modified, since), (Some(modified), Some(since)) if modified <= since)
    }
}

/// The part of an entity tag that the weak comparison looks at.
fn opaque(tag: &[u8]) -> Vec<u8> {
    let tag = tag.trim_ascii();
    tag.strip_prefix(b"W/").unwrap_or(tag).to_vec()
}

/// A stable hash of `bytes`.
pub(super) fn hash(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    hasher.finish()
}

/// `bytes` in one gzip member.
///
/// # Panics
/// Never: writing to memory does not fail.
#[must_use]
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).expect("memory takes all");
    encoder.finish().expect("memory takes all")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(reply: &Reply, name: &str, value: &str) -> u16 {
        let Reply::Document(document) = reply else {
            panic!("no document");
        };
        let mut headers = HeaderMap::new();
        let name: HeaderName = name.parse().unwrap();
        headers.insert(name, value.parse().unwrap());
        document.answer(&headers).status().as_u16()
    }

    #[test]
    fn conditional_requests_get_a_304_only_for_what_they_have() {
        let reply = Reply::document("text/xml", "x").header("etag", "W/\"1\"");
        assert_eq!(ask(&reply, "if-none-match", "\"0\", \"1\""), 304);
        assert_eq!(ask(&reply, "if-none-match", "\"0\""), 200);
        assert_eq!(
            ask(&reply, "if-modified-since", "Sat, 21 Nov 2026 09:00:00 GMT"),
            200
        );
        let at = httpdate::parse_http_date("Sat, 21 Nov 2026 09:00:00 GMT").unwrap();
        let dated = Reply::document("text/xml", "x").with_last_modified(at);
        assert_eq!(
            ask(&dated, "if-modified-since", "Sat, 21 Nov 2026 09:00:00 GMT"),
            304
        );
        assert_eq!(
            ask(&dated, "if-modified-since", "Sat, 21 Nov 2026 08:59:59 GMT"),
            200
        );
        assert_eq!(
            ask(
                &Reply::status(503).header("etag", "\"1\""),
                "if-none-match",
                "\"1\""
            ),
            503
        );
    }
}
