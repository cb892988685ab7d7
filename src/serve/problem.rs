//! Errors as RFC 9457 problem details, or as a page where a person asks.

use std::time::Duration;

use http::{HeaderMap, HeaderName, Method, StatusCode, header};
use serde::Serialize;

use super::query::{echo, nearest};
use super::reply::{HTML, PROBLEM, Reply};
use super::routes::{self, Parameter, Surface};
use super::webhook::Refusal;
use super::{REQUEST_BODY_BYTES_MAX, TARGET_BYTES_MAX};
use crate::cache::Failure;
use crate::host::{Host, KvError, Level};
use crate::page::{Notice, notice_html};
use crate::read::ReadError;
use crate::time::Timestamp;

/// Where each type is explained.
const TYPES: &str = concat!(env!("CARGO_PKG_REPOSITORY"), "/blob/main/docs/api.md#");

/// When to come back, where the store says nothing.
const RETRY_AFTER: Duration = Duration::from_secs(10);

/// Known words repeated in the sentence; `allowed` has them all.
const WORDS_IN_DETAIL_MAX: usize = 20;

/// Why a request was not answered.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    kind: &'static str,
    title: &'static str,
    detail: String,
    allowed: Box<[String]>,
    nearest: Option<String>,
    headers: Box<[(HeaderName, String)]>,
}

/// As it is sent. Member order as in RFC 9457 §3.1, then our own.
#[derive(Serialize)]
struct Details<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    detail: &'a str,
    instance: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    nearest: Option<&'a str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    allowed: &'a [String],
}

impl Problem {
    fn new(
        status: StatusCode,
        kind: &'static str,
        title: &'static str,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            status,
            kind,
            title,
            detail: detail.into(),
            allowed: Box::default(),
            nearest: None,
            headers: Box::default(),
        }
    }

    /// Names the known words, and the nearest to the one given.
    fn among<'a>(mut self, word: &str, known: impl Iterator<Item = &'a str> + Clone) -> Self {
        self.nearest = nearest(word, known.clone()).map(str::to_owned);
        self.allowed = known.map(str::to_owned).collect();
        if let Some(nearest) = &self.nearest {
            self.detail = format!("{} Did you mean `{nearest}`?", self.detail);
        }
        let listed: Vec<String> = self
            .allowed
            .iter()
            .take(WORDS_IN_DETAIL_MAX)
            .map(|word| format!("`{word}`"))
            .collect();
        let more = if self.allowed.len() > WORDS_IN_DETAIL_MAX {
            ", …"
        } else {
            ""
        };
        self.detail = if listed.is_empty() {
            format!("{} None are known here.", self.detail)
        } else {
            format!("{} Known: {}{more}.", self.detail, listed.join(", "))
        };
        self
    }

    pub(super) fn unknown_parameter(key: &str, known: &[Parameter]) -> Self {
        let names = known
            .iter()
            .filter(|parameter| parameter.in_query)
            .map(|parameter| parameter.name);
        Self::new(
            StatusCode::BAD_REQUEST,
            "unknown-parameter",
            "Unknown query parameter",
            format!("There is no query parameter `{}` here.", echo(key)),
        )
        .among(key, names)
    }

    pub(super) fn bad_parameter(name: &str, detail: impl Into<String>) -> Self {
        let (kind, title) = match name {
            "cursor" => ("bad-cursor", "Bad cursor"),
            "limit" => ("bad-limit", "Bad limit"),
            "page" => ("bad-page", "Bad page number"),
            "q" => ("bad-search", "This search can't be understood"),
            _ => ("bad-parameter", "Bad query parameter"),
        };
        Self::new(StatusCode::BAD_REQUEST, kind, title, detail)
    }

    pub(super) fn no_such_range(len: u64) -> Self {
        let mut problem = Self::new(
            StatusCode::RANGE_NOT_SATISFIABLE,
            "no-such-range",
            "No such range",
            format!("The answer has {len} bytes; the range asked for begins behind them."),
        );
        problem.headers = Box::new([(header::CONTENT_RANGE, format!("bytes */{len}"))]);
        problem
    }

    pub(super) fn no_host() -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "no-host",
            "No host",
            "The answer holds absolute addresses, so the request must name one host in `Host` where the configuration \
             has no `[site] url`.",
        )
    }

    pub(super) fn unknown_word<'a>(
        name: &str,
        word: &str,
        known: impl Iterator<Item = &'a str> + Clone,
    ) -> Self {
        let (kind, title) = match name {
            "source" => ("unknown-source", "Unknown source"),
            "proxy" => ("unknown-proxy", "Unknown proxy"),
            "key" => ("unknown-key", "Unknown key"),
            "tag" => ("unknown-tag", "Unknown tag"),
            _ => ("unknown-category", "Unknown category"),
        };
        Self::new(
            StatusCode::NOT_FOUND,
            kind,
            title,
            format!("There is no {name} `{}`.", echo(word)),
        )
        .among(word, known)
    }

    /// What `cursor` led to has left by retention; `first` is where to go on.
    pub(super) fn cursor_gone(first: &str) -> Self {
        let mut problem = Self::new(
            StatusCode::GONE,
            "cursor-gone",
            "No longer kept",
            format!(
                "The items after this cursor are no longer kept: this was the end of the list. Go on from its newest \
                 items at `{first}`."
            ),
        );
        problem.headers = Box::new([(header::LINK, format!("<{first}>; rel=\"first\""))]);
        problem
    }

    pub(super) fn unknown_item(id: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "unknown-item",
            "Unknown item",
            format!("There is no item `{}`.", echo(id)),
        )
    }

    pub(super) fn no_such_route(path: &str) -> Self {
        let problem = Self::new(
            StatusCode::NOT_FOUND,
            "not-found",
            "Not found",
            format!("There is nothing at `{}`.", echo(path)),
        );
        match nearest(path, routes::public_paths()) {
            Some(near) if near != path => Self {
                detail: format!("{} Did you mean `{near}`?", problem.detail),
                nearest: Some(near.to_owned()),
                ..problem
            },
            _ => problem,
        }
    }

    pub(super) fn method_not_allowed(method: &Method, allow: String) -> Self {
        let mut problem = Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method-not-allowed",
            "Method not allowed",
            format!(
                "`{}` is not among the methods of this address: {allow}.",
                echo(method.as_str())
            ),
        );
        problem.headers = Box::new([(header::ALLOW, allow)]);
        problem
    }

    /// RFC 9110 §15.5.20: this deployment has several sites, and none for this host.
    pub(super) fn misdirected(host: Option<&str>) -> Self {
        let detail = match host {
            Some(host) => format!("No site here answers for the host `{}`.", echo(host)),
            None => {
                "The request names no host, and the sites here are told apart by it.".to_owned()
            }
        };
        Self::new(
            StatusCode::MISDIRECTED_REQUEST,
            "misdirected",
            "No such site here",
            detail,
        )
    }

    pub(super) fn precondition_failed() -> Self {
        Self::new(
            StatusCode::PRECONDITION_FAILED,
            "precondition-failed",
            "Not what was expected",
            "What `If-Match` or `If-Unmodified-Since` asks for does not hold: the answer is another one by now.",
        )
    }

    pub(super) fn body_too_large() -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "body-too-large",
            "Request body too large",
            format!("A request's body may have {REQUEST_BODY_BYTES_MAX} bytes."),
        )
    }

    pub(super) fn target_too_long() -> Self {
        Self::new(
            StatusCode::URI_TOO_LONG,
            "target-too-long",
            "Address too long",
            format!("Path and query together may have {TARGET_BYTES_MAX} bytes."),
        )
    }

    pub(super) fn bad_body(detail: impl Into<String>) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "bad-body",
            "Bad request body",
            detail,
        )
    }

    /// An upstream that gives nothing to pass on. Of its own words, which may hold secrets, nothing is repeated.
    pub(super) fn upstream(id: &str, failure: &Failure, now: Timestamp) -> Self {
        let (status, kind, title) = if failure.kind == "timeout" {
            (
                StatusCode::GATEWAY_TIMEOUT,
                "upstream-timeout",
                "The upstream gives no answer in time",
            )
        } else {
            (
                StatusCode::BAD_GATEWAY,
                "upstream-failed",
                "The upstream gives no usable answer",
            )
        };
        let why = match failure.kind {
            "timeout" => "gave no whole answer in time",
            "too-large" => "answered with more than is passed on",
            "denied" => "may not be asked by this deployment",
            "connect" => "can't be reached",
            "redirects" => "redirects to where it is not followed",
            "status" => "answered with an error",
            "empty" => "gave an empty answer",
            "type" => "answered with a media type that is not passed on",
            "secret" | "config" => "is not fully configured",
            "failing" => "fails, and is not asked again yet",
            _ => "gave a broken answer",
        };
        let detail = format!("The upstream of `{}` {why}.", echo(id));
        let mut problem = Self::new(status, kind, title, detail);
        if let Some(at) = failure.retry_at.filter(|at| *at > now) {
            let seconds = (at.0 - now.0).div_euclid(1000) + 1;
            problem.headers = Box::new([(header::RETRY_AFTER, seconds.to_string())]);
        }
        problem
    }

    /// The day's writes are used up until `wait_ms` from now.
    pub(super) fn no_writes(wait_ms: i64) -> Self {
        let mut problem = Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "no-writes",
            "The day's writes are used up",
            "The writes of cached answers and purges are used up until midnight UTC; `cache_writes_per_day` sets how many there are.",
        );
        let seconds = wait_ms.div_euclid(1000) + 1;
        problem.headers = Box::new([(header::RETRY_AFTER, seconds.to_string())]);
        problem
    }

    pub(super) fn unauthorized() -> Self {
        let mut problem = Self::new(
            StatusCode::UNAUTHORIZED,
            "unauthorized",
            "Token needed",
            "Send the secret of this deployment as `Authorization: Bearer <token>`.",
        );
        problem.headers = Box::new([(header::WWW_AUTHENTICATE, "Bearer".to_owned())]);
        problem
    }

    pub(super) fn bad_webhook(why: Refusal) -> Self {
        let detail = format!("The call is signed, but {why}.");
        let mut problem = Self::new(
            StatusCode::UNAUTHORIZED,
            "bad-webhook",
            "The signature does not count",
            detail,
        );
        problem.headers = Box::new([(header::WWW_AUTHENTICATE, "Bearer".to_owned())]);
        problem
    }

    pub(super) fn beyond_webhook() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "beyond-webhook",
            "Signed calls ask the sources that are due",
            "A signature does not cover the address, so `all` needs the admin token.",
        )
    }

    pub(super) fn bad_configuration(detail: impl Into<String>) -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "bad-configuration",
            "The configuration can't be used",
            detail,
        )
    }

    /// What failed in the store. Says so in the log, and little to the client.
    pub(super) fn store<H: Host>(host: &H, error: &ReadError) -> Self {
        let (level, detail) = match error {
            ReadError::Corrupt(_) => (
                Level::Error,
                "What is stored can't be used, and is not shown. The next publish mends it.",
            ),
            ReadError::Missing(_) => (
                Level::Warn,
                "A part of what is listed has not arrived here yet. Try again in a moment.",
            ),
            ReadError::Store(_) => (
                Level::Warn,
                "The store can't be reached. Try again in a moment.",
            ),
        };
        host.log(
            level,
            &format!("read failed: {error}").replace(['\r', '\n'], " "),
        );
        let after = match error {
            ReadError::Store(KvError::Throttled {
                retry_after: Some(after),
            }) => *after,
            _ => RETRY_AFTER,
        };
        let mut problem = Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "store-unavailable",
            "The store is unavailable",
            detail,
        );
        // A delay of less than a second is rounded up: zero would ask for an immediate retry.
        let seconds = after.as_secs().max(1);
        problem.headers = Box::new([(header::RETRY_AFTER, seconds.to_string())]);
        problem
    }

    /// The answer: a page where the address is one and the client prefers it, else problem details.
    pub(super) fn into_reply(self, path: &str, surface: Surface, asked: &HeaderMap) -> Reply {
        let mut reply = if surface == Surface::Page && prefers_html(asked) {
            let html = notice_html(&Notice {
                status: Some(self.status.as_u16()),
                title: self.title,
                detail: &self.detail,
                commands: &[],
            });
            Reply::new(self.status, HTML, vec![html.into()])
        } else {
            let details = Details {
                r#type: format!("{TYPES}{}", self.kind),
                title: self.title,
                status: self.status.as_u16(),
                detail: &self.detail,
                instance: path,
                nearest: self.nearest.as_deref(),
                allowed: &self.allowed,
            };
            // Serialising text and numbers does not fail.
            let json = serde_json::to_vec(&details).unwrap_or_default();
            Reply::new(self.status, PROBLEM, vec![json.into()])
        };
        if surface == Surface::Page {
            reply.header(header::VARY, "accept");
        }
        for (name, value) in &self.headers {
            reply.header(name.clone(), value);
        }
        reply
    }
}

/// Whether `Accept` names `text/html` with at least the weight of any JSON (RFC 9110 §12.5.1). A bare `*/*` prefers nothing.
fn prefers_html(headers: &HeaderMap) -> bool {
    let mut html = 0.0_f32;
    let mut json = 0.0_f32;
    for range in headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
    {
        let mut parts = range.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default().to_ascii_lowercase();
        let weight = parts
            .find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")))
            .map_or(1.0, |q| q.parse::<f32>().unwrap_or(0.0));
        match name.as_str() {
            "text/html" | "application/xhtml+xml" => html = html.max(weight),
            "application/json" | "application/problem+json" => json = json.max(weight),
            _ => {}
        }
    }
    html > 0.0 && html >= json
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefers_what_is_named_with_more_weight() {
        for (accept, html) in [
            ("text/html,application/xhtml+xml,*/*;q=0.8", true),
            ("*/*", false),
            ("application/json", false),
            ("text/html;q=0.5, application/json", false),
            (
                "text/html;level=1; q=0.9, application/problem+json;q=0.1",
                true,
            ),
            ("text/html;q=0", false),
            ("text/html;q=x", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, accept.parse().unwrap());
            assert_eq!(prefers_html(&headers), html, "{accept}");
        }
        assert!(!prefers_html(&HeaderMap::new()));
    }
}
