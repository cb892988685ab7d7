//! Counters and claims, out of what every NATS server does dependably: it puts messages in an order.
//!
//! Each increment is a message of its own. The counter is how many there are up to and including it, since the last mark of a
//! deletion: two messages have two places, whoever sent them. That costs more the higher a counter gets; edgefold's get to a few at most.

use std::time::Duration;

use async_nats::HeaderMap;
use async_nats::client::Request;
use async_nats::jetstream::consumer::{DeliverPolicy, push};
use async_nats::jetstream::stream::LastRawMessageErrorKind;
use futures_util::StreamExt;
use tokio::time::timeout;

use super::super::KvError;
use super::watch::Shared;
use super::{DELETED, OPERATION, WRITE_TIMEOUT, acknowledged, is_deletion, key};

/// Counting takes no longer.
pub(super) const COUNT_TIMEOUT: Duration = Duration::from_secs(5);
/// A counter gets no higher.
const COUNT_MAX: u64 = 10_000;
/// Stands before a counter's name, in one token with it: no key of a value has a token with a `/`.
const COUNTERS: &str = "count/";

/// Adds one.
pub(super) async fn next(shared: &Shared, name: &str) -> Result<u64, KvError> {
    let place = take_place(shared, &subject(shared, name)).await?;
    Ok(place.number)
}

/// A message among those of its kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// The first one has 1.
    pub(super) number: u64,
    /// How much later than the first it came, by the server's clock.
    pub(super) behind: Duration,
    /// Its revision.
    pub(super) revision: u64,
    /// Its subject, which is no other message's.
    pub(super) subject: String,
}

/// Sends a message below `subject` and says which it is. [`KvError::Ambiguous`]: it may have been sent.
pub(super) async fn take_place(shared: &Shared, subject: &str) -> Result<Place, KvError> {
    let own = own(shared, subject);
    let revision = send(shared, own.clone(), Request::new()).await?;
    let counted = timeout(COUNT_TIMEOUT, place(shared, subject, own, revision)).await;
    // The number is spent, whoever learns of it.
    counted
        .map_err(|_| KvError::Ambiguous("NATS: counting takes too long".to_owned()))?
        .map_err(lost)
}

/// How many messages there are below `subject` up to `revision`.
async fn place(
    shared: &Shared,
    subject: &str,
    own: String,
    revision: u64,
) -> Result<Place, async_nats::Error> {
    let config = push::OrderedConfig {
        deliver_subject: shared.client.new_inbox(),
        deliver_policy: DeliverPolicy::All,
        filter_subject: format!("{subject}.>"),
        headers_only: true,
        ..Default::default()
    };
    let consumer = shared.stream.create_consumer(config).await?;
    let mut messages = consumer.messages().await?;
    let mut number = 0;
    let mut first = None;
    // A replica that has not got it yet delivers it when it has.
    while let Some(message) = messages.next().await {
        let message = message?;
        if message.headers.as_ref().is_some_and(is_deletion) {
            number = 0;
            first = None;
            continue;
        }
        number += 1;
        let info = message.info()?;
        let first = *first.get_or_insert(info.published);
        if info.stream_sequence == revision {
            return Ok(Place {
                number,
                behind: Duration::try_from(info.published - first).unwrap_or_default(),
                revision,
                subject: own,
            });
        }
        if info.stream_sequence > revision || number == COUNT_MAX {
            break;
        }
    }
    Err("it was deleted meanwhile, or there are too many".into())
}

/// Begins again.
pub(super) async fn forget(shared: &Shared, name: &str) -> Result<(), KvError> {
    let subject = subject(shared, name);
    let all = format!("{subject}.>");
    if shared.purge(all.clone(), None).await.map_err(lost)? {
        return Ok(());
    }
    let last = shared.stream.get_last_raw_message_by_subject(&all);
    match timeout(COUNT_TIMEOUT, last).await {
        Ok(Ok(message)) if is_deletion(&message.headers) => Ok(()),
        Ok(Ok(_)) => {
            let mut headers = HeaderMap::new();
            headers.insert(OPERATION, DELETED);
            let request = Request::new().headers(headers);
            send(shared, own(shared, &subject), request).await.map(drop)
        }
        Ok(Err(error)) if error.kind() == LastRawMessageErrorKind::NoMessageFound => Ok(()),
        Ok(Err(error)) => Err(KvError::Unavailable(format!("NATS: {error}"))),
        Err(_) => Err(KvError::Unavailable("NATS does not answer".to_owned())),
    }
}

fn lost(error: impl std::fmt::Display) -> KvError {
    KvError::Ambiguous(format!("NATS: {error}"))
}

/// A subject that is no other message's.
fn own(shared: &Shared, subject: &str) -> String {
    let inbox = shared.client.new_inbox();
    let unique = inbox.rsplit('.').next().unwrap_or(&inbox);
    format!("{subject}.{unique}")
}

async fn send(shared: &Shared, subject: String, request: Request) -> Result<u64, KvError> {
    let request = request.timeout(Some(WRITE_TIMEOUT));
    acknowledged(shared.client.send_request(subject, request).await)
}

fn subject(shared: &Shared, name: &str) -> String {
    // One token, so that a counter of a longer name is no part of this one's.
    let name = key::encode(name).replace('.', "/");
    format!("{}{COUNTERS}{name}", shared.subjects)
}
