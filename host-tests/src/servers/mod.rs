//! Stores on this machine for tests: servers of the system (NATS and Redis), a proxy that breaks connections, and SQLite.

pub mod disk;
pub mod nats;
pub mod proxy;
pub mod redis;
pub mod sqlite;

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

/// A server must take connections within this.
const START_PATIENCE: Duration = Duration::from_secs(20);

/// Where `program` is, or `None` with a message for whoever wonders why a test is so fast.
#[must_use]
pub fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // Debian keeps servers where only root looks for programs.
    let system = ["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from);
    let found = std::env::split_paths(&path)
        .chain(system)
        .map(|folder| folder.join(program))
        .find(|candidate| candidate.is_file());
    if found.is_none() {
        println!("skipped: no {program} here (Debian: `apt-get install {program}`)");
    }
    found
}

/// A port of 127.0.0.1 that is free now. Somebody may take it before it is used: whoever needs one tries again.
///
/// # Errors
/// Where there is none.
pub fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// A folder of its own, removed when this is dropped.
#[derive(Debug)]
pub struct Scratch(PathBuf);

impl Scratch {
    /// # Errors
    /// Where it can't be made.
    pub fn new(name: &str) -> io::Result<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("edgefold-{name}-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder)?;
        Ok(Self(folder))
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A program under way; killed when this is dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
}

impl Process {
    /// Starts `command` with its output in `log`, or thrown away.
    ///
    /// # Errors
    /// Where it can't be started.
    pub fn start(command: &mut Command, log: Option<&Path>) -> io::Result<Self> {
        let stderr = match log {
            Some(file) => Stdio::from(
                std::fs::OpenOptions::new()
                    .create(true)
                    .append(true)
                    .open(file)?,
            ),
            None => Stdio::null(),
        };
        let child = command.stdin(Stdio::null()).stderr(stderr).spawn()?;
        Ok(Self { child })
    }

    /// Waits until it takes connections at `address`.
    ///
    /// # Errors
    /// Where it ends instead, or takes too long.
    pub fn await_listening(&mut self, address: SocketAddr) -> anyhow::Result<()> {
        let patience = Instant::now() + START_PATIENCE;
        while TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_err() {
            if let Some(status) = self.child.try_wait()? {
                bail!("it ended at once: {status}");
            }
            if Instant::now() >= patience {
                bail!("it does not listen on {address}");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// Its standard output, once.
    pub fn stdout(&mut self) -> Option<std::process::ChildStdout> {
        self.child.stdout.take()
    }

    /// Its number.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// As `kill -9`.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Stops it where it stands, or lets it go on: as a machine does that swaps.
    ///
    /// # Errors
    /// Where it is gone.
    pub fn pause(&self, pause: bool) -> anyhow::Result<()> {
        let signal = if pause { "-STOP" } else { "-CONT" };
        let status = Command::new("kill")
            .args([signal, &self.id().to_string()])
            .status()
            .context("can't run kill")?;
        anyhow::ensure!(status.success(), "kill {signal} {}: {status}", self.id());
        // The signal is sent, and takes effect when the system sees fit: what is asked for is that it stands still.
        let patience = Instant::now() + START_PATIENCE;
        while pause && self.stands_still() == Some(false) {
            anyhow::ensure!(Instant::now() < patience, "{} does not stop", self.id());
            std::thread::sleep(Duration::from_millis(2));
        }
        Ok(())
    }

    /// Whether all its threads are stopped, where the system tells.
    fn stands_still(&self) -> Option<bool> {
        let threads = std::fs::read_dir(format!("/proc/{}/task", self.id())).ok()?;
        Some(threads.flatten().all(|thread| {
            let stat = std::fs::read_to_string(thread.path().join("stat")).unwrap_or_default();
            let state = stat.rsplit_once(") ").map(|(_, rest)| rest);
            state.is_none_or(|state| state.starts_with('T'))
        }))
    }

    /// Memory that it has in use, in bytes, where the system tells.
    #[must_use]
    pub fn memory_bytes(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id())).ok()?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
        let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
        Some(kilobytes * 1024)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}
