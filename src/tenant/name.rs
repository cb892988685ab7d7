//! The name of a tenant.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use crate::slice::FORMAT_VERSION;

/// Longest name, in characters (all of them ASCII).
pub const TENANT_CHARS_MAX: usize = 64;

/// A tenant's name: 1 to [`TENANT_CHARS_MAX`] of `[a-z0-9-]`, no `-` at either end. So it has no `/`, and no name with a
/// `/` behind it begins another one: the prefixes of two tenants never overlap.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tenant(Cow<'static, str>);

/// A text that is no tenant's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a tenant's name is 1 to {TENANT_CHARS_MAX} of a-z, 0-9 and `-`, without `-` at either end"
)]
pub struct NotATenant;

impl Tenant {
    /// What [`Tenant::MAIN`] is called.
    pub const MAIN_NAME: &'static str = "main";
    /// The tenant of a deployment that declares none.
    pub const MAIN: Self = Self(Cow::Borrowed(Self::MAIN_NAME));

    /// Checks `name`.
    ///
    /// # Errors
    /// Where it is none. Nothing is mended: another name would be another tenant.
    pub fn new(name: &str) -> Result<Self, NotATenant> {
        if Self::is_name(name) {
            Ok(Self(Cow::Owned(name.to_owned())))
        } else {
            Err(NotATenant)
        }
    }

    /// Whether [`Tenant::new`] takes `name`.
    #[must_use]
    pub fn is_name(name: &str) -> bool {
        let known = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
        (1..=TENANT_CHARS_MAX).contains(&name.len())
            && name.bytes().all(known)
            && !name.starts_with('-')
            && !name.ends_with('-')
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is [`Tenant::MAIN`].
    #[must_use]
    pub fn is_main(&self) -> bool {
        self.0 == Self::MAIN_NAME
    }

    /// What caches in front know the site's surrogate key `key` as. The keys of two tenants never meet: those of any but
    /// `main` begin with its name and a `/`, which no id has.
    #[must_use]
    pub fn surrogate_key(&self, key: &str) -> String {
        if self.is_main() {
            key.to_owned()
        } else {
            format!("{self}/{key}")
        }
    }

    /// What every key of this tenant begins with: `ef/<format>/<tenant>/`.
    #[must_use]
    pub fn prefix(&self) -> String {
        format!("ef/{FORMAT_VERSION}/{self}/")
    }

    /// Where the store has what the logic calls `key`. For people and tests; the logic goes through
    /// [`TenantKv`](super::TenantKv), which checks `key` as well.
    #[must_use]
    pub fn key(&self, key: &str) -> String {
        self.prefix() + key
    }
}

impl fmt::Display for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Tenant {
    type Err = NotATenant;

    fn from_str(name: &str) -> Result<Self, NotATenant> {
        Self::new(name)
    }
}
