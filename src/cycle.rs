//! One refresh: due sources, fetch, parse, fold, publish.

use serde::Serialize;

use crate::config::Config;
use crate::host::Host;
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
    /// When the next source is due.
    pub next_due: Option<Timestamp>,
    /// Requests sent to sources.
    pub requests: usize,
    /// Store operations of this run.
    pub kv: KvCounts,
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
}

/// Runs one cycle.
///
/// # Errors
/// Where the store can't be read or written. A failing source is no error: see [`SourceRun`].
#[allow(unused_variables, clippy::unused_async, reason = "stub")]
pub async fn run<H: Host>(host: &H, config: &Config, scope: Scope) -> Result<Report, CycleError> {
    Err(CycleError::Store(crate::host::KvError::Unavailable(
        "not built yet".into(),
    )))
}
