//! Time that moves only when told to, and randomness from a seed.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use edgefold::time::Timestamp;

/// A clock that several parts of a simulation share. Clones show the same time.
#[derive(Debug, Clone)]
pub struct SimClock {
    now_ms: Arc<AtomicI64>,
    elapsed_us: Arc<AtomicU64>,
}

impl SimClock {
    /// A clock that stands at `now`.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        Self {
            now_ms: Arc::new(AtomicI64::new(now.as_millis())),
            elapsed_us: Arc::new(AtomicU64::new(0)),
        }
    }

    /// Wall-clock time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        Timestamp(self.now_ms.load(Ordering::SeqCst))
    }

    /// Time since the clock was made; unmoved by [`SimClock::set`].
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        Duration::from_micros(self.elapsed_us.load(Ordering::SeqCst))
    }

    /// Lets `time` pass.
    pub fn advance(&self, time: Duration) {
        let us = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let ms = i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
        self.elapsed_us.fetch_add(us, Ordering::SeqCst);
        self.now_ms.fetch_add(ms, Ordering::SeqCst);
    }

    /// Jumps the wall clock, forwards or back, as a corrected host clock does.
    pub fn set(&self, now: Timestamp) {
        self.now_ms.store(now.as_millis(), Ordering::SeqCst);
    }
}

/// Starts at 2026-11-21T09:00:00Z.
impl Default for SimClock {
    fn default() -> Self {
        Self::new(Timestamp::from_secs(1_795_251_600))
    }
}

/// The splitmix64 generator: one 64-bit state, good enough for jitter and for choosing what to simulate.
#[derive(Debug)]
pub struct SplitMix(AtomicU64);

impl SplitMix {
    /// The same seed gives the same numbers.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    /// The next 64 bits.
    pub fn next_u64(&self) -> u64 {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let state = self.0.fetch_add(STEP, Ordering::SeqCst).wrapping_add(STEP);
        mix(state)
    }

    /// A number below `bound` (0 where `bound` is 0).
    pub fn below(&self, bound: u64) -> u64 {
        self.next_u64().checked_rem(bound).unwrap_or(0)
    }

    /// True `per_mille` times of a thousand.
    pub fn chance(&self, per_mille: u64) -> bool {
        self.below(1000) < per_mille
    }
}

/// Spreads the bits of `x` over all 64: the output function of splitmix64, usable as a seeded hash.
#[must_use]
pub const fn mix(x: u64) -> u64 {
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splitmix_gives_the_published_numbers() {
        let random = SplitMix::new(1_234_567);
        assert_eq!(random.next_u64(), 6_457_827_717_110_365_317);
        assert_eq!(random.next_u64(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn clones_share_the_time() {
        let clock = SimClock::default();
        clock.clone().advance(Duration::from_secs(60));
        assert_eq!(clock.now().to_string(), "2026-11-21T09:01:00Z");
        clock.set(Timestamp(0));
        assert_eq!(clock.elapsed(), Duration::from_secs(60));
    }
}
