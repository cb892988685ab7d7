//! A store on a Redis or Valkey server, for several processes.

mod open;
mod scripts;

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use redis::aio::ConnectionManager;
use redis::{AsyncCommands, ErrorKind, RedisError, ServerErrorKind};

pub use self::open::RedisOptions;
use self::scripts::Scripts;
use super::address;
use super::{Capabilities, Entry, KeyPage, Kv, KvError, LIST_KEYS_MAX, Precondition, Version};

/// A stored value begins with its version: see `scripts`.
const VERSION_BYTES: usize = 32;

/// Keeps everything on one Redis or Valkey server (7 or later), for any number of processes.
///
/// Swaps are scripts that the server runs one at a time. Every read asks the server; nothing is kept in this process, so
/// that while the server is down nothing is answered. What was acknowledged is as durable as the server makes it: with
/// `appendonly yes` up to a second of writes may be lost in a crash (`appendfsync everysec`), and a failover to a replica
/// loses what that had not received.
#[derive(Clone)]
pub struct RedisKv {
    connection: ConnectionManager,
    scripts: Scripts,
    prefix: String,
    notes: Vec<String>,
}

impl fmt::Debug for RedisKv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RedisKv({})", self.prefix)
    }
}

impl RedisKv {
    fn value(&self, key: &str) -> String {
        format!("{}v:{key}", self.prefix)
    }

    fn counter(&self, key: &str) -> String {
        format!("{}c:{key}", self.prefix)
    }

    /// All keys that have a value, in order: Redis itself can only walk through all its keys, in none.
    fn index(&self) -> String {
        format!("{}keys", self.prefix)
    }
}

impl Kv for RedisKv {
    fn capabilities(&self) -> Capabilities {
        Capabilities::ALL
    }

    fn notes(&self) -> Vec<String> {
        self.notes.clone()
    }

    fn is_shared(&self) -> bool {
        true
    }

    async fn get(&self, key: &str) -> Result<Option<Entry>, KvError> {
        let mut connection = self.connection.clone();
        let found: Option<Vec<u8>> = connection.get(self.value(key)).await.map_err(unavailable)?;
        found.map(entry).transpose()
    }

    async fn get_many(&self, keys: &[String]) -> Result<Vec<Option<Entry>>, KvError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let keys: Vec<String> = keys.iter().map(|key| self.value(key)).collect();
        let mut connection = self.connection.clone();
        let found: Vec<Option<Vec<u8>>> = connection.mget(keys).await.map_err(unavailable)?;
        found
            .into_iter()
            .map(|value| value.map(entry).transpose())
            .collect()
    }

    async fn put(
        &self,
        key: &str,
        value: Bytes,
        when: Precondition,
        ttl: Option<Duration>,
    ) -> Result<Version, KvError> {
        let (when, wanted) = match &when {
            Precondition::None => ("none", ""),
            Precondition::Absent => ("absent", ""),
            Precondition::Version(Version(version)) => ("version", version.as_str()),
        };
        let ttl_ms = ttl.map_or(0, |ttl| u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX));
        let written: Option<String> = self
            .scripts
            .put
            .key(self.value(key))
            .key(self.index())
            .key(format!("{}version", self.prefix))
            .arg(when)
            .arg(wanted)
            .arg(format!("{:016x}", xxhash_rust::xxh3::xxh3_64(&value)))
            .arg(value.as_ref())
            .arg(if ttl.is_some() {
                ttl_ms.clamp(1, TTL_MS_MAX)
            } else {
                0
            })
            .arg(key)
            .invoke_async(&mut self.connection.clone())
            .await
            .map_err(lost)?;
        written.map(Version).ok_or(KvError::Conflict)
    }

    async fn delete(&self, key: &str) -> Result<(), KvError> {
        self.scripts
            .delete
            .key(self.value(key))
            .key(self.counter(key))
            .key(self.index())
            .arg(key)
            .invoke_async(&mut self.connection.clone())
            .await
            .map_err(lost)
    }

    async fn list(&self, prefix: &str, cursor: Option<&str>) -> Result<KeyPage, KvError> {
        let (keys, last): (Vec<String>, Option<String>) = self
            .scripts
            .list
            .key(self.index())
            .arg(prefix)
            .arg(cursor.unwrap_or_default())
            .arg(LIST_KEYS_MAX)
            .arg(self.value(""))
            .invoke_async(&mut self.connection.clone())
            .await
            .map_err(unavailable)?;
        let cursor = last.filter(|last| !last.is_empty());
        Ok(KeyPage { keys, cursor })
    }

    async fn increment(&self, key: &str) -> Result<u64, KvError> {
        let mut connection = self.connection.clone();
        connection.incr(self.counter(key), 1).await.map_err(lost)
    }
}

/// A hundred years: more is too much for the server's arithmetic.
const TTL_MS_MAX: u64 = 100 * 366 * 86_400_000;

fn entry(stored: Vec<u8>) -> Result<Entry, KvError> {
    let mut stored = Bytes::from(stored);
    if stored.len() < VERSION_BYTES {
        return Err(KvError::Unavailable(
            "Redis: a value that edgefold has not written".to_owned(),
        ));
    }
    let version = stored.split_to(VERSION_BYTES);
    Ok(Entry {
        version: Version(String::from_utf8_lossy(&version).into_owned()),
        value: stored,
    })
}

fn unavailable(error: RedisError) -> KvError {
    KvError::Unavailable(format!("Redis: {}", address::because(&error)))
}

/// A write that failed: refused, or its answer lost.
fn lost(error: RedisError) -> KvError {
    let refused = match error.kind() {
        // A script that has begun to write does not fail any more.
        ErrorKind::Server(ServerErrorKind::TryAgain) => false,
        ErrorKind::Server(_) | ErrorKind::Extension | ErrorKind::AuthenticationFailed => true,
        _ => error.is_connection_refusal(),
    };
    if refused {
        unavailable(error)
    } else {
        KvError::Ambiguous(format!("Redis: {}", address::because(&error)))
    }
}
