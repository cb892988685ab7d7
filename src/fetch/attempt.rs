//! One source on its way from the first request to an outcome, over its redirects.

use std::time::Duration;

use http::header::LOCATION;
use http::{Method, StatusCode};
use url::Url;

use super::request::{self, Headers};
use super::{FetchError, Outcome, Target, Validators, answer, text};
use crate::config::Config;
use crate::host::{Host, HttpError, Incoming, Outgoing};
use crate::time::Timestamp;

/// A source being asked.
#[derive(Debug)]
pub(super) struct Attempt<'a> {
    index: usize,
    /// What we have.
    validators: &'a Validators,
    headers: Headers,
    /// Where the next request goes.
    url: Url,
    /// Where requests went before, oldest first.
    visited: Vec<Url>,
    redirects_max: usize,
    body_bytes_max: usize,
    timeout: Duration,
    time_left: Duration,
    /// What is left of the run's time.
    run_left: Duration,
    /// The run's end is nearer than the source's own: a time-out says nothing about the source.
    cut_short: bool,
    /// Begun with the run: the next one has no more time for it.
    first: bool,
    /// Headers were held back because a redirect led to another origin.
    withheld: bool,
}

/// What an answer led to.
pub(super) enum Next<'a> {
    /// The job is done.
    Done(Outcome),
    /// Another request is needed.
    Redirected(Box<Attempt<'a>>),
    /// The run's time was up before the source's own: the next run asks it again.
    Left,
}

impl<'a> Attempt<'a> {
    /// Makes ready to ask; nothing is sent yet.
    pub(super) async fn begin<H: Host>(
        host: &H,
        index: usize,
        target: &Target<'_>,
        validators: &'a Validators,
        config: &Config,
        first: bool,
    ) -> Result<Self, FetchError> {
        let url = source_address(target.url)?;
        let headers = request::headers(host, target, validators, config).await?;
        let timeout = Duration::from_millis(target.timeout_ms.min(config.limits.run_time_ms));
        Ok(Self {
            index,
            validators,
            headers,
            url,
            visited: Vec::new(),
            redirects_max: config.limits.redirects,
            body_bytes_max: target.body_bytes_max,
            timeout,
            time_left: timeout,
            run_left: timeout,
            cut_short: false,
            first,
            withheld: false,
        })
    }

    /// The job's index.
    pub(super) fn index(&self) -> usize {
        self.index
    }

    /// Requests already sent for this job.
    pub(super) fn requests_sent(&self) -> usize {
        self.visited.len()
    }

    /// The next request.
    pub(super) fn request(&self) -> Outgoing {
        let mut headers = self.headers.open.clone();
        headers.extend(self.headers.private.clone());
        Outgoing {
            method: Method::GET,
            url: self.url.clone(),
            headers,
            body: bytes::Bytes::new(),
            timeout: self.time_left.min(self.run_left),
            body_bytes_max: self.body_bytes_max,
        }
    }

    /// The next request has to be done within `run_left`, whatever the source's own time-out leaves.
    pub(super) fn may_take(&mut self, run_left: Duration) {
        self.run_left = run_left;
        self.cut_short = !self.first && run_left < self.time_left;
    }

    /// Whether the run's time is up and this source was in it from the start.
    pub(super) fn had_all_time(&self, run_time: Duration, passed: Duration) -> bool {
        self.first && passed >= run_time
    }

    /// Takes the time of a batch off this source's. See [`super::fetch_all`] for why a shared batch is not charged in full.
    pub(super) fn charge(&mut self, batch: Duration, alone: bool) {
        let charged = if alone {
            batch
        } else {
            batch.min(self.time_left / 2)
        };
        self.time_left = self.time_left.saturating_sub(charged);
    }

    /// What `answer` means.
    pub(super) fn judge(self, answer: Result<Incoming, HttpError>, now: Timestamp) -> Next<'a> {
        let outcome = match answer {
            Err(HttpError::Timeout) if self.cut_short => return Next::Left,
            Err(error) => Err(self.host_error(&error)),
            Ok(answer) if is_redirect(answer.status) => match self.follow(&answer) {
                Ok(next) => return next,
                Err((error, secrets)) => return Next::Done(failed(error, &secrets)),
            },
            Ok(answer) => answer::outcome(
                answer,
                self.validators,
                self.url.clone(),
                self.body_bytes_max,
                now,
            )
            .map_err(|error| self.with_hints(error)),
        };
        Next::Done(outcome.unwrap_or_else(|error| failed(error, &self.headers.secrets)))
    }

    /// The failure of a job whose redirects need more requests than a whole run has.
    pub(super) fn out_of_requests(&self) -> FetchError {
        let message = format!(
            "its {} redirects need more requests than one run may send",
            self.visited.len()
        );
        FetchError::new("redirects", message)
    }

    /// The failure of a job whose redirects take longer than a whole run.
    pub(super) fn out_of_time(&self) -> FetchError {
        self.host_error(&HttpError::Timeout)
    }

    fn follow(mut self, answer: &Incoming) -> Result<Next<'a>, (FetchError, Vec<String>)> {
        match self.target(answer) {
            Ok(target) => {
                if target.origin() != self.url.origin() && !self.headers.private.is_empty() {
                    // For good: a later redirect back home does not prove that home sent us.
                    self.headers.private.clear();
                    self.withheld = true;
                }
                let previous = std::mem::replace(&mut self.url, target);
                self.visited.push(previous);
                Ok(Next::Redirected(Box::new(self)))
            }
            Err(error) => Err((error, self.headers.secrets)),
        }
    }

    /// Where a redirect leads, if that may be followed (RFC 9110 §15.4).
    fn target(&self, answer: &Incoming) -> Result<Url, FetchError> {
        let refuse = |message: String| FetchError::new("redirects", message);
        let status = answer.status.as_u16();
        let location = answer
            .headers
            .get(LOCATION)
            .ok_or_else(|| refuse(format!("redirects ({status}) without saying where to")))?;
        // Non-ASCII addresses occur in the wild as raw UTF-8.
        let mut target = std::str::from_utf8(location.as_bytes())
            .ok()
            .and_then(|location| self.url.join(location.trim()).ok())
            .ok_or_else(|| {
                refuse(format!(
                    "redirects ({status}) to something that is no address"
                ))
            })?;
        if !is_http(&target) {
            let scheme = target.scheme();
            let message =
                format!("redirects to a `{scheme}` address: only http and https are followed");
            return Err(refuse(message));
        }
        target.set_fragment(None);
        strip_user(&mut target);
        if target == self.url || self.visited.contains(&target) {
            let message = format!("redirects in a loop, back to {}", text::address(&target));
            return Err(refuse(message));
        }
        if self.visited.len() >= self.redirects_max {
            return Err(refuse(format!(
                "redirects more than {} times, last to {}",
                self.redirects_max,
                text::address(&target)
            )));
        }
        if self.time_left.is_zero() {
            return Err(self.host_error(&HttpError::Timeout));
        }
        Ok(target)
    }

    fn host_error(&self, error: &HttpError) -> FetchError {
        let secrets = &self.headers.secrets;
        let (kind, message) = match error {
            HttpError::Timeout => (
                "timeout",
                format!("no whole answer within {}", text::seconds(self.timeout)),
            ),
            HttpError::TooLarge => ("too-large", answer::too_large(self.body_bytes_max)),
            HttpError::Denied(why) => (
                "denied",
                format!(
                    "the host's outbound policy refuses this address: {}",
                    text::foreign(why, secrets)
                ),
            ),
            HttpError::Connect(why) => (
                "connect",
                format!("can't connect: {}", text::foreign(why, secrets)),
            ),
            HttpError::Protocol(why) => (
                "protocol",
                format!("broken answer: {}", text::foreign(why, secrets)),
            ),
        };
        self.with_hints(FetchError::new(kind, message))
    }

    /// Adds what only the way here explains.
    fn with_hints(&self, mut error: FetchError) -> FetchError {
        if !self.visited.is_empty() {
            error.message.push_str("; redirected to ");
            error.message.push_str(&text::address(&self.url));
        }
        if self.withheld && error.kind == "status" {
            error
                .message
                .push_str(", where its secret headers are not sent");
        }
        error
    }
}

fn failed(mut error: FetchError, secrets: &[String]) -> Outcome {
    error.message = text::without_secrets(&error.message, secrets);
    Outcome::Failed(error)
}

fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

fn is_http(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
}

/// An address that may be asked, be it a source's or an alert's: whether the host lets it through is the host's to say.
pub(crate) fn source_address(text: &str) -> Result<Url, FetchError> {
    let refuse =
        |why: &str| FetchError::new("config", format!("its address can't be asked: {why}"));
    let mut url = Url::parse(text).map_err(|error| refuse(&error.to_string()))?;
    if !is_http(&url) {
        return Err(refuse("only http and https are"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refuse(
            "it holds a user or password; use a header that names a secret",
        ));
    }
    url.set_fragment(None);
    Ok(url)
}

fn strip_user(url: &mut Url) {
    // Both fail only for addresses that can't have a user at all.
    let _ = url.set_username("");
    let _ = url.set_password(None);
}
