//! One `edgefold up`, which reaches each NATS server through a proxy of its own.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, bail};

use super::TOKEN;
use crate::servers::proxy::{Mode, Proxy};
use crate::servers::{Process, free_port};

/// Lines of a log that an error shows.
const LOG_LINES: usize = 30;
/// A process says that it is ready within this: the first one compiles the component.
const READY_PATIENCE: Duration = Duration::from_secs(180);

/// The library that shows a program another time, where it is installed.
pub(super) fn faketime() -> Option<PathBuf> {
    let folders = std::fs::read_dir("/usr/lib").ok()?;
    folders
        .filter_map(Result::ok)
        .map(|folder| folder.path().join("faketime/libfaketimeMT.so.1"))
        .find(|library| library.is_file())
}

/// A process that can be killed and started again where it was.
pub struct Site {
    program: PathBuf,
    component: PathBuf,
    config: PathBuf,
    log: PathBuf,
    proxies: Vec<Proxy>,
    address: SocketAddr,
    process: Option<Process>,
    /// Whether it runs cycles by itself.
    pub schedule: bool,
    /// How far its clock is ahead.
    pub clock_ahead: Duration,
    /// What stands behind the servers in its store's address.
    pub store_rest: String,
}

impl Site {
    /// Not started yet.
    ///
    /// # Errors
    /// Where no port is free.
    pub async fn new(
        program: &Path,
        component: &Path,
        config: &Path,
        servers: &[SocketAddr],
        log: PathBuf,
    ) -> anyhow::Result<Self> {
        let mut proxies = Vec::new();
        for server in servers {
            proxies.push(Proxy::start(*server).await?);
        }
        Ok(Self {
            program: program.to_owned(),
            component: component.to_owned(),
            config: config.to_owned(),
            log,
            proxies,
            address: SocketAddr::from(([127, 0, 0, 1], free_port()?)),
            process: None,
            schedule: false,
            clock_ahead: Duration::ZERO,
            store_rest: String::new(),
        })
    }

    /// Starts it, and waits until it answers.
    ///
    /// # Errors
    /// Where it ends instead.
    pub async fn start(&mut self) -> anyhow::Result<()> {
        let servers: Vec<String> = self
            .proxies
            .iter()
            .map(|proxy| proxy.address.to_string())
            .collect();
        let mut command = Command::new(&self.program);
        command
            .arg("up")
            .arg("--config")
            .arg(&self.config)
            .arg("--component")
            .arg(&self.component)
            .args(["--listen", &self.address.to_string()])
            .args(["--allow-outbound", "127.0.0.1"])
            .args(["--var", &format!("admin_token={TOKEN}")])
            .env(
                "EDGEFOLD_STORE",
                format!("nats://{}/{}", servers.join(","), self.store_rest),
            )
            // Requests are the load's business, and a line for each would fill the disk.
            .env("RUST_LOG", "info,edgefold_host::server=warn")
            .stdout(Stdio::piped());
        if !self.schedule {
            command.arg("--no-schedule");
        }
        if !self.clock_ahead.is_zero() {
            let ahead = format!("+{}s", self.clock_ahead.as_secs());
            command
                .env("LD_PRELOAD", faketime().context("no libfaketime")?)
                .env("FAKETIME", ahead)
                // A wrong clock still goes at the right pace.
                .env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        }
        let mut process = Process::start(&mut command, Some(&self.log))?;
        let stdout = process.stdout().context("no standard output")?;
        let ready = tokio::task::spawn_blocking(move || {
            let mut line = String::new();
            BufReader::new(stdout).read_line(&mut line).map(|_| line)
        });
        let line = tokio::time::timeout(READY_PATIENCE, ready)
            .await
            .context("not ready in time")???;
        if !line.starts_with("ready ") {
            bail!("it did not start");
        }
        self.process = Some(process);
        Ok(())
    }

    /// As `kill -9`.
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// `http://` and its address, also while it is down.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What happens between it and all NATS servers.
    pub fn network(&self, mode: Mode) {
        for proxy in &self.proxies {
            proxy.set(mode);
        }
    }

    /// Its memory, in bytes.
    #[must_use]
    pub fn memory_bytes(&self) -> Option<u64> {
        self.process.as_ref()?.memory_bytes()
    }

    /// The end of its log, for people.
    #[must_use]
    pub fn log_tail(&self) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(LOG_LINES)..].join("\n")
    }
}
