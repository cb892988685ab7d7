//! How old an answer may be, and when a newer one is asked for.

use super::value::Cached;
use crate::config::Proxy;
use crate::time::Timestamp;

/// An answer said to be fetched this much later than now is not trusted to be fresh, in milliseconds: some clock is wrong.
pub(super) const SKEW_MS_MAX: i64 = 60_000;
/// A stored answer's `ttl` is shortened by up to one part in so many, so that answers stored together do not expire together.
const JITTER_PARTS: u64 = 8;
/// Least time that an early refresh reckons with, in milliseconds.
const TOOK_MS_MIN: i64 = 100;

/// What may be done with a stored answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Freshness {
    /// Serve it.
    Fresh,
    /// Fresh still, but this request is the one to ask for a newer one before it expires.
    Early,
    /// Serve it while one request asks for a newer one.
    Stale,
    /// Serve it only where the upstream gives nothing.
    IfError,
    /// There is none that may be served.
    Missing,
}

impl Freshness {
    /// Whether the stored answer is served to those who do not refresh it.
    pub(super) fn may_be_served_meanwhile(self) -> bool {
        matches!(self, Self::Fresh | Self::Early | Self::Stale)
    }
}

/// When `cached` stops being fresh: as stored, or earlier where the policy has become shorter since.
pub(super) fn fresh_until(cached: &Cached, proxy: &Proxy) -> Timestamp {
    cached
        .fresh_until()
        .min(cached.fetched().plus_millis(ms(proxy.ttl_s)))
}

/// When an answer fetched at `at` stops being fresh, with `random` taking up to an eighth off.
pub(super) fn jittered(at: Timestamp, proxy: &Proxy, random: u64) -> Timestamp {
    let ttl_ms = ms(proxy.ttl_s);
    let most = ttl_ms.cast_unsigned() / JITTER_PARTS;
    let off = random % most.saturating_add(1);
    at.plus_millis(ttl_ms - off.cast_signed())
}

/// When an answer fetched at `at` can't be served any more, whatever happens.
pub(super) fn expires(at: Timestamp, proxy: &Proxy) -> Timestamp {
    let stale_s = proxy.stale_while_revalidate_s.max(proxy.stale_if_error_s);
    at.plus_millis(ms(proxy.ttl_s.saturating_add(stale_s)))
}

/// Judges `cached` at `now`.
///
/// Early refresh is `XFetch` (Vattani, Chierichetti, Lowenstein 2015) with the logarithm of a random number in whole
/// steps: each step earlier is half as likely and as long as the last fetch took. So the busier an answer is the surer
/// one request renews it in time, and the less likely two do at once.
pub(super) fn freshness(
    cached: Option<&Cached>,
    proxy: &Proxy,
    now: Timestamp,
    random: u64,
) -> Freshness {
    let Some(cached) = cached else {
        return Freshness::Missing;
    };
    let fetched = cached.fetched();
    let end = fetched.plus_millis(ms(proxy.ttl_s));
    let until = |seconds: u64| end.plus_millis(ms(seconds));
    if cached.expires().is_some_and(|expires| now >= expires) {
        return Freshness::Missing;
    }
    if fetched > now.plus_millis(SKEW_MS_MAX) {
        return Freshness::Stale;
    }
    let fresh_until = fresh_until(cached, proxy);
    if now < fresh_until {
        let steps = i64::from(random.leading_zeros());
        let early = cached
            .took_ms()
            .max(TOOK_MS_MIN)
            .saturating_mul(steps)
            .min(ms(proxy.ttl_s) / 2);
        return if now.plus_millis(early) < fresh_until {
            Freshness::Fresh
        } else {
            Freshness::Early
        };
    }
    if now < until(proxy.stale_while_revalidate_s) {
        Freshness::Stale
    } else if now < until(proxy.stale_if_error_s) {
        Freshness::IfError
    } else {
        Freshness::Missing
    }
}

/// Seconds as milliseconds.
pub(super) fn ms(seconds: u64) -> i64 {
    i64::try_from(seconds.saturating_mul(1000)).unwrap_or(i64::MAX)
}
