//! A Redis server.

use std::ffi::OsStr;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use super::{Process, Scratch, find, free_port};

/// The program; also the name of Debian's package.
pub const PROGRAM: &str = "redis-server";
/// Attempts to start a server on a port that was free a moment before.
const ATTEMPTS: usize = 5;

/// A server, with its files in a folder that is removed with it.
#[derive(Debug)]
pub struct Redis {
    /// Where clients reach it.
    pub address: SocketAddr,
    /// Its process.
    pub process: Process,
    _folder: Scratch,
}

impl Redis {
    /// Starts one; `None`, with a message, where the program is not installed. `settings` are of its command line.
    ///
    /// # Errors
    /// Where it does not start.
    pub fn start(settings: &[&str]) -> anyhow::Result<Option<Self>> {
        Self::start_on("--port", settings.iter().map(OsStr::new))
    }

    /// Starts one that speaks TLS and nothing else, with these files in PEM; asks no certificate of clients.
    ///
    /// # Errors
    /// Where it does not start.
    pub fn secured(certificate: &Path, key: &Path, ca: &Path) -> anyhow::Result<Option<Self>> {
        let settings = [
            OsStr::new("--port"),
            OsStr::new("0"),
            OsStr::new("--tls-auth-clients"),
            OsStr::new("no"),
            OsStr::new("--tls-cert-file"),
            certificate.as_os_str(),
            OsStr::new("--tls-key-file"),
            key.as_os_str(),
            OsStr::new("--tls-ca-cert-file"),
            ca.as_os_str(),
        ];
        Self::start_on("--tls-port", settings)
    }

    /// `listening` is the setting that names the port.
    fn start_on<'a>(
        listening: &str,
        settings: impl IntoIterator<Item = &'a OsStr> + Clone,
    ) -> anyhow::Result<Option<Self>> {
        let Some(program) = find(PROGRAM) else {
            return Ok(None);
        };
        let mut last = None;
        for _ in 0..ATTEMPTS {
            let folder = Scratch::new("redis")?;
            let port = free_port()?;
            let address = SocketAddr::from(([127, 0, 0, 1], port));
            let mut command = Command::new(&program);
            command
                .args(["--bind", "127.0.0.1", listening, &port.to_string()])
                .arg("--dir")
                .arg(folder.path())
                .args(settings.clone())
                .stdout(std::process::Stdio::null());
            let mut process = Process::start(&mut command, None)?;
            match process.await_listening(address) {
                Ok(()) => {
                    return Ok(Some(Self {
                        address,
                        process,
                        _folder: folder,
                    }));
                }
                Err(error) => last = Some(error),
            }
        }
        Err(last.unwrap_or_else(|| anyhow::anyhow!("never tried")))
    }

    /// `redis://` with `rest`.
    #[must_use]
    pub fn store(&self, rest: &str) -> String {
        format!("redis://{}/{rest}", self.address)
    }
}
