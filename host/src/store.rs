//! Where a deployment keeps its values, as a person writes it.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use crate::embed::Builder;
use crate::kv::{MemoryKv, OpenError, RedbKv};
#[cfg(feature = "nats")]
use crate::kv::{NatsKv, NatsOptions};
#[cfg(feature = "redis")]
use crate::kv::{RedisKv, RedisOptions};

/// Where a deployment keeps its values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreChoice {
    /// Gone with the process.
    Memory,
    /// One file: see [`RedbKv`].
    Redb(PathBuf),
    /// A bucket for several processes: see [`NatsKv`].
    #[cfg(feature = "nats")]
    Nats(NatsOptions),
    /// A server for several processes: see [`RedisKv`].
    #[cfg(feature = "redis")]
    Redis(RedisOptions),
}

/// Written `memory:`, `redb:PATH`, or as [`NatsOptions`] and [`RedisOptions`] say.
impl FromStr for StoreChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            Some(("memory", "")) => Ok(Self::Memory),
            Some(("redb", path)) if !path.is_empty() => Ok(Self::Redb(path.into())),
            #[cfg(feature = "nats")]
            Some(("nats" | "tls", _)) => text.parse().map(Self::Nats),
            #[cfg(feature = "redis")]
            Some(("redis" | "rediss", _)) => text.parse().map(Self::Redis),
            // What stands before the colon: the rest may have a password in it.
            found => Err(format!(
                "{:?} is no store: write {}",
                found.map_or(text, |(kind, _)| kind),
                kinds().join(", ")
            )),
        }
    }
}

/// How the stores are written that this program was built with.
fn kinds() -> Vec<&'static str> {
    let mut kinds = vec!["redb:PATH", "memory:"];
    if cfg!(feature = "nats") {
        kinds.push("nats://HOST:PORT/BUCKET?replicas=3 (with TLS tls://)");
    }
    if cfg!(feature = "redis") {
        kinds.push("redis://HOST:PORT/DATABASE (with TLS rediss://)");
    }
    kinds
}

/// Without passwords.
impl fmt::Display for StoreChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory => write!(f, "memory:"),
            Self::Redb(path) => write!(f, "redb:{}", path.display()),
            #[cfg(feature = "nats")]
            Self::Nats(options) => write!(f, "{options}"),
            #[cfg(feature = "redis")]
            Self::Redis(options) => write!(f, "{options}"),
        }
    }
}

impl StoreChoice {
    /// Opens the store for `builder`.
    pub(crate) async fn open(&self, builder: Builder) -> Result<Builder, OpenError> {
        Ok(match self {
            Self::Memory => builder.kv(MemoryKv::new()),
            Self::Redb(path) => builder.kv(RedbKv::open(path)?),
            #[cfg(feature = "nats")]
            Self::Nats(options) => builder.kv(NatsKv::open(options).await?),
            #[cfg(feature = "redis")]
            Self::Redis(options) => builder.kv(RedisKv::open(options).await?),
        })
    }
}
