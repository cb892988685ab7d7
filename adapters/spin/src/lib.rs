//! edgefold on Spin 4.1 and later: the ports of [`edgefold::host`] over `spin-sdk`. Maps types and errors, and decides nothing.
//!
//! Spin reuses an instance for many requests and runs several at once: nothing of a request outlives it. What an instance keeps
//! of stored values is the logic's business ([`Host::leaves_keeping`]).

mod counters;
mod kv;
mod sqlite;
mod store;
mod upstream;

use std::rc::Rc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use edgefold::cache::InFlight;
use edgefold::host::{Clock, Host, Level, Log, Random, Variables};
use edgefold::serve::{self, REQUEST_BODY_BYTES_MAX};
use edgefold::time::Timestamp;
use futures_util::StreamExt;
use futures_util::stream::unfold;
use http_body::Frame;
use http_body_util::StreamBody;
use spin_sdk::http::body::IncomingBodyExt;
use spin_sdk::http::{IntoResponse, Request};
use spin_sdk::wasip3::clocks::{monotonic_clock, system_clock};
use spin_sdk::wasip3::random::random;
use spin_sdk::{http_service, variables};

use self::store::Store;

/// Compiled from `edgefold.toml` by the build script.
const DEFAULT_CONFIG: &str = include_str!(concat!(env!("OUT_DIR"), "/edgefold.config.json"));

#[http_service]
async fn serve(request: Request) -> impl IntoResponse {
    let host = Spin {
        kv: Store::open().await,
        http: upstream::Client,
    };
    let (parts, body) = request.into_parts();
    let mut body = body.stream();
    let mut whole = BytesMut::new();
    // One chunk over the limit is enough for the logic to refuse it; a body that breaks off is no whole request.
    while whole.len() <= REQUEST_BODY_BYTES_MAX {
        match body.next().await {
            Some(Ok(chunk)) => whole.extend_from_slice(&chunk),
            Some(Err(error)) => {
                host.log(Level::Warn, &format!("request body: {error}"));
                break;
            }
            None => break,
        }
    }
    drop(body);
    let request = http::Request::from_parts(parts, whole.freeze());
    let response = serve::handle(&host, DEFAULT_CONFIG, request).await;
    response.map(|body| pieces(host, body))
}

/// The body as Spin takes it: one piece after another, the next one read when the last one is gone.
fn pieces(
    host: Spin,
    body: serve::Body,
) -> impl http_body::Body<Data = Bytes, Error = serve::Broken> {
    StreamBody::new(unfold((host, body), |(host, mut body)| async move {
        let piece = body.next(&host).await?;
        if let Err(broken) = &piece {
            host.log(Level::Error, &broken.to_string());
        }
        Some((piece.map(Frame::data), (host, body)))
    }))
}

thread_local! {
    /// What the requests of this instance are asking upstreams for at the moment.
    static IN_FLIGHT: Rc<InFlight> = Rc::default();
}

struct Spin {
    kv: Store,
    http: upstream::Client,
}

impl Host for Spin {
    type Kv = Store;
    type Http = upstream::Client;

    fn kv(&self) -> &Self::Kv {
        &self.kv
    }

    fn http(&self) -> &Self::Http {
        &self.http
    }

    fn in_flight(&self) -> Option<Rc<InFlight>> {
        Some(IN_FLIGHT.with(Rc::clone))
    }

    /// An instance serves many requests, and neither of its stores can be asked by version.
    fn leaves_keeping(&self) -> bool {
        true
    }
}

impl Clock for Spin {
    fn now(&self) -> Timestamp {
        let at = system_clock::now();
        Timestamp::from_secs(at.seconds).plus_millis(i64::from(at.nanoseconds / 1_000_000))
    }

    fn elapsed(&self) -> Duration {
        Duration::from_nanos(monotonic_clock::now())
    }

    async fn pause(&self, time: Duration) {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        monotonic_clock::wait_for(nanos).await;
    }
}

impl Random for Spin {
    fn random_u64(&self) -> u64 {
        random::get_random_u64()
    }
}

impl Variables for Spin {
    /// Every variable of `spin.toml` needs a default to be optional, so the empty text stands for "not set".
    async fn variable(&self, name: &str) -> Option<String> {
        match variables::get(name).await {
            Ok(value) if value.is_empty() => None,
            Ok(value) => Some(value),
            Err(variables::Error::Undefined(_) | variables::Error::InvalidName(_)) => None,
            Err(error) => {
                self.log(Level::Error, &format!("variable `{name}`: {error}"));
                None
            }
        }
    }
}

impl Log for Spin {
    /// Spin shows a component's standard error with `--follow` and keeps it in `.spin/logs`.
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
