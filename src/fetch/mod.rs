//! Asks the sources: conditional GET, redirects, content-decoding, limits, errors and when to come back.

mod answer;
mod attempt;
mod decode;
mod request;
#[cfg(test)]
mod tests;
mod text;

use std::collections::{BTreeMap, VecDeque};
use std::ops::ControlFlow;
use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use url::Url;

pub(crate) use self::attempt::source_address as address;
use self::attempt::{Attempt, Next};
pub(crate) use self::request::user_agent;
use crate::config::{Config, HeaderText, Limits, Source};
use crate::host::{Host, HttpClient, HttpError};
use crate::time::Timestamp;

/// What a source said about the document we have, to ask again only for a change (RFC 9110 §13).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Validators {
    /// `ETag`, as received.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// `Last-Modified`, as received.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_modified: Option<String>,
    /// Hash of the decoded body: tells "unchanged" for sources without validators.
    #[serde(default)]
    pub body_hash: u64,
}

/// Whom to ask, and for what.
#[derive(Debug, Clone)]
pub struct Target<'a> {
    /// Where.
    pub url: &'a str,
    /// `Accept`, unless `headers` has one.
    pub accept: &'a str,
    /// Its own request headers.
    pub headers: &'a BTreeMap<String, HeaderText>,
    /// From the first request to the last byte, in milliseconds.
    pub timeout_ms: u64,
    /// Size of the answer, before and after content-decoding, in bytes.
    pub body_bytes_max: usize,
}

impl<'a> Target<'a> {
    /// As a source is asked.
    #[must_use]
    pub fn of(source: &'a Source, limits: &Limits) -> Self {
        Self {
            url: &source.url,
            accept: request::accept(&source.kind),
            headers: &source.headers,
            timeout_ms: source.timeout_ms.unwrap_or(limits.timeout_ms),
            body_bytes_max: source.body_bytes_max.unwrap_or(limits.body_bytes_max),
        }
    }
}

/// One source to ask.
#[derive(Debug, Clone)]
pub struct Job<'a> {
    /// Whom.
    pub source: &'a Source,
    /// What we have.
    pub validators: Validators,
}

/// A whole new document, content-decoded.
#[derive(Debug, Clone)]
pub struct Document {
    /// At most [`crate::config::Limits::body_bytes_max`] (or the source's own) bytes; never empty.
    pub body: Bytes,
    /// `Content-Type`, as received.
    pub content_type: Option<String>,
    /// Where it was found after redirects: the base of relative links.
    pub url: Url,
    /// For the next time.
    pub validators: Validators,
}

/// What came of one [`Job`].
#[derive(Debug, Clone)]
pub enum Outcome {
    /// 304, or the same bytes again.
    Unchanged {
        /// For the next time.
        validators: Validators,
    },
    /// A document to parse.
    Fresh(Document),
    /// Nothing usable.
    Failed(FetchError),
}

/// Why a source gave nothing usable. `message` is shown on the page and in the API: no secrets, one sentence, at most 300 characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchError {
    /// A stable word: `timeout`, `too-large`, `denied`, `connect`, `protocol`, `redirects`, `status`, `empty`, `encoding`,
    /// `secret`, `config`.
    pub kind: &'static str,
    /// For people.
    pub message: String,
    /// The upstream asked not to be asked again before this (`Retry-After`).
    pub not_before: Option<Timestamp>,
}

impl FetchError {
    fn new(kind: &'static str, message: String) -> Self {
        Self {
            kind,
            message,
            not_before: None,
        }
    }
}

/// Asks all `jobs`, in batches within `config.limits`, and hands over each outcome (with its index) as soon as its batch is
/// done, so that bodies do not pile up: at most `concurrency` answers are held at once. A redirect joins the next batch, ahead
/// of jobs not yet begun. Returns how many upstream requests were sent, redirects included.
///
/// Where `each` says that it is enough, nothing more is asked, and answers of the same batch that were not handed over yet are
/// dropped: their jobs stay due.
///
/// A job that can't be finished within `requests_left` or `config.limits.run_time_ms` is not asked, or no further: `each` is
/// not called for it, and it stays due. Only one that the next run could do no better by fails: its own redirects have used
/// up all of `requests_left`, or it was in the first batch and so had the whole time.
///
/// The time is looked at between batches, and no request may take longer than what is left of it.
///
/// The time-out of a source spans all of its requests. Where several share a batch only the time of the whole batch is known,
/// and a slow neighbour must not fail a redirected source: it is then charged at most half of what it has left, so no source
/// takes longer than twice its time-out.
pub async fn fetch_all<H: Host>(
    host: &H,
    jobs: &[Job<'_>],
    config: &Config,
    requests_left: usize,
    each: &mut dyn FnMut(usize, Outcome) -> ControlFlow<()>,
) -> usize {
    let concurrency = config.limits.concurrency.max(1);
    let mut waiting = jobs.iter().enumerate();
    let mut redirected: VecDeque<Attempt<'_>> = VecDeque::new();
    let mut sent = 0;
    let began = host.elapsed();
    let run_time = Duration::from_millis(config.limits.run_time_ms);
    loop {
        let left = run_time.saturating_sub(host.elapsed().saturating_sub(began));
        if left.is_zero() && sent > 0 {
            break;
        }
        let room = concurrency.min(requests_left.saturating_sub(sent));
        let mut batch = Vec::with_capacity(room);
        while batch.len() < room {
            if let Some(attempt) = redirected.pop_front() {
                batch.push(attempt);
                continue;
            }
            let Some((index, job)) = waiting.next() else {
                break;
            };
            match Attempt::begin(
                host,
                index,
                &Target::of(job.source, &config.limits),
                &job.validators,
                config,
                sent == 0,
            )
            .await
            {
                Ok(attempt) => batch.push(attempt),
                Err(error) => {
                    if each(index, Outcome::Failed(error)).is_break() {
                        return sent;
                    }
                }
            }
        }
        if batch.is_empty() {
            break;
        }
        sent += batch.len();
        for attempt in &mut batch {
            attempt.may_take(left);
        }
        let done = run_batch(host, batch, concurrency, &mut redirected, each).await;
        if done.is_break() {
            return sent;
        }
    }
    for attempt in redirected {
        let index = attempt.index();
        let error = if attempt.requests_sent() >= requests_left {
            attempt.out_of_requests()
        } else if attempt.had_all_time(run_time, host.elapsed().saturating_sub(began)) {
            attempt.out_of_time()
        } else {
            continue;
        };
        if each(index, Outcome::Failed(error)).is_break() {
            break;
        }
    }
    sent
}

/// The upstream's own words, made fit for a log: one line, short, nothing after a `?`.
pub(crate) fn shown(words: &str) -> String {
    text::foreign(words, &[])
}

/// Asks one target, redirects included.
pub async fn fetch_one<H: Host>(
    host: &H,
    target: &Target<'_>,
    validators: &Validators,
    config: &Config,
) -> Outcome {
    let mut attempt = match Attempt::begin(host, 0, target, validators, config, true).await {
        Ok(attempt) => attempt,
        Err(error) => return Outcome::Failed(error),
    };
    // Ends: an attempt refuses one redirect more than the limits allow.
    loop {
        let began = host.elapsed();
        let answer = host.http().send(attempt.request()).await;
        attempt.charge(host.elapsed().saturating_sub(began), true);
        match attempt.judge(answer, host.now()) {
            Next::Done(outcome) => return outcome,
            Next::Redirected(next) => attempt = *next,
            // Only what shares a run is ever left to the next one.
            Next::Left => {
                let message = "no whole answer in time".to_owned();
                return Outcome::Failed(FetchError::new("timeout", message));
            }
        }
    }
}

/// Sends one batch and judges its answers one by one, so that only one body at a time is held decoded.
async fn run_batch<'a, H: Host>(
    host: &H,
    batch: Vec<Attempt<'a>>,
    concurrency: usize,
    redirected: &mut VecDeque<Attempt<'a>>,
    each: &mut dyn FnMut(usize, Outcome) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let alone = batch.len() == 1;
    let requests = batch.iter().map(Attempt::request).collect();
    let began = host.elapsed();
    let answers = host.http().send_all(requests, concurrency).await;
    let took = host.elapsed().saturating_sub(began);
    let now = host.now();
    let mut answers = answers.into_iter();
    for mut attempt in batch {
        let answer = answers
            .next()
            .unwrap_or_else(|| Err(HttpError::Protocol("the host gave no answer".into())));
        attempt.charge(took, alone);
        let index = attempt.index();
        match attempt.judge(answer, now) {
            Next::Done(outcome) => each(index, outcome)?,
            Next::Redirected(attempt) => redirected.push_back(*attempt),
            Next::Left => {}
        }
    }
    ControlFlow::Continue(())
}
