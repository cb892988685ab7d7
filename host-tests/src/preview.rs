//! The site of the lively upstreams, folded and served natively on loopback: the same logic as in the guests, without
//! building one. For tests in a browser and for looking at the page while it changes.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use bytes::Bytes;
use edgefold::config::{Config, authoring};
use edgefold::cycle::{self, Scope};
use edgefold::serve;
use edgefold::time::Timestamp;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::sim::{KvOptions, SimClock, SimHost, block_on};
use crate::upstream::{Upstream, lively};

const SEED: u64 = 20_261_121;
/// Between two cycles of the history.
const CYCLE_EVERY: Duration = Duration::from_secs(30 * 60);

/// How a preview is set up.
#[derive(Debug, Clone)]
pub struct Options {
    /// When the last cycle of the history runs: the time that the site takes for now.
    pub now: Timestamp,
    /// Cycles before that, half an hour apart.
    pub cycles: u32,
    /// Waited before each answer.
    pub latency: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            now: SimClock::default().now(),
            cycles: 4,
            latency: Duration::ZERO,
        }
    }
}

/// A site that is served until this is dropped.
pub struct Preview {
    /// `http://127.0.0.1:PORT`
    pub url: String,
    site: Arc<Site>,
    server: JoinHandle<()>,
    // Serves the items' pictures.
    _upstream: Upstream,
}

struct Site {
    host: SimHost<lively::Direct>,
    config: Config,
    compiled: String,
    latency: Duration,
}

impl Preview {
    /// Runs the cycles and starts to serve.
    ///
    /// # Errors
    /// Where the configuration has mistakes, a cycle fails, or loopback can't be bound.
    pub async fn start(options: Options) -> anyhow::Result<Self> {
        let upstream = Upstream::start().await?;
        let (base, now) = (upstream.base_url(), options.now);
        lively::mount(&upstream, SEED, move || now);
        let text = lively::config(&base);
        let config = authoring::compile(&text).map_err(|mistakes| {
            anyhow::anyhow!(authoring::render("the configuration", &text, &mistakes))
        })?;
        let back = CYCLE_EVERY.as_millis() * u128::from(options.cycles);
        let back = i64::try_from(back).context("a history within bounds")?;
        let clock = SimClock::new(options.now.plus_millis(-back));
        let http = lively::Direct::new(clock.clone(), SEED, &base);
        let site = Arc::new(Site {
            host: SimHost::with(http, KvOptions::default(), clock, SEED),
            compiled: config.to_compiled(),
            config,
            latency: options.latency,
        });
        for _ in 0..options.cycles {
            site.cycle()?;
            site.host.clock.advance(CYCLE_EVERY);
        }
        site.cycle()?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        Ok(Self {
            url: format!("http://{}", listener.local_addr()?),
            server: tokio::spawn(serve(listener, site.clone())),
            site,
            _upstream: upstream,
        })
    }

    /// Lets time pass and runs a cycle.
    ///
    /// # Errors
    /// Where it fails.
    pub fn later(&self, time: Duration) -> anyhow::Result<()> {
        self.site.host.clock.advance(time);
        self.site.cycle()
    }
}

impl Site {
    fn cycle(&self) -> anyhow::Result<()> {
        let run = cycle::run(&self.host, &self.config, Scope::All);
        let report = block_on(run)?;
        ensure!(report.left == 0, "sources are left: raise the limits");
        Ok(())
    }
}

impl Drop for Preview {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(listener: TcpListener, site: Arc<Site>) {
    while let Ok((stream, _)) = listener.accept().await {
        // Small answers one after another: without this each waits for the other side's acknowledgement.
        let _ = stream.set_nodelay(true);
        let site = site.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request| answer(site.clone(), request));
            // A browser closes connections as it likes.
            let _ = http1::Builder::new()
                .timer(TokioTimer::new())
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

async fn answer(
    site: Arc<Site>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (parts, body) = request.into_parts();
    // The routes that a browser asks have no body.
    let body = body
        .collect()
        .await
        .map(http_body_util::Collected::to_bytes);
    let request = Request::from_parts(parts, body.unwrap_or_default());
    tokio::time::sleep(site.latency).await;
    let answer = block_on(serve::handle(&site.host, &site.compiled, request));
    Ok(answer.map(|body| Full::new(body.into_bytes())))
}
