//! Runs cycles: calls the component's refresh when its sources are due.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use edgefold::time::Timestamp;
use http::{Method, Request, StatusCode, header};
use http_body_util::Empty;
use serde_json::Value;
use tokio::sync::Semaphore;
use tokio_rustls::rustls::crypto;

use crate::embed::{EdgefoldHost, read_to};
use crate::turns::Turns;

/// Two runs are at least this far apart, whatever is due.
pub const APART_MIN: Duration = Duration::from_secs(10);
/// And at most this far: a source added at run time is found.
pub const APART_MAX: Duration = Duration::from_secs(3600);
/// Where sources are left, the next run follows after this: it goes on with the same cycle.
pub const LEFT_APART: Duration = Duration::from_secs(1);
/// After failures in a row the wait doubles from [`APART_MIN`] up to this.
pub const BACKOFF_MAX: Duration = Duration::from_secs(900);
/// A run starts up to this part of the wait late, so that many deployments do not ask an upstream in the same second.
/// Never early: nothing would be due yet.
pub const JITTER: f64 = 0.1;
/// The name of the only tenant.
const MAIN: &str = "main";
/// What is called.
const REFRESH: &str = "/_edgefold/refresh";
/// Bytes of a report that are read.
const REPORT_BYTES_MAX: usize = 4 << 20;

/// Calls `POST /_edgefold/refresh` at start and whenever the report before says that sources are due.
///
/// Where it is all that calls it, make one with [`Schedule::random`] and give it to
/// [`Builder::schedule`](crate::Builder::schedule) before it runs.
pub struct Schedule {
    refresh_token: String,
    host: Option<String>,
    tenant: String,
    random: u64,
    failures: u32,
    /// The `round` of the last report, where it left sources.
    round: Option<String>,
}

/// Without the token.
impl fmt::Debug for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Schedule")
            .field("tenant", &self.tenant)
            .field("failures", &self.failures)
            .finish_non_exhaustive()
    }
}

/// What came of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Run {
    /// A report.
    Done {
        /// Sources are left for another run at once.
        left: bool,
        /// Passed on to that run, which then goes on after this one.
        round: Option<String>,
        /// When the next source is due, in milliseconds since 1970.
        next_due_ms: Option<i64>,
    },
    /// No report.
    Failed(String),
}

impl Schedule {
    /// With a token that nobody else knows, and a seed.
    ///
    /// # Errors
    /// Where the system gives no random numbers.
    pub fn random() -> io::Result<Self> {
        let token = format!("{:016x}{:016x}", random()?, random()?);
        Ok(Self::new(token, random()?))
    }

    /// `refresh_token` is the variable of that name of the deployment; `seed` decides the jitter.
    #[must_use]
    pub fn new(refresh_token: impl Into<String>, seed: u64) -> Self {
        Self {
            refresh_token: refresh_token.into(),
            host: None,
            tenant: MAIN.to_owned(),
            random: seed,
            failures: 0,
            round: None,
        }
    }

    /// With another token.
    pub(crate) fn with_token(mut self, refresh_token: &str) -> Self {
        refresh_token.clone_into(&mut self.refresh_token);
        self
    }

    /// Runs the cycles of the tenant that `host` belongs to.
    #[must_use]
    pub fn for_host(mut self, host: impl Into<String>) -> Self {
        self.host = Some(host.into());
        self
    }

    /// Names the tenant, where there are several: each has turns of its own.
    #[must_use]
    pub fn for_tenant(mut self, tenant: impl Into<String>) -> Self {
        self.tenant = tenant.into();
        self
    }

    /// What the deployment must have as its variable `refresh_token`.
    pub(crate) fn token(&self) -> &str {
        &self.refresh_token
    }

    /// Runs cycles until dropped. Where the store is shared by several processes, one of them runs a cycle and the others
    /// rest with it.
    pub async fn run(self, host: &EdgefoldHost) {
        self.run_with_others(host, &Semaphore::new(1)).await;
    }

    /// As [`Schedule::run`], each cycle in its turn: `turns` are shared by the schedules of all tenants.
    pub async fn run_with_others(mut self, host: &EdgefoldHost, turns: &Semaphore) {
        if host.kv().is_shared() {
            return self.run_in_turns(host, turns).await;
        }
        loop {
            let run = self.cycle(host, turns).await;
            let wait = self.wait(&run, now_ms());
            tracing::debug!(seconds = wait.as_secs(), "until the next cycle");
            tokio::time::sleep(wait).await;
        }
    }

    async fn run_in_turns(mut self, host: &EdgefoldHost, turns: &Semaphore) {
        let name = format!("{:016x}", self.random);
        let mut shared = Turns::new(Arc::clone(host.kv()), &self.tenant, name);
        loop {
            if let Err(error) = shared.take().await {
                tracing::warn!(%error, "no cycle: whose turn it is can't be seen");
                tokio::time::sleep(APART_MIN.mul_f64(0.5 + self.fraction())).await;
                continue;
            }
            let run = shared.during(self.cycle(host, turns)).await;
            let failed = matches!(run, Run::Failed(_));
            let wait = self.wait(&run, now_ms());
            tracing::debug!(seconds = wait.as_secs(), "until the next cycle");
            shared.end(wait, failed).await;
        }
    }

    async fn cycle(&self, host: &EdgefoldHost, turns: &Semaphore) -> Run {
        // A closed semaphore gives no turn, and none is needed then.
        let turn = turns.acquire().await.ok();
        let run = self.refresh(host).await;
        drop(turn);
        if let Run::Failed(why) = &run {
            tracing::error!(failures = self.failures + 1, "no cycle: {why}");
        }
        run
    }

    /// One run, which goes on where the last one left sources. Logs a line.
    pub async fn refresh(&self, host: &EdgefoldHost) -> Run {
        let round = self.round.as_deref().unwrap_or("new");
        let request = Request::builder()
            .method(Method::POST)
            .uri(match &self.host {
                Some(host) => format!("http://{host}{REFRESH}?round={round}"),
                None => format!("{REFRESH}?round={round}"),
            })
            .header(
                header::AUTHORIZATION,
                format!("Bearer {}", self.refresh_token),
            )
            .body(Empty::<Bytes>::new());
        let request = match request {
            Ok(request) => request,
            Err(error) => return Run::Failed(format!("the token can't be sent: {error}")),
        };
        let response = host
            .handle_within(request, host.limits().refresh_timeout)
            .await;
        let status = response.status();
        let body = match read_to(response.into_body(), REPORT_BYTES_MAX).await {
            Ok(body) => body,
            Err(error) => return Run::Failed(format!("the report broke off: {error}")),
        };
        if status != StatusCode::OK {
            let text = String::from_utf8_lossy(&body);
            let text: String = text.chars().take(300).collect();
            return Run::Failed(format!("refresh answered {status}: {text}"));
        }
        match serde_json::from_slice::<Value>(&body) {
            Ok(report) => read(&report),
            Err(error) => Run::Failed(format!("the report is no JSON: {error}")),
        }
    }

    /// How long to wait after `run`. Counts failures, and keeps what the next run goes on from.
    pub fn wait(&mut self, run: &Run, now_ms: i64) -> Duration {
        let wait = match run {
            Run::Failed(_) => {
                let doubled = APART_MIN.saturating_mul(1 << self.failures.min(16));
                self.failures = self.failures.saturating_add(1);
                doubled.min(BACKOFF_MAX)
            }
            Run::Done {
                left,
                round,
                next_due_ms,
            } => {
                self.failures = 0;
                self.round.clone_from(round);
                if *left {
                    return LEFT_APART;
                }
                let due_ms = match next_due_ms {
                    Some(due_ms) => due_ms.saturating_sub(now_ms).max(0),
                    None => i64::MAX,
                };
                let due = Duration::from_millis(due_ms.unsigned_abs());
                due.clamp(APART_MIN, APART_MAX)
            }
        };
        wait.mul_f64(1.0 + JITTER * self.fraction())
    }

    /// From 0 to below 1 (SplitMix64).
    fn fraction(&mut self) -> f64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        f64::from(u32::try_from(mixed >> 32).unwrap_or_default()) / (f64::from(u32::MAX) + 1.0)
    }
}

fn read(report: &Value) -> Run {
    let failed = |source: &&Value| source["outcome"] == "failed";
    let sources = report["sources"].as_array().map_or(&[][..], Vec::as_slice);
    tracing::info!(
        outcome = report["outcome"].as_str().unwrap_or("?"),
        generation = report["generation"].as_u64(),
        asked = sources.len(),
        failed = sources.iter().filter(failed).count(),
        added = report["added"].as_u64(),
        changed = report["changed"].as_u64(),
        reads = report["kv"]["reads"].as_u64(),
        writes = report["kv"]["writes"].as_u64(),
        next = report["next_due"].as_str(),
        "cycle"
    );
    Run::Done {
        left: report["left"].as_u64().is_some_and(|left| left > 0),
        round: report["round"].as_str().map(str::to_owned),
        next_due_ms: report["next_due"]
            .as_str()
            .and_then(Timestamp::parse)
            .map(Timestamp::as_millis),
    }
}

fn random() -> io::Result<u64> {
    let mut bytes = [0; 8];
    crypto::ring::default_provider()
        .secure_random
        .fill(&mut bytes)
        .map_err(|_| io::Error::other("the system gives no random numbers"))?;
    Ok(u64::from_le_bytes(bytes))
}

fn now_ms() -> i64 {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(now.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_MS: i64 = 1_795_000_000_000;

    fn wait(schedule: &mut Schedule, run: &Run) -> f64 {
        schedule.wait(run, NOW_MS).as_secs_f64()
    }

    fn due(seconds: i64) -> Run {
        Run::Done {
            left: false,
            round: None,
            next_due_ms: Some(NOW_MS + seconds * 1000),
        }
    }

    #[test]
    fn waits_until_due_and_up_to_a_tenth_longer() {
        let mut schedule = Schedule::new("t", 7);
        let mut waits = Vec::new();
        for _ in 0..100 {
            let wait = wait(&mut schedule, &due(600));
            assert!((600.0..=660.0).contains(&wait), "{wait}");
            waits.push(wait);
        }
        let least = waits.iter().copied().fold(f64::MAX, f64::min);
        let most = waits.iter().copied().fold(0.0, f64::max);
        assert!(most - least > 30.0, "no jitter: {least} to {most}");
        assert!((10.0..=11.0).contains(&wait(&mut schedule, &due(-50))));
        assert!((3600.0..=3960.0).contains(&wait(&mut schedule, &due(86_400))));
        let never = Run::Done {
            left: false,
            round: None,
            next_due_ms: None,
        };
        assert!((3600.0..=3960.0).contains(&wait(&mut schedule, &never)));
        let left = Run::Done {
            left: true,
            round: Some("1-2-f".to_owned()),
            next_due_ms: Some(NOW_MS + 600_000),
        };
        assert_eq!(schedule.wait(&left, NOW_MS), LEFT_APART);
        assert_eq!(schedule.round.as_deref(), Some("1-2-f"));
        schedule.wait(&Run::Failed("down".to_owned()), NOW_MS);
        assert_eq!(
            schedule.round.as_deref(),
            Some("1-2-f"),
            "the run is made again"
        );
        wait(&mut schedule, &due(600));
        assert_eq!(schedule.round, None);
    }

    #[test]
    fn failures_double_the_wait_until_one_succeeds() {
        let mut schedule = Schedule::new("t", 7);
        let failed = Run::Failed("down".to_owned());
        for seconds in [10.0, 20.0, 40.0, 80.0, 160.0, 320.0, 640.0, 900.0, 900.0] {
            let wait = wait(&mut schedule, &failed);
            assert!((seconds..=seconds * 1.1).contains(&wait), "{wait}");
        }
        wait(&mut schedule, &due(60));
        assert!(wait(&mut schedule, &failed) <= 11.0);
    }

    #[test]
    fn a_report_says_when_to_come_back() {
        let report = serde_json::json!({
            "outcome": "published", "generation": 3, "left": 2, "round": "1-2-f", "next_due": "2026-11-21T09:00:00Z", "sources": [],
        });
        let at = Timestamp::parse("2026-11-21T09:00:00Z")
            .unwrap()
            .as_millis();
        let wanted = Run::Done {
            left: true,
            round: Some("1-2-f".to_owned()),
            next_due_ms: Some(at),
        };
        assert_eq!(read(&report), wanted);
    }
}
