use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io::Write as _;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
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

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

fn zlib(data: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

fn raw_deflate(data: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

mod conditional {
    use super::*;

    #[test]
    fn the_first_request_negotiates_and_names_the_site() {
        let host = Script::default().on(START, [say(200, &[("etag", "\"1\"")], FEED)]);
        let Outcome::Fresh(document) = host.one(Validators::default()) else {
            panic!("no document");
        };
        assert_eq!(document.validators.etag.as_deref(), Some("\"1\""));
        assert!(document.validators.body_hash != 0);
        assert!(
            host.header(0, "accept")
                .unwrap()
                .contains("application/atom+xml")
        );
        assert_eq!(
            host.header(0, "accept-encoding").unwrap(),
            "gzip, deflate, br"
        );
        let agent = host.header(0, "user-agent").unwrap();
        assert!(agent.starts_with("edgefold/") && agent.ends_with(" (+https://site.example)"));
        assert_eq!(host.header(0, "if-none-match"), None);
    }

    #[test]
    fn validators_are_sent_and_a_304_keeps_what_it_does_not_renew() {
        let host = Script::default().on(START, [say(304, &[("etag", "\"2\"")], b"")]);
        let known = Validators {
            etag: Some("\"1\"".into()),
            last_modified: Some("Sat, 21 Nov 2026 08:00:00 GMT".into()),
            body_hash: 7,
        };
        let Outcome::Unchanged { validators } = host.one(known.clone()) else {
            panic!("not unchanged");
        };
        assert_eq!(host.header(0, "if-none-match"), known.etag);
        assert_eq!(host.header(0, "if-modified-since"), known.last_modified);
        assert_eq!(validators.etag.as_deref(), Some("\"2\""));
        assert_eq!(validators.last_modified, known.last_modified);
        assert_eq!(validators.body_hash, 7);
    }

    #[test]
    fn a_304_that_was_not_asked_for_is_an_error() {
        let host = Script::default().on(START, [say(304, &[], b"")]);
        assert_eq!(host.error().kind, "status");
    }

    #[test]
    fn the_same_bytes_are_unchanged_even_without_validators() {
        let host = Script::default().on(START, [say(200, &[], FEED)]);
        let Outcome::Fresh(document) = host.one(Validators::default()) else {
            panic!("no document");
        };
        let again = host.one(document.validators.clone());
        let Outcome::Unchanged { validators } = again else {
            panic!("not unchanged");
        };
        assert_eq!(validators, document.validators);
    }

    #[test]
    fn nothing_is_an_error() {
        for said in [
            say(204, &[], b""),
            say(200, &[], b""),
            say(200, &[], b" \r\n"),
        ] {
            assert_eq!(Script::default().on(START, [said]).error().kind, "empty");
        }
    }
}

mod statuses {
    use super::*;

    #[test]
    fn plain_words_for_people() {
        let of = |status| {
            Script::default()
                .on(START, [say(status, &[], b"x")])
                .error()
        };
        assert_eq!(of(404).message, "not found (404)");
        assert_eq!(
            of(403).message,
            "refused (403): does it need a header with a token?"
        );
        assert_eq!(of(500).message, "the server fails (500)");
        assert_eq!(of(418).message, "answered 418 I'm a teapot");
    }

    #[test]
    fn retry_after_holds_for_429_and_503() {
        for status in [429, 503] {
            let host = Script::default().on(START, [say(status, &[("retry-after", "120")], b"")]);
            assert_eq!(
                host.error().not_before,
                Timestamp::parse("2026-11-21T09:02:00Z")
            );
        }
        let host = Script::default().on(START, [say(500, &[("retry-after", "120")], b"")]);
        assert_eq!(host.error().not_before, None);
    }

    #[test]
    fn the_hosts_errors_keep_their_kind_and_lose_their_queries() {
        let of = |error| Script::default().on(START, [fail(error)]).error();
        assert_eq!(
            of(HttpError::Timeout).message,
            "no whole answer within 10 s"
        );
        assert_eq!(
            of(HttpError::TooLarge).message,
            "the answer is over 1000 bytes"
        );
        let denied = of(HttpError::Denied(
            "10.0.0.1 for https://a.example/x?key=s3cret".into(),
        ));
        assert_eq!(denied.kind, "denied");
        assert!(!denied.message.contains("s3cret"), "{denied:?}");
        assert_eq!(of(HttpError::Connect("x".into())).kind, "connect");
        assert_eq!(of(HttpError::Protocol("x".into())).kind, "protocol");
    }
}

mod redirects {
    use super::*;

    fn to(status: u16, location: &str) -> Said {
        say(status, &[("location", location)], b"")
    }

    #[test]
    fn every_status_and_relative_addresses_are_followed() {
        for status in [301, 302, 303, 307, 308] {
            let host = Script::default()
                .on(START, [to(status, "../other/feed.xml#top")])
                .on("https://a.example/other/feed.xml", [say(200, &[], FEED)]);
            let Outcome::Fresh(document) = host.one(Validators::default()) else {
                panic!("no document");
            };
            assert_eq!(document.url.as_str(), "https://a.example/other/feed.xml");
        }
    }

    #[test]
    fn loops_are_named() {
        let host = Script::default()
            .on(START, [to(302, "/b")])
            .on("https://a.example/b", [to(302, "/feed")]);
        let error = host.error();
        assert_eq!(error.kind, "redirects");
        assert_eq!(
            error.message,
            "redirects in a loop, back to https://a.example/feed"
        );
        assert_eq!(host.asked.borrow().len(), 2);
    }

    #[test]
    fn only_so_many_are_followed() {
        let mut host = Script::default().on(START, [to(302, "/1")]);
        for n in 1..10 {
            let next = format!("/{}", n + 1);
            host = host.on(&format!("https://a.example/{n}"), [to(302, &next)]);
        }
        let error = host.error();
        assert_eq!(
            error.message,
            "redirects more than 3 times, last to https://a.example/4"
        );
        assert_eq!(host.asked.borrow().len(), 4);
    }

    #[test]
    fn other_schemes_and_nonsense_are_refused() {
        for location in [
            "file:///etc/passwd",
            "javascript:alert(1)",
            "http://[bad",
            "ftp://a.example/",
        ] {
            let host = Script::default().on(START, [to(302, location)]);
            assert_eq!(host.error().kind, "redirects", "{location}");
            assert_eq!(host.asked.borrow().len(), 1);
        }
        let host = Script::default().on(START, [say(302, &[], b"")]);
        assert_eq!(
            host.error().message,
            "redirects (302) without saying where to"
        );
    }

    #[test]
    fn the_time_out_is_over_all_requests() {
        let slow = |said: Said| Said {
            took: Duration::from_secs(6),
            ..said
        };
        let host = Script::default()
            .on(START, [slow(to(302, "/b"))])
            .on("https://a.example/b", [slow(say(200, &[], FEED))]);
        let error = host.error();
        assert_eq!(error.kind, "timeout");
        assert_eq!(host.asked.borrow()[1].timeout, Duration::from_secs(4));
        assert_eq!(
            error.message,
            "no whole answer within 10 s; redirected to https://a.example/b"
        );
    }

    #[test]
    fn a_stalled_neighbour_does_not_fail_a_redirected_source() {
        let stalled = Said {
            took: Duration::from_secs(60),
            ..say(200, &[], FEED)
        };
        let host = Script::default()
            .on("https://slow.example/", [stalled])
            .on(START, [to(302, "/b")])
            .on("https://a.example/b", [say(200, &[], FEED)]);
        let (slow, moved) = (source("slow", "https://slow.example/"), source("a", START));
        let jobs = [&slow, &moved].map(|source| Job {
            source,
            validators: Validators::default(),
        });
        let (sent, outcomes) = host.run(&jobs, &config(), 100);
        assert_eq!(sent, 3);
        assert!(matches!(&outcomes[0], (0, Outcome::Failed(error)) if error.kind == "timeout"));
        assert!(matches!(&outcomes[1], (1, Outcome::Fresh(_))));
    }
}

mod secrets {
    use super::*;

    #[test]
    fn templates_are_filled() {
        let host = Script::default()
            .on(START, [say(200, &[], FEED)])
            .var("token", " s3cret\n");
        let source = with_secret("Bearer {token} {not a name} {");
        assert!(matches!(
            host.one_source(&source, Validators::default()),
            Outcome::Fresh(_)
        ));
        assert_eq!(
            host.header(0, "authorization").unwrap(),
            "Bearer s3cret {not a name} {"
        );
    }

    #[test]
    fn a_missing_secret_is_named_and_nothing_is_sent() {
        let host = Script::default().on(START, [say(200, &[], FEED)]);
        let Outcome::Failed(error) =
            host.one_source(&with_secret("Bearer {token}"), Validators::default())
        else {
            panic!("it was sent");
        };
        assert_eq!(error.kind, "secret");
        assert!(error.message.contains("`token`"));
        assert!(host.asked.borrow().is_empty());
    }

    #[test]
    fn a_secret_stays_with_its_origin() {
        let host = Script::default()
            .on(START, [say(302, &[("location", "/b")], b"")])
            .on(
                "https://a.example/b",
                [say(302, &[("location", "https://b.example/")], b"")],
            )
            .on(
                "https://b.example/",
                [say(302, &[("location", "https://a.example/c")], b"")],
            )
            .on("https://a.example/c", [say(401, &[], b"")])
            .var("token", "s3cret");
        let outcome = host.one_source(&with_secret("Bearer {token}"), Validators::default());
        let sent: Vec<bool> = (0..4)
            .map(|n| host.header(n, "authorization").is_some())
            .collect();
        assert_eq!(sent, [true, true, false, false]);
        let Outcome::Failed(error) = outcome else {
            panic!("not refused");
        };
        assert!(
            error.message.contains("secret headers are not sent"),
            "{error:?}"
        );
    }

    #[test]
    fn messages_never_hold_a_secret() {
        let host = Script::default()
            .on(
                START,
                [say(302, &[("location", "https://b.example/s3cret")], b"")],
            )
            .var("token", "s3cret");
        let outcome = host.one_source(&with_secret("Bearer {token}"), Validators::default());
        let Outcome::Failed(error) = outcome else {
            panic!("no failure");
        };
        assert!(!error.message.contains("s3cret"), "{error:?}");
        assert!(error.message.contains("***"), "{error:?}");
    }

    #[test]
    fn framing_headers_and_passwords_in_addresses_are_refused() {
        let mut framed = source("a", START);
        let text = HeaderText::Literal("chunked".into());
        framed.headers.insert("Transfer-Encoding".into(), text);
        let spoken = source("a", "https://me:hunter2@a.example/feed");
        for source in [framed, spoken] {
            let host = Script::default();
            let Outcome::Failed(error) = host.one_source(&source, Validators::default()) else {
                panic!("it was sent");
            };
            assert_eq!(error.kind, "config");
            assert!(!error.message.contains("hunter2"));
        }
    }

    #[test]
    fn a_sources_own_header_replaces_ours() {
        let mut own = source("a", START);
        let text = HeaderText::Literal("reader/1".into());
        own.headers.insert("User-Agent".into(), text);
        let host = Script::default().on(START, [say(200, &[], FEED)]);
        host.one_source(&own, Validators::default());
        assert_eq!(host.header(0, "user-agent").unwrap(), "reader/1");
    }
}

mod codings {
    use super::*;

    fn coded(coding: &str, body: &[u8]) -> Script {
        Script::default().on(START, [say(200, &[("content-encoding", coding)], body)])
    }

    /// `FEED` as brotli's uncompressed meta-block (RFC 7932 §9.2): made by hand, since only the decoder is a dependency.
    fn brotli_stored(data: &[u8]) -> Vec<u8> {
        let length = u32::try_from(data.len() - 1).unwrap();
        // WBITS 16 (0), ISLAST 0, MNIBBLES 4 (00), MLEN-1 (16 bits), ISUNCOMPRESSED 1, then to the next byte.
        let bits = (length << 4) | (1 << 20);
        let mut packed = bits.to_le_bytes()[..3].to_vec();
        packed.extend_from_slice(data);
        packed.push(3); // ISLAST, ISLASTEMPTY
        packed
    }

    #[test]
    fn all_codings_are_undone() {
        let cases: [(&str, Vec<u8>); 9] = [
            ("gzip", gzip(FEED)),
            ("X-GZip", gzip(FEED)),
            ("deflate", zlib(FEED)),
            ("deflate", raw_deflate(FEED)),
            ("br", brotli_stored(FEED)),
            ("identity", FEED.to_vec()),
            ("gzip, identity", gzip(FEED)),
            ("deflate, gzip", gzip(&zlib(FEED))),
            ("br, gzip", gzip(&brotli_stored(FEED))),
        ];
        for (coding, body) in cases {
            assert_eq!(coded(coding, &body).body(), FEED, "{coding}");
        }
    }

    #[test]
    fn common_mistakes_are_mended() {
        assert_eq!(coded("gzip", FEED).body(), FEED, "already unpacked");
        let mut twice = gzip(&FEED[..10]);
        twice.extend(gzip(&FEED[10..]));
        assert_eq!(coded("gzip", &twice).body(), FEED, "two members");
        twice.extend_from_slice(b"\0\0\0");
        assert_eq!(coded("gzip", &twice).body(), FEED, "padding");
        let bare = Script::default().on(START, [say(200, &[], &gzip(FEED))]);
        assert_eq!(bare.body(), FEED, "no header");
    }

    #[test]
    fn bombs_are_stopped_at_the_cap() {
        let bomb = vec![b' '; 10_000_000];
        let inner = gzip(&bomb);
        for (coding, body) in [
            ("gzip", gzip(&inner)),
            ("deflate", zlib(&zlib(&bomb))),
            ("gzip, gzip", gzip(&gzip(&inner))),
        ] {
            let mut config = config();
            config.limits.body_bytes_max = 20_000;
            let host = coded(coding, &body);
            let coding_of = source("a", START);
            let job = Job {
                source: &coding_of,
                validators: Validators::default(),
            };
            let (_, outcomes) = host.run(&[job], &config, 9);
            match &outcomes[0].1 {
                Outcome::Failed(error) => assert_eq!(error.kind, "too-large", "{coding}"),
                Outcome::Fresh(document) => assert!(document.body.len() <= 20_000, "{coding}"),
                Outcome::Unchanged { .. } => panic!("unchanged"),
            }
        }
        let exact = vec![b'x'; 1000];
        assert_eq!(coded("gzip", &gzip(&exact)).body(), exact);
        let over = vec![b'x'; 1001];
        let error = coded("gzip", &gzip(&over)).error();
        assert_eq!(error.message, "the answer unpacks to more than 1000 bytes");
    }

    #[test]
    fn broken_unknown_and_stacked_codings_are_errors() {
        let packed = gzip(FEED);
        assert_eq!(
            coded("gzip", &packed[..packed.len() / 2]).error().kind,
            "encoding"
        );
        assert_eq!(coded("gzip", b"\x01\x02").error().kind, "encoding");
        assert_eq!(coded("deflate", b"\x07\xff\xff").error().kind, "encoding");
        assert_eq!(coded("br", b"\xff\xff\xff\xff").error().kind, "encoding");
        assert_eq!(
            coded("zstd", FEED).error().message,
            "the answer is encoded as `zstd`, which was not asked for"
        );
        assert_eq!(coded("gzip, gzip, gzip", FEED).error().kind, "encoding");
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_a_decoder_panic(body: Vec<u8>, coding in 0..3_usize) {
            let coding = ["gzip", "deflate", "br"][coding];
            coded(coding, &body).one(Validators::default());
        }
    }
}

mod batches {
    use super::*;

    fn many(n: usize) -> (Script, Vec<Source>) {
        let mut host = Script::default();
        let mut sources = Vec::new();
        for i in 0..n {
            let url = format!("https://s{i}.example/");
            host = host.on(&url, [say(200, &[], FEED)]);
            sources.push(source(&format!("s{i}"), &url));
        }
        (host, sources)
    }

    fn jobs(sources: &[Source]) -> Vec<Job<'_>> {
        let job = |source| Job {
            source,
            validators: Validators::default(),
        };
        sources.iter().map(job).collect()
    }

    #[test]
    fn batches_keep_to_the_concurrency_and_the_order() {
        let (host, sources) = many(5);
        let (sent, outcomes) = host.run(&jobs(&sources), &config(), 100);
        assert_eq!(sent, 5);
        assert_eq!(*host.batches.borrow(), [2, 2, 1]);
        let order: Vec<usize> = outcomes.iter().map(|(index, _)| *index).collect();
        assert_eq!(order, [0, 1, 2, 3, 4]);
    }

    /// A source that takes `took_ms` and has a time-out of its own.
    fn slow(host: Script, name: &str, took_ms: u64) -> (Script, Source) {
        let url = format!("https://{name}.example/");
        let answer = Said {
            took: Duration::from_millis(took_ms),
            ..say(200, &[], FEED)
        };
        (host.on(&url, [answer]), source(name, &url))
    }

    #[test]
    fn a_run_stops_at_its_time_and_caps_what_it_still_begins() {
        let mut config = config();
        config.limits.concurrency = 1;
        config.limits.timeout_ms = 10_000;
        config.limits.run_time_ms = 20_000;
        let mut host = Script::default();
        let mut sources = Vec::new();
        for (name, took_ms) in [("a", 9_000), ("b", 8_000), ("c", 4_000), ("d", 0)] {
            let (next, source) = slow(host, name, took_ms);
            host = next;
            sources.push(source);
        }
        let (sent, outcomes) = host.run(&jobs(&sources), &config, 100);
        let done: Vec<usize> = outcomes.iter().map(|(index, _)| *index).collect();
        assert_eq!(
            (sent, done),
            (3, vec![0, 1]),
            "c was cut short, d not begun"
        );
        let asked: Vec<u64> = host
            .asked
            .borrow()
            .iter()
            .map(|asked| asked.timeout.as_secs())
            .collect();
        assert_eq!(asked, [10, 10, 3]);
        let (_, outcomes) = host.run(&jobs(&sources[2..]), &config, 100);
        assert!(
            matches!(outcomes[0], (0, Outcome::Fresh(_))),
            "the next run"
        );
    }

    #[test]
    fn what_no_run_has_time_for_fails() {
        let mut config = config();
        config.limits.timeout_ms = 60_000;
        config.limits.run_time_ms = 20_000;
        let (host, source) = slow(Script::default(), "a", 30_000);
        let sources = [source];
        let (_, outcomes) = host.run(&jobs(&sources), &config, 100);
        let Outcome::Failed(error) = &outcomes[0].1 else {
            panic!("{outcomes:?}")
        };
        assert_eq!(error.kind, "timeout");
        assert!(error.message.contains("20 s"), "{}", error.message);
    }

    #[test]
    fn what_does_not_fit_into_the_run_is_left() {
        let (host, sources) = many(5);
        let (sent, outcomes) = host.run(&jobs(&sources), &config(), 3);
        assert_eq!((sent, outcomes.len()), (3, 3));
        let (sent, outcomes) = host.run(&jobs(&sources), &config(), 0);
        assert_eq!((sent, outcomes.len()), (0, 0));
    }

    #[test]
    fn where_it_is_enough_nothing_more_is_asked_or_handed_over() {
        for (enough, sent, batches) in [(1, 2, vec![2]), (2, 2, vec![2]), (3, 4, vec![2, 2])] {
            let (mut host, sources) = many(5);
            host.enough = Some(enough);
            let (asked, outcomes) = host.run(&jobs(&sources), &config(), 100);
            assert_eq!((asked, outcomes.len()), (sent, enough));
            assert_eq!(*host.batches.borrow(), batches);
        }
    }

    #[test]
    fn a_redirect_cut_off_by_the_runs_end_is_left_unless_no_run_could_finish_it() {
        let hop = |location| say(302, &[("location", location)], b"");
        let (host, mut sources) = many(1);
        let host = host
            .on(START, [hop("/b")])
            .on("https://a.example/b", [hop("/c")]);
        sources.push(source("a", START));
        let (sent, outcomes) = host.run(&jobs(&sources), &config(), 3);
        assert_eq!(sent, 3);
        assert_eq!(outcomes.len(), 1, "the redirected one stays due");
        let (sent, outcomes) = host.run(&jobs(&sources[1..]), &config(), 2);
        assert_eq!(sent, 2);
        assert!(matches!(&outcomes[0].1, Outcome::Failed(error) if error.kind == "redirects"));
    }
}
