//! The share of the day's writes that cached answers and purges have.
//!
//! Why it can't be exceeded: cycles count against `writes_per_day` less this share, in head and state; everything here
//! counts in the control value, which is replaced by compare-and-swap only and counts a write before it is made. A write
//! whose claim loses the swap is not made. What crashes after the swap is counted and not made. A store without
//! compare-and-swap can't promise this, and the status says so.

use serde::Serialize;

use super::control::Control;
use crate::config::Config;
use crate::time::{DAY_MS, Timestamp};

/// Writes of one refresh: the control value, and the answer.
pub(super) const REFRESH_WRITES: u32 = 2;
/// Refreshes leave one part in so many of the share to purges.
const PURGE_PARTS: u32 = 10;
/// The share runs short when less than this part of what an even day would have left is left, in percent.
const SHORT_PERCENT: i64 = 50;

/// What refreshes may write in a day.
fn refresh_share(config: &Config) -> u32 {
    let share = config.budget.cache_writes_per_day;
    share.saturating_sub((share / PURGE_PARTS).max(1))
}

/// Refreshes that the rest of the day has.
pub(super) fn refreshes_left(config: &Config, control: &Control, now: Timestamp) -> u32 {
    refresh_share(config).saturating_sub(control.writes_today(now)) / REFRESH_WRITES
}

/// Writes that a purge may still take today.
pub(super) fn purges_left(config: &Config, control: &Control, now: Timestamp) -> u32 {
    let share = config.budget.cache_writes_per_day;
    share.saturating_sub(control.writes_today(now))
}

/// Where the rest of the day's share runs short: the least time between two refreshes of one proxy, in milliseconds, so
/// that all proxies get through the day.
pub(super) fn pace_ms(config: &Config, control: &Control, now: Timestamp) -> Option<i64> {
    let left = i64::from(refreshes_left(config, control, now));
    let rest_ms = now.rest_of_day_ms();
    let even = i64::from(refresh_share(config) / REFRESH_WRITES).saturating_mul(rest_ms) / DAY_MS;
    let short = left.saturating_mul(100) < even.saturating_mul(SHORT_PERCENT);
    let proxies = i64::try_from(config.proxies.len()).unwrap_or(i64::MAX);
    (short && left > 0).then(|| rest_ms.saturating_mul(proxies) / left)
}

/// What the operator wants to know of cached answers.
#[derive(Debug, Clone, Serialize)]
pub struct CacheStatus {
    /// Writes of answers and purges of the current UTC day.
    pub writes_today: u32,
    /// What is left of their share.
    pub writes_left: u32,
    /// Seconds between two refreshes of one proxy where the rest of the day's share runs short.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paced_s: Option<i64>,
    /// When something was purged last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purged: Option<Timestamp>,
    /// Every configured proxy.
    pub proxies: Vec<ProxyStatus>,
}

/// One proxy.
#[derive(Debug, Clone, Serialize)]
pub struct ProxyStatus {
    /// [`crate::config::Proxy::id`].
    pub id: String,
    /// When somebody set out to refresh it last.
    pub claimed: Option<Timestamp>,
    /// Refreshes in a row that brought nothing, as far as was stored.
    pub failures: u32,
    /// The upstream fails and is not asked before this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_at: Option<Timestamp>,
}

impl CacheStatus {
    pub(crate) fn of(config: &Config, control: &Control, now: Timestamp) -> Self {
        let proxies = config.proxies.iter().map(|proxy| {
            let claim = control.claims.get(&proxy.id);
            ProxyStatus {
                id: proxy.id.clone(),
                claimed: claim.map(|claim| claim.at),
                failures: claim.map_or(0, |claim| claim.failures),
                retry_at: claim.and_then(|claim| claim.failed_until),
            }
        });
        Self {
            writes_today: control.writes_today(now),
            writes_left: purges_left(config, control, now),
            paced_s: pace_ms(config, control, now).map(|pace| pace / 1000),
            purged: i64::try_from(control.epoch)
                .ok()
                .filter(|epoch| *epoch != 0)
                .map(Timestamp),
            proxies: proxies.collect(),
        }
    }

    /// What somebody should do something about.
    pub(crate) fn notes(&self, config: &Config, control: &Control, now: Timestamp) -> Vec<String> {
        if config.proxies.is_empty() {
            return Vec::new();
        }
        if refreshes_left(config, control, now) == 0 {
            return vec![
                "the writes of cached answers are used up: until midnight UTC they are served stale, or fetched without being stored (raise `cache_writes_per_day` or `ttl`)"
                    .to_owned(),
            ];
        }
        let paced = self.paced_s.map(|pace| {
            format!("the writes of cached answers run short: one proxy is refreshed every {pace} s at most")
        });
        paced.into_iter().collect()
    }
}
