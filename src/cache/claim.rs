//! Whose turn it is to refresh: one in the store, counted before it writes.

use super::control::{Claim, Control};
use super::wait::GRACE_MS;
use super::{Stored, budget, policy};
use crate::config::{Config, Proxy};
use crate::host::{Host, KvError, Level, Version};
use crate::slice::keys;
use crate::store::{Swapped, precondition, swap};
use crate::time::Timestamp;

/// Who is to refresh.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// This request. What it asks for counts as asked at this purge.
    Ours { epoch: u64 },
    /// Another one, right now.
    Anothers,
    /// Nobody before this: the upstream fails.
    Failing(Timestamp),
    /// Nobody: there are no writes to spare, or the store takes none.
    NoWrites,
}

/// Whose turn it is by what is stored, and what a claim would say of failures.
fn turn(
    config: &Config,
    proxy: &Proxy,
    control: &Control,
    completed: Option<Timestamp>,
    now: Timestamp,
) -> Result<u32, Turn> {
    let mut failures = 0;
    let claim = control.claims.get(&proxy.id);
    // One from the future was made by a clock that is wrong: it would hold everybody up.
    let claim = claim.filter(|claim| claim.at <= now.plus_millis(policy::SKEW_MS_MAX));
    if let Some(claim) = claim {
        let done = completed.is_some_and(|completed| completed >= claim.at);
        if let Some(until) = claim.failed_until {
            if now < until {
                return Err(Turn::Failing(until));
            }
            failures = claim.failures;
        } else if !done {
            if now < lease_end(claim, proxy) {
                return Err(Turn::Anothers);
            }
            failures = claim.failures.saturating_add(1);
        }
        let pace = budget::pace_ms(config, control, now);
        if pace.is_some_and(|pace| now < claim.at.plus_millis(pace)) {
            return Err(Turn::NoWrites);
        }
    }
    if budget::refreshes_left(config, control, now) == 0 {
        return Err(Turn::NoWrites);
    }
    Ok(failures)
}

/// When a claim that came to nothing may be taken over: after the longest time that its request may take.
fn lease_end(claim: &Claim, proxy: &Proxy) -> Timestamp {
    let lease = proxy.timeout_ms.saturating_add(GRACE_MS);
    claim
        .at
        .plus_millis(i64::try_from(lease).unwrap_or(i64::MAX))
}

/// What a claim is made of, kept over the attempts of one request.
#[derive(Debug)]
pub(super) struct Claimer {
    /// Its own number: a claim whose answer was lost is recognised by it.
    pub(super) nonce: u64,
    /// The version of the control value that a swap was lost against: while it still shows, the winner is not seen yet, and
    /// another swap would be lost as well.
    lost_against: Option<Option<Version>>,
}

impl Claimer {
    pub(super) fn new(nonce: u64) -> Self {
        Self {
            nonce,
            lost_against: None,
        }
    }

    /// Swaps a claim into the control value, where it is anybody's turn. Two writes are counted: this one and the answer's,
    /// or the note that there is none. Tries once: whoever loses serves what is stored, or comes back after a moment.
    pub(super) async fn claim<H: Host>(
        &mut self,
        host: &H,
        config: &Config,
        proxy: &Proxy,
        stored: &Stored,
    ) -> Turn {
        let now = host.time().await;
        let entry = stored.control_entry.as_ref();
        let mut control = entry.map_or_else(Control::default, Control::of);
        let epoch = control.epoch;
        let claim = control.claims.get(&proxy.id);
        if claim.is_some_and(|claim| claim.nonce == self.nonce) {
            return Turn::Ours { epoch };
        }
        let version = entry.map(|entry| entry.version.clone());
        if self.lost_against.as_ref() == Some(&version) {
            return Turn::Anothers;
        }
        let failures = match turn(config, proxy, &control, stored.completed, now) {
            Ok(failures) => failures,
            Err(other) => return other,
        };
        control
            .claims
            .retain(|id, _| config.proxies.iter().any(|proxy| proxy.id == *id));
        let claim = Claim {
            at: now,
            nonce: self.nonce,
            failed_until: None,
            failures,
        };
        control.claims.insert(proxy.id.clone(), claim);
        control.count(now, budget::REFRESH_WRITES);
        let when = precondition(entry);
        match swap(host.kv(), keys::CACHE_CONTROL, &control.encode(), when).await {
            Ok(Swapped::Applied(_)) => Turn::Ours { epoch },
            Ok(Swapped::Conflict) => {
                self.lost_against = Some(version);
                Turn::Anothers
            }
            // Lost, or not to be seen yet: reading again tells.
            Err(KvError::Ambiguous(_)) => Turn::Anothers,
            Err(error) => {
                let line = format!("proxy `{}`: not refreshed in the store: {error}", proxy.id);
                host.log(Level::Warn, &line);
                Turn::NoWrites
            }
        }
    }
}
