//! What breaks, and how it is mended.

use std::time::Duration;

use super::Cluster;
use super::site::faketime;
use crate::servers::proxy::Mode;

const HOUR: Duration = Duration::from_secs(3600);

/// What breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// `kill -9` of this process; started again.
    SiteKilled(usize),
    /// `kill -9` of this NATS server; started again with what it had.
    ServerKilled(usize),
    /// This NATS server stands still with its connections open, as a machine that swaps.
    ServerPaused(usize),
    /// Packets between this process and all servers are lost.
    Partition(usize),
    /// Connections of this process to all servers are refused.
    Refused(usize),
    /// Every piece from and to the servers comes this much later, for all processes.
    Slow(Duration),
    /// This process is killed and started again with a clock that is an hour ahead; then with the right one.
    ClockAhead(usize),
    /// The disk of this NATS server is full. When there is room again it is started anew, since a full disk makes it give up
    /// JetStream for good.
    DiskFull(usize),
    /// `kill -9` of every NATS server at once; started again with what they had.
    AllServersKilled,
}

impl Fault {
    /// For a table.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::SiteKilled(site) => format!("kill -9 of process {site}"),
            Self::ServerKilled(node) => format!("kill -9 of NATS server {node}"),
            Self::ServerPaused(node) => format!("NATS server {node} stands still"),
            Self::Partition(site) => format!("process {site} cut off, packets lost"),
            Self::Refused(site) => format!("process {site} cut off, connections refused"),
            Self::Slow(delay) => format!("store slow by {} ms each way", delay.as_millis()),
            Self::ClockAhead(site) => format!("clock of process {site} an hour ahead"),
            Self::DiskFull(node) => format!("disk of NATS server {node} full"),
            Self::AllServersKilled => "kill -9 of all NATS servers".to_owned(),
        }
    }

    /// A process that may answer nothing meanwhile.
    #[must_use]
    pub fn takes_down(self) -> Option<usize> {
        match self {
            Self::SiteKilled(site) | Self::ClockAhead(site) => Some(site),
            _ => None,
        }
    }

    /// Whether this machine can do it.
    #[must_use]
    pub fn is_possible(self, cluster: &Cluster) -> bool {
        match self {
            Self::ClockAhead(_) => faketime().is_some(),
            Self::DiskFull(node) => cluster.nats.nodes[node].disk.is_some(),
            _ => true,
        }
    }

    /// Breaks it.
    ///
    /// # Errors
    /// Where it can't be broken.
    pub async fn begin(self, cluster: &mut Cluster) -> anyhow::Result<()> {
        match self {
            Self::SiteKilled(site) => cluster.sites[site].kill(),
            Self::ServerKilled(node) => cluster.nats.nodes[node].kill(),
            Self::ServerPaused(node) => {
                if let Some(process) = cluster.nats.nodes[node].process() {
                    process.pause(true)?;
                }
            }
            Self::Partition(site) => cluster.sites[site].network(Mode::Stall),
            Self::Refused(site) => cluster.sites[site].network(Mode::Cut),
            Self::Slow(delay) => {
                for site in &cluster.sites {
                    site.network(Mode::Slow(delay));
                }
            }
            Self::ClockAhead(site) => {
                let site = &mut cluster.sites[site];
                site.kill();
                site.clock_ahead = HOUR;
                site.start().await?;
            }
            Self::DiskFull(node) => {
                if let Some(disk) = &cluster.nats.nodes[node].disk {
                    disk.fill()?;
                }
            }
            Self::AllServersKilled => {
                for node in &mut cluster.nats.nodes {
                    node.kill();
                }
            }
        }
        Ok(())
    }

    /// Mends what broke, and nothing else: everything else must mend itself.
    ///
    /// # Errors
    /// Where a program does not start again.
    pub async fn end(self, cluster: &mut Cluster) -> anyhow::Result<()> {
        match self {
            Self::SiteKilled(site) => cluster.sites[site].start().await?,
            Self::ServerKilled(node) => cluster.nats.nodes[node].restart()?,
            Self::ServerPaused(node) => {
                if let Some(process) = cluster.nats.nodes[node].process() {
                    process.pause(false)?;
                }
            }
            Self::Partition(site) | Self::Refused(site) => cluster.sites[site].network(Mode::Pass),
            Self::Slow(_) => {
                for site in &cluster.sites {
                    site.network(Mode::Pass);
                }
            }
            Self::ClockAhead(site) => {
                let site = &mut cluster.sites[site];
                site.kill();
                site.clock_ahead = Duration::ZERO;
                site.start().await?;
            }
            Self::DiskFull(node) => {
                let node = &mut cluster.nats.nodes[node];
                if let Some(disk) = &node.disk {
                    disk.free()?;
                }
                node.kill();
                node.restart()?;
            }
            Self::AllServersKilled => {
                for node in &mut cluster.nats.nodes {
                    node.restart()?;
                }
            }
        }
        Ok(())
    }
}
