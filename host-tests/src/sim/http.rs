//! Scripted upstreams in memory.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use edgefold::host::{HttpClient, HttpError, Incoming, Outgoing};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use super::clock::SimClock;
use super::yield_once;

/// What an upstream answers, and how long it takes.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The answer, or why there is none.
    pub result: Result<Incoming, HttpError>,
    /// Simulated time until the last byte. The clock moves by it; over the request's time-out it is a time-out.
    pub took: Duration,
}

impl Answer {
    /// An answer without headers and body.
    #[must_use]
    pub fn status(status: u16) -> Self {
        let incoming = Incoming {
            status: StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            headers: HeaderMap::new(),
            body: Bytes::new(),
        };
        Self {
            result: Ok(incoming),
            took: Duration::ZERO,
        }
    }

    /// 200 with `body`.
    #[must_use]
    pub fn ok(body: impl Into<Bytes>) -> Self {
        let body = body.into();
        let mut answer = Self::status(200);
        if let Ok(incoming) = &mut answer.result {
            incoming.body = body;
        }
        answer
    }

    /// A redirect.
    #[must_use]
    pub fn redirect(status: u16, location: &str) -> Self {
        Self::status(status).header("location", location)
    }

    /// No answer.
    #[must_use]
    pub fn error(error: HttpError) -> Self {
        Self {
            result: Err(error),
            took: Duration::ZERO,
        }
    }

    /// Adds a header.
    ///
    /// # Panics
    /// Where name or value can't be in a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let name: HeaderName = name.parse().expect("a header name");
        let value = HeaderValue::from_str(value).expect("a header value");
        if let Ok(incoming) = &mut self.result {
            incoming.headers.append(name, value);
        }
        self
    }

    /// Takes `took` of simulated time.
    #[must_use]
    pub fn after(mut self, took: Duration) -> Self {
        self.took = took;
        self
    }
}

type Respond = Box<dyn FnMut(&Outgoing) -> Answer + Send>;

/// An HTTP client whose upstreams are closures. An address without a route can't be connected to.
pub struct SimHttp {
    clock: SimClock,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    routes: BTreeMap<String, Respond>,
    requests: Vec<Outgoing>,
    under_way: usize,
    under_way_max: usize,
}

impl SimHttp {
    /// A client without upstreams. `clock` moves by the time that answers take.
    #[must_use]
    pub fn new(clock: SimClock) -> Self {
        Self {
            clock,
            state: Mutex::default(),
        }
    }

    /// `respond` answers `url` from here on.
    pub fn route(&self, url: &str, respond: impl FnMut(&Outgoing) -> Answer + Send + 'static) {
        self.state()
            .routes
            .insert(url.to_owned(), Box::new(respond));
    }

    /// `url` answers with `steps`, one a request; the last one stays.
    pub fn script(&self, url: &str, steps: impl IntoIterator<Item = Answer>) {
        let mut steps: VecDeque<Answer> = steps.into_iter().collect();
        self.route(url, move |_| {
            let next = if steps.len() > 1 {
                steps.pop_front()
            } else {
                steps.front().cloned()
            };
            next.unwrap_or_else(|| Answer::status(404))
        });
    }

    /// All requests so far, in the order sent.
    #[must_use]
    pub fn requests(&self) -> Vec<Outgoing> {
        self.state().requests.clone()
    }

    /// Most requests that were under way at once.
    #[must_use]
    pub fn under_way_max(&self) -> usize {
        self.state().under_way_max
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for SimHttp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let routes: Vec<String> = self.state().routes.keys().cloned().collect();
        f.debug_struct("SimHttp")
            .field("routes", &routes)
            .finish_non_exhaustive()
    }
}

impl HttpClient for SimHttp {
    async fn send(&self, request: Outgoing) -> Result<Incoming, HttpError> {
        let began = self.clock.elapsed();
        {
            let mut state = self.state();
            state.requests.push(request.clone());
            state.under_way += 1;
            state.under_way_max = state.under_way_max.max(state.under_way);
        }
        yield_once().await;
        let answer = match self.state().routes.get_mut(request.url.as_str()) {
            Some(respond) => respond(&request),
            None => Answer::error(HttpError::Connect("nobody listens there".into())),
        };
        self.state().under_way -= 1;
        // Requests of one batch run side by side: the clock moves to the end of the slowest.
        let took = answer.took.min(request.timeout);
        let passed = self.clock.elapsed().saturating_sub(began);
        self.clock.advance(took.saturating_sub(passed));
        if answer.took > request.timeout {
            return Err(HttpError::Timeout);
        }
        let incoming = answer.result?;
        if incoming.body.len() > request.body_bytes_max {
            return Err(HttpError::TooLarge);
        }
        Ok(incoming)
    }
}
