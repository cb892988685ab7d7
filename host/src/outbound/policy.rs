//! Who may be asked.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use super::address::is_public;

/// Which upstreams the component may ask: everything on the public internet, and what is allowed beside it.
///
/// Decided by the *resolved* address, and the connection goes to exactly the address that was checked, so that a name can
/// neither stand for a private address nor change between check and use. A redirect is a new request and is checked again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OutboundPolicy {
    allowed: Vec<Allowed>,
}

impl OutboundPolicy {
    /// The public internet only. The same as `default`.
    #[must_use]
    pub fn public() -> Self {
        Self::default()
    }

    /// Allows one more.
    #[must_use]
    pub fn allow(mut self, allowed: Allowed) -> Self {
        self.allowed.push(allowed);
        self
    }

    /// Whether a request for `host` (as in the address asked) may go to `address`.
    #[must_use]
    pub fn permits(&self, host: &str, address: SocketAddr) -> bool {
        is_public(address.ip()) || self.allowed.iter().any(|rule| rule.covers(host, address))
    }
}

impl FromIterator<Allowed> for OutboundPolicy {
    fn from_iter<I: IntoIterator<Item = Allowed>>(rules: I) -> Self {
        Self {
            allowed: rules.into_iter().collect(),
        }
    }
}

/// An exception to the rule that only the public internet may be asked.
///
/// Written `10.1.2.3`, `10.0.0.0/8`, `[::1]`, `fd00::/8` or `feeds.internal`, each (but a range) with an optional `:PORT`.
/// A name allows whatever addresses it resolves to: name only what you control.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowed {
    target: Target,
    port: Option<u16>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Target {
    Range { network: IpAddr, bits: u8 },
    Host(String),
}

impl Allowed {
    /// Exactly this address and port: what a test's upstream server listens on.
    #[must_use]
    pub fn socket(address: SocketAddr) -> Self {
        Self {
            target: Target::Range {
                network: address.ip(),
                bits: width(address.ip()),
            },
            port: Some(address.port()),
        }
    }

    fn covers(&self, host: &str, address: SocketAddr) -> bool {
        let target = match &self.target {
            Target::Range { network, bits } => in_range(address.ip(), *network, *bits),
            Target::Host(name) => name.eq_ignore_ascii_case(host.trim_end_matches('.')),
        };
        target && self.port.is_none_or(|port| port == address.port())
    }
}

/// Why a rule of the outbound policy can't be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowedError(String);

impl fmt::Display for AllowedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?} is no address, range or name (like 127.0.0.1:8080, 10.0.0.0/8 or feeds.internal)",
            self.0
        )
    }
}

impl std::error::Error for AllowedError {}

impl FromStr for Allowed {
    type Err = AllowedError;

    fn from_str(text: &str) -> Result<Self, AllowedError> {
        let wrong = || AllowedError(text.to_owned());
        if let Ok(address) = text.parse::<SocketAddr>() {
            return Ok(Self::socket(address));
        }
        if let Some((network, bits)) = text.split_once('/') {
            let network: IpAddr = network.parse().map_err(|_| wrong())?;
            let bits = bits.parse().map_err(|_| wrong())?;
            if bits > width(network) {
                return Err(wrong());
            }
            return Ok(Self {
                target: Target::Range { network, bits },
                port: None,
            });
        }
        let unbracketed = text.trim_start_matches('[').trim_end_matches(']');
        if let Ok(address) = unbracketed.parse::<IpAddr>() {
            return Ok(Self {
                target: Target::Range {
                    network: address,
                    bits: width(address),
                },
                port: None,
            });
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) => (host, Some(port.parse().map_err(|_| wrong())?)),
            None => (text, None),
        };
        let valid = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
        if host.is_empty() || !host.chars().all(valid) {
            return Err(wrong());
        }
        Ok(Self {
            target: Target::Host(host.trim_end_matches('.').to_owned()),
            port,
        })
    }
}

fn width(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

fn in_range(address: IpAddr, network: IpAddr, bits: u8) -> bool {
    match (address, network) {
        (IpAddr::V4(address), IpAddr::V4(network)) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(bits)).unwrap_or(0);
            u32::from(address) & mask == u32::from(network) & mask
        }
        (IpAddr::V6(address), IpAddr::V6(network)) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(bits)).unwrap_or(0);
            u128::from(address) & mask == u128::from(network) & mask
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permits(rule: &str, host: &str, address: &str) -> bool {
        let policy = OutboundPolicy::public().allow(rule.parse().unwrap());
        policy.permits(host, address.parse().unwrap())
    }

    #[test]
    fn only_what_is_named_is_allowed() {
        let public = OutboundPolicy::public();
        assert!(public.permits("example.org", "1.1.1.1:443".parse().unwrap()));
        assert!(!public.permits("example.org", "127.0.0.1:80".parse().unwrap()));

        assert!(permits("127.0.0.1:8080", "a", "127.0.0.1:8080"));
        assert!(!permits("127.0.0.1:8080", "a", "127.0.0.1:8081"));
        assert!(!permits("127.0.0.1:8080", "a", "127.0.0.2:8080"));
        assert!(permits("127.0.0.1", "a", "127.0.0.1:9"));
        assert!(permits("10.0.0.0/8", "a", "10.200.3.4:80"));
        assert!(!permits("10.0.0.0/8", "a", "192.168.0.1:80"));
        assert!(permits("0.0.0.0/0", "a", "192.168.0.1:80"));
        assert!(!permits("0.0.0.0/0", "a", "[::1]:80"));
        assert!(permits("[::1]:80", "a", "[::1]:80"));
        assert!(permits("::1", "a", "[::1]:81"));
        assert!(permits("fd00::/8", "a", "[fd12::1]:80"));
        assert!(permits("feeds.internal", "Feeds.Internal.", "10.0.0.1:80"));
        assert!(permits(
            "feeds.internal:81",
            "feeds.internal",
            "10.0.0.1:81"
        ));
        assert!(!permits(
            "feeds.internal:81",
            "feeds.internal",
            "10.0.0.1:80"
        ));
        assert!(!permits("feeds.internal", "other.internal", "10.0.0.1:80"));
    }

    #[test]
    fn nonsense_is_refused() {
        for text in [
            "",
            "10.0.0.0/33",
            "10.0.0/8",
            "http://a",
            "a:b",
            "a b",
            ":80",
            "fd00::/129",
        ] {
            assert!(text.parse::<Allowed>().is_err(), "{text}");
        }
    }
}
