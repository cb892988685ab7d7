//! Keeps the copy honest: hears of every write to the bucket, and asks its leader each second whether it has heard of all.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use async_nats::jetstream;
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, push};
use async_nats::jetstream::stream::{Info, PurgeError, Stream};
use async_nats::{Client, connection};
use futures_util::StreamExt;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::copy::Copy;
use super::{is_deletion, key};

/// The leader is asked this often.
const PROBE: Duration = Duration::from_secs(1);
/// And given this long.
const PROBE_TIMEOUT: Duration = Duration::from_secs(1);
/// The copy is as good as the store for this long after the leader was asked.
const FRESH: Duration = Duration::from_secs(2);
/// Unanswered probes after which the connection is given up and another server looked for.
const UNANSWERED_MAX: u32 = 3;
/// Probes by which the watch may be behind before it is begun anew.
const BEHIND_MAX: u32 = 2;
/// Who was cut off for longer may have missed deletions whose marks are swept away by now: see `sweep`.
pub(super) const CUT_OFF_MAX: Duration = Duration::from_secs(300);

/// What a store, its clones and its watch have in common.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) client: Client,
    pub(super) stream: Stream<()>,
    /// `$KV.bucket.`
    pub(super) subjects: String,
    /// Any replica answers reads.
    pub(super) direct: bool,
    /// The servers compare and write in one step: see `open::compares`.
    pub(super) swaps: bool,
    /// Messages may be purged by subject: see `open::purges`.
    purges: bool,
    pub(super) copy: Copy,
    pub(super) notes: Vec<String>,
    pub(super) listing: super::sweep::Listing,
    state: Mutex<Confirmed>,
}

/// When the leader last said that the copy has heard of everything.
#[derive(Debug, Clone, Copy)]
pub(super) struct Confirmed {
    fresh_until: Option<Instant>,
    /// The last moment for which that was so.
    at: Instant,
    unanswered: u32,
    /// What the server's clock is ahead of ours, in milliseconds.
    ahead_ms: i64,
}

impl Confirmed {
    pub(super) fn is_fresh(&self) -> bool {
        self.fresh_until.is_some_and(|until| Instant::now() < until)
    }

    /// Whether the leader has answered lately.
    pub(super) fn answers(&self) -> bool {
        self.unanswered == 0
    }

    pub(super) fn stale_for(&self) -> Option<Duration> {
        (!self.answers()).then(|| self.at.elapsed())
    }
}

impl Shared {
    pub(super) fn new(
        client: Client,
        stream: Stream<()>,
        bucket: &str,
        direct: bool,
        (swaps, purges): (bool, bool),
        notes: Vec<String>,
    ) -> Self {
        Self {
            client,
            stream,
            subjects: format!("$KV.{bucket}."),
            direct,
            swaps,
            purges,
            copy: Copy::default(),
            notes,
            listing: super::sweep::Listing::default(),
            state: Mutex::new(Confirmed {
                fresh_until: None,
                at: Instant::now(),
                unanswered: 0,
                ahead_ms: 0,
            }),
        }
    }

    pub(super) fn subject(&self, key: &str) -> String {
        format!("{}{}", self.subjects, key::encode(key))
    }

    /// Takes away the messages of these subjects, those below the revision `before` where one is given. Nothing else in this
    /// store purges. `false`: they stay, because these servers could lose others by it.
    pub(super) async fn purge(
        &self,
        subjects: String,
        before: Option<u64>,
    ) -> Result<bool, PurgeError> {
        if self.purges {
            let purge = self.stream.purge().filter(subjects);
            match before {
                Some(before) => purge.sequence(before).await?,
                None => purge.await?,
            };
        }
        Ok(self.purges)
    }

    pub(super) fn health(&self) -> Confirmed {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The server's time, as far as known: whoever writes and whoever reads a value that ends go by the same clock.
    pub(super) fn now_ms(&self) -> i64 {
        local_ms().saturating_add(self.health().ahead_ms)
    }

    /// Something was answered without the leader: until it answers a probe, answers are said to be old.
    pub(super) fn missed(&self) {
        self.change(|state| state.unanswered = state.unanswered.max(1));
    }

    fn change(&self, change: impl FnOnce(&mut Confirmed)) {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

fn local_ms() -> i64 {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(now.as_millis()).unwrap_or(i64::MAX)
}

/// The watch; ends when the last clone of the store is dropped.
#[derive(Debug)]
pub(super) struct Watching(JoinHandle<()>);

impl Drop for Watching {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Starts to watch from what `info` says on.
pub(super) fn start(shared: Arc<Shared>, info: &Info) -> Watching {
    let watch = Watch {
        seen: info.state.last_sequence,
        created_ms: created_ms(info),
        behind: 0,
        away: false,
        told: false,
        shared,
    };
    Watching(tokio::spawn(watch.run()))
}

fn created_ms(info: &Info) -> i128 {
    info.created.unix_timestamp_nanos() / 1_000_000
}

struct Watch {
    shared: Arc<Shared>,
    /// Every write up to this revision was heard of.
    seen: u64,
    /// Tells a bucket from another of its name.
    created_ms: i128,
    behind: u32,
    /// A probe was not answered.
    away: bool,
    /// The log has been told that the store does not answer.
    told: bool,
}

/// What a probe asks for.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    GoOn,
    BeginAnew,
}

impl Watch {
    async fn run(mut self) {
        loop {
            match timeout(PROBE_TIMEOUT * 2, self.subscribe()).await {
                Ok(Ok(messages)) => self.follow(messages).await,
                Ok(Err(error)) => {
                    tracing::debug!("no watch over the store: {error}");
                    self.probe_once().await;
                }
                Err(_) => {
                    self.probe_once().await;
                }
            }
        }
    }

    async fn subscribe(&mut self) -> Result<push::Messages, async_nats::Error> {
        let asked_ms = local_ms();
        let config = push::Config {
            deliver_subject: self.shared.client.new_inbox(),
            deliver_policy: DeliverPolicy::ByStartSequence {
                start_sequence: self.seen + 1,
            },
            ack_policy: AckPolicy::None,
            // What changed is enough: it is read when somebody wants it.
            headers_only: true,
            memory_storage: true,
            num_replicas: 1,
            ..Default::default()
        };
        let consumer = self.shared.stream.create_consumer(config).await?;
        let created = consumer.cached_info().created.unix_timestamp_nanos() / 1_000_000;
        let local = i128::from(asked_ms + (local_ms() - asked_ms) / 2);
        let ahead_ms = i64::try_from(created - local).unwrap_or_default();
        self.shared.change(|state| state.ahead_ms = ahead_ms);
        Ok(consumer.messages().await?)
    }

    /// Until the watch must be begun anew.
    async fn follow(&mut self, mut messages: push::Messages) {
        let mut probes = tokio::time::interval(PROBE);
        probes.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        self.behind = 0;
        loop {
            tokio::select! {
                biased;
                message = messages.next() => match message {
                    Some(Ok(message)) => {
                        if !self.heard(&message) {
                            return;
                        }
                    }
                    Some(Err(_)) | None => return,
                },
                _ = probes.tick() => {
                    if self.probe(&mut messages).await == Next::BeginAnew {
                        return;
                    }
                }
            }
        }
    }

    /// `false` where a message makes no sense.
    fn heard(&mut self, message: &jetstream::Message) -> bool {
        let Ok(info) = message.info() else {
            return false;
        };
        let key = message.subject.strip_prefix(self.shared.subjects.as_str());
        // What is no key of ours was written by somebody else, and nobody asks for it.
        if let Some(key) = key.and_then(key::decode) {
            let gone = message.headers.as_ref().is_some_and(is_deletion);
            self.shared.copy.changed(&key, info.stream_sequence, gone);
        }
        self.seen = self.seen.max(info.stream_sequence);
        true
    }

    /// Asks the leader; goes on hearing meanwhile.
    async fn probe(&mut self, messages: &mut push::Messages) -> Next {
        let asked = Instant::now();
        let shared = Arc::clone(&self.shared);
        let mut info = std::pin::pin!(timeout(PROBE_TIMEOUT, shared.stream.get_info()));
        let answer = loop {
            tokio::select! {
                biased;
                message = messages.next() => match message {
                    Some(Ok(message)) => {
                        if !self.heard(&message) {
                            return Next::BeginAnew;
                        }
                    }
                    Some(Err(_)) | None => return Next::BeginAnew,
                },
                answer = &mut info => break answer,
            }
        };
        match answer {
            Ok(Ok(info)) => self.compare(asked, &info),
            Ok(Err(error)) => self.unanswered(&error.to_string(), false).await,
            Err(_) => self.unanswered("no answer in time", true).await,
        }
    }

    /// Where there is no watch: whether there is a store.
    async fn probe_once(&mut self) {
        let asked = Instant::now();
        let info = timeout(PROBE_TIMEOUT, self.shared.stream.get_info()).await;
        match info {
            Ok(Ok(info)) => {
                self.compare(asked, &info);
            }
            Ok(Err(error)) => {
                self.unanswered(&error.to_string(), false).await;
            }
            Err(_) => {
                self.unanswered("no answer in time", true).await;
            }
        }
        tokio::time::sleep(PROBE.saturating_sub(asked.elapsed())).await;
    }

    fn compare(&mut self, asked: Instant, info: &Info) -> Next {
        let last = info.state.last_sequence;
        let before = self.shared.health();
        let away = before.at.elapsed();
        let other = created_ms(info) != self.created_ms || last < self.seen;
        let was_away = std::mem::take(&mut self.away);
        if other || away > CUT_OFF_MAX {
            self.shared.copy.clear();
            self.created_ms = created_ms(info);
            self.seen = last;
        } else if was_away {
            self.shared.copy.doubt();
            self.seen = last;
        }
        if self.told {
            self.told = false;
            tracing::info!(seconds = away.as_secs(), "the store answers again");
        }
        let heard_all = last <= self.seen;
        self.behind = if heard_all { 0 } else { self.behind + 1 };
        self.shared.change(|state| {
            state.unanswered = 0;
            state.fresh_until = heard_all.then(|| asked + FRESH);
            // What is not in the copy is asked for: answers are as good as the store's either way.
            state.at = asked;
        });
        if other || was_away || away > CUT_OFF_MAX || self.behind >= BEHIND_MAX {
            Next::BeginAnew
        } else {
            Next::GoOn
        }
    }

    /// `silent`: not even a refusal came, so the connection may be dead.
    async fn unanswered(&mut self, why: &str, silent: bool) -> Next {
        self.away = true;
        let mut unanswered = 0;
        self.shared.change(|state| {
            state.unanswered += 1;
            unanswered = state.unanswered;
        });
        if !self.told {
            self.told = true;
            tracing::warn!("the store does not answer; what is in memory is served on: {why}");
        }
        if silent
            && unanswered % UNANSWERED_MAX == 0
            && self.shared.client.connection_state() == connection::State::Connected
        {
            tracing::warn!("looking for another NATS server");
            // An error says that the client has ended, which it does with the process.
            let _ = self.shared.client.force_reconnect().await;
        }
        Next::GoOn
    }
}
