//! A component that runs in `edgefold-host` and listens on a port.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, ensure};
use bytes::Bytes;
use edgefold::config::Config;
use edgefold_host::kv::RedbKv;
use edgefold_host::outbound::{Allowed, OutboundPolicy};
use edgefold_host::{Builder, EdgefoldHost, Limits};
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Empty};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;

use super::counted::CountedKv;
use crate::upstream::Upstream;

/// Opens the admin routes; nothing else listens to these hosts.
const TOKEN: &str = "bench-token";

/// One component in one host with a store of its own.
#[derive(Clone)]
pub struct Running {
    host: EdgefoldHost,
    /// Its store, where that is in memory.
    pub kv: CountedKv,
}

/// An answer, whole.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Its head.
    pub parts: http::response::Parts,
    /// Its body.
    pub body: Bytes,
}

impl Running {
    /// Starts `component` with `config` as its configuration and a store in memory that counts; it may ask `upstream`.
    ///
    /// # Errors
    /// Where the file is missing or is no component.
    pub async fn start(
        component: &Path,
        config: Option<&Config>,
        upstream: Option<&Upstream>,
        limits: Limits,
    ) -> anyhow::Result<Self> {
        let kv = CountedKv::default();
        let host = builder(component, config, upstream, limits)?.kv(kv.clone());
        let host = host.build().await?;
        Ok(Self { host, kv })
    }

    /// As [`Running::start`] with the store of a deployment, in a file. It is not counted.
    ///
    /// # Errors
    /// Where `component` is missing or is no component.
    pub async fn start_on_file(
        kv: RedbKv,
        component: &Path,
        config: Option<&Config>,
        upstream: Option<&Upstream>,
        limits: Limits,
    ) -> anyhow::Result<Self> {
        let host = builder(component, config, upstream, limits)?.kv(kv);
        Ok(Self {
            host: host.build().await?,
            kv: CountedKv::default(),
        })
    }

    /// As [`Running::start_on_file`], with no upstreams, and a store that is filled.
    ///
    /// # Errors
    /// Where `component` is missing or is no component.
    pub async fn start_filled(
        component: &Path,
        compiled: &str,
        kv: RedbKv,
        limits: Limits,
    ) -> anyhow::Result<Self> {
        let host = builder(component, None, None, limits)?;
        let host = host.variables([("config", compiled)]).kv(kv);
        Ok(Self {
            host: host.build().await?,
            kv: CountedKv::default(),
        })
    }

    /// As [`Running::start`], with no upstreams, and a store that is filled; one instance answers one request after the other, and counts its instructions.
    ///
    /// # Errors
    /// Where `component` is missing or is no component.
    pub async fn start_counting(
        component: &Path,
        compiled: &str,
        kv: CountedKv,
    ) -> anyhow::Result<Self> {
        let limits = Limits {
            requests_per_instance: usize::MAX,
            requests_at_once: 1,
            instance_idle: Duration::from_secs(3600),
            ..asked_each_time()
        };
        let host = builder(component, None, None, limits)?
            .variables([("config", compiled)])
            .kv(kv.clone())
            .count_instructions();
        let host = host.build().await?;
        Ok(Self { host, kv })
    }

    /// See [`EdgefoldHost::instructions`].
    #[must_use]
    pub fn instructions(&self) -> u64 {
        self.host.instructions().unwrap_or(0)
    }

    /// The hello-world component in `file`, which answers with `answer` where there is one. Its status is not sent: 200.
    ///
    /// # Errors
    /// Where the file is missing or is no component, or the answer is no text.
    pub async fn hello(file: &Path, answer: Option<&Answer>) -> anyhow::Result<Self> {
        let mut host = builder(file, None, None, Limits::default())?;
        if let Some(answer) = answer {
            let mut text = String::new();
            for (name, value) in &answer.parts.headers {
                text.push_str(&format!("{name}: {}\n", value.to_str()?));
            }
            text.push('\n');
            text.push_str(std::str::from_utf8(&answer.body)?);
            host = host.variables([("answer", text)]);
        }
        Ok(Self {
            host: host.build().await?,
            kv: CountedKv::default(),
        })
    }

    /// One request, without a socket.
    ///
    /// # Errors
    /// Where the body breaks off.
    pub async fn ask(&self, method: Method, path: &str) -> anyhow::Result<Answer> {
        self.ask_with(method, path, "").await
    }

    /// As [`Running::ask`] with more header fields, one a line.
    ///
    /// # Errors
    /// Where the body breaks off, or a line is no field.
    pub async fn ask_with(
        &self,
        method: Method,
        path: &str,
        fields: &str,
    ) -> anyhow::Result<Answer> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            // Feeds have absolute addresses.
            .header(header::HOST, "localhost")
            .header(header::AUTHORIZATION, format!("Bearer {TOKEN}"));
        for field in fields.lines() {
            let (name, value) = field.split_once(": ").context("a field without `: `")?;
            request = request.header(name, value);
        }
        let request = request.body(Empty::<Bytes>::new())?;
        let timeout = self.host.limits().refresh_timeout;
        let (parts, body) = self.host.handle_within(request, timeout).await.into_parts();
        let body = body.collect().await.map_err(anyhow::Error::from_boxed)?;
        Ok(Answer {
            parts,
            body: body.to_bytes(),
        })
    }

    /// Most bytes of linear memory that any instance has had.
    #[must_use]
    pub fn memory_bytes_peak(&self) -> usize {
        self.host.memory_bytes_peak()
    }

    /// Runs a cycle over all sources and returns its report.
    ///
    /// # Errors
    /// Where the component refuses, or leaves sources for another run.
    pub async fn cycle(&self) -> anyhow::Result<Value> {
        let answer = self.ask(Method::POST, "/_edgefold/refresh?all=1").await?;
        let text = String::from_utf8_lossy(&answer.body);
        ensure!(
            answer.parts.status == StatusCode::OK,
            "refresh: {} {text}",
            answer.parts.status
        );
        let report: Value = serde_json::from_str(&text)?;
        ensure!(report["left"] == 0, "sources are left: {text}");
        Ok(report)
    }

    /// Listens on a free port until the runtime ends.
    ///
    /// # Errors
    /// Where no port is free.
    pub async fn listen(&self) -> std::io::Result<SocketAddr> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let host = self.host.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let _ = stream.set_nodelay(true);
                let host = host.clone();
                let service = service_fn(move |request| {
                    let host = host.clone();
                    async move { Ok::<_, std::convert::Infallible>(host.handle(request).await) }
                });
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        Ok(address)
    }
}

/// The limits of a host that has the component make every answer.
#[must_use]
pub fn asked_each_time() -> Limits {
    Limits {
        kept_answers_bytes: 0,
        ..Limits::default()
    }
}

fn builder(
    component: &Path,
    config: Option<&Config>,
    upstream: Option<&Upstream>,
    limits: Limits,
) -> anyhow::Result<Builder> {
    let bytes = std::fs::read(component)
        .with_context(|| format!("no {}: run `cargo xtask build`", component.display()))?;
    let mut policy = OutboundPolicy::public();
    if let Some(upstream) = upstream {
        let address = upstream.base_url();
        policy = policy.allow(address.trim_start_matches("http://").parse::<Allowed>()?);
    }
    let mut variables = vec![("admin_token", TOKEN.to_owned())];
    variables.extend(config.map(|config| ("config", config.to_compiled())));
    Ok(EdgefoldHost::builder()
        .component(bytes)
        .variables(variables)
        .outbound(policy)
        .limits(limits))
}
