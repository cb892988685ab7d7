//! The compiled artefacts in their hosts, behind one interface: an address to ask. One list of tests runs on all of them.
//!
//! `cargo xtask build` makes the artefacts; they are read from `dist/` (or the folder that `EDGEFOLD_DIST` names).

pub mod client;
mod component;
mod fastly;
mod listener;
mod spin;

use std::any::Any;
use std::path::{Path, PathBuf};

use anyhow::Context;
use bytes::Bytes;
use edgefold::config::{Config, authoring};

pub use client::Answer;
pub use spin::{Options as SpinOptions, Reads};

use crate::servers;

/// The token of the admin routes that the tests use.
pub const ADMIN_TOKEN: &str = "token-of-the-tests";

/// A host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Host {
    /// `edgefold-host`: any wasmtime program.
    Component,
    /// Spin's interfaces, and no others, over wasmtime; the site in its key-value store.
    Spin,
    /// The same, with the key-value store on a Redis server.
    SpinRedis,
    /// The same artefact, with the site in its SQLite.
    SpinSqlite,
    /// Fastly Compute's local server, `viceroy`.
    Fastly,
}

impl Host {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Component,
        Self::Spin,
        Self::SpinRedis,
        Self::SpinSqlite,
        Self::Fastly,
    ];

    /// For people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::SpinRedis => "spin, redis",
            Self::SpinSqlite => "spin, sqlite",
            _ => self.guest(),
        }
    }

    /// As in `dist/edgefold-GUEST.wasm`.
    fn guest(self) -> &'static str {
        match self {
            Self::Component => "component",
            Self::Spin | Self::SpinRedis | Self::SpinSqlite => "spin",
            Self::Fastly => "fastly",
        }
    }

    /// Whether what it needs of this machine is installed; a message says what is not.
    #[must_use]
    pub fn is_here(self) -> bool {
        self != Self::SpinRedis || servers::find(servers::redis::PROGRAM).is_some()
    }

    /// Whether its store has no compare-and-swap, so that each publish is claimed first, by a counter.
    #[must_use]
    pub fn claims(self) -> bool {
        matches!(self, Self::Spin | Self::SpinRedis)
    }

    /// Where its artefact is.
    ///
    /// # Errors
    /// Where it is not there. The message names the command that makes it.
    pub fn artefact(self) -> anyhow::Result<PathBuf> {
        let folder = std::env::var_os("EDGEFOLD_DIST").map_or_else(
            || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../dist")),
            PathBuf::from,
        );
        let file = folder.join(format!("edgefold-{}.wasm", self.guest()));
        anyhow::ensure!(
            file.is_file(),
            "{} is missing: run `cargo xtask build {}`",
            file.display(),
            self.guest()
        );
        Ok(file)
    }
}

/// Keys and their values.
pub type Stored = Vec<(String, Bytes)>;

/// A deployment with a store of its own. It ends when this is dropped. Needs a tokio runtime with several threads.
pub struct Arm {
    /// Which host.
    pub host: Host,
    base: String,
    _running: Box<dyn Any + Send + Sync>,
}

impl Arm {
    /// Starts `host` with the configuration that `toml` (an `edgefold.toml`) states, and `variables` beside it. Outbound
    /// requests may go to this machine.
    ///
    /// # Errors
    /// Where `toml` has a mistake, or the artefact or the host's program is missing or does not start.
    pub async fn start(host: Host, toml: &str, variables: &[(&str, &str)]) -> anyhow::Result<Self> {
        let config = authoring::compile(toml)
            .map_err(|mistakes| anyhow::anyhow!(authoring::render("test.toml", toml, &mistakes)))?;
        Self::start_compiled(host, &config, variables).await
    }

    /// As [`Arm::start`], with a compiled configuration.
    ///
    /// # Errors
    /// See [`Arm::start`].
    pub async fn start_compiled(
        host: Host,
        config: &Config,
        variables: &[(&str, &str)],
    ) -> anyhow::Result<Self> {
        let mut all = vec![("config".to_owned(), config.to_compiled())];
        all.extend(variables.iter().map(|(n, v)| ((*n).into(), (*v).into())));
        Self::start_bare(host, all).await
    }

    /// Starts Fastly's artefact as `fastly compute serve` does, by the program `cli`, with the project's own `fastly.toml`: the
    /// configuration is the one baked in, and the stores are what the manifest says.
    ///
    /// # Errors
    /// Where the artefact is missing, or the program does not start it.
    pub async fn start_by_fastly_cli(cli: &Path) -> anyhow::Result<Self> {
        let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/../fastly.toml");
        let manifest = std::fs::read_to_string(manifest)?;
        let file = std::fs::canonicalize(Host::Fastly.artefact()?)?;
        let (base, running) = fastly::start_by_cli(cli, &manifest, &file).await?;
        Ok(Self {
            host: Host::Fastly,
            base,
            _running: running,
        })
    }

    /// Starts Spin's artefact with `options`.
    ///
    /// # Errors
    /// See [`Arm::start`], or where the manifest is none.
    pub async fn start_spin(options: SpinOptions) -> anyhow::Result<Self> {
        Self::start_spin_from(&Host::Spin.artefact()?, options).await
    }

    /// As [`Arm::start_spin`], from another file.
    ///
    /// # Errors
    /// See [`Arm::start_spin`].
    pub async fn start_spin_from(file: &Path, options: SpinOptions) -> anyhow::Result<Self> {
        let (base, running) = spin::start(file, options).await?;
        Ok(Self {
            host: Host::Spin,
            base,
            _running: running,
        })
    }

    /// Starts `host` with exactly these variables: the configuration is the one baked in.
    ///
    /// # Errors
    /// See [`Arm::start`].
    pub async fn start_bare(host: Host, variables: Vec<(String, String)>) -> anyhow::Result<Self> {
        Self::start_with(host, variables, Vec::new()).await
    }

    /// As [`Arm::start_bare`], over a store that holds what another host has stored: on every host it is the same bytes.
    ///
    /// # Errors
    /// See [`Arm::start`], or where the store refuses one.
    pub async fn start_with(
        host: Host,
        variables: Vec<(String, String)>,
        stored: Stored,
    ) -> anyhow::Result<Self> {
        let file = host.artefact()?;
        let started: (String, Box<dyn Any + Send + Sync>) = match host {
            Host::Component => component::start(&file, variables, stored).await?,
            Host::Spin | Host::SpinRedis | Host::SpinSqlite => {
                let mut options = SpinOptions::new(variables)?;
                options.stored = stored;
                options.redis = host == Host::SpinRedis;
                if host == Host::SpinSqlite {
                    options.variables.push(("store".into(), "sqlite".into()));
                }
                spin::start(&file, options).await?
            }
            Host::Fastly => fastly::start(&file, variables, stored).await?,
        };
        Ok(Self {
            host,
            base: started.0,
            _running: started.1,
        })
    }

    /// `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.base
    }

    /// Asks `GET path`.
    ///
    /// # Errors
    /// Where no whole answer comes.
    pub async fn get(&self, path: &str) -> anyhow::Result<Answer> {
        self.send("GET", path, &[]).await
    }

    /// Asks `method path` with `headers`.
    ///
    /// # Errors
    /// Where no whole answer comes.
    pub async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
    ) -> anyhow::Result<Answer> {
        let answer = client::send(&self.base, method, path, headers).await;
        answer.with_context(|| format!("{method} {path} on {}", self.host.name()))
    }

    /// Asks for a cycle over all sources, with [`ADMIN_TOKEN`], and gives the report.
    ///
    /// # Errors
    /// Where the answer is not 200 with a report.
    pub async fn refresh(&self) -> anyhow::Result<serde_json::Value> {
        let bearer = format!("Bearer {ADMIN_TOKEN}");
        let headers = [("authorization", bearer.as_str())];
        let answer = self
            .send("POST", "/_edgefold/refresh?all=1", &headers)
            .await?;
        anyhow::ensure!(
            answer.status == 200,
            "refresh on {}: {} {}",
            self.host.name(),
            answer.status,
            answer.text()
        );
        answer.json()
    }
}
