//! From an address to a store that works, or to what is wrong with it.

use std::error::Error;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{
    Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo, RedisConnectionInfo, RedisError,
    TlsCertificates,
};
use tokio::time::timeout;

use super::super::address::{self, Address};
use super::super::tls;
use super::super::{Kv, OpenError, Precondition};
use super::RedisKv;
use super::scripts::Scripts;

/// A server must answer within this when a store is opened.
const OPEN_TIMEOUT: Duration = Duration::from_secs(5);
/// And any command within this; a write without an answer is [`KvError::Ambiguous`].
const ANSWER_TIMEOUT: Duration = Duration::from_secs(3);
const DEFAULT_PORT: u16 = 6379;
const PLAIN: &str = "redis";
/// With TLS.
const SECURED: &str = "rediss";
/// Keys of the server begin with this, where nothing else is asked for.
const PREFIX: &str = "edgefold";
/// A server without TLS may wait for the end of what it takes for a command.
const NOT_SECURED: &str = "; if it has no TLS there, write redis://";
/// One with TLS closes the connection.
const MAYBE_SECURED: &str = "; if it takes TLS only, write rediss://";
/// Written when a store is opened: shows that it can be.
const OPENED: &str = "host/opened";

/// Which server.
///
/// Written `redis://USER:PASSWORD@HOST:PORT/DATABASE?prefix=NAME`. Keys on the server begin with `{NAME}:`, the braces
/// included: several deployments can share a database, and in a Redis cluster all keys of one are on the same node.
///
/// `rediss://` asks for TLS. The server's certificate must be of an authority that the system knows, or with `ca=FILE` (PEM) of
/// one in that file, and of no other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedisOptions {
    address: Address,
    database: i64,
    prefix: String,
    ca: Option<PathBuf>,
}

impl RedisOptions {
    fn is_secured(&self) -> bool {
        self.address.scheme == SECURED
    }
}

impl FromStr for RedisOptions {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut address = Address::parse(text, &[PLAIN, SECURED], DEFAULT_PORT)?;
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
        let ca = address.take_file("ca")?;
        address.refuse_rest(&["prefix", "ca"])?;
        let options = Self {
            address,
            database,
            prefix,
            ca,
        };
        if options.ca.is_some() && !options.is_secured() {
            return Err("ca is for TLS: write rediss://".to_owned());
        }
        Ok(options)
    }
}

/// Without the password.
impl fmt::Display for RedisOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let prefix = (self.prefix != PREFIX).then(|| self.prefix.clone());
        let ca = self.ca.as_ref().map(|file| file.display().to_string());
        let settings = address::query(&[("prefix", prefix), ("ca", ca)]);
        write!(f, "{}{settings}", self.address)
    }
}

impl RedisKv {
    /// Connects, and tries whether the server takes a value.
    /// A process that has chosen no provider of cryptography for rustls gets ring.
    ///
    /// # Errors
    /// [`OpenError::Unusable`]: no server answers, or with a certificate that is not believed; it drops values when its memory is full,
    /// or takes none; the file of `ca` is of no use.
    pub async fn open(options: &RedisOptions) -> Result<Self, OpenError> {
        let unusable = |why: String| OpenError::Unusable(options.to_string(), why);
        let connection = timeout(OPEN_TIMEOUT, connect(options))
            .await
            .map_err(|_| {
                let hint = if options.is_secured() {
                    NOT_SECURED
                } else {
                    ""
                };
                unusable(format!("no server answers within {OPEN_TIMEOUT:?}{hint}"))
            })?
            .map_err(unusable)?;
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
}

async fn connect(options: &RedisOptions) -> Result<ConnectionManager, String> {
    let refused = |error: RedisError| refusal(options, &error);
    let server = server(options).map_err(refused)?;
    let client = match &options.ca {
        None => Client::open(server),
        Some(file) => {
            let certificates = TlsCertificates {
                client_tls: None,
                root_cert: Some(tls::authorities(file)?),
            };
            Client::build_with_tls(server, certificates)
        }
    };
    tls::choose_provider();
    let config = ConnectionManagerConfig::new()
        .set_connection_timeout(Some(Duration::from_secs(2)))
        .set_response_timeout(Some(ANSWER_TIMEOUT))
        .set_min_delay(Duration::from_millis(20))
        .set_max_delay(Duration::from_secs(1))
        .set_number_of_retries(3);
    ConnectionManager::new_with_config(client.map_err(refused)?, config)
        .await
        .map_err(refused)
}

/// Where the server is, and who connects.
fn server(options: &RedisOptions) -> Result<ConnectionInfo, RedisError> {
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
    let host = host.to_owned();
    let at = if options.is_secured() {
        ConnectionAddr::TcpTls {
            host,
            port,
            insecure: false,
            tls_params: None,
        }
    } else {
        ConnectionAddr::Tcp(host, port)
    };
    Ok(at.into_connection_info()?.set_redis_settings(login))
}

/// Why there is no connection.
fn refusal(options: &RedisOptions, error: &RedisError) -> String {
    // The crate shares what is behind its errors.
    let shared: Option<&Arc<dyn Error + Send + Sync>> =
        error.source().and_then(|source| source.downcast_ref());
    let hint = match shared.and_then(|shared| shared.downcast_ref()) {
        Some(error) if options.is_secured() && tls::may_be_missing(error) => NOT_SECURED,
        Some(error) if !options.is_secured() && tls::is_end(error) => MAYBE_SECURED,
        _ => "",
    };
    format!("{}{hint}", address::because(error))
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
