//! `GET /_edgefold/status`: head and state in full.

use serde::Serialize;

use crate::cache::CacheStatus;
use crate::host::Host;
use crate::publish::is_behind;
use crate::slice::{Head, ViewParts};
use crate::tenant::TenantHost;
use crate::time::Timestamp;

use super::config::configured;
use super::load::load;
use super::run::{STORE_NOTES, store_notes};
use super::sync::sync;
use super::{AlertsStatus, ConfigOrigin, CycleError, Expected, Today, alert, usage};

/// What the operator wants to know.
#[derive(Debug, Clone, Serialize)]
pub struct Status {
    /// Whose status it is: `main` where no tenants are declared.
    pub tenant: String,
    /// Where the configuration in force came from.
    pub config: ConfigOrigin,
    /// An override that could not be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config_problem: Option<String>,
    /// Of the published head, 0 where there is none.
    pub generation: u64,
    /// When it was published.
    pub updated: Option<Timestamp>,
    /// Its size.
    pub head_bytes: usize,
    /// Items that the head holds itself.
    pub head_items: usize,
    /// When the state was stored last.
    pub state_saved: Option<Timestamp>,
    /// Sealed items that de-duplication remembers.
    pub remembered: usize,
    /// Writes of the current UTC day; those of cached answers are counted in `cache`.
    pub writes_today: u32,
    /// What cycles have taken of the current UTC day, as far as was stored.
    pub today: Today,
    /// What a whole day takes at the configured rhythm.
    pub expected: Expected,
    /// What is left of the cycles' share of the day's budget.
    pub writes_left: u32,
    /// Seconds between two publishes where the rest of the day's budget runs short.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paced_s: Option<i64>,
    /// Stored values that nothing names any more and that are to be deleted.
    pub to_delete: usize,
    /// Cached upstream answers.
    pub cache: CacheStatus,
    /// What is wrong, and who is told, where `[alerts]` is written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alerts: Option<AlertsStatus>,
    /// What the store promises.
    pub store: StoreStatus,
    /// What somebody should know: what the store can't promise, a rhythm over the budget.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// Every view.
    pub views: Vec<ViewStatus>,
    /// Every configured source.
    pub sources: Vec<SourceStatus>,
}

/// What the store promises: see [`crate::host::Capabilities`].
#[derive(Debug, Clone, Copy, Serialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "mirrors the port's capabilities"
)]
pub struct StoreStatus {
    /// Atomic compare-and-swap.
    pub swap: bool,
    /// Expires values by itself.
    pub ttl: bool,
    /// Lists keys.
    pub list: bool,
    /// Batches are one round trip.
    pub batch: bool,
    /// Atomic counters.
    pub increment: bool,
    /// Milliseconds by which a read may be behind; `None` where no bound is known.
    pub staleness_ms: Option<u32>,
}

/// One view.
#[derive(Debug, Clone, Serialize)]
pub struct ViewStatus {
    /// As in `category=`.
    pub id: String,
    /// All its items.
    pub items: u64,
    /// Its segments, those in directories included.
    pub segments: u64,
    /// Its directories.
    pub directories: u64,
}

/// One source.
#[derive(Debug, Clone, Serialize)]
pub struct SourceStatus {
    /// [`crate::config::Source::id`].
    pub id: String,
    /// For people.
    pub title: String,
    /// As readers see it: `new`, `ok` or `failing`.
    pub status: String,
    /// When it was asked last, as far as was stored.
    pub checked: Option<Timestamp>,
    /// When it is to be asked next.
    pub due: Option<Timestamp>,
    /// Failures in a row.
    pub failures: u32,
    /// Since when it fails.
    pub failing_since: Option<Timestamp>,
    /// Why.
    pub error: Option<String>,
    /// What was mended or left out.
    pub notes: Vec<String>,
    /// Whether an `ETag` is kept for it.
    pub etag: bool,
    /// Whether a `Last-Modified` is kept for it.
    pub last_modified: bool,
    /// Its published items.
    pub items: u64,
}

/// See [`status_of`](super::status_of).
pub(super) async fn status<H: Host>(
    host: &TenantHost<'_, H>,
    default_config: &str,
) -> Result<Status, CycleError> {
    let found = configured(host, default_config).await?;
    let now = host.time().await;
    let mut loaded = load(host, host.kv(), now).await?;
    sync(&found.config, &mut loaded.state, loaded.head.as_ref());
    let purse = loaded.purse(&found.config, now);
    let cache = CacheStatus::of(&found.config, &loaded.control, now);
    let cache_notes = cache.notes(&found.config, &loaded.control, now);
    let head = loaded.head.as_ref();
    let used = usage::known(
        now,
        head.map(Head::usage).unwrap_or_default(),
        loaded.state.usage,
    );
    let store = crate::host::Kv::capabilities(host.kv());
    let healths =
        super::health::carried(&found.config, &head.map(Head::health).unwrap_or_default());
    let alerts = alert::status(host, &found.config, &loaded, &healths, now).await;
    let mut notes = store_notes(store);
    let said = host.shared_variable(STORE_NOTES).await.unwrap_or_default();
    notes.extend(said.lines().map(str::to_owned));
    notes.extend(usage::notes(&found.config));
    notes.extend(head.and_then(index_note));
    notes.extend(loaded.restored.clone());
    let sources = healths.into_iter().map(|health| {
        let known = loaded
            .state
            .sources
            .get(&health.id)
            .cloned()
            .unwrap_or_default();
        SourceStatus {
            id: health.id,
            title: health.title,
            status: health.status,
            checked: known.checked,
            due: known.due,
            failures: known.failures,
            failing_since: known.failing_since,
            error: health.error,
            notes: health.notes,
            etag: known.validators.etag.is_some(),
            last_modified: known.validators.last_modified.is_some(),
            items: health.items,
        }
    });
    Ok(Status {
        tenant: host.tenant().to_string(),
        config: found.origin,
        config_problem: found.problem,
        generation: head.map_or(0, Head::generation),
        updated: head.map(Head::updated),
        head_bytes: head.map_or(0, Head::bytes),
        head_items: head.map_or(0, Head::items_len),
        state_saved: (loaded.state.saved_at.0 != 0).then_some(loaded.state.saved_at),
        remembered: loaded.state.memory.len(),
        writes_today: purse.writes(),
        today: Today {
            writes: purse.writes(),
            reads: used.reads,
            requests: used.requests,
        },
        expected: usage::expected(&found.config),
        writes_left: purse.left(),
        paced_s: purse.pace_ms().map(|wait| wait / 1000),
        to_delete: loaded.state.garbage.len(),
        notes: notes.into_iter().chain(cache_notes).collect(),
        cache,
        alerts,
        store: StoreStatus {
            swap: store.swap,
            ttl: store.ttl,
            list: store.list,
            batch: store.batch,
            increment: store.increment,
            staleness_ms: store.staleness_ms,
        },
        views: head.map(views).unwrap_or_default(),
        sources: sources.collect(),
    })
}

/// What to say where more of the history waits for its search index than searches look through.
fn index_note(head: &Head) -> Option<String> {
    let all = ViewParts {
        segments: head.segments(0).collect(),
        directories: head.directories(0).collect(),
        ..ViewParts::default()
    };
    let index = head.index();
    let sealed = head.view_items(0).saturating_sub(head.items_len() as u64);
    is_behind(&index, &all).then(|| {
        format!(
            "about {} older items are not in the search index yet: cycles go on with it while there are writes to spare",
            index.waiting(sealed)
        )
    })
}

fn views(head: &Head) -> Vec<ViewStatus> {
    let indexes = (0..head.views_len()).filter_map(|index| u16::try_from(index).ok());
    let view = |index| ViewStatus {
        id: head.view_id(index).to_owned(),
        items: head.view_items(index),
        segments: head
            .segments(index)
            .chain(head.directories(index))
            .map(|listed| u64::from(listed.segments))
            .sum(),
        directories: u64::try_from(head.directories(index).count()).unwrap_or(u64::MAX),
    };
    indexes.map(view).collect()
}
