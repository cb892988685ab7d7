//! What is wrong with a request, or not allowed to it.

use http::{Method, StatusCode, header};

use super::Problem;
use crate::serve::query::{echo, nearest};
use crate::serve::routes::{self, Parameter};
use crate::serve::webhook::Refusal;
use crate::serve::{REQUEST_BODY_BYTES_MAX, TARGET_BYTES_MAX};

impl Problem {
    pub(in crate::serve) fn unknown_parameter(key: &str, known: &[Parameter]) -> Self {
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

    pub(in crate::serve) fn bad_parameter(name: &str, detail: impl Into<String>) -> Self {
        let (kind, title) = match name {
            "cursor" => ("bad-cursor", "Bad cursor"),
            "limit" => ("bad-limit", "Bad limit"),
            "page" => ("bad-page", "Bad page number"),
            "q" => ("bad-search", "This search can't be understood"),
            _ => ("bad-parameter", "Bad query parameter"),
        };
        Self::new(StatusCode::BAD_REQUEST, kind, title, detail)
    }

    pub(in crate::serve) fn no_such_range(len: u64) -> Self {
        let mut problem = Self::new(
            StatusCode::RANGE_NOT_SATISFIABLE,
            "no-such-range",
            "No such range",
            format!("The answer has {len} bytes; the range asked for begins behind them."),
        );
        problem.headers = Box::new([(header::CONTENT_RANGE, format!("bytes */{len}"))]);
        problem
    }

    pub(in crate::serve) fn no_host() -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "no-host",
            "No host",
            "The answer holds absolute addresses, so the request must name one host in `Host` where the configuration \
             has no `[site] url`.",
        )
    }

    pub(in crate::serve) fn unknown_word<'a>(
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
    pub(in crate::serve) fn cursor_gone(first: &str) -> Self {
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

    pub(in crate::serve) fn unknown_item(id: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "unknown-item",
            "Unknown item",
            format!("There is no item `{}`.", echo(id)),
        )
    }

    pub(in crate::serve) fn unknown_part(name: &str, id: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "unknown-part",
            "Unknown part of the sitemap",
            format!(
                "The sitemap has no {name} `{}` (any more): `/sitemap.xml` and `/robots.txt` name what there is.",
                echo(id)
            ),
        )
    }

    pub(in crate::serve) fn no_such_route(path: &str) -> Self {
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

    pub(in crate::serve) fn method_not_allowed(method: &Method, allow: String) -> Self {
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
    pub(in crate::serve) fn misdirected(host: Option<&str>) -> Self {
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

    pub(in crate::serve) fn precondition_failed() -> Self {
        Self::new(
            StatusCode::PRECONDITION_FAILED,
            "precondition-failed",
            "Not what was expected",
            "What `If-Match` or `If-Unmodified-Since` asks for does not hold: the answer is another one by now.",
        )
    }

    pub(in crate::serve) fn body_too_large() -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "body-too-large",
            "Request body too large",
            format!("A request's body may have {REQUEST_BODY_BYTES_MAX} bytes."),
        )
    }

    pub(in crate::serve) fn target_too_long() -> Self {
        Self::new(
            StatusCode::URI_TOO_LONG,
            "target-too-long",
            "Address too long",
            format!("Path and query together may have {TARGET_BYTES_MAX} bytes."),
        )
    }

    pub(in crate::serve) fn bad_body(detail: impl Into<String>) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "bad-body",
            "Bad request body",
            detail,
        )
    }

    pub(in crate::serve) fn unauthorized() -> Self {
        let mut problem = Self::new(
            StatusCode::UNAUTHORIZED,
            "unauthorized",
            "Token needed",
            "Send the secret of this deployment as `Authorization: Bearer <token>`.",
        );
        problem.headers = Box::new([(header::WWW_AUTHENTICATE, "Bearer".to_owned())]);
        problem
    }

    pub(in crate::serve) fn bad_webhook(why: Refusal) -> Self {
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

    pub(in crate::serve) fn beyond_webhook() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "beyond-webhook",
            "Signed calls ask the sources that are due",
            "A signature does not cover the address, so `all` needs the admin token.",
        )
    }
}
