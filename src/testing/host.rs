//! The whole host: the store, upstreams, and what there is one of.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{self, StreamExt};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

use super::{TestKv, yield_once};
use crate::host::{
    Clock, Host, HttpClient, HttpError, Incoming, Level, Log, Outgoing, Random, Variables,
};
use crate::time::Timestamp;

/// What an upstream answers.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The answer. One of status 200 whose `ETag` the request names in `If-None-Match` is given as a 304.
    pub result: Result<Incoming, HttpError>,
    /// By so much the clock moves on meanwhile; where that is over the request's time-out, it fails by then.
    pub took: Duration,
}

impl Answer {
    /// An answer that takes no time.
    ///
    /// # Panics
    /// Where HTTP has no such status or header.
    pub fn new(status: u16, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Self {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let name: HeaderName = name.parse().expect("a header's name");
            map.append(
                name,
                HeaderValue::from_str(value).expect("a header's value"),
            );
        }
        Self {
            result: Ok(Incoming {
                status: StatusCode::from_u16(status).expect("a status"),
                headers: map,
                body: body.into(),
            }),
            took: Duration::ZERO,
        }
    }

    /// No answer.
    #[must_use]
    pub fn failure(error: HttpError) -> Self {
        Self {
            result: Err(error),
            took: Duration::ZERO,
        }
    }
}

/// The host.
#[derive(Debug, Clone, Default)]
pub struct TestHost {
    /// The store.
    pub kv: TestKv,
    /// What is answered at each address: one after another, the last one again and again. Elsewhere nobody listens.
    pub answers: RefCell<BTreeMap<String, VecDeque<Answer>>>,
    /// Requests to upstreams, in order.
    pub asked: RefCell<Vec<Outgoing>>,
    /// How many requests were sent at once, by call of [`HttpClient::send_all`].
    pub batches: RefCell<Vec<usize>>,
    /// Both clocks: it moves when it is set, and when an answer takes time.
    pub now: Cell<Timestamp>,
    /// All random numbers.
    pub random: Cell<u64>,
    /// Variables of the deployment.
    pub variables: RefCell<BTreeMap<String, String>>,
    /// Whether it gives answers again: see [`Host::keeps_answers`].
    pub keeps_answers: Cell<bool>,
    /// Lines of the log.
    pub lines: RefCell<Vec<(Level, String)>>,
}

impl TestHost {
    /// From now on `url` is answered with these, one after another, the last one again and again.
    pub fn answer(&self, url: &str, answers: impl IntoIterator<Item = Answer>) {
        let answers = answers.into_iter().collect();
        self.answers.borrow_mut().insert(url.to_owned(), answers);
    }

    /// Lets `ms` milliseconds pass.
    pub fn pass(&self, ms: i64) {
        self.now.set(self.now.get().plus_millis(ms));
    }

    /// Sets a variable of the deployment.
    pub fn set_variable(&self, name: &str, value: &str) {
        let mut variables = self.variables.borrow_mut();
        variables.insert(name.to_owned(), value.to_owned());
    }

    fn next_answer(&self, url: &str) -> Option<Answer> {
        let mut answers = self.answers.borrow_mut();
        let answers = answers.get_mut(url)?;
        if answers.len() > 1 {
            answers.pop_front()
        } else {
            answers.front().cloned()
        }
    }
}

impl HttpClient for TestHost {
    async fn send(&self, request: Outgoing) -> Result<Incoming, HttpError> {
        yield_once().await;
        let answer = self.next_answer(request.url.as_str());
        let known = request.headers.get(header::IF_NONE_MATCH).cloned();
        let (url, timeout) = (request.url.clone(), request.timeout);
        self.asked.borrow_mut().push(request);
        let Some(Answer { result, took }) = answer else {
            return Err(HttpError::Connect(format!("nobody listens at {url}")));
        };
        let passed = took.min(timeout).as_millis();
        self.pass(i64::try_from(passed).unwrap_or(i64::MAX));
        if took > timeout {
            return Err(HttpError::Timeout);
        }
        let mut incoming = result?;
        let etag = incoming.headers.get(header::ETAG);
        if incoming.status == StatusCode::OK && etag.is_some() && etag == known.as_ref() {
            incoming.status = StatusCode::NOT_MODIFIED;
            incoming.body = Bytes::new();
        }
        Ok(incoming)
    }

    async fn send_all(
        &self,
        requests: Vec<Outgoing>,
        concurrency: usize,
    ) -> Vec<Result<Incoming, HttpError>> {
        self.batches.borrow_mut().push(requests.len());
        stream::iter(requests.into_iter().map(|request| self.send(request)))
            .buffered(concurrency.max(1))
            .collect()
            .await
    }
}

impl Host for TestHost {
    type Kv = TestKv;
    type Http = Self;
    fn kv(&self) -> &TestKv {
        &self.kv
    }
    fn http(&self) -> &Self {
        self
    }
    fn keeps_answers(&self) -> bool {
        self.keeps_answers.get()
    }
}

impl Clock for TestHost {
    fn now(&self) -> Timestamp {
        self.now.get()
    }
    fn elapsed(&self) -> Duration {
        Duration::from_millis(u64::try_from(self.now.get().0).unwrap_or_default())
    }
}

impl Random for TestHost {
    fn random_u64(&self) -> u64 {
        self.random.get()
    }
}

impl Variables for TestHost {
    async fn variable(&self, name: &str) -> Option<String> {
        yield_once().await;
        self.variables.borrow().get(name).cloned()
    }
}

impl Log for TestHost {
    fn log(&self, level: Level, line: &str) {
        self.lines.borrow_mut().push((level, line.to_owned()));
    }
}
