//! `cargo xtask demo`: an upstream server on this machine, edgefold's component in front of it, and a cycle every few seconds.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::Path;

use anyhow::{Context, ensure};
use bytes::Bytes;
use edgefold::config::{Config, authoring};
use edgefold_host::EdgefoldHost;
use edgefold_host::outbound::{Allowed, OutboundPolicy};
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Empty};
use serde_json::Value;

use crate::upstream::Upstream;

/// Runs of one cycle, before the demo gives up on sources that are always left for the next one.
const RUNS_MAX: usize = 100;

/// The demo's site: a component that serves what an upstream on this machine says.
#[derive(Clone)]
pub struct Demo {
    /// The component; serves the page.
    pub host: EdgefoldHost,
    token: String,
}

/// What one cycle did, over all of its runs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cycle {
    /// The head's generation.
    pub generation: u64,
    /// Items not seen before.
    pub added: u64,
    /// Items that changed.
    pub changed: u64,
    /// Requests to sources.
    pub requests: u64,
    /// Values written to the store.
    pub writes: u64,
    /// Sources that gave nothing usable, with the reason.
    pub failed: Vec<String>,
}

impl Demo {
    /// Loads `component`, with `config_text` (as in `edgefold.toml`) as its configuration and an empty store in memory. It
    /// may ask `upstream` and nothing else on this machine.
    ///
    /// # Errors
    /// Where the component is missing or the configuration has mistakes.
    pub async fn start(
        component: &Path,
        config_text: &str,
        upstream: &Upstream,
    ) -> anyhow::Result<Self> {
        let config: Config = authoring::compile(config_text).map_err(|mistakes| {
            anyhow::anyhow!(authoring::render(
                "the demo's configuration",
                config_text,
                &mistakes
            ))
        })?;
        let bytes = std::fs::read(component)
            .with_context(|| format!("no {}: run `cargo xtask build`", component.display()))?;
        let address = upstream.base_url();
        let allowed: Allowed = address.trim_start_matches("http://").parse()?;
        // Known to this process alone: nobody else can call for a cycle.
        let token = random_token();
        let host = EdgefoldHost::builder()
            .component(bytes)
            .variables([
                ("config", config.to_compiled()),
                ("refresh_token", token.clone()),
            ])
            .outbound(OutboundPolicy::public().allow(allowed))
            .build()
            .await?;
        Ok(Self { host, token })
    }

    /// Asks all sources, in as many runs as their limits make it.
    ///
    /// # Errors
    /// Where the component refuses.
    pub async fn cycle(&self) -> anyhow::Result<Cycle> {
        let mut cycle = Cycle::default();
        let mut path = "/_edgefold/refresh?all=1";
        for _ in 0..RUNS_MAX {
            let report = self.run(path).await?;
            cycle.add(&report);
            if report["left"] == 0 {
                break;
            }
            path = "/_edgefold/refresh";
        }
        Ok(cycle)
    }

    async fn run(&self, path: &str) -> anyhow::Result<Value> {
        let request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token))
            .body(Empty::<Bytes>::new())?;
        let timeout = self.host.limits().refresh_timeout;
        let (parts, body) = self.host.handle_within(request, timeout).await.into_parts();
        let body = body
            .collect()
            .await
            .map_err(anyhow::Error::from_boxed)?
            .to_bytes();
        let text = String::from_utf8_lossy(&body);
        ensure!(
            parts.status == StatusCode::OK,
            "the cycle failed: {} {text}",
            parts.status
        );
        Ok(serde_json::from_str(&text)?)
    }
}

impl Cycle {
    fn add(&mut self, report: &Value) {
        let number = |value: &Value| value.as_u64().unwrap_or(0);
        self.generation = number(&report["generation"]);
        self.added += number(&report["added"]);
        self.changed += number(&report["changed"]);
        self.requests += number(&report["requests"]);
        self.writes += number(&report["kv"]["writes"]);
        for source in report["sources"].as_array().into_iter().flatten() {
            if source["outcome"] == "failed" {
                let (id, error) = (&source["id"], &source["error"]);
                let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                self.failed.push(format!("{}: {}", text(id), text(error)));
            }
        }
    }
}

/// 128 bits of the randomness that the standard library takes from the system for its maps.
fn random_token() -> String {
    let word = || RandomState::new().build_hasher().finish();
    format!("{:016x}{:016x}", word(), word())
}
