//! The host that a request is for.

use http::{HeaderMap, Uri, header};

use super::roster::HOST_BYTES_MAX;

/// The host of a request, to be looked up in a [`Roster`](super::Roster): without user, port and the dot that may end a name,
/// in the case it was sent in. `None` where it names none, or two.
///
/// The authority of the target goes before `Host` (RFC 9112 §3.2.2); more than one `Host` is none (§3.2). Nothing else is
/// looked at: anybody can write `X-Forwarded-Host`.
#[must_use]
pub fn host_of<'r>(target: &'r Uri, headers: &'r HeaderMap) -> Option<&'r str> {
    if let Some(authority) = target.authority() {
        return bare(authority.as_str());
    }
    let mut hosts = headers.get_all(header::HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(host), None) => bare(host.to_str().ok()?),
        _ => None,
    }
}

/// `Name.example.:8080` without port and final dot; an IPv6 address keeps its brackets.
fn bare(authority: &str) -> Option<&str> {
    // A user before the host is deprecated (RFC 9110 §4.2.4), and a way to make one host look like another.
    if authority.contains('@') {
        return None;
    }
    let end = if authority.starts_with('[') {
        authority.find(']')? + 1
    } else {
        authority.find(':').unwrap_or(authority.len())
    };
    let (host, port) = authority.split_at(end);
    let port = if port.is_empty() {
        port
    } else {
        port.strip_prefix(':')?
    };
    if !port.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let host = host.strip_suffix('.').unwrap_or(host);
    (1..=HOST_BYTES_MAX).contains(&host.len()).then_some(host)
}
