//! From an address to a store that works, or to what is wrong with it.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_nats::jetstream::ErrorCode;
use async_nats::jetstream::context::GetStreamErrorKind;
use async_nats::jetstream::stream::{Config, DiscardPolicy, Info, StorageType};
use async_nats::jetstream::{self, Context};
use async_nats::{Client, ConnectError, ConnectErrorKind, ConnectOptions, Event};
use bytes::Bytes;
use tokio::time::timeout;

use super::super::address::{self, Address};
use super::super::tls;
use super::super::{Kv, OpenError, Precondition, VALUE_BYTES_MAX};
use super::watch::{self, Shared};
use super::{LEADER_TIMEOUT, NatsKv};

/// A server must answer within this when a store is opened.
const OPEN_TIMEOUT: Duration = Duration::from_secs(5);
/// Replicas of a bucket that this program makes, where nothing else is asked for.
const REPLICAS: usize = 1;
/// More than NATS takes.
const REPLICAS_MAX: usize = 5;
/// Headers of a message and its share of the protocol, in bytes.
const MESSAGE_BYTES: usize = 1024;
/// A bucket with room for less than this many values of the greatest size is full too soon.
const VALUES_MIN: i64 = 16;
/// A silent server is asked this often whether it is there; two answers missed, and another is looked for.
const PING: Duration = Duration::from_secs(2);
/// Between attempts to connect again, at most.
const RECONNECT_MAX: Duration = Duration::from_secs(1);
const DEFAULT_PORT: u16 = 4222;
/// The scheme that asks for TLS.
const SECURED: &str = "tls";
/// A server without TLS answers in its own protocol.
const NOT_SECURED: &str = "; if it has no TLS, write nats://";
/// Written when a store is opened: shows that it can be.
const OPENED: &str = "host/opened";

/// Which bucket, and how it is made where it is missing.
///
/// Written `nats://HOST:PORT,HOST:PORT/BUCKET?replicas=3`, with `USER:PASSWORD@` or `TOKEN@` before the hosts, or with
/// `creds=FILE`: a user's JWT and seed, as `nsc` writes them.
///
/// `tls://` asks for TLS; servers may ask for it themselves. Their certificates must be of an authority that the system knows, or
/// with `ca=FILE` (PEM) of one in that file, and of no other.
#[derive(Clone, PartialEq, Eq)]
pub struct NatsOptions {
    address: Address,
    replicas: Option<usize>,
    ca: Option<PathBuf>,
    creds: Option<PathBuf>,
}

impl FromStr for NatsOptions {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut address = Address::parse(text, &["nats", SECURED], DEFAULT_PORT)?;
        let name = &address.path;
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        if name.is_empty() || !name.bytes().all(plain) {
            return Err(format!(
                "{name:?} is no bucket: write nats://HOST:PORT/BUCKET, the bucket of letters, digits, - and _"
            ));
        }
        let replicas = match address.take("replicas") {
            None => None,
            Some(text) => match text.parse() {
                Ok(count @ 1..=REPLICAS_MAX) => Some(count),
                _ => {
                    return Err(format!(
                        "replicas={text}: write a number from 1 to {REPLICAS_MAX}"
                    ));
                }
            },
        };
        let ca = address.take_file("ca")?;
        if ca.is_some() && address.scheme != SECURED {
            return Err("ca is for TLS: write tls://".to_owned());
        }
        let creds = address.take_file("creds")?;
        if creds.is_some() && (address.user.is_some() || address.password.is_some()) {
            return Err("creds names who connects: write no user, password or token".to_owned());
        }
        address.refuse_rest(&["replicas", "ca", "creds"])?;
        Ok(Self {
            address,
            replicas,
            ca,
            creds,
        })
    }
}

/// Without the password.
impl fmt::Display for NatsOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |file: &PathBuf| file.display().to_string();
        let settings = address::query(&[
            ("replicas", self.replicas.map(|count| count.to_string())),
            ("ca", self.ca.as_ref().map(name)),
            ("creds", self.creds.as_ref().map(name)),
        ]);
        write!(f, "{}{settings}", self.address)
    }
}

impl fmt::Debug for NatsOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NatsOptions({self})")
    }
}

impl NatsKv {
    /// Connects, makes the bucket where it is missing, and tries whether it takes a value.
    /// A process that has chosen no provider of cryptography for rustls gets ring.
    ///
    /// # Errors
    /// [`OpenError::Unusable`]: no server answers, or with a certificate that is not believed; it refuses the user or has no
    /// JetStream; the bucket can't be made, or it is too small, forgets values, or takes none; a file that the options name is of no use.
    pub async fn open(options: &NatsOptions) -> Result<Self, OpenError> {
        let unusable = |why: String| OpenError::Unusable(options.to_string(), why);
        let said = LastError::default();
        let client = timeout(OPEN_TIMEOUT, connect(options, &said))
            .await
            .map_err(|_| unusable(format!("no server answers within {OPEN_TIMEOUT:?}")))?
            .map_err(unusable)?;
        let payload_max = client.server_info().max_payload;
        if payload_max < VALUE_BYTES_MAX + MESSAGE_BYTES {
            return Err(unusable(format!(
                "the server takes messages of {payload_max} bytes; set its max_payload to 1MB or more, as it is by default"
            )));
        }
        let mut context = jetstream::new(client.clone());
        context.set_timeout(LEADER_TIMEOUT);
        let name = format!("KV_{}", options.address.path);
        let info = bucket(&context, &name, options).await.map_err(unusable)?;
        let mut notes = examine(&info, options).map_err(unusable)?;
        let swaps = compares(&client, &info);
        if !swaps {
            notes.push(format!(
                "NATS server {} compares revisions of {} replicas too early: edgefold sends a claim before each swap, and one \
                 whose process dies holds for 10 s. 2.10.20 needs none",
                client.server_info().version,
                info.config.num_replicas
            ));
        }
        let purges = purges(&client, &info);
        if !purges {
            notes.push(format!(
                "NATS server {} may lose everything when it purges and all servers of the cluster restart: edgefold purges nothing, \
                 and leaves a small message with every publish and deletion. 2.9.18 needs no such care",
                client.server_info().version,
            ));
        }
        let stream = context
            .get_stream_no_info(&name)
            .await
            .map_err(|error| unusable(error.to_string()))?;
        let shared = Arc::new(Shared::new(
            client,
            stream,
            &options.address.path,
            info.config.allow_direct,
            (swaps, purges),
            notes,
        ));
        let watching = watch::start(Arc::clone(&shared), &info);
        let kv = Self {
            shared,
            _watching: Arc::new(watching),
        };
        let opened = Bytes::from_static(b"written whenever a store is opened");
        if let Err(error) = kv.put(OPENED, opened, Precondition::None, None).await {
            let said = said.get().map(|said| format!("; the server says: {said}"));
            return Err(unusable(format!(
                "it takes no values (read-only?): {error}{}",
                said.unwrap_or_default()
            )));
        }
        Ok(kv)
    }
}

/// Whether the servers compare a revision and write in one step. Before 2.9.21 a bucket with several replicas compares when a
/// write comes in and not when it is carried out, so that of several at once all succeed (nats-server issue 4320); before 2.10.20
/// its replicas may disagree after a creation (issue 5644).
fn compares(client: &Client, info: &Info) -> bool {
    info.config.num_replicas == 1 || client.is_server_compatible(2, 10, 20)
}

/// Whether messages of one subject can be purged and nothing else. Before 2.9.18 a replicated stream that is recovered from its log
/// carries out every such purge on all subjects (nats-server issue 4196).
fn purges(client: &Client, info: &Info) -> bool {
    info.config.num_replicas == 1 || client.is_server_compatible(2, 9, 18)
}

/// What the server last complained of: a refused permission is told apart from the request that it was refused to.
#[derive(Debug, Clone, Default)]
struct LastError(Arc<Mutex<Option<String>>>);

impl LastError {
    fn get(&self) -> Option<String> {
        let said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        said.clone()
    }

    fn hear(&self, event: &Event) {
        match event {
            Event::ServerError(error) => {
                tracing::warn!("NATS: {error}");
                *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.to_string());
            }
            Event::Disconnected => tracing::warn!("NATS: connection lost"),
            other => tracing::debug!("NATS: {other}"),
        }
    }
}

async fn connect(options: &NatsOptions, said: &LastError) -> Result<Client, String> {
    let address = &options.address;
    let said = said.clone();
    let mut connect = ConnectOptions::new()
        .name("edgefold")
        .connection_timeout(Duration::from_secs(2))
        .request_timeout(Some(LEADER_TIMEOUT))
        .ping_interval(PING)
        .require_tls(address.scheme == SECURED)
        .reconnect_delay_callback(|attempts| {
            let doubled = Duration::from_millis(20).saturating_mul(1 << attempts.min(8));
            doubled.min(RECONNECT_MAX)
        })
        .event_callback(move |event| {
            said.hear(&event);
            std::future::ready(())
        });
    connect = match (&address.user, &address.password) {
        (Some(user), Some(password)) => connect.user_and_password(user.clone(), password.clone()),
        (Some(token), None) => connect.token(token.clone()),
        _ => connect,
    };
    if let Some(file) = &options.creds {
        let wrong = |error: io::Error| format!("creds={}: {error}", file.display());
        let text = std::fs::read_to_string(file).map_err(wrong)?;
        connect = connect.credentials(&text).map_err(wrong)?;
    }
    tls::choose_provider();
    if let Some(file) = &options.ca {
        // The client reads it at every connection, and would say less of what is wrong.
        tls::authorities(file)?;
        connect = connect.add_root_certificates(file.clone());
    }
    let servers: Vec<String> = address
        .hosts
        .iter()
        .map(|host| format!("nats://{host}"))
        .collect();
    let client = connect.connect(servers).await;
    client.map_err(|error| refusal(options, &error))
}

/// Why there is no connection.
fn refusal(options: &NatsOptions, error: &ConnectError) -> String {
    let address = &options.address;
    let why = address::because(error);
    match error.kind() {
        ConnectErrorKind::AuthorizationViolation | ConnectErrorKind::Authentication => {
            let whom = match (&options.creds, &address.user, &address.password) {
                (Some(file), ..) => format!("the user of creds={}", file.display()),
                (None, Some(_), Some(_)) => "this user and password".to_owned(),
                (None, Some(_), None) => "this token".to_owned(),
                (None, None, _) => "connections without a user".to_owned(),
            };
            format!("the server refuses {whom}: {why}")
        }
        _ => {
            let io = error.source().and_then(|error| error.downcast_ref());
            let hint = match io {
                Some(io) if address.scheme == SECURED && tls::may_be_missing(io) => NOT_SECURED,
                _ => "",
            };
            format!("{why}{hint}")
        }
    }
}

/// The bucket, made where it is missing.
async fn bucket(context: &Context, name: &str, options: &NatsOptions) -> Result<Info, String> {
    match context.get_stream(name).await {
        Ok(stream) => return Ok(stream.cached_info().clone()),
        Err(error) => match error.kind() {
            GetStreamErrorKind::JetStream(error)
                if error.error_code() == ErrorCode::STREAM_NOT_FOUND => {}
            GetStreamErrorKind::JetStream(error) => return Err(error.to_string()),
            _ => {
                let why = address::because(&error);
                return Err(format!(
                    "{why}; is JetStream on? (nats-server -js, or a jetstream block in its configuration)"
                ));
            }
        },
    }
    let replicas = options.replicas.unwrap_or(REPLICAS);
    let config = Config {
        name: name.to_owned(),
        description: Some("edgefold: made by `edgefold up`".to_owned()),
        subjects: vec![format!("$KV.{}.>", options.address.path)],
        max_messages_per_subject: 1,
        max_messages: -1,
        max_bytes: -1,
        max_message_size: -1,
        max_consumers: -1,
        discard: DiscardPolicy::New,
        storage: StorageType::File,
        num_replicas: replicas,
        allow_rollup: true,
        allow_direct: true,
        ..Default::default()
    };
    let made = context.create_stream(config).await;
    let made = made.map_err(|error| {
        format!(
            "the bucket is missing and can't be made with {replicas} replicas: {}",
            address::because(&error)
        )
    })?;
    tracing::info!(replicas, "made the bucket {}", options.address.path);
    Ok(made.cached_info().clone())
}

/// What makes a bucket useless, or what people should know of it.
fn examine(info: &Info, options: &NatsOptions) -> Result<Vec<String>, String> {
    let config = &info.config;
    let value_max = i64::try_from(VALUE_BYTES_MAX + MESSAGE_BYTES).unwrap_or(i64::MAX);
    let size_max = i64::from(config.max_message_size);
    if size_max > 0 && size_max < value_max {
        return Err(format!(
            "the bucket takes values of {size_max} bytes and edgefold writes up to {VALUE_BYTES_MAX}: \
             raise its --max-value-size"
        ));
    }
    if config.max_bytes > 0 && config.max_bytes < value_max * VALUES_MIN {
        return Err(format!(
            "the bucket ends at {} bytes: raise its --max-bucket-size to {} or more",
            config.max_bytes,
            value_max * VALUES_MIN
        ));
    }
    if !config.max_age.is_zero() {
        return Err(format!(
            "the bucket forgets every value after {:?}: make it without --ttl",
            config.max_age
        ));
    }
    if config.mirror.is_some() || config.sealed {
        return Err("the bucket is a mirror or sealed, so read-only".to_owned());
    }
    let mut notes = Vec::new();
    let kept = config.num_replicas;
    if options.replicas.is_some_and(|asked| asked != kept) {
        notes.push(format!(
            "the bucket keeps {kept} replicas, not as many as asked for: `nats stream edit {} --replicas` changes it",
            config.name
        ));
    }
    if kept == 1 {
        notes.push(
            "the store keeps one replica: while its NATS server is down nothing can be published, and pages come from memory"
                .to_owned(),
        );
    }
    if config.storage == StorageType::Memory {
        notes.push("the store is in memory: a restart of its NATS servers empties it".to_owned());
    }
    Ok(notes)
}
