//! The headers of a request: content negotiation, conditions, and the source's own, whose values may name secrets.

use http::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, COOKIE, IF_MODIFIED_SINCE, IF_NONE_MATCH, USER_AGENT,
};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::{FetchError, Target, Validators};
use crate::config::{Config, HeaderText, SourceKind};
use crate::host::{OWN_VARIABLES, Variables};

/// What a feed source is asked for. Upstreams that negotiate must send the feed rather than the page about it.
const ACCEPT_FEED: &str = "application/atom+xml, application/rss+xml, application/feed+json, \
     application/rdf+xml;q=0.9, application/xml;q=0.8, text/xml;q=0.8, application/json;q=0.7, */*;q=0.1";
/// What a JSON source is asked for.
const ACCEPT_JSON: &str = "application/json, application/*;q=0.5, */*;q=0.1";
/// What [`super::decode`] undoes.
const ACCEPT_CODINGS: &str = "gzip, deflate, br";

/// Headers that frame the message or belong to the connection: the host's, never a source's (RFC 9110 §7.6.1).
const RESERVED: [&str; 9] = [
    "connection",
    "content-length",
    "host",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// A source's headers, ready to send.
#[derive(Debug, Clone, Default)]
pub(super) struct Headers {
    /// Sent with every request.
    pub(super) open: HeaderMap,
    /// Sent to the source's own origin only.
    pub(super) private: HeaderMap,
    /// What must not show in any message.
    pub(super) secrets: Vec<String>,
}

/// Builds the headers for `target`, with its secrets filled in.
pub(super) async fn headers<V: Variables>(
    variables: &V,
    target: &Target<'_>,
    validators: &Validators,
    config: &Config,
) -> Result<Headers, FetchError> {
    let mut headers = Headers {
        open: negotiation(target, config),
        ..Headers::default()
    };
    conditions(&mut headers.open, validators);
    for (name, text) in target.headers {
        let header = header_name(name)?;
        let (value, private) = match text {
            HeaderText::Literal(text) => {
                // Browsers keep these two from other origins as well, whoever wrote them.
                let private = header == AUTHORIZATION || header == COOKIE;
                (literal(name, text)?, private)
            }
            HeaderText::Secret(template) => {
                let value = fill(variables, name, template, &mut headers.secrets).await?;
                (value, true)
            }
        };
        headers.open.remove(&header);
        let map = if private {
            &mut headers.private
        } else {
            &mut headers.open
        };
        map.insert(header, value);
    }
    Ok(headers)
}

/// What a source of this kind is asked for.
pub(super) fn accept(kind: &SourceKind) -> &'static str {
    match kind {
        SourceKind::Feed => ACCEPT_FEED,
        SourceKind::Json(_) => ACCEPT_JSON,
    }
}

fn negotiation(target: &Target<'_>, config: &Config) -> HeaderMap {
    let mut map = HeaderMap::new();
    if let Ok(accept) = HeaderValue::from_str(target.accept) {
        map.insert(ACCEPT, accept);
    }
    map.insert(ACCEPT_ENCODING, HeaderValue::from_static(ACCEPT_CODINGS));
    map.insert(USER_AGENT, user_agent(config.site.url.as_deref()));
    map
}

/// `edgefold/0.1.0 (+https://site.example)`: whoever runs an upstream sees whom to write to.
pub(crate) fn user_agent(site: Option<&str>) -> HeaderValue {
    const PRODUCT: &str = concat!("edgefold/", env!("CARGO_PKG_VERSION"));
    site.and_then(|site| HeaderValue::try_from(format!("{PRODUCT} (+{site})")).ok())
        .unwrap_or_else(|| HeaderValue::from_static(PRODUCT))
}

/// RFC 9110 §13.1: where both are known both are sent; `If-None-Match` wins at the upstream.
fn conditions(map: &mut HeaderMap, validators: &Validators) {
    let etag = validators.etag.as_deref();
    let modified = validators.last_modified.as_deref();
    for (name, value) in [(IF_NONE_MATCH, etag), (IF_MODIFIED_SINCE, modified)] {
        if let Some(value) = value.and_then(|value| HeaderValue::from_str(value).ok()) {
            map.insert(name, value);
        }
    }
}

fn header_name(name: &str) -> Result<HeaderName, FetchError> {
    let header = HeaderName::from_bytes(name.as_bytes()).ok();
    header
        .filter(|header| !RESERVED.contains(&header.as_str()))
        .ok_or_else(|| FetchError::new("config", format!("the header `{name}` can't be sent")))
}

fn literal(name: &str, text: &str) -> Result<HeaderValue, FetchError> {
    HeaderValue::from_str(text).map_err(|_| {
        FetchError::new(
            "config",
            format!("the value of the header `{name}` can't be sent"),
        )
    })
}

/// Replaces each `{name}` in `template` by the host variable of that name. Other braces stand for themselves.
async fn fill<V: Variables>(
    variables: &V,
    header: &str,
    template: &str,
    secrets: &mut Vec<String>,
) -> Result<HeaderValue, FetchError> {
    let mut text = String::new();
    let mut rest = template;
    while let Some(open) = rest.find('{') {
        let (before, after) = rest.split_at(open);
        text.push_str(before);
        let name = after
            .find('}')
            .and_then(|close| after.get(1..close))
            .filter(|name| is_variable_name(name));
        let Some(name) = name else {
            text.push('{');
            rest = after.get(1..).unwrap_or_default();
            continue;
        };
        // The checker refuses them; a compiled configuration may come from elsewhere.
        if OWN_VARIABLES.contains(&name) {
            let message = format!(
                "the header `{header}` names `{name}`, which is edgefold's own and never sent"
            );
            return Err(FetchError::new("config", message));
        }
        let value = variables.variable(name).await.unwrap_or_default();
        // Secrets read from files end with a newline more often than not.
        let value = value.trim();
        if value.is_empty() {
            let message =
                format!("the header `{header}` needs the secret `{name}`, which is not set");
            return Err(FetchError::new("secret", message));
        }
        secrets.push(value.to_owned());
        text.push_str(value);
        rest = after.get(name.len() + 2..).unwrap_or_default();
    }
    text.push_str(rest);
    let mut value = HeaderValue::from_str(&text).map_err(|_| {
        let message = format!("the header `{header}` can't be sent: its secret holds a line break or control character");
        FetchError::new("secret", message)
    })?;
    value.set_sensitive(true);
    Ok(value)
}

fn is_variable_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'))
}
