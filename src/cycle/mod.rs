//! One refresh: due sources, fetch, parse, fold, publish.

mod alert;
mod ask;
mod claim;
mod config;
mod draft;
mod due;
mod engagement;
mod fold;
mod frame;
mod health;
mod land;
mod ledger;
mod load;
mod orphans;
mod repair;
mod restore;
mod round;
mod run;
mod save;
mod settle;
mod status;
mod sweep;
mod sync;
#[cfg(test)]
mod tests;
mod usage;

use serde::Serialize;

pub use alert::{AlertsRun, AlertsStatus, CyclesStatus};
pub use config::{ConfigOrigin, ConfigProblem, Configured};
pub use engagement::EngagementRun;
pub use repair::Repair;
pub use round::{NoRound, Round};
pub use run::{STORE_NOTES, store_notes};
pub use status::{SourceStatus, Status, StoreStatus, ViewStatus};
pub use usage::{Expected, Today};

#[cfg(test)]
pub(crate) use tests::config as config_for_tests;

use crate::config::Config;
use crate::host::Host;
pub use crate::publish::{NoPlace, Place};
use crate::tenant::TenantHost;
use crate::time::Timestamp;

/// What one run did. The answer of `POST /_edgefold/refresh`.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// What became visible.
    pub outcome: RunOutcome,
    /// The head's generation after this run.
    pub generation: u64,
    /// Items not seen before.
    pub added: usize,
    /// Items that changed in place.
    pub changed: usize,
    /// Sources asked, and what came of each.
    pub sources: Vec<SourceRun>,
    /// Due sources left for the next run because this one's limits were reached.
    pub left: usize,
    /// Where sources are left: pass it on, so that the next run goes on after this one and nothing is stored for it. See
    /// [`run_round`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub round: Option<String>,
    /// When the next source is due.
    pub next_due: Option<Timestamp>,
    /// Requests sent to sources.
    pub requests: usize,
    /// What became of points and comments, where sources of this run have some.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub engagement: Option<EngagementRun>,
    /// What became of alerts, where some were due.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alerts: Option<AlertsRun>,
    /// Store operations of this run.
    pub kv: KvCounts,
    /// What cycles have taken of this UTC day, this run included, as far as known.
    pub today: Today,
    /// What somebody should look at: a configuration that could not be used, memory that was rebuilt.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// What became visible by one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunOutcome {
    /// A new head.
    Published,
    /// Nothing had changed; nothing was written.
    Unchanged,
    /// Another run published first; this one's work was thrown away.
    Conflict,
    /// The write budget is used up; what was found waits upstream.
    Deferred,
}

/// One source in one run.
#[derive(Debug, Clone, Serialize)]
pub struct SourceRun {
    /// [`crate::config::Source::id`].
    pub id: String,
    /// `fresh`, `unchanged` or `failed`.
    pub outcome: &'static str,
    /// Entries read from the answer.
    pub entries: usize,
    /// Where failed: one sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// Store operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct KvCounts {
    /// Keys read.
    pub reads: u32,
    /// Keys written.
    pub writes: u32,
    /// Keys deleted.
    pub deletes: u32,
    /// Bytes of the values written.
    pub bytes_written: u64,
}

/// Which sources a run asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scope {
    /// Those whose `every` has passed.
    #[default]
    Due,
    /// All.
    All,
}

/// Why a run could not be carried out. Nothing was published.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CycleError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] crate::host::KvError),
    /// A stored value that the fold builds on can't be read. Nothing is overwritten.
    #[error(transparent)]
    Read(crate::read::ReadError),
    /// Not even the baked-in configuration can be used.
    #[error(transparent)]
    Config(#[from] ConfigProblem),
}

impl From<crate::read::ReadError> for CycleError {
    fn from(error: crate::read::ReadError) -> Self {
        match error {
            crate::read::ReadError::Store(error) => Self::Store(error),
            other => Self::Read(other),
        }
    }
}

impl From<crate::slice::Corrupt> for CycleError {
    fn from(error: crate::slice::Corrupt) -> Self {
        Self::Read(error.into())
    }
}

/// Runs one cycle of the only tenant of a deployment that declares none, or as much of it as the limits allow: the next
/// call goes on with what is [`Report::left`].
///
/// # Errors
/// Where the store can't be read or written. A failing source is no error: see [`SourceRun`].
pub async fn run<H: Host>(host: &H, config: &Config, scope: Scope) -> Result<Report, CycleError> {
    run_round(host, config, scope, None).await
}

/// As [`run`], for a caller that carries the round from one call to the next: nothing is stored then for sources that
/// had nothing new. Without a `round` the run stores a checkpoint where it leaves sources.
///
/// # Errors
/// As [`run`].
pub async fn run_round<H: Host>(
    host: &H,
    config: &Config,
    scope: Scope,
    round: Option<Round>,
) -> Result<Report, CycleError> {
    run::run(&TenantHost::main(host), config, scope, round).await
}

/// As [`refresh_of`], of the only tenant of a deployment that declares none.
///
/// # Errors
/// As [`refresh_of`].
pub async fn refresh<H: Host>(
    host: &H,
    default_config: &str,
    scope: Scope,
    round: Option<Round>,
) -> Result<Report, CycleError> {
    refresh_of(&TenantHost::main(host), default_config, scope, round).await
}

/// Finds a tenant's configuration and runs one cycle with it: what `POST /_edgefold/refresh` does. A broken override is told
/// in [`Report::notes`], and the baked-in configuration used. `round` as for [`run_round`].
///
/// # Errors
/// As [`run`], and where no configuration can be used.
pub async fn refresh_of<H: Host>(
    tenant: &TenantHost<'_, H>,
    default_config: &str,
    scope: Scope,
    round: Option<Round>,
) -> Result<Report, CycleError> {
    let found = config::configured(tenant, default_config).await?;
    let mut report = run::run(tenant, &found.config, scope, round).await?;
    report.notes.extend(found.problem);
    Ok(report)
}

/// As [`repair_of`], of the only tenant of a deployment that declares none.
///
/// # Errors
/// As [`repair_of`].
pub async fn repair<H: Host>(
    host: &H,
    default_config: &str,
    from: Option<Place>,
) -> Result<Repair, CycleError> {
    repair_of(&TenantHost::main(host), default_config, from).await
}

/// Looks at the segments and directories that a tenant's head names, and mends what the store has lost of them: what
/// `POST /_edgefold/repair` does. One call reads 48 of them, or some more where it mends, and writes about 16 within the write budget;
/// call again with [`Repair::next`] until that is `None`. Asks no source.
///
/// # Errors
/// As [`run`], and where no configuration can be used.
pub async fn repair_of<H: Host>(
    tenant: &TenantHost<'_, H>,
    default_config: &str,
    from: Option<Place>,
) -> Result<Repair, CycleError> {
    repair::repair(tenant, default_config, from).await
}

/// As [`status_of`], of the only tenant of a deployment that declares none.
///
/// # Errors
/// As [`status_of`].
pub async fn status<H: Host>(host: &H, default_config: &str) -> Result<Status, CycleError> {
    status_of(&TenantHost::main(host), default_config).await
}

/// Reads a tenant's head and state in full. Writes nothing.
///
/// # Errors
/// Where the store or the configuration can't be read.
pub async fn status_of<H: Host>(
    tenant: &TenantHost<'_, H>,
    default_config: &str,
) -> Result<Status, CycleError> {
    status::status(tenant, default_config).await
}

/// As [`configured`], of a tenant.
///
/// # Errors
/// As [`configured`].
pub async fn configured_of<H: Host>(
    tenant: &TenantHost<'_, H>,
    default_config: &str,
) -> Result<Configured, ConfigProblem> {
    config::configured(tenant, default_config).await
}

/// Finds the configuration of the only tenant of a deployment that declares none: the variable `config`, else the store key
/// `ef/2/main/config`, else `default_config`. An override that can't be read is logged as an error and passed over.
///
/// # Errors
/// Where `default_config` is needed and can't be read either.
pub async fn configured<H: Host>(
    host: &H,
    default_config: &str,
) -> Result<Configured, ConfigProblem> {
    config::configured(&TenantHost::main(host), default_config).await
}
