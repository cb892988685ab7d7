//! A newer answer where it is this request's turn, else what may be served in its place.

use super::claim::{Claimer, Turn};
use super::control::Control;
use super::policy::{self, Freshness};
use super::upstream::{Got, ask};
use super::value::{self, Cached, Fetched, definition};
use super::wait::Waiting;
use super::{Answer, Failure, Stored, read};
use crate::config::{Config, Proxy};
use crate::host::{Host, Kv, KvError, Level, Precondition};
use crate::slice::keys;
use crate::store::{Change, PatientKv, modify};
use crate::time::Timestamp;

/// Shortest time between two requests to an upstream that fails, in milliseconds; twice as long with each failure.
const BACKOFF_MS_MIN: i64 = 10_000;
/// Longest, in milliseconds.
const BACKOFF_MS_MAX: i64 = 10 * 60 * 1000;

/// A newer answer, or what may be served in its place.
pub(super) async fn refresh<H: Host>(
    host: &H,
    config: &Config,
    proxy: &Proxy,
    mut stored: Stored,
    mut freshness: Freshness,
) -> Result<Answer, Failure> {
    let mut waiting = Waiting::of(proxy);
    let mut claimer = Claimer::new(host.random_u64());
    loop {
        let turn = claimer.claim(host, config, proxy, &stored).await;
        let now = host.time().await;
        if !matches!(turn, Turn::Ours { .. })
            && let Some(cached) = &stored.cached
            && freshness.may_be_served_meanwhile()
        {
            return Ok(cached.answer(proxy, now));
        }
        match turn {
            Turn::Ours { epoch } => {
                return ask_and_store(host, config, proxy, &stored, epoch, claimer.nonce).await;
            }
            Turn::NoWrites => return ask_only(host, config, proxy, stored.cached).await,
            Turn::Failing(until) => {
                let failure = Failure {
                    kind: "failing",
                    retry_at: Some(until),
                };
                return stored
                    .cached
                    .map(|cached| cached.answer(proxy, now))
                    .filter(|_| freshness == Freshness::IfError)
                    .ok_or(failure);
            }
            Turn::Anothers => {}
        }
        if !waiting.step(host).await {
            let cached = stored
                .cached
                .filter(|_| freshness == Freshness::IfError)
                .map(|cached| cached.answer(proxy, now));
            return cached.ok_or(Failure::of("timeout"));
        }
        stored = match read(host, proxy).await {
            Ok(stored) => stored,
            Err(_) => return ask_only(host, config, proxy, stored.cached).await,
        };
        // The largest random number refreshes no fresh answer early: this request has waited enough.
        let now = host.time().await;
        freshness = policy::freshness(stored.cached.as_ref(), proxy, now, u64::MAX);
        if freshness == Freshness::Fresh
            && let Some(cached) = &stored.cached
        {
            return Ok(cached.answer(proxy, now));
        }
    }
}

/// Asks, and stores what comes: the answer, or that there is none.
async fn ask_and_store<H: Host>(
    host: &H,
    config: &Config,
    proxy: &Proxy,
    stored: &Stored,
    epoch: u64,
    nonce: u64,
) -> Result<Answer, Failure> {
    let at = host.time().await;
    let began = host.elapsed();
    let cached = stored.cached.as_ref();
    match ask(host, config, proxy, cached).await {
        Ok(got) => {
            let took = host.elapsed().saturating_sub(began);
            let fetched = Fetched {
                at,
                took_ms: i64::try_from(took.as_millis()).unwrap_or(i64::MAX),
                fresh_until: policy::jittered(at, proxy, host.random_u64()),
                epoch,
                definition: definition(proxy),
                expires: policy::expires(at, proxy),
            };
            store(host, proxy, stored, &fetched, &got).await;
            Ok(passed_on(got, at))
        }
        Err((failure, not_before)) => {
            let until = failed(host, proxy, nonce, not_before).await;
            let failure = Failure {
                retry_at: until,
                ..failure
            };
            if_error(host, proxy, cached).await.ok_or(failure)
        }
    }
}

/// Asks without storing: nobody else is kept from asking too, but for those of this instance.
pub(super) async fn ask_only<H: Host>(
    host: &H,
    config: &Config,
    proxy: &Proxy,
    cached: Option<Cached>,
) -> Result<Answer, Failure> {
    let at = host.time().await;
    match ask(host, config, proxy, cached.as_ref()).await {
        Ok(got) => Ok(passed_on(got, at)),
        Err((failure, retry_at)) => if_error(host, proxy, cached.as_ref()).await.ok_or(Failure {
            retry_at,
            ..failure
        }),
    }
}

fn passed_on(got: Got, at: Timestamp) -> Answer {
    Answer {
        media_type: got.media_type,
        body: got.body,
        etag: got.etag,
        fetched: at,
        stale: false,
    }
}

/// The stored answer, where the policy lets it stand in for one that can't be had.
async fn if_error<H: Host>(host: &H, proxy: &Proxy, cached: Option<&Cached>) -> Option<Answer> {
    let now = host.time().await;
    let freshness = policy::freshness(cached, proxy, now, u64::MAX);
    cached
        .filter(|_| freshness != Freshness::Missing)
        .map(|cached| cached.answer(proxy, now))
}

/// Stores the answer over what was read. Where another came between, that one stays: it is as new.
async fn store<H: Host>(host: &H, proxy: &Proxy, stored: &Stored, fetched: &Fetched, got: &Got) {
    let value = Cached::encode(
        fetched,
        &got.media_type,
        &got.etag,
        &got.validators,
        &got.body,
    );
    let when = stored
        .version
        .clone()
        .map_or(Precondition::Absent, Precondition::Version);
    let keep_ms = fetched.expires.0.saturating_sub(fetched.at.0);
    let ttl = u64::try_from(keep_ms)
        .ok()
        .map(std::time::Duration::from_millis);
    // A lost answer is left at that: the next reader sees what is stored, and its write was counted either way.
    match host.kv().put(&value::key(proxy), value, when, ttl).await {
        Ok(_) | Err(KvError::Conflict | KvError::Ambiguous(_)) => {}
        Err(error) => {
            let line = format!("proxy `{}`: its answer was not stored: {error}", proxy.id);
            host.log(Level::Warn, &line);
        }
    }
}

/// Notes that the claim came to nothing, with the write that was counted for an answer. Says when to ask again: where that could
/// not be noted, when the upstream says.
async fn failed<H: Host>(
    host: &H,
    proxy: &Proxy,
    nonce: u64,
    not_before: Option<Timestamp>,
) -> Option<Timestamp> {
    let now = host.time().await;
    // The claim was a write of the same key, perhaps less than a second ago.
    let kv = PatientKv::new(host);
    let noted = modify(&kv, keys::CACHE_CONTROL, None, |entry| {
        let mut control = entry.map_or_else(Control::default, Control::of);
        let Some(claim) = control
            .claims
            .get_mut(&proxy.id)
            .filter(|claim| claim.nonce == nonce && claim.failed_until.is_none())
        else {
            return Change::Keep(None);
        };
        let wait = BACKOFF_MS_MIN << claim.failures.min(6);
        let until = now.plus_millis(wait.min(BACKOFF_MS_MAX));
        let until = not_before.map_or(until, |at| at.max(until));
        claim.failures = claim.failures.saturating_add(1);
        claim.failed_until = Some(until);
        Change::Put(control.encode(), Some(until))
    });
    let noted = noted.await.ok().and_then(|noted| noted.outcome);
    noted.or(not_before)
}
