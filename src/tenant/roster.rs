//! Which host is which tenant.

use std::collections::BTreeSet;

use super::{NotATenant, Tenant};
use crate::host::OWN_VARIABLES;

/// Most tenants of a deployment.
pub const TENANTS_MAX: usize = 100;
/// Most hosts of a tenant.
pub const HOSTS_MAX: usize = 20;
/// Longest name of a host, in bytes (RFC 1035 §2.3.4).
pub const HOST_BYTES_MAX: usize = 253;

/// The host that stands for every one that no tenant names.
pub const ANY_HOST: &str = "*";

/// Longest list of tenants, in bytes; a longer one is nobody's.
pub const ROSTER_BYTES_MAX: usize = 256 * 1024;

/// The tenants of a deployment and their hosts, as written in the variable `tenants` and in the second line of a [`Form`]:
/// `news=news.example,www.news.example status=status.example main=*`. Empty: there is only `main`, whatever the host.
///
/// Looking a host up compares bytes and allocates nothing: it stands in the way of every read. An entry that is wrong is
/// passed over there, never guessed at; [`Roster::check`] says what is wrong with it.
///
/// [`Form`]: super::Form
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Roster<'t>(&'t str);

/// One tenant of a [`Roster`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry<'t> {
    /// A tenant's name.
    pub tenant: &'t str,
    hosts: &'t str,
}

/// What is wrong with a [`Roster`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RosterError {
    /// Not `name=host,host`.
    #[error("`{0}` is not of the form tenant=host,host")]
    Malformed(String),
    /// A name that is no tenant's.
    #[error("`{0}`: {NotATenant}")]
    Name(String),
    /// A host as no request names it.
    #[error("`{0}` is no host: write it in lower case, without port, in its ASCII form (`xn--…`)")]
    Host(String),
    /// The same name or host twice.
    #[error("`{0}` stands there twice")]
    Twice(String),
    /// Over [`TENANTS_MAX`] or [`HOSTS_MAX`].
    #[error("more than {0}")]
    TooMany(&'static str),
}

impl<'t> Entry<'t> {
    /// Its hosts, [`ANY_HOST`] among them where it is the default.
    pub fn hosts(self) -> impl Iterator<Item = &'t str> + Clone {
        self.hosts.split(',')
    }

    /// Whether hosts that no tenant names are its own.
    #[must_use]
    pub fn is_default(self) -> bool {
        self.hosts().any(|host| host == ANY_HOST)
    }
}

impl<'t> Roster<'t> {
    /// Reads `text` when asked.
    #[must_use]
    pub fn new(text: &'t str) -> Self {
        Self(text.trim_ascii())
    }

    /// Nothing is declared.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// As written.
    #[must_use]
    pub fn as_str(self) -> &'t str {
        self.0
    }

    /// The entries that can be used, in the order written.
    pub fn entries(self) -> impl Iterator<Item = Entry<'t>> + Clone {
        self.words().filter_map(|word| entry(word).ok())
    }

    fn words(self) -> impl Iterator<Item = &'t str> + Clone {
        let text = if self.0.len() > ROSTER_BYTES_MAX {
            ""
        } else {
            self.0
        };
        text.split_ascii_whitespace()
    }

    /// Whose `host` is: the tenant that names it, else the default. `host` is as [`super::host_of`] gives it.
    #[must_use]
    pub fn find(self, host: Option<&str>) -> Option<Tenant> {
        let named = host.and_then(|host| {
            self.entries()
                .find(|entry| entry.hosts().any(|known| known.eq_ignore_ascii_case(host)))
        });
        let entry = named.or_else(|| self.entries().find(|entry| entry.is_default()))?;
        Tenant::new(entry.tenant).ok()
    }

    /// All that is wrong.
    ///
    /// # Errors
    /// The first mistake.
    pub fn check(self) -> Result<(), RosterError> {
        if self.0.len() > ROSTER_BYTES_MAX || self.words().count() > TENANTS_MAX {
            return Err(RosterError::TooMany("100 tenants"));
        }
        let mut names = BTreeSet::new();
        let mut hosts = BTreeSet::new();
        for word in self.words() {
            let entry = entry(word)?;
            if !names.insert(entry.tenant) {
                return Err(RosterError::Twice(shown(entry.tenant)));
            }
            if entry.hosts().count() > HOSTS_MAX {
                return Err(RosterError::TooMany("20 hosts of a tenant"));
            }
            for host in entry.hosts() {
                if host != ANY_HOST && !is_host(host) {
                    return Err(RosterError::Host(shown(host)));
                }
                if !hosts.insert(host) {
                    return Err(RosterError::Twice(shown(host)));
                }
            }
        }
        Ok(())
    }

    /// The host variable that is meant where the logic of `tenant` says `name`; `None` where it may not read it.
    ///
    /// `main` says what the variable is called; for every other tenant its own name with `_` for `-` and one more `_` stand
    /// in front. Where that leaves a variable to two tenants (`token` of `a-b`, `b_token` of `a`, `a_b_token` of `main`), it
    /// belongs to the longest name. Nobody falls back to another's, and while the list has a mistake nobody is told apart by
    /// it: only the tokens of the admin routes, which are compared and never sent, are read then.
    #[must_use]
    pub fn variable(self, tenant: &Tenant, name: &str) -> Option<String> {
        if self.is_empty() {
            return Some(name.to_owned());
        }
        let variable = if tenant.is_main() {
            name.to_owned()
        } else {
            own_prefix(tenant.as_str()) + name
        };
        let own = self.owner(&variable) == tenant.as_str();
        let sure = name.ends_with("_token") && OWN_VARIABLES.contains(&name);
        (own && (sure || self.check().is_ok())).then_some(variable)
    }

    fn owner(self, variable: &str) -> &'t str {
        if OWN_VARIABLES.contains(&variable) {
            return Tenant::MAIN_NAME;
        }
        self.entries()
            .map(|entry| entry.tenant)
            .filter(|tenant| *tenant != Tenant::MAIN_NAME)
            .filter(|tenant| variable.starts_with(&own_prefix(tenant)))
            .max_by_key(|tenant| tenant.len())
            .unwrap_or(Tenant::MAIN_NAME)
    }
}

/// `news-de` as variables have it: `news_de_`.
fn own_prefix(tenant: &str) -> String {
    tenant.replace('-', "_") + "_"
}

fn entry(word: &str) -> Result<Entry<'_>, RosterError> {
    let (tenant, hosts) = word
        .split_once('=')
        .filter(|(_, hosts)| !hosts.is_empty())
        .ok_or_else(|| RosterError::Malformed(shown(word)))?;
    if !Tenant::is_name(tenant) {
        return Err(RosterError::Name(shown(tenant)));
    }
    Ok(Entry { tenant, hosts })
}

/// Whether requests may name `host` so: a DNS name in lower case as RFC 1123 §2.1 and registries have it (`_` occurs in
/// practice), an IPv4 address, or an IPv6 address in brackets.
#[must_use]
pub fn is_host(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[') {
        let address = address.strip_suffix(']');
        return address
            .and_then(|address| address.parse::<std::net::Ipv6Addr>().ok())
            .is_some_and(|address| host == format!("[{address}]"));
    }
    let known = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_');
    (1..=HOST_BYTES_MAX).contains(&host.len())
        && host.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && label.bytes().all(known)
                && !label.starts_with('-')
                && !label.ends_with('-')
        })
}

/// Foreign text for a message.
fn shown(text: &str) -> String {
    const SHOWN_CHARS_MAX: usize = 80;
    let text: String = text.chars().take(SHOWN_CHARS_MAX).collect();
    text.escape_debug().to_string()
}
