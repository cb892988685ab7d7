//! Which configuration a run goes by.

use serde::Serialize;

use crate::config::Config;
use crate::host::{Host, Kv, Level};
use crate::slice::keys;
use crate::tenant::{Form, Roster, Tenant, TenantHost};

/// Where a configuration came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConfigOrigin {
    /// The host variable `config`.
    Variable,
    /// The store key `ef/2/<tenant>/config`.
    Store,
    /// Baked into the artefact.
    BakedIn,
}

/// The configuration in force.
#[derive(Debug, Clone)]
pub struct Configured {
    /// What to go by.
    pub config: Config,
    /// Where it came from.
    pub origin: ConfigOrigin,
    /// An override that could not be used, for people.
    pub problem: Option<String>,
}

/// Not even the baked-in configuration can be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the baked-in configuration can't be used: {0}")]
pub struct ConfigProblem(pub String);

/// Finds a tenant's configuration: in the variable `config`, else under its store key `config`, else in `default_config`. An
/// override that can't be read is logged as an error and passed over. Variable and default may be of one site or hold those
/// of all tenants ([`Form`]).
///
/// # Errors
/// Where `default_config` is needed and can't be read either, or has nothing for this tenant.
pub(super) async fn configured<H: Host>(
    host: &TenantHost<'_, H>,
    default_config: &str,
) -> Result<Configured, ConfigProblem> {
    let mut problems = roster_problems(host.roster());
    if let Some(text) = host
        .shared_variable("config")
        .await
        .filter(|text| !text.trim().is_empty())
    {
        match from_variable(host, &text) {
            Ok(Some(config)) => {
                return Ok(Configured {
                    config,
                    origin: ConfigOrigin::Variable,
                    problem: told(host, &problems),
                });
            }
            Ok(None) => {}
            Err(error) => problems.push(format!("variable `config`: {error}")),
        }
    }
    let key = host.tenant().key(keys::CONFIG);
    match host.kv().get(keys::CONFIG).await {
        Ok(Some(entry)) => match read(&entry.value) {
            Ok(config) => {
                return Ok(Configured {
                    config,
                    origin: ConfigOrigin::Store,
                    problem: told(host, &problems),
                });
            }
            Err(error) => problems.push(format!("store key `{key}`: {error}")),
        },
        Ok(None) => {}
        Err(error) => problems.push(format!("store key `{key}`: {error}")),
    }
    Ok(Configured {
        config: baked_in(host.tenant(), default_config)?,
        origin: ConfigOrigin::BakedIn,
        problem: told(host, &problems),
    })
}

/// What is wrong with the list of tenants. Readers of the others are served all the same.
fn roster_problems(roster: Roster<'_>) -> Vec<String> {
    let wrong = roster.check().err();
    wrong
        .iter()
        .map(|error| format!("tenants: {error}"))
        .collect()
}

/// What the variable `config` has for the tenant of `host`.
fn from_variable<H: Host>(host: &TenantHost<'_, H>, text: &str) -> Result<Option<Config>, String> {
    let form = Form::new(text).map_err(|error| error.to_string())?;
    // One site does for a deployment without tenants, and for `main` among others.
    let several = !form.roster().is_empty();
    if several && form.roster() != host.roster() {
        return Err(
            "it declares other tenants than are served: set the variable `tenants` to its second line"
                .to_owned(),
        );
    }
    let site = form.site(host.tenant()).map(Config::from_compiled);
    site.transpose().map_err(|error| error.to_string())
}

fn baked_in(tenant: &Tenant, default_config: &str) -> Result<Config, ConfigProblem> {
    let problem = |error: &dyn ToString| ConfigProblem(error.to_string());
    let form = Form::new(default_config).map_err(|error| problem(&error))?;
    let site = form.site(tenant).ok_or_else(|| {
        let key = tenant.key(keys::CONFIG);
        problem(&format!(
            "it has none for the tenant `{tenant}`; nor has the variable `config` or the store key `{key}`"
        ))
    })?;
    Config::from_compiled(site).map_err(|error| problem(&error))
}

fn read(bytes: &[u8]) -> Result<Config, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "not UTF-8".to_owned())?;
    Config::from_compiled(text).map_err(|error| error.to_string())
}

fn told<H: Host>(host: &H, problems: &[String]) -> Option<String> {
    if problems.is_empty() {
        return None;
    }
    let line = format!("a configuration was passed over: {}", problems.join("; "));
    host.log(Level::Error, &line);
    Some(line)
}
