//! What one deployment may take, with the defaults.

use std::time::Duration;

/// Requests that one instance serves before it is replaced.
pub const REQUESTS_PER_INSTANCE: usize = 128;
/// Requests that one instance serves at once.
pub const REQUESTS_AT_ONCE: usize = 16;
/// An instance without work is dropped after this.
pub const INSTANCE_IDLE: Duration = Duration::from_secs(1);
/// Instances alive at once, and with them requests under way: each may need one of its own.
pub const INSTANCES: u32 = 128;
/// Linear memory of one instance.
pub const MEMORY_BYTES: usize = 128 << 20;
/// Time for one answer, up to its last byte of head.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
/// Time for the answer of one refresh that the scheduler asks for: it waits for many sources.
pub const REFRESH_TIMEOUT: Duration = Duration::from_secs(300);
/// Bytes of a request's body that are handed to the component: one more than it takes, so that it can refuse.
pub const REQUEST_BODY_BYTES: usize = edgefold::serve::REQUEST_BODY_BYTES_MAX + 1;
/// A request waits this long for an instance before it is answered 503.
pub const QUEUE_TIMEOUT: Duration = Duration::from_secs(10);
/// Bytes of answers that are given again without asking the component, as it allows; 0: none are.
pub const KEPT_ANSWERS_BYTES: usize = 32 << 20;
/// A guest that computes is made to pause this often, so that time-outs are seen.
pub const EPOCH: Duration = Duration::from_millis(10);

const _: () = assert!(REQUESTS_AT_ONCE <= REQUESTS_PER_INSTANCE);
const _: () = assert!(REQUEST_TIMEOUT.as_secs() < REFRESH_TIMEOUT.as_secs());

/// What one deployment may take. [`Limits::default`] is made of this module's constants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// See [`REQUESTS_PER_INSTANCE`].
    pub requests_per_instance: usize,
    /// See [`REQUESTS_AT_ONCE`].
    pub requests_at_once: usize,
    /// See [`INSTANCE_IDLE`].
    pub instance_idle: Duration,
    /// See [`INSTANCES`].
    pub instances: u32,
    /// See [`MEMORY_BYTES`]. More than the constant is not possible: the pool's slots have that size.
    pub memory_bytes: usize,
    /// See [`REQUEST_TIMEOUT`].
    pub request_timeout: Duration,
    /// See [`REFRESH_TIMEOUT`].
    pub refresh_timeout: Duration,
    /// See [`REQUEST_BODY_BYTES`].
    pub request_body_bytes: usize,
    /// See [`QUEUE_TIMEOUT`].
    pub queue_timeout: Duration,
    /// See [`KEPT_ANSWERS_BYTES`].
    pub kept_answers_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            requests_per_instance: REQUESTS_PER_INSTANCE,
            requests_at_once: REQUESTS_AT_ONCE,
            instance_idle: INSTANCE_IDLE,
            instances: INSTANCES,
            memory_bytes: MEMORY_BYTES,
            request_timeout: REQUEST_TIMEOUT,
            refresh_timeout: REFRESH_TIMEOUT,
            request_body_bytes: REQUEST_BODY_BYTES,
            queue_timeout: QUEUE_TIMEOUT,
            kept_answers_bytes: KEPT_ANSWERS_BYTES,
        }
    }
}
