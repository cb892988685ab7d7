//! Lists keys, and takes away what deletions and ends of values have left behind.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_nats::jetstream::consumer::{DeliverPolicy, push};
use futures_util::StreamExt;
use tokio::time::timeout;

use super::super::{KeyPage, KvError, LIST_KEYS_MAX};
use super::watch::{CUT_OFF_MAX, Shared};
use super::{expiry, is_deletion, key};

/// The whole list must be there within this.
const LIST_TIMEOUT: Duration = Duration::from_secs(20);
/// Further pages of a list come from the same list, unless it is older.
const LIST_KEPT: Duration = Duration::from_secs(30);
/// Most keys of a list.
const LISTED_KEYS_MAX: usize = 1_000_000;
/// A deletion leaves a mark for watches that are a moment behind; one this old is swept away.
const MARK_KEPT: Duration = Duration::from_secs(600);
/// Marks swept away by one list.
const SWEPT_MAX: usize = 100;

const _: () = assert!(CUT_OFF_MAX.as_secs() < MARK_KEPT.as_secs());

/// The list of the page before.
#[derive(Debug, Default)]
pub(super) struct Listing(Mutex<Option<Listed>>);

#[derive(Debug, Clone)]
struct Listed {
    prefix: String,
    at: Instant,
    keys: Arc<Vec<String>>,
}

/// Keys in their order. The cursor is the last key delivered.
pub(super) async fn page(
    shared: &Shared,
    prefix: &str,
    cursor: Option<&str>,
) -> Result<KeyPage, KvError> {
    let kept = cursor.and_then(|_| shared.listing.kept(prefix));
    let keys = match kept {
        Some(keys) => keys,
        None => {
            let listed = timeout(LIST_TIMEOUT, listed(shared, prefix));
            let keys = listed
                .await
                .map_err(|_| KvError::Unavailable("NATS: the list takes too long".to_owned()))?
                .map_err(|error| KvError::Unavailable(format!("NATS: {error}")))?;
            shared.listing.keep(prefix, Arc::new(keys))
        }
    };
    let start = cursor.map_or(0, |cursor| {
        keys.partition_point(|key| key.as_str() <= cursor)
    });
    let end = (start + LIST_KEYS_MAX).min(keys.len());
    Ok(KeyPage {
        keys: keys[start..end].to_vec(),
        cursor: (end < keys.len()).then(|| keys[end - 1].clone()),
    })
}

impl Listing {
    fn kept(&self, prefix: &str) -> Option<Arc<Vec<String>>> {
        let listed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let listed = listed.as_ref()?;
        (listed.prefix == prefix && listed.at.elapsed() < LIST_KEPT)
            .then(|| Arc::clone(&listed.keys))
    }

    /// Keeps a list that has further pages.
    fn keep(&self, prefix: &str, keys: Arc<Vec<String>>) -> Arc<Vec<String>> {
        let listed = (keys.len() > LIST_KEYS_MAX).then(|| Listed {
            prefix: prefix.to_owned(),
            at: Instant::now(),
            keys: Arc::clone(&keys),
        });
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = listed;
        keys
    }
}

/// All keys with the prefix, sorted.
async fn listed(shared: &Shared, prefix: &str) -> Result<Vec<String>, async_nats::Error> {
    let config = push::OrderedConfig {
        deliver_subject: shared.client.new_inbox(),
        deliver_policy: DeliverPolicy::LastPerSubject,
        filter_subject: format!("{}{}", shared.subjects, key::beginning(prefix)),
        headers_only: true,
        ..Default::default()
    };
    let consumer = shared.stream.create_consumer(config).await?;
    let mut keys = Vec::new();
    let mut marks = Vec::new();
    let now_ms = shared.now_ms();
    if consumer.cached_info().num_pending > 0 {
        let mut messages = consumer.messages().await?;
        while let Some(message) = messages.next().await {
            let message = message?;
            let info = message.info()?;
            let headers = message.headers.clone().unwrap_or_default();
            let over_ms = if is_deletion(&headers) {
                i64::try_from(info.published.unix_timestamp_nanos() / 1_000_000).ok()
            } else {
                expiry(&headers).filter(|expires_ms| *expires_ms <= now_ms)
            };
            let key = message.subject.strip_prefix(shared.subjects.as_str());
            match over_ms {
                Some(over_ms) => {
                    if now_ms.saturating_sub(over_ms) > MARK_KEPT.as_millis() as i64 {
                        marks.push((message.subject.to_string(), info.stream_sequence));
                    }
                }
                None => keys.extend(
                    key.and_then(key::decode)
                        .filter(|key| key.starts_with(prefix)),
                ),
            }
            if info.pending == 0 {
                break;
            }
            if keys.len() > LISTED_KEYS_MAX {
                return Err(format!("more than {LISTED_KEYS_MAX} keys").into());
            }
        }
    }
    sweep(shared, marks).await;
    keys.sort_unstable();
    Ok(keys)
}

/// Takes away marks: no further than their own revision, so that nothing written since is lost.
async fn sweep(shared: &Shared, marks: Vec<(String, u64)>) {
    for (subject, revision) in marks.into_iter().take(SWEPT_MAX) {
        if let Err(error) = shared.purge(subject, Some(revision + 1)).await {
            tracing::debug!("a mark stays in the store: {error}");
            return;
        }
    }
}
