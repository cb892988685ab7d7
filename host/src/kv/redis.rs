//! A store on a Redis or Valkey server, for several processes.

mod scripts;

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use bytes::Bytes;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{
    AsyncCommands, Client, ConnectionAddr, ErrorKind, IntoConnectionInfo, RedisConnectionInfo,
    RedisError, ServerErrorKind,
};
use tokio::time::timeout;

use self::scripts::Scripts;
use super::address::{self, Address};
use super::{
    Capabilities, Entry, KeyPage, Kv, KvError, LIST_KEYS_MAX, OpenError, Precondition, Version,
};

/// A server must answer within this when a store is opened.
const OPEN_TIMEOUT: Duration = Duration::from_secs(5);
/// And any command within this; a write without an answer is [`KvError::Ambiguous`].
const ANSWER_TIMEOUT: Duration = Duration::from_secs(3);
const DEFAULT_PORT: u16 = 6379;
/// Keys of the server begin with this, where nothing else is asked for.
const PREFIX: &str = "edgefold";
/// A stored value begins with its version: see `scripts`.
const VERSION_BYTES: usize = 32;
/// Written when a store is opened: shows that it can be.
const OPENED: &str = "host/opened";

/// Which server.
///
/// Written `redis://USER:PASSWORD@HOST:PORT/DATABASE?prefix=NAME`. Keys on the server begin with `{NAME}:`, the braces
/// included: several deployments can share a database, and in a Redis cluster all keys of one are on the same node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedisOptions {
    address: Address,
    database: i64,
    prefix: String,
}

impl FromStr for RedisOptions {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut address = Address::parse(text, &["redis"], DEFAULT_PORT)?;
        if address.hosts.len() != 1 {
            return Err("name one server: the store asks no other".to_owned());
        }
        let database = match address.path.as_str() {
            "" => 0,
            number => number
                .parse()
                .map_err(|_| format!("{number:?} is no number of a database"))?,
        };
        let prefix = address.take("prefix").unwrap_or_else(|| PREFIX.to_owned());
        if prefix.is_empty() || prefix.contains(['{', '}']) {
            return Err("prefix: write a name without braces".to_owned());
        }
        address.refuse_rest(&["prefix"])?;
        Ok(Self {
            address,
            database,
            prefix,
        })
    }
}

/// Without the password.
impl fmt::Display for RedisOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.address)?;
        if self.prefix == PREFIX {
            return Ok(());
        }
        write!(f, "?prefix={}", self.prefix)
    }
}

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
    /// Connects, and tries whether the server takes a value.
    ///
    /// # Errors
    /// [`OpenError::Unusable`]: no server answers, it drops values when its memory is full, or it takes none.
    pub async fn open(options: &RedisOptions) -> Result<Self, OpenError> {
        let unusable = |why: String| OpenError::Unusable(options.to_string(), why);
        let connection = timeout(OPEN_TIMEOUT, connect(options))
            .await
            .map_err(|_| unusable(format!("no server answers within {OPEN_TIMEOUT:?}")))?
            .map_err(|error| unusable(address::because(&error)))?;
        // Who may not even do this is told why.
        let () = redis::cmd("PING")
            .query_async(&mut connection.clone())
            .await
            .map_err(|error| unusable(address::because(&error)))?;
        let notes = examine(connection.clone()).await.map_err(unusable)?;
        let kv = Self {
            connection,
            scripts: Scripts::default(),
            prefix: format!("{{{}}}:", options.prefix),
            notes,
        };
        let opened = Bytes::from_static(b"written whenever a store is opened");
        kv.put(OPENED, opened, Precondition::None, None)
            .await
            .map_err(|error| unusable(format!("it takes no values (read-only?): {error}")))?;
        Ok(kv)
    }

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

async fn connect(options: &RedisOptions) -> Result<ConnectionManager, RedisError> {
    let address = &options.address;
    // The parser has seen to it that there is one, with a port.
    let (host, port) = address
        .hosts
        .first()
        .and_then(|host| host.rsplit_once(':'))
        .unwrap_or_default();
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let port = port.parse().unwrap_or(DEFAULT_PORT);
    let mut login = RedisConnectionInfo::default().set_db(options.database);
    match (&address.user, &address.password) {
        (Some(user), Some(password)) => {
            login = login.set_username(user).set_password(password);
        }
        // As redis-cli takes it: a lone name is the password, and so is one behind a colon.
        (Some(password), None) | (None, Some(password)) => login = login.set_password(password),
        (None, None) => {}
    }
    let info = ConnectionAddr::Tcp(host.to_owned(), port)
        .into_connection_info()?
        .set_redis_settings(login);
    let config = ConnectionManagerConfig::new()
        .set_connection_timeout(Some(Duration::from_secs(2)))
        .set_response_timeout(Some(ANSWER_TIMEOUT))
        .set_min_delay(Duration::from_millis(20))
        .set_max_delay(Duration::from_secs(1))
        .set_number_of_retries(3);
    ConnectionManager::new_with_config(Client::open(info)?, config).await
}

/// What makes a server useless, or what people should know of it. A server that does not let us look is taken as it is.
async fn examine(mut connection: ConnectionManager) -> Result<Vec<String>, String> {
    let mut setting = async |name: &str| -> Option<String> {
        let found: Result<Vec<String>, RedisError> = redis::cmd("CONFIG")
            .arg("GET")
            .arg(name)
            .query_async(&mut connection)
            .await;
        found.ok()?.into_iter().nth(1)
    };
    let limited = setting("maxmemory").await.is_some_and(|max| max != "0");
    let policy = setting("maxmemory-policy").await.unwrap_or_default();
    if limited && policy.starts_with("allkeys") {
        return Err(format!(
            "the server drops values when its memory is full (maxmemory-policy {policy}): set it to noeviction"
        ));
    }
    let mut notes = vec![
        "the store is one Redis server: while it is down nothing is answered, and a failover to a replica may lose the last writes"
            .to_owned(),
    ];
    match (setting("appendonly").await, setting("appendfsync").await) {
        (Some(on), _) if on == "no" => notes.push(
            "the Redis server keeps no log of writes (appendonly no): a crash loses what came after its last snapshot"
                .to_owned(),
        ),
        (Some(_), Some(sync)) if sync != "always" => notes.push(format!(
            "the Redis server writes its log to disk later (appendfsync {sync}): a power cut may lose the last writes"
        )),
        _ => {}
    }
    Ok(notes)
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
