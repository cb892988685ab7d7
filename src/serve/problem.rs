//! Errors as RFC 9457 problem details, or as a page where a person asks.

mod caller;
mod ours;

use http::{HeaderMap, HeaderName, StatusCode, header};
use serde::Serialize;

use super::query::nearest;
use super::reply::{HTML, PROBLEM, Reply};
use super::routes::Surface;
use crate::page::{Notice, notice_html};

/// Where each type is explained.
const TYPES: &str = concat!(env!("CARGO_PKG_REPOSITORY"), "/blob/main/docs/api.md#");

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
