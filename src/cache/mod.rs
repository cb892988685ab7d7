//! Cached upstream answers: fetched when somebody asks, stored, served stale where the policy allows (RFC 9111, RFC 5861).
//!
//! Two stored values decide every answer, read in one batch: the answer itself ([`Cached`]), which carries when it was
//! fetched and which purge it has seen, and one control value ([`Control`]) for all proxies of a site, which carries who
//! is refreshing what, what was purged, and how many writes the day has seen. An answer that is not fresh is refreshed by
//! one: in an instance by whoever is first ([`InFlight`]), in a store by whoever swaps a claim into the control value.
//! That swap also counts the write that will follow, so that no write is made that was not counted before.
//!
//! The rest are not kept waiting: they get the stale answer while the policy allows it, else wait for the one that
//! refreshes, in bounded steps.

mod budget;
mod claim;
mod control;
mod flight;
mod policy;
mod purge;
mod refresh;
#[cfg(test)]
mod tests;
mod upstream;
mod value;
mod wait;

use bytes::Bytes;

pub use budget::{CacheStatus, ProxyStatus};
pub use flight::InFlight;
pub use purge::{PURGE_NAMES_MAX, Purge, PurgeError, Purged, purge};

pub(crate) use control::Control;
pub(crate) use purge::{known as purge_names, purged_upto};

use crate::config::{Config, Proxy};
use crate::host::{Host, Kv, KvError, Level, Log, Random};
use crate::slice::keys;
use crate::tenant::TenantHost;
use crate::time::Timestamp;
use policy::Freshness;
use value::{Cached, definition};

/// An upstream's answer, passed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// One of [`crate::config::PASSABLE_TYPES`].
    pub media_type: String,
    /// As the upstream sent it, content-decoded.
    pub body: Bytes,
    /// The strong entity tag, quotes included.
    pub etag: String,
    /// When the upstream gave it or confirmed it last.
    pub fetched: Timestamp,
    /// It is older than its `ttl`.
    pub stale: bool,
}

/// Why there is nothing to pass on. No words of the upstream's: those are in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// A stable word, as [`crate::fetch::FetchError::kind`]; beside those `type` (its media type is not passed on).
    pub kind: &'static str,
    /// When the upstream is asked again, where that is known.
    pub retry_at: Option<Timestamp>,
}

impl Failure {
    fn of(kind: &'static str) -> Self {
        Self {
            kind,
            retry_at: None,
        }
    }
}

/// What is stored for one proxy, as read in one batch.
#[derive(Debug, Clone, Default)]
struct Stored {
    cached: Option<Cached>,
    /// When the stored value was fetched, usable or not: whether a claim has come to its end.
    completed: Option<Timestamp>,
    /// Of the stored value, usable or not: what a new one replaces.
    version: Option<crate::host::Version>,
    control_entry: Option<crate::host::Entry>,
    /// The newest purge that touches the proxy.
    purged: u64,
}

/// Reads the answer and the control value. What can't be used counts as absent: it is replaced.
async fn read<H: Host>(host: &H, proxy: &Proxy) -> Result<Stored, KvError> {
    let key = value::key(proxy);
    let mut entries = host
        .kv()
        .get_many(&[&key, keys::CACHE_CONTROL])
        .await?
        .into_iter();
    let (answer, control_entry) = (entries.next().flatten(), entries.next().flatten());
    let control = control_entry
        .as_ref()
        .map_or_else(Control::default, Control::of);
    let purged = control.epoch_of(proxy);
    let version = answer.as_ref().map(|entry| entry.version.clone());
    let opened = answer.and_then(|entry| Cached::open(entry.value).ok());
    let completed = opened.as_ref().map(Cached::fetched);
    let cached = opened
        .filter(|cached| cached.definition() == definition(proxy))
        .filter(|cached| cached.epoch() >= purged);
    Ok(Stored {
        cached,
        completed,
        version,
        control_entry,
        purged,
    })
}

/// The answer of `proxy`: stored and fresh, or stale within the policy, or the upstream's own.
///
/// # Errors
/// Where nothing that may be served is stored and the upstream gives nothing.
pub async fn answer<H: Host>(
    host: &TenantHost<'_, H>,
    config: &Config,
    proxy: &Proxy,
) -> Result<Answer, Failure> {
    let stored = match read(host, proxy).await {
        Ok(stored) => stored,
        Err(error) => {
            host.log(
                Level::Warn,
                &format!("proxy `{}`: its answer is not cached: {error}", proxy.id),
            );
            let ask = refresh::ask_only(host, config, proxy, None);
            let flight = flight::name(host.tenant(), proxy, None);
            return flight::once(host, &flight, proxy, None, ask).await;
        }
    };
    let now = host.time().await;
    let freshness = policy::freshness(stored.cached.as_ref(), proxy, now, host.random_u64());
    if freshness == Freshness::Fresh
        && let Some(cached) = &stored.cached
    {
        return Ok(cached.answer(proxy, now));
    }
    let at_once = stored
        .cached
        .as_ref()
        .filter(|_| freshness.may_be_served_meanwhile())
        .map(|cached| cached.answer(proxy, now));
    let flight = flight::name(host.tenant(), proxy, Some(stored.purged));
    let refreshed = refresh::refresh(host, config, proxy, stored, freshness);
    flight::once(host, &flight, proxy, at_once, refreshed).await
}
