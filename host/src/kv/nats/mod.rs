//! A store on a NATS server or cluster, for several processes: a JetStream key-value bucket.

mod claim;
mod copy;
mod count;
mod key;
mod open;
mod sweep;
mod watch;

use std::sync::Arc;
use std::time::Duration;

use async_nats::client::Request;
use async_nats::connection::State as Connection;
use async_nats::header::HeaderMap;
use async_nats::jetstream::ErrorCode;
use async_nats::jetstream::message::StreamMessage;
use async_nats::jetstream::publish::PublishAck;
use async_nats::jetstream::response::Response;
use async_nats::jetstream::stream::{DirectGetErrorKind, LastRawMessageErrorKind};
use async_nats::{Client, RequestErrorKind};
use bytes::Bytes;
use tokio::time::timeout;

use self::copy::{Held, Known, Value};
pub use self::open::NatsOptions;
use self::watch::{Shared, Watching};
use super::{Capabilities, Entry, KeyPage, Kv, KvError, Precondition, Version};

/// A write without an answer for so long is [`KvError::Ambiguous`].
const WRITE_TIMEOUT: Duration = Duration::from_secs(5);
/// A replica that does not answer a read for so long is given up on, and the leader asked.
const REPLICA_TIMEOUT: Duration = Duration::from_secs(1);
/// A leader that does not answer for so long does not answer.
const LEADER_TIMEOUT: Duration = Duration::from_secs(2);
/// A write waits so long for the connection to come back before it is refused: what is not sent is not ambiguous.
const CONNECT_PATIENCE: Duration = Duration::from_secs(2);

/// A read that finds nothing has asked the leader, or has heard of every write until two seconds before; but behind a network
/// split, servers believe an old leader for up to ten seconds. In milliseconds, and some more.
const STALENESS_MS: u32 = 15_000;

/// What `nats kv` writes, and what it takes for a deletion.
const OPERATION: &str = "KV-Operation";
const DELETED: &str = "DEL";
/// When a value ends, by the server's clock, in milliseconds since 1970.
const EXPIRES: &str = "Edgefold-Expires";
const EXPECTED: &str = "Nats-Expected-Last-Subject-Sequence";

/// Keeps everything in one JetStream key-value bucket, for any number of processes.
///
/// A write is acknowledged when the bucket's replicas have it by majority; preconditions are compared by the bucket's
/// leader; servers before 2.10.20 do that too early where there are several replicas, and a claim is sent first. Reads come from a copy in memory (64 MB of what was read or written lately) as long as the leader has
/// confirmed within two seconds that nothing newer is there, and otherwise from the leader; from a replica only where there is no
/// leader, and never from one that is behind what this process has seen. So a read is at most two seconds, and as a rule some milliseconds, behind a publish of another process; behind
/// a network partition NATS itself takes up to ten seconds to notice that an old leader is none.
///
/// While the store can't be reached, what the copy has is served on, as old as it is, and [`Kv::stale_for`] says so; the
/// rest is [`KvError::Unavailable`]. The connection is made again by itself, to any server of the cluster.
#[derive(Debug, Clone)]
pub struct NatsKv {
    shared: Arc<Shared>,
    _watching: Arc<Watching>,
}

impl NatsKv {
    /// The value of `key` in the copy, where that is as good as the store's.
    fn at_hand(&self, key: &str) -> Option<Held> {
        match self.shared.copy.get(key) {
            Known::Current(held) if self.shared.health().is_fresh() => Some(held),
            Known::Current(held) | Known::Outdated(held) if !self.shared.health().answers() => {
                Some(held)
            }
            _ => None,
        }
    }

    async fn held(&self, key: &str) -> Result<Held, KvError> {
        if let Some(held) = self.at_hand(key) {
            return Ok(held);
        }
        let subject = self.shared.subject(key);
        match self.fetch(key, &subject).await {
            Ok(held) => Ok(held),
            Err(error) => match self.shared.copy.get(key) {
                Known::Current(held) | Known::Outdated(held) => {
                    tracing::debug!(key, %error, "the copy is served");
                    self.shared.missed();
                    Ok(held)
                }
                Known::Nothing => Err(error),
            },
        }
    }

    /// What the leader says; where there is none, what a replica does.
    async fn fetch(&self, key: &str, subject: &str) -> Result<Held, KvError> {
        let error = match self.ask_leader(key, subject).await {
            Err(error) if self.shared.direct && self.shared.copy.any_replica_will_do(key) => error,
            asked => return asked,
        };
        let asked = self.shared.stream.direct_get_last_for_subject(subject);
        let held = match timeout(REPLICA_TIMEOUT, asked).await {
            Ok(Ok(message)) => held(&message),
            Ok(Err(found)) if found.kind() == DirectGetErrorKind::NotFound => absent(),
            Ok(Err(_)) | Err(_) => return Err(error),
        };
        if !self.shared.copy.read(key, &held) {
            return Err(error);
        }
        // It may be behind the others by anything.
        self.shared.missed();
        Ok(held)
    }

    async fn ask_leader(&self, key: &str, subject: &str) -> Result<Held, KvError> {
        let asked = self.shared.stream.get_last_raw_message_by_subject(subject);
        let held = match timeout(LEADER_TIMEOUT, asked).await {
            Ok(Ok(message)) => held(&message),
            Ok(Err(error)) if error.kind() == LastRawMessageErrorKind::NoMessageFound => absent(),
            Ok(Err(error)) => return Err(KvError::Unavailable(format!("NATS: {error}"))),
            Err(_) => return Err(KvError::Unavailable("NATS does not answer".to_owned())),
        };
        self.shared.copy.settle(key, held.clone());
        Ok(held)
    }

    /// Writes where there is no value.
    async fn create(&self, key: &str, value: Value, now_ms: i64) -> Result<u64, KvError> {
        if self.shared.swaps {
            match self.swap(key, value.clone(), 0).await {
                Err(KvError::Conflict) => {}
                written => return written,
            }
        }
        // What was deleted or has expired has left a revision: the new value goes over that one.
        let held = self.ask_leader(key, &self.shared.subject(key)).await?;
        let revision = held.revision;
        if held.entry(now_ms).is_some() || (self.shared.swaps && revision == 0) {
            return Err(KvError::Conflict);
        }
        self.swap(key, value, revision).await
    }

    /// Writes over `revision` alone.
    async fn swap(&self, key: &str, value: Value, revision: u64) -> Result<u64, KvError> {
        if self.shared.swaps {
            return self.write(key, Written::Value(value), Some(revision)).await;
        }
        connected(&self.shared.client).await?;
        let claimed = claim::take(&self.shared, key, revision).await;
        if matches!(claimed, Err(KvError::Conflict)) {
            self.shared.copy.unsure(key);
        }
        let claim = claimed?;
        let written = self.write_claimed(key, value, revision, &claim).await;
        let nothing = matches!(&written, Err(error) if !matches!(error, KvError::Ambiguous(_)));
        if nothing {
            claim.release(&self.shared).await;
        }
        written
    }

    async fn write_claimed(
        &self,
        key: &str,
        value: Value,
        revision: u64,
        claim: &claim::Claim,
    ) -> Result<u64, KvError> {
        if revision == 0 {
            // Replicas would disagree on a comparison with nothing, so the server makes none: claims on nothing are swept away
            // when something is there, and this one may be the first since.
            let held = self.ask_leader(key, &self.shared.subject(key)).await?;
            if held.revision > 0 {
                return Err(KvError::Conflict);
            }
        }
        claim.holds()?;
        let expected = (revision > 0).then_some(revision);
        self.write(key, Written::Value(value), expected).await
    }

    /// Writes over `expected`, the revision of the last write to the key, or over whatever is there.
    async fn write(
        &self,
        key: &str,
        written: Written,
        expected: Option<u64>,
    ) -> Result<u64, KvError> {
        connected(&self.shared.client).await?;
        let mut headers = HeaderMap::new();
        if let Some(expected) = expected {
            headers.insert(EXPECTED, expected.to_string());
        }
        let payload = match &written {
            Written::Deletion => {
                headers.insert(OPERATION, DELETED);
                Bytes::new()
            }
            Written::Value(value) => {
                if let Some(expires_ms) = value.expires_ms {
                    headers.insert(EXPIRES, expires_ms.to_string());
                }
                value.bytes.clone()
            }
        };
        let request = Request::new()
            .headers(headers)
            .payload(payload)
            .timeout(Some(WRITE_TIMEOUT));
        let subject = self.shared.subject(key);
        // On a task of its own: where the caller goes away, the copy still learns what became of the write.
        let (client, copy) = (self.shared.client.clone(), Arc::clone(&self.shared));
        let key = key.to_owned();
        let sent = tokio::spawn(async move {
            // Until the answer is there nobody knows, whatever becomes of this task.
            let answer = acknowledged(client.send_request(subject, request).await);
            match &answer {
                Ok(revision) => copy.copy.settle(&key, written.held(*revision)),
                Err(KvError::Ambiguous(_) | KvError::Conflict) => copy.copy.unsure(&key),
                Err(_) => {}
            }
            answer
        });
        sent.await
            .map_err(|error| KvError::Ambiguous(error.to_string()))?
    }
}

/// What a write leaves behind.
enum Written {
    Value(Value),
    Deletion,
}

impl Written {
    fn held(self, revision: u64) -> Held {
        let value = match self {
            Self::Value(value) => Some(value),
            Self::Deletion => None,
        };
        Held { revision, value }
    }
}

impl Kv for NatsKv {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            staleness_ms: Some(STALENESS_MS),
            ..Capabilities::ALL
        }
    }

    fn notes(&self) -> Vec<String> {
        self.shared.notes.clone()
    }

    fn is_shared(&self) -> bool {
        true
    }

    fn stale_for(&self) -> Option<Duration> {
        self.shared.health().stale_for()
    }

    async fn get(&self, key: &str) -> Result<Option<Entry>, KvError> {
        let held = self.held(key).await?;
        Ok(held.entry(self.shared.now_ms()))
    }

    async fn get_many(&self, keys: &[String]) -> Result<Vec<Option<Entry>>, KvError> {
        let asked = keys.iter().map(|key| self.held(key));
        let found = futures_util::future::try_join_all(asked).await?;
        let now_ms = self.shared.now_ms();
        Ok(found.into_iter().map(|held| held.entry(now_ms)).collect())
    }

    async fn put(
        &self,
        key: &str,
        value: Bytes,
        when: Precondition,
        ttl: Option<Duration>,
    ) -> Result<Version, KvError> {
        let now_ms = self.shared.now_ms();
        let expires_ms = ttl
            .map(|ttl| now_ms.saturating_add(i64::try_from(ttl.as_millis()).unwrap_or(i64::MAX)));
        let value = Value {
            bytes: value,
            expires_ms,
        };
        let revision = match when {
            Precondition::None => self.write(key, Written::Value(value), None).await?,
            Precondition::Version(version) => {
                let revision = revision_of(&version, now_ms).ok_or(KvError::Conflict)?;
                self.swap(key, value, revision).await?
            }
            Precondition::Absent => self.create(key, value, now_ms).await?,
        };
        Ok(version(revision, expires_ms))
    }

    async fn delete(&self, key: &str) -> Result<(), KvError> {
        connected(&self.shared.client).await?;
        count::forget(&self.shared, key).await?;
        if let Known::Current(held) = self.shared.copy.get(key)
            && held.value.is_none()
            && self.shared.health().is_fresh()
        {
            return Ok(());
        }
        self.write(key, Written::Deletion, None).await.map(drop)
    }

    async fn increment(&self, key: &str) -> Result<u64, KvError> {
        connected(&self.shared.client).await?;
        count::next(&self.shared, key).await
    }

    async fn list(&self, prefix: &str, cursor: Option<&str>) -> Result<KeyPage, KvError> {
        sweep::page(&self.shared, prefix, cursor).await
    }
}

impl Held {
    fn entry(self, now_ms: i64) -> Option<Entry> {
        let revision = self.revision;
        let value = self.value.filter(|value| value.lives(now_ms))?;
        Some(Entry {
            version: version(revision, value.expires_ms),
            value: value.bytes,
        })
    }
}

impl Value {
    fn lives(&self, now_ms: i64) -> bool {
        self.expires_ms.is_none_or(|expires_ms| now_ms < expires_ms)
    }
}

fn absent() -> Held {
    Held {
        revision: 0,
        value: None,
    }
}

fn held(message: &StreamMessage) -> Held {
    let value = (!is_deletion(&message.headers)).then(|| Value {
        bytes: message.payload.clone(),
        expires_ms: expiry(&message.headers),
    });
    Held {
        revision: message.sequence,
        value,
    }
}

fn expiry(headers: &HeaderMap) -> Option<i64> {
    headers.get(EXPIRES)?.as_str().parse().ok()
}

/// A mark of `nats kv del` or `nats kv purge`, or of [`NatsKv::delete`].
fn is_deletion(headers: &HeaderMap) -> bool {
    let operation = headers.get(OPERATION);
    operation.is_some_and(|operation| [DELETED, "PURGE"].contains(&operation.as_str()))
}

/// The revision, and for a value that ends its end: so a swap needs no read to know that it is over.
fn version(revision: u64, expires_ms: Option<i64>) -> Version {
    Version(match expires_ms {
        None => revision.to_string(),
        Some(expires_ms) => format!("{revision}@{expires_ms}"),
    })
}

/// `None` where there can be no such value any more.
fn revision_of(Version(version): &Version, now_ms: i64) -> Option<u64> {
    let revision = match version.split_once('@') {
        None => version.parse().ok(),
        Some((revision, expires_ms)) => {
            let expires_ms: i64 = expires_ms.parse().ok()?;
            (now_ms < expires_ms).then(|| revision.parse().ok())?
        }
    };
    revision.filter(|revision| *revision > 0)
}

/// Waits for the connection. What is not sent can't be applied a moment later, when the connection is back.
async fn connected(client: &Client) -> Result<(), KvError> {
    const STEP: Duration = Duration::from_millis(20);
    let patience = tokio::time::Instant::now() + CONNECT_PATIENCE;
    while client.connection_state() != Connection::Connected {
        if tokio::time::Instant::now() >= patience {
            return Err(KvError::Unavailable(
                "not connected to a NATS server".to_owned(),
            ));
        }
        tokio::time::sleep(STEP).await;
    }
    Ok(())
}

/// The revision of a write, or what its answer means.
fn acknowledged(
    answer: Result<async_nats::Message, async_nats::RequestError>,
) -> Result<u64, KvError> {
    let message = answer.map_err(|error| match error.kind() {
        RequestErrorKind::NoResponders => {
            KvError::Unavailable("NATS: the bucket has no leader now, or is gone".to_owned())
        }
        RequestErrorKind::MaxPayloadExceeded => KvError::TooLarge,
        RequestErrorKind::InvalidSubject => KvError::Unavailable(format!("NATS: {error}")),
        RequestErrorKind::TimedOut | RequestErrorKind::Other => {
            KvError::Ambiguous(format!("NATS: {error}"))
        }
    })?;
    match serde_json::from_slice(&message.payload) {
        Ok(Response::Ok(PublishAck { sequence, .. })) => Ok(sequence),
        Ok(Response::Err { error }) => Err(refused(error.error_code(), error.to_string())),
        Err(error) => Err(KvError::Ambiguous(format!("NATS: {error}"))),
    }
}

/// The server has written nothing.
fn refused(code: ErrorCode, text: String) -> KvError {
    match code {
        ErrorCode::STREAM_WRONG_LAST_SEQUENCE | WRONG_LAST_SEQUENCE_OF_CLUSTER => KvError::Conflict,
        ErrorCode::STREAM_MESSAGE_EXCEEDS_MAXIMUM => KvError::TooLarge,
        _ => KvError::Unavailable(format!("NATS: {text}")),
    }
}

/// `JSStreamWrongLastSequenceConstantErr` of newer servers.
const WRONG_LAST_SEQUENCE_OF_CLUSTER: ErrorCode = ErrorCode(10164);
