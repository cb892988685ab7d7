//! NATS servers: one, or a cluster of three.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use super::disk::Disk;
use super::{Process, Scratch, find, free_port};

/// The program; also the name of Debian's package.
pub const PROGRAM: &str = "nats-server";
/// Attempts to start servers on ports that were free a moment before.
const ATTEMPTS: usize = 5;

/// One server.
#[derive(Debug)]
pub struct Node {
    program: PathBuf,
    config: PathBuf,
    /// Where clients reach it.
    pub address: SocketAddr,
    process: Option<Process>,
    /// What it stores on, where that is a disk of its own.
    pub disk: Option<Disk>,
}

/// How servers are set up.
#[derive(Debug, Clone, Copy, Default)]
struct Setting<'a> {
    /// More lines of the configuration.
    more: &'a str,
    /// The room on a disk of each one's own, in MB.
    disk_mb: Option<u32>,
}

/// Servers that know each other, with JetStream in a folder that is removed with them.
#[derive(Debug)]
pub struct Nats {
    /// Its servers.
    pub nodes: Vec<Node>,
    folder: Scratch,
}

impl Nats {
    /// One server; `None`, with a message, where the program is not installed. `more` is added to its configuration.
    ///
    /// # Errors
    /// Where it does not start.
    pub fn single(more: &str) -> anyhow::Result<Option<Self>> {
        Self::start(
            1,
            Setting {
                more,
                disk_mb: None,
            },
        )
    }

    /// A cluster of `count`.
    ///
    /// # Errors
    /// Where it does not start.
    pub fn cluster(count: usize) -> anyhow::Result<Option<Self>> {
        Self::start(count, Setting::default())
    }

    /// A cluster of `count`, each on a disk of its own with room for `megabytes`, where the machine lets us mount some.
    ///
    /// # Errors
    /// Where it does not start.
    pub fn cluster_on_disks(count: usize, megabytes: u32) -> anyhow::Result<Option<Self>> {
        let disk_mb = Some(megabytes);
        Self::start(count, Setting { more: "", disk_mb })
    }

    /// A cluster of `count`, of this program.
    ///
    /// # Errors
    /// Where it does not start.
    pub fn cluster_of(program: &Path, count: usize) -> anyhow::Result<Self> {
        Self::start_program(program, count, Setting::default())
    }

    fn start(count: usize, setting: Setting<'_>) -> anyhow::Result<Option<Self>> {
        let program = find(PROGRAM);
        program
            .map(|program| Self::start_program(&program, count, setting))
            .transpose()
    }

    fn start_program(program: &Path, count: usize, setting: Setting<'_>) -> anyhow::Result<Self> {
        let mut last = None;
        for _ in 0..ATTEMPTS {
            match Self::attempt(program, count, setting) {
                Ok(started) => return Ok(started),
                Err(error) => last = Some(error),
            }
        }
        Err(last.unwrap_or_else(|| anyhow::anyhow!("never tried")))
    }

    fn attempt(program: &Path, count: usize, setting: Setting<'_>) -> anyhow::Result<Self> {
        let more = setting.more;
        let folder = Scratch::new("nats")?;
        let ports = |_| Ok((free_port()?, free_port()?));
        let ports: Vec<(u16, u16)> = (0..count).map(ports).collect::<std::io::Result<_>>()?;
        let routes: Vec<String> = ports
            .iter()
            .map(|(_, route)| format!("\"nats://127.0.0.1:{route}\""))
            .collect();
        let mut nodes = Vec::new();
        for (index, (port, route)) in ports.iter().enumerate() {
            let store = folder.path().join(format!("store{index}"));
            let disk = match setting.disk_mb {
                Some(megabytes) => Disk::mount(&store, megabytes)?,
                None => None,
            };
            // Clients learn of no other address than those that they were given: a test may have put a proxy before them.
            let cluster = if count > 1 {
                format!(
                    "cluster {{ name: edgefold, listen: \"127.0.0.1:{route}\", no_advertise: true, routes: [{}] }}\n",
                    routes.join(", ")
                )
            } else {
                String::new()
            };
            let text = format!(
                "listen: \"127.0.0.1:{port}\"\nserver_name: node{index}\n\
                 jetstream {{ store_dir: \"{}\", max_mem: 64MB, max_file: 1GB }}\n{cluster}{more}\n",
                store.display()
            );
            let config = folder.path().join(format!("node{index}.conf"));
            std::fs::write(&config, text)?;
            nodes.push(Node {
                program: program.to_owned(),
                config,
                address: SocketAddr::from(([127, 0, 0, 1], *port)),
                process: None,
                disk,
            });
        }
        for node in &mut nodes {
            node.spawn()?;
        }
        for node in &mut nodes {
            node.await_listening()?;
        }
        Ok(Self { nodes, folder })
    }

    /// The folder with all that the servers keep.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// `nats://` with all servers and `rest`: a bucket and settings.
    #[must_use]
    pub fn store(&self, rest: &str) -> String {
        let addresses = self.nodes.iter().map(|node| node.address.to_string());
        let addresses: Vec<String> = addresses.collect();
        format!("nats://{}/{rest}", addresses.join(","))
    }
}

impl Node {
    fn spawn(&mut self) -> anyhow::Result<()> {
        let mut command = Command::new(&self.program);
        command.arg("-c").arg(&self.config);
        let log = self.config.with_extension("log");
        let process = Process::start(&mut command, Some(&log));
        self.process = Some(process.context("can't start nats-server")?);
        Ok(())
    }

    fn await_listening(&mut self) -> anyhow::Result<()> {
        let process = self.process.as_mut().context("the server is not started")?;
        process.await_listening(self.address)
    }

    /// As `kill -9`.
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// Starts it again where it was, with what it had stored.
    ///
    /// # Errors
    /// Where it does not start.
    pub fn restart(&mut self) -> anyhow::Result<()> {
        self.spawn()?;
        self.await_listening()
    }

    /// Its process, unless it was killed.
    #[must_use]
    pub fn process(&self) -> Option<&Process> {
        self.process.as_ref()
    }
}
