//! edgefold on Fastly Compute: the ports of [`edgefold::host`] over the `fastly` crate. Maps types and errors, and decides nothing.
//!
//! The platform has no async: a batch starts all of its operations and then waits, so no future of the logic ever pends.

mod kv;
mod upstream;

use std::io::{Read, Write};
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use edgefold::host::{Clock, Host, Level, Log, Random, Variables};
use edgefold::serve::{self, REQUEST_BODY_BYTES_MAX};
use edgefold::time::Timestamp;
use fastly::http::body::StreamingBody;
use fastly::http::purge::soft_purge_surrogate_key;
use fastly::http::{FramingHeadersMode, StatusCode};
use fastly::{Body, ConfigStore, Error, Request, Response, SecretStore};

/// Name of the service's KV store, secret store and config store.
const STORE: &str = "edgefold";

/// Compiled from `edgefold.toml` by the build script.
const DEFAULT_CONFIG: &str = include_str!(concat!(env!("OUT_DIR"), "/edgefold.config.json"));

fn main() -> Result<(), Error> {
    fastly::init();
    if let Err(error) = answer(Request::from_client()) {
        Response::from_body(error.to_string())
            .with_status(StatusCode::INTERNAL_SERVER_ERROR)
            .send_to_client();
    }
    Ok(())
}

/// Answers the request. An error comes before anything was sent.
fn answer(request: Request) -> Result<(), Error> {
    let host = Fastly::open();
    let (parts, mut body) = http::Request::<Body>::from(request).into_parts();
    let mut whole = Vec::new();
    // One byte over the limit is enough for the logic to refuse it.
    Read::by_ref(&mut body)
        .take(REQUEST_BODY_BYTES_MAX as u64 + 1)
        .read_to_end(&mut whole)?;
    let request = http::Request::from_parts(parts, Bytes::from(whole));
    if let Some(link) = serve::early_hints(&request) {
        Response::from_status(StatusCode::EARLY_HINTS)
            .with_header(http::header::LINK, link)
            .send_to_client();
    }
    let answer = serve::handle(&host, DEFAULT_CONFIG, request);
    let (parts, body) = futures_executor::block_on(answer).into_parts();
    let framed = parts.headers.contains_key(http::header::CONTENT_LENGTH);
    let (here, rest) = if body.is_whole() {
        (Body::from(body.into_bytes().as_ref()), None)
    } else {
        (Body::new(), Some(body))
    };
    let mut response = Response::from(http::Response::from_parts(parts, here));
    if framed {
        // The logic sets `Content-Length`, also in a HEAD answer, whose body is empty.
        response.set_framing_headers_mode(FramingHeadersMode::ManuallyFromHeaders);
    }
    match rest {
        None => response.send_to_client(),
        Some(rest) => stream(&host, rest, response.stream_to_client()),
    }
    Ok(())
}

/// Sends what is still to be read, piece by piece. Where it breaks off, or the client has gone, the answer is abandoned.
fn stream(host: &Fastly, mut rest: serve::Body, mut client: StreamingBody) {
    while let Some(piece) = futures_executor::block_on(rest.next(host)) {
        let sent = match piece {
            Ok(piece) => client.write_all(&piece),
            Err(broken) => {
                host.log(Level::Error, &broken.to_string());
                let _ = client.abandon();
                return;
            }
        };
        if sent.is_err() {
            let _ = client.abandon();
            return;
        }
    }
    let _ = client.finish();
}

struct Fastly {
    kv: kv::Store,
    http: upstream::Client,
    started: Instant,
}

impl Fastly {
    #[expect(clippy::disallowed_methods, reason = "this is the host's clock")]
    fn open() -> Self {
        Self {
            kv: kv::Store::open(STORE),
            http: upstream::Client::default(),
            started: Instant::now(),
        }
    }
}

impl Host for Fastly {
    type Kv = kv::Store;
    type Http = upstream::Client;

    fn kv(&self) -> &Self::Kv {
        &self.kv
    }

    fn http(&self) -> &Self::Http {
        &self.http
    }

    fn purges(&self) -> bool {
        true
    }

    /// Softly: what is purged counts as stale, and may stand in where no newer answer can be had.
    async fn purge(&self, keys: &[String]) -> Result<(), String> {
        let failed: Vec<String> = keys
            .iter()
            .filter_map(|key| soft_purge_surrogate_key(key).err())
            .map(|error| error.to_string())
            .collect();
        failed.first().map_or(Ok(()), |first| {
            Err(format!("{} of {} keys: {first}", failed.len(), keys.len()))
        })
    }
}

impl Clock for Fastly {
    #[expect(clippy::disallowed_methods, reason = "this is the host's clock")]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    #[expect(clippy::disallowed_methods, reason = "this is the host's timer")]
    async fn pause(&self, time: Duration) {
        std::thread::sleep(time);
    }
}

impl Random for Fastly {
    fn random_u64(&self) -> u64 {
        getrandom::u64().unwrap_or_else(|error| {
            self.log(Level::Error, &format!("no randomness: {error}"));
            0
        })
    }
}

impl Variables for Fastly {
    /// The secret store first, then the config store. A service may have either, both or none; the empty text counts as "not set".
    async fn variable(&self, name: &str) -> Option<String> {
        let secret = SecretStore::open(STORE).ok().and_then(|store| {
            let bytes = store.try_get(name).ok()??.try_plaintext().ok()?;
            String::from_utf8(bytes.to_vec()).ok()
        });
        let value = secret.or_else(|| ConfigStore::try_open(STORE).ok()?.try_get(name).ok()?)?;
        Some(value).filter(|value| !value.is_empty())
    }
}

impl Log for Fastly {
    /// Standard error: `fastly log-tail` shows it.
    #[expect(clippy::disallowed_macros, reason = "this is the host's log")]
    fn log(&self, level: Level, line: &str) {
        let level = match level {
            Level::Debug => "debug",
            Level::Info => "info",
            Level::Warn => "warn",
            Level::Error => "error",
        };
        eprintln!("{level}: {line}");
    }
}
