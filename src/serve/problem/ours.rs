//! What fails behind a request that is right: the store, an upstream, the configuration.

use std::time::Duration;

use http::{StatusCode, header};

use super::Problem;
use crate::cache::Failure;
use crate::host::{Host, KvError, Level};
use crate::read::ReadError;
use crate::serve::query::echo;
use crate::time::Timestamp;

/// When to come back, where the store says nothing.
const RETRY_AFTER: Duration = Duration::from_secs(10);

impl Problem {
    /// An upstream that gives nothing to pass on. Of its own words, which may hold secrets, nothing is repeated.
    pub(in crate::serve) fn upstream(id: &str, failure: &Failure, now: Timestamp) -> Self {
        let (status, kind, title) = if failure.kind == "timeout" {
            (
                StatusCode::GATEWAY_TIMEOUT,
                "upstream-timeout",
                "The upstream gives no answer in time",
            )
        } else {
            (
                StatusCode::BAD_GATEWAY,
                "upstream-failed",
                "The upstream gives no usable answer",
            )
        };
        let why = match failure.kind {
            "timeout" => "gave no whole answer in time",
            "too-large" => "answered with more than is passed on",
            "denied" => "may not be asked by this deployment",
            "connect" => "can't be reached",
            "redirects" => "redirects to where it is not followed",
            "status" => "answered with an error",
            "empty" => "gave an empty answer",
            "type" => "answered with a media type that is not passed on",
            "secret" | "config" => "is not fully configured",
            "failing" => "fails, and is not asked again yet",
            _ => "gave a broken answer",
        };
        let detail = format!("The upstream of `{}` {why}.", echo(id));
        let mut problem = Self::new(status, kind, title, detail);
        if let Some(at) = failure.retry_at.filter(|at| *at > now) {
            let seconds = (at.0 - now.0).div_euclid(1000) + 1;
            problem.headers = Box::new([(header::RETRY_AFTER, seconds.to_string())]);
        }
        problem
    }

    /// The day's writes are used up until `wait_ms` from now.
    pub(in crate::serve) fn no_writes(wait_ms: i64) -> Self {
        let mut problem = Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "no-writes",
            "The day's writes are used up",
            "The writes of cached answers and purges are used up until midnight UTC; `cache_writes_per_day` sets how many there are.",
        );
        let seconds = wait_ms.div_euclid(1000) + 1;
        problem.headers = Box::new([(header::RETRY_AFTER, seconds.to_string())]);
        problem
    }

    pub(in crate::serve) fn bad_configuration(detail: impl Into<String>) -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "bad-configuration",
            "The configuration can't be used",
            detail,
        )
    }

    /// The item of this id, if there was one, was in a stored value that is lost. Not 410 (RFC 9110 §15.5.11): whether it was there can't
    /// be told, and it may come back.
    pub(in crate::serve) fn lost_item<H: Host>(host: &H, id: &str, error: &ReadError) -> Self {
        host.log(Level::Error, &format!("an item is lost: {error}"));
        Self::new(
            StatusCode::NOT_FOUND,
            "lost-item",
            "Lost by the store",
            format!(
                "The store has lost what held the items around `{}`. A repair by the operator may bring it back.",
                echo(id)
            ),
        )
    }

    /// What failed in the store. Says so in the log, and little to the client.
    pub(in crate::serve) fn store<H: Host>(host: &H, error: &ReadError) -> Self {
        let damaged =
            "What is stored can't be used, and is not shown. A later cycle stores it anew.";
        Self::unavailable(host, error, "read failed", damaged)
    }

    /// As [`Problem::store`], where the head was read or a cycle was run: a cycle restores a damaged head, where it can.
    pub(in crate::serve) fn head<H: Host>(host: &H, error: &ReadError) -> Self {
        let read = match error {
            ReadError::Corrupt(_) => {
                "the head can't be read; a cycle restores it from the state, and where one fails by this, put a copy of head or state \
                 back, or delete the head to begin anew from the sources"
            }
            _ => "read failed",
        };
        let damaged = "What all else is found by, the head, is damaged in the store. Nothing is shown until the next cycle has restored it.";
        Self::unavailable(host, error, read, damaged)
    }

    fn unavailable<H: Host>(host: &H, error: &ReadError, read: &str, damaged: &str) -> Self {
        let (level, detail) = match error {
            ReadError::Corrupt(_) => (Level::Error, damaged),
            ReadError::Missing(_) => (
                Level::Warn,
                "A part of what is listed has not arrived here yet. Try again in a moment.",
            ),
            ReadError::Store(_) => (
                Level::Warn,
                "The store can't be reached. Try again in a moment.",
            ),
        };
        host.log(
            level,
            &format!("{read}: {error}").replace(['\r', '\n'], " "),
        );
        let after = match error {
            ReadError::Store(KvError::Throttled {
                retry_after: Some(after),
            }) => *after,
            _ => RETRY_AFTER,
        };
        let mut problem = Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "store-unavailable",
            "The store is unavailable",
            detail,
        );
        // A delay of less than a second is rounded up: zero would ask for an immediate retry.
        let seconds = after.as_secs().max(1);
        problem.headers = Box::new([(header::RETRY_AFTER, seconds.to_string())]);
        problem
    }
}
