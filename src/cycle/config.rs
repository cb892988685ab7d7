//! Which configuration a run goes by.

use serde::Serialize;

use crate::config::{CompiledError, Config};
use crate::host::{Host, Kv, Level, Variables};
use crate::slice::keys;
use crate::tenant::TenantHost;

/// Where a configuration came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConfigOrigin {
    /// The host variable `config`.
    Variable,
    /// The store key `ef/1/<tenant>/config`.
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

impl From<CompiledError> for ConfigProblem {
    fn from(error: CompiledError) -> Self {
        Self(error.to_string())
    }
}

/// Finds a tenant's configuration: the variable `config`, else its store key `config`, else `default_config`. An override
/// that can't be read is logged as an error and passed over.
///
/// # Errors
/// Where `default_config` is needed and can't be read either.
pub(super) async fn configured<H: Host>(
    host: &TenantHost<'_, H>,
    default_config: &str,
) -> Result<Configured, ConfigProblem> {
    let mut problems = Vec::new();
    if let Some(text) = host
        .variable("config")
        .await
        .filter(|text| !text.trim().is_empty())
    {
        match Config::from_compiled(&text) {
            Ok(config) => {
                return Ok(Configured {
                    config,
                    origin: ConfigOrigin::Variable,
                    problem: None,
                });
            }
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
    let config = Config::from_compiled(default_config)?;
    Ok(Configured {
        config,
        origin: ConfigOrigin::BakedIn,
        problem: told(host, &problems),
    })
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
