//! Sources that answer from a script.

mod answers;
mod batches;
mod codings;
mod redirects;
mod secrets;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use super::*;
use crate::config::{Budget, HeaderText, Limits, Site, SourceKind};
use crate::host::*;

const FEED: &[u8] = b"<rss version=\"2.0\"><channel><title>News</title></channel></rss>";
const START: &str = "https://a.example/feed";

/// A host whose upstreams answer from a list, one answer a request, in order; the last one stays.
#[derive(Default)]
struct Script {
    answers: RefCell<BTreeMap<String, Vec<Said>>>,
    asked: RefCell<Vec<Outgoing>>,
    batches: RefCell<Vec<usize>>,
    variables: BTreeMap<String, String>,
    elapsed: Cell<Duration>,
    /// Outcomes of which whoever asks has enough.
    enough: Option<usize>,
}

#[derive(Clone)]
struct Said {
    result: Result<Incoming, HttpError>,
    took: Duration,
}

fn say(status: u16, headers: &[(&str, &str)], body: &[u8]) -> Said {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let name: HeaderName = name.parse().unwrap();
        map.append(name, HeaderValue::from_str(value).unwrap());
    }
    let result = Ok(Incoming {
        status: StatusCode::from_u16(status).unwrap(),
        headers: map,
        body: Bytes::copy_from_slice(body),
    });
    Said {
        result,
        took: Duration::ZERO,
    }
}

fn fail(error: HttpError) -> Said {
    Said {
        result: Err(error),
        took: Duration::ZERO,
    }
}

impl Script {
    fn on(self, url: &str, answers: impl IntoIterator<Item = Said>) -> Self {
        let mut answers: Vec<Said> = answers.into_iter().collect();
        answers.reverse();
        self.answers.borrow_mut().insert(url.into(), answers);
        self
    }

    fn var(mut self, name: &str, value: &str) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }

    fn header(&self, request: usize, name: &str) -> Option<String> {
        let asked = self.asked.borrow();
        let value = asked[request].headers.get(name)?;
        Some(value.to_str().unwrap().to_owned())
    }

    fn run(
        &self,
        jobs: &[Job<'_>],
        config: &Config,
        requests_left: usize,
    ) -> (usize, Vec<(usize, Outcome)>) {
        let mut outcomes = Vec::new();
        let mut each = |index, outcome| {
            outcomes.push((index, outcome));
            if outcomes.len() < self.enough.unwrap_or(usize::MAX) {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        };
        let sent = {
            let mut future = pin!(fetch_all(self, jobs, config, requests_left, &mut each));
            match future
                .as_mut()
                .poll(&mut Context::from_waker(Waker::noop()))
            {
                Poll::Ready(sent) => sent,
                Poll::Pending => panic!("the script never waits"),
            }
        };
        (sent, outcomes)
    }

    /// One feed source at [`START`], asked with `validators`.
    fn one(&self, validators: Validators) -> Outcome {
        self.one_source(&source("a", START), validators)
    }

    fn one_source(&self, source: &Source, validators: Validators) -> Outcome {
        let (_, mut outcomes) = self.run(&[Job { source, validators }], &config(), 100);
        assert_eq!(outcomes.len(), 1);
        outcomes.remove(0).1
    }

    fn error(&self) -> FetchError {
        match self.one(Validators::default()) {
            Outcome::Failed(error) => error,
            other => panic!("expected a failure, got {other:?}"),
        }
    }

    fn body(&self) -> Bytes {
        match self.one(Validators::default()) {
            Outcome::Fresh(document) => document.body,
            other => panic!("expected a document, got {other:?}"),
        }
    }
}

impl HttpClient for Script {
    async fn send(&self, request: Outgoing) -> Result<Incoming, HttpError> {
        self.asked.borrow_mut().push(request.clone());
        let mut answers = self.answers.borrow_mut();
        let Some(steps) = answers.get_mut(request.url.as_str()) else {
            return Err(HttpError::Connect(format!("no route to {}", request.url)));
        };
        let said = if steps.len() > 1 {
            steps.pop().unwrap()
        } else {
            steps[0].clone()
        };
        self.elapsed
            .set(self.elapsed.get() + said.took.min(request.timeout));
        if said.took > request.timeout {
            return Err(HttpError::Timeout);
        }
        said.result
    }

    async fn send_all(
        &self,
        requests: Vec<Outgoing>,
        concurrency: usize,
    ) -> Vec<Result<Incoming, HttpError>> {
        assert!(requests.len() <= concurrency);
        self.batches.borrow_mut().push(requests.len());
        let mut answers = Vec::new();
        for request in requests {
            answers.push(self.send(request).await);
        }
        answers
    }
}

/// Never asked for: fetching needs no store.
impl Kv for Script {
    fn capabilities(&self) -> Capabilities {
        unreachable!("fetch uses no store")
    }
    async fn get(&self, _: &str) -> Result<Option<Entry>, KvError> {
        unreachable!("fetch uses no store")
    }
    async fn put(
        &self,
        _: &str,
        _: Bytes,
        _: Precondition,
        _: Option<Duration>,
    ) -> Result<Version, KvError> {
        unreachable!("fetch uses no store")
    }
    async fn delete(&self, _: &str) -> Result<(), KvError> {
        unreachable!("fetch uses no store")
    }
    async fn list(&self, _: &str, _: Option<&str>) -> Result<KeyPage, KvError> {
        unreachable!("fetch uses no store")
    }
}

impl Host for Script {
    type Kv = Self;
    type Http = Self;
    fn kv(&self) -> &Self {
        self
    }
    fn http(&self) -> &Self {
        self
    }
}

impl Clock for Script {
    fn now(&self) -> Timestamp {
        Timestamp::parse("2026-11-21T09:00:00Z").unwrap()
    }
    fn elapsed(&self) -> Duration {
        self.elapsed.get()
    }
}

impl Random for Script {
    fn random_u64(&self) -> u64 {
        4
    }
}

impl Variables for Script {
    async fn variable(&self, name: &str) -> Option<String> {
        self.variables.get(name).cloned()
    }
}

impl Log for Script {
    fn log(&self, _: Level, _: &str) {}
}

fn source(id: &str, url: &str) -> Source {
    Source {
        id: id.into(),
        title: id.into(),
        url: url.into(),
        kind: SourceKind::Feed,
        category: "news".into(),
        tags: Vec::new(),
        every_s: 900,
        headers: BTreeMap::new(),
        include: Vec::new(),
        mute: Vec::new(),
        timeout_ms: None,
        body_bytes_max: None,
    }
}

fn config() -> Config {
    Config {
        site: Site {
            title: "T".into(),
            description: String::new(),
            language: "en".into(),
            url: Some("https://site.example".into()),
            page_items: 25,
        },
        retention: crate::config::Retention::default(),
        cache: crate::config::Cache::default(),
        alerts: None,
        budget: Budget {
            writes_per_day: 500,
            reads_per_day: None,
            requests_per_day: None,
            engagement_every_s: 3600,
            cache_writes_per_day: 0,
        },
        limits: Limits {
            concurrency: 2,
            requests_per_run: 50,
            run_time_ms: 20_000,
            timeout_ms: 10_000,
            body_bytes_max: 1000,
            items_per_source: 100,
            redirects: 3,
        },
        sources: Vec::new(),
        proxies: Vec::new(),
        views: Vec::new(),
    }
}

fn with_secret(template: &str) -> Source {
    let mut source = source("a", START);
    let text = HeaderText::Secret(template.into());
    source.headers.insert("Authorization".into(), text);
    source
}
