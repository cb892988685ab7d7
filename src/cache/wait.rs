//! Waiting for somebody else's refresh, in bounded steps.

use std::time::Duration;

use crate::config::Proxy;
use crate::host::Host;

/// First step, in milliseconds; each is twice the one before.
const STEP_MS_MIN: u64 = 10;
/// Longest step, in milliseconds.
const STEP_MS_MAX: u64 = 320;
/// How much longer than the upstream's own time-out somebody waits, in milliseconds.
pub(super) const GRACE_MS: u64 = 5_000;

/// How long a request has waited so far.
#[derive(Debug)]
pub(super) struct Waiting {
    step_ms: u64,
    left_ms: u64,
}

impl Waiting {
    /// As long as a refresh of `proxy` may take.
    pub(super) fn of(proxy: &Proxy) -> Self {
        Self {
            step_ms: STEP_MS_MIN,
            left_ms: proxy.timeout_ms.saturating_add(GRACE_MS),
        }
    }

    /// Lets one step pass; `false` where the time is up.
    pub(super) async fn step<H: Host>(&mut self, host: &H) -> bool {
        if self.left_ms == 0 {
            return false;
        }
        let step_ms = self.step_ms.min(self.left_ms);
        self.left_ms -= step_ms;
        self.step_ms = (self.step_ms * 2).min(STEP_MS_MAX);
        host.pause(Duration::from_millis(step_ms)).await;
        true
    }
}
