//! Sources that answer from a script.

mod answers;
mod batches;
mod codings;
mod redirects;
mod secrets;

use std::ops::Deref;

use super::*;
use crate::config::HeaderText;
use crate::testing::{Answer, TestConfig, TestHost, block_on, test_source};

const FEED: &[u8] = b"<rss version=\"2.0\"><channel><title>News</title></channel></rss>";
const START: &str = "https://a.example/feed";

/// Upstreams that answer from a list.
struct Script {
    host: TestHost,
    /// Outcomes of which whoever asks has enough.
    enough: Option<usize>,
}

impl Default for Script {
    fn default() -> Self {
        let host = TestHost::default();
        host.now
            .set(Timestamp::parse("2026-11-21T09:00:00Z").unwrap());
        Self { host, enough: None }
    }
}

impl Deref for Script {
    type Target = TestHost;
    fn deref(&self) -> &TestHost {
        &self.host
    }
}

fn say(status: u16, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    Answer::new(status, headers, body.to_vec())
}

impl Script {
    fn on(self, url: &str, answers: impl IntoIterator<Item = Answer>) -> Self {
        self.answer(url, answers);
        self
    }

    fn var(self, name: &str, value: &str) -> Self {
        self.set_variable(name, value);
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
        let sent = block_on(fetch_all(
            &self.host,
            jobs,
            config,
            requests_left,
            &mut each,
        ));
        let most = self.batches.borrow().iter().copied().max();
        assert!(most <= Some(config.limits.concurrency));
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

fn source(id: &str, url: &str) -> Source {
    Source {
        title: id.to_owned(),
        ..test_source(id, url, "news")
    }
}

fn config() -> Config {
    TestConfig::new()
        .with(|config| {
            config.site.title = "T".to_owned();
            config.site.url = Some("https://site.example".to_owned());
            config.site.page_items = 25;
            config.budget.writes_per_day = 500;
            config.limits.concurrency = 2;
            config.limits.body_bytes_max = 1000;
            config.limits.items_per_source = 100;
            config.limits.redirects = 3;
        })
        .build()
}

fn with_secret(template: &str) -> Source {
    let mut source = source("a", START);
    let text = HeaderText::Secret(template.into());
    source.headers.insert("Authorization".into(), text);
    source
}
