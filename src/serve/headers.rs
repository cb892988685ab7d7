//! What all answers share: request id, security headers, cache policy, conditional requests, `HEAD`.

use std::sync::OnceLock;

use bytes::Bytes;
use http::header::{self, HeaderName, HeaderValue};
use http::{HeaderMap, Method, Request, Response, StatusCode};

use super::body::Body;
use super::conditional::{self, Condition};
use super::encoding::{gzip, gzip_tag, has_gzip, takes_gzip};
use super::policy::{self, Class};
use super::problem::Problem;
use super::reply::{HTML, Reply};
use super::routes::Surface;
use crate::host::Host;
use crate::page::{rules_path, script_path, stylesheet_path};
use crate::tenant::Tenant;
use crate::time::Timestamp;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Longest request id taken over from a client, in characters.
const REQUEST_ID_CHARS_MAX: usize = 128;

const SPECULATION_RULES: HeaderName = HeaderName::from_static("speculation-rules");

/// The page: its own stylesheet and module, which may ask for its own pages; pictures from anywhere; nothing else.
const CSP_PAGE: &str = "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; \
                        img-src 'self' https: http:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
/// Everything else is no page.
const CSP_DATA: &str = "default-src 'none'; frame-ancestors 'none'";

/// The request's id: the client's, if it is sane, else a new one.
pub(super) fn request_id<H: Host>(host: &H, headers: &HeaderMap) -> String {
    headers
        .get(&REQUEST_ID)
        .and_then(|value| value.to_str().ok())
        .filter(|id| {
            (1..=REQUEST_ID_CHARS_MAX).contains(&id.len())
                && id
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        })
        .map_or_else(|| format!("{:016x}", host.random_u64()), str::to_owned)
}

/// What an answer's headers depend on beside the answer and the request.
pub(super) struct From<'a> {
    pub(super) surface: Surface,
    /// Whose site it is; `None` where nobody's.
    pub(super) tenant: Option<&'a Tenant>,
    /// When it is answered; needed where [`policy::Caching::jitters`].
    pub(super) now: Timestamp,
    pub(super) request_id: &'a str,
}

/// 412 where the request says that it does not want this answer.
pub(super) fn check_preconditions(
    reply: Reply,
    request: &Request<Bytes>,
) -> Result<Reply, Problem> {
    match condition(&reply, request) {
        Condition::Failed => Err(Problem::precondition_failed()),
        Condition::Holds | Condition::Unchanged(_) => Ok(reply),
    }
}

/// Preconditions are looked at where the answer is a 200 to a read (RFC 9110 §13.2.1).
fn condition(reply: &Reply, request: &Request<Bytes>) -> Condition {
    let readable = matches!(*request.method(), Method::GET | Method::HEAD);
    let known = reply.etag.is_some() || reply.modified.is_some();
    if !readable || !known || !matches!(reply.status, StatusCode::OK | StatusCode::PARTIAL_CONTENT)
    {
        return Condition::Holds;
    }
    let tags = tags(reply, request);
    conditional::evaluate(request.headers(), &tags, reply.modified)
}

/// The entity tags of the forms of `reply` that this request may be answered with, the one that it is answered with first.
fn tags(reply: &Reply, request: &Request<Bytes>) -> Vec<String> {
    let Some(etag) = &reply.etag else {
        return Vec::new();
    };
    if has_gzip(reply) && takes_gzip(request.headers()) {
        vec![gzip_tag(etag), etag.clone()]
    } else {
        vec![etag.clone()]
    }
}

/// Turns `reply` into the response.
pub(super) fn finish(reply: Reply, request: &Request<Bytes>, from: &From<'_>) -> Response<Body> {
    let unchanged = match condition(&reply, request) {
        Condition::Unchanged(form) => Some(form),
        Condition::Holds | Condition::Failed => None,
    };
    let seed = policy::seed(reply.etag.as_deref(), request, from.now);
    let varies = has_gzip(&reply);
    let zipped = varies && takes_gzip(request.headers());
    let etag = tags(&reply, request)
        .into_iter()
        .nth(unchanged.unwrap_or(0));
    let unchanged = unchanged.is_some();
    let mut response = Response::new(Body::default());
    *response.status_mut() = reply.status;
    let headers = response.headers_mut();
    // RFC 9110 §15.4.5: a 304 has what a 200 would have had, less what describes the content.
    let mut body = Body::default();
    if !unchanged && reply.status != StatusCode::NO_CONTENT {
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static(reply.media_type),
        );
        body = match &reply.streamed {
            Some(streamed) => streamed.clone(),
            None if zipped => Body::whole(gzip(&reply)),
            None => Body::whole(reply.chunks.clone()),
        };
        if zipped {
            insert(headers, header::CONTENT_ENCODING, Some("gzip"));
        }
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
        if reply.media_type == HTML {
            hint(headers);
        }
    }
    let class = reply.class.unwrap_or(Class::Never);
    policy::insert(headers, &reply.caching, class, seed);
    policy::insert_keys(headers, &reply.caching, from.tenant, class, &reply.keys);
    insert(headers, header::ETAG, etag.as_deref());
    if varies {
        headers.append(header::VARY, HeaderValue::from_static("accept-encoding"));
    }
    let modified = reply.modified.map(conditional::http_date);
    insert(headers, header::LAST_MODIFIED, modified.as_deref());
    set_request_id(headers, from.request_id);
    for (name, value) in reply.headers {
        if name == header::VARY {
            headers.append(name, value);
        } else {
            headers.insert(name, value);
        }
    }
    secure(headers, reply.media_type, from.surface);
    if unchanged {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    if request.method() != Method::HEAD {
        *response.body_mut() = body;
    }
    response
}

/// Names the request that an answer is for.
pub(super) fn set_request_id(headers: &mut HeaderMap, request_id: &str) {
    insert(headers, REQUEST_ID, Some(request_id));
}

/// What the page will need, known before its first byte is read; and what may be fetched ahead.
fn hint(headers: &mut HeaderMap) {
    if let Some((link, rules)) = hints() {
        headers.insert(header::LINK, link.clone());
        headers.insert(SPECULATION_RULES, rules.clone());
    }
}

/// The `Link` of every page, and where its speculation rules are.
pub(super) fn hints() -> Option<&'static (HeaderValue, HeaderValue)> {
    static HINTS: OnceLock<Option<(HeaderValue, HeaderValue)>> = OnceLock::new();
    let hints = HINTS.get_or_init(|| {
        let (style, script) = (stylesheet_path(), script_path());
        let link =
            format!("<{style}>; rel=preload; as=style, <{script}>; rel=modulepreload; as=script");
        let rules = format!("\"{}\"", rules_path());
        Some((link.parse().ok()?, rules.parse().ok()?))
    });
    hints.as_ref()
}

fn insert(headers: &mut HeaderMap, name: HeaderName, value: Option<&str>) {
    if let Some(value) = value.and_then(|value| HeaderValue::from_str(value).ok()) {
        headers.insert(name, value);
    }
}

fn secure(headers: &mut HeaderMap, media_type: &str, surface: Surface) {
    let mut set = |name, value| headers.insert(name, HeaderValue::from_static(value));
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::REFERRER_POLICY, "no-referrer");
    set(header::X_FRAME_OPTIONS, "DENY");
    let policy = if media_type == HTML {
        CSP_PAGE
    } else {
        CSP_DATA
    };
    set(header::CONTENT_SECURITY_POLICY, policy);
    if surface == Surface::Api {
        // Public data without credentials: pages of other origins may read it.
        set(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*");
        set(
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            "accept-ranges, content-range, etag, x-request-id, retry-after",
        );
    }
}
