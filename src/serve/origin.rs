//! Where the site is reached: what absolute addresses begin with, in answers that can't do with relative ones.

use std::net::IpAddr;

use bytes::Bytes;
use http::{Request, header};

use super::problem::Problem;
use super::reply::Reply;
use crate::tenant::host_of;

/// Where the site is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Origin {
    /// Scheme and authority, a path where the configuration has one; no trailing slash.
    pub(super) base: String,
    /// Taken from the request: caches that do not tell hosts apart must not give the answer to another one.
    of_request: bool,
}

impl Origin {
    /// `[site] url` where that is set, else the request's own host.
    ///
    /// # Errors
    /// 400 where neither says it.
    pub(super) fn new(site_url: &str, request: &Request<Bytes>) -> Result<Self, Problem> {
        if !site_url.is_empty() {
            return Ok(Self {
                base: site_url.to_owned(),
                of_request: false,
            });
        }
        let base = of_request(request).ok_or_else(Problem::no_host)?;
        Ok(Self {
            base,
            of_request: true,
        })
    }

    /// Adds what caches must know.
    pub(super) fn vary(&self, reply: &mut Reply) {
        if self.of_request {
            reply.header(header::VARY, "Host");
        }
    }
}

/// The authority that the request names, as it can stand in an address without escaping.
fn of_request(request: &Request<Bytes>) -> Option<String> {
    let host = host_of(request.uri(), request.headers())?;
    let authority = match request.uri().authority() {
        Some(authority) => authority.as_str(),
        None => request.headers().get(header::HOST)?.to_str().ok()?,
    };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte);
    if !authority.bytes().all(plain) {
        return None;
    }
    // After the colons of an IPv6 address.
    let after = authority.rsplit(']').next().unwrap_or_default();
    let port = after.split_once(':').map(|(_, port)| port);
    Some(format!(
        "{}://{}",
        scheme(host, port.filter(|port| !port.is_empty())),
        authority.to_ascii_lowercase()
    ))
}

/// What a request came in by is hidden by whatever ends TLS before us, and headers that tell it can be written by anybody. A site
/// on the internet has https; an address of a workstation and a port of its own have not.
fn scheme(host: &str, port: Option<&str>) -> &'static str {
    let host = host.to_ascii_lowercase();
    let numeric = host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
    let local = host == "localhost" || host.ends_with(".localhost");
    if numeric || local || port.is_some_and(|port| port != "443") {
        "http"
    } else {
        "https"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(host: &str) -> Option<String> {
        let request = Request::builder()
            .uri("/feed.xml")
            .header("host", host)
            .body(Bytes::new())
            .unwrap();
        Origin::new("", &request).ok().map(|origin| origin.base)
    }

    #[test]
    fn a_host_is_taken_only_where_it_is_one() {
        for (host, want) in [
            ("News.example", "https://news.example"),
            ("news.example:443", "https://news.example:443"),
            ("news.example:8080", "http://news.example:8080"),
            ("localhost", "http://localhost"),
            ("a.localhost:3000", "http://a.localhost:3000"),
            ("127.0.0.1:3000", "http://127.0.0.1:3000"),
            ("[::1]", "http://[::1]"),
            ("[::1]:3000", "http://[::1]:3000"),
        ] {
            assert_eq!(base(host).as_deref(), Some(want), "{host}");
        }
        for host in [
            "",
            "a@b",
            "a/b",
            "a\"><b",
            "a b",
            "a:b",
            "a&b",
            "a'b",
            "é.example",
            "a?b",
            "[::1",
        ] {
            assert_eq!(base(host), None, "{host}");
        }
    }

    #[test]
    fn the_configured_address_goes_before_the_request() {
        let request = Request::builder()
            .uri("/feed.xml")
            .header("host", "evil.example")
            .body(Bytes::new())
            .unwrap();
        let origin = Origin::new("https://news.example/fold", &request).unwrap();
        assert_eq!(origin.base, "https://news.example/fold");
    }
}
