//! The compiled configurations of all tenants in one text.

use std::borrow::Cow;

use super::{Roster, RosterError, Tenant};
use crate::config::{CompiledError, Config};
use crate::host::Variables;

/// How the form with tenants begins; the number is its version.
const MAGIC: &str = "edgefold-tenants ";
/// The version of the form with tenants that this edgefold reads and writes.
const VERSION: &str = "1";

/// What a deployment is configured to do: one site, or several tenants.
///
/// One site is the JSON of [`Config::to_compiled`]. Tenants are lines: `edgefold-tenants 1`, the [`Roster`], then for each
/// of its entries, in their order, the JSON of its site. So the tenant of a host is found without reading any JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form<'t> {
    /// One compiled configuration.
    One(&'t str),
    /// Those of tenants.
    Many {
        /// Whose they are.
        roster: Roster<'t>,
        /// One a line.
        sites: &'t str,
    },
}

/// Why a [`Form`] can't be used.
#[derive(Debug, thiserror::Error)]
pub enum FormError {
    /// Another version's.
    #[error("tenants of another version of edgefold: this one reads {MAGIC}{VERSION}")]
    Version,
    /// See [`RosterError`].
    #[error("the tenants: {0}")]
    Roster(#[from] RosterError),
    /// Fewer or more configurations than tenants.
    #[error("{0} tenants and {1} configurations")]
    Count(usize, usize),
    /// A tenant's configuration.
    #[error("tenant `{0}`: {1}")]
    Site(String, CompiledError),
    /// The only configuration.
    #[error(transparent)]
    One(#[from] CompiledError),
}

impl<'t> Form<'t> {
    /// Tells the two apart, and no more: see [`Form::check`].
    ///
    /// # Errors
    /// Where `text` declares tenants in another version's form.
    pub fn new(text: &'t str) -> Result<Self, FormError> {
        let Some(rest) = text.strip_prefix(MAGIC) else {
            return Ok(Self::One(text));
        };
        let mut lines = rest.splitn(3, '\n');
        if lines.next().map(str::trim_end) != Some(VERSION) {
            return Err(FormError::Version);
        }
        Ok(Self::Many {
            roster: Roster::new(lines.next().unwrap_or_default()),
            sites: lines.next().unwrap_or_default(),
        })
    }

    /// Its tenants; none where it is one site.
    #[must_use]
    pub fn roster(self) -> Roster<'t> {
        match self {
            Self::One(_) => Roster::default(),
            Self::Many { roster, .. } => roster,
        }
    }

    /// The compiled configuration of `tenant`. One site alone is that of `main`.
    #[must_use]
    pub fn site(self, tenant: &Tenant) -> Option<&'t str> {
        match self {
            Self::One(site) => tenant.is_main().then_some(site),
            Self::Many { roster, sites } => roster
                .entries()
                .position(|entry| entry.tenant == tenant.as_str())
                .and_then(|index| sites.lines().nth(index)),
        }
    }

    /// Reads everything.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(self) -> Result<(), FormError> {
        match self {
            Self::One(site) => drop(Config::from_compiled(site)?),
            Self::Many { roster, sites } => {
                roster.check()?;
                let (tenants, lines) = (roster.entries().count(), sites.lines().count());
                if tenants != lines {
                    return Err(FormError::Count(tenants, lines));
                }
                for (entry, site) in roster.entries().zip(sites.lines()) {
                    Config::from_compiled(site)
                        .map_err(|error| FormError::Site(entry.tenant.to_owned(), error))?;
                }
            }
        }
        Ok(())
    }

    /// The form of tenants. `sites` are compiled, in the order of `roster`.
    #[must_use]
    pub fn write<'s>(roster: &str, sites: impl IntoIterator<Item = &'s str>) -> String {
        let mut text = format!("{MAGIC}{VERSION}\n{roster}\n");
        for site in sites {
            text.push_str(site);
            text.push('\n');
        }
        text
    }
}

/// The tenants of a deployment: what the variable `tenants` says, else what is declared in `default_config`.
pub async fn declared<'t, V: Variables>(variables: &V, default_config: &'t str) -> Cow<'t, str> {
    match variables.variable("tenants").await {
        Some(text) if !text.trim().is_empty() => Cow::Owned(text),
        // A form that can't be read declares nobody; whoever reads a configuration out of it is told.
        _ => Cow::Borrowed(Form::new(default_config).map_or("", |form| form.roster().as_str())),
    }
}
