//! One point of presence: the ports as it sees them.

use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode};

use super::{START, World, Write};
use crate::cache::{Answer, Failure, InFlight, answer};
use crate::config::Config;
use crate::host::*;
use crate::tenant::TenantHost;
use crate::time::Timestamp;

/// One point of presence.
pub(in crate::cache::tests) struct Pop<'w> {
    pub(in crate::cache::tests) world: &'w World,
    pub(super) id: usize,
    pub(in crate::cache::tests) in_flight: Option<Rc<InFlight>>,
}

impl Pop<'_> {
    pub(in crate::cache::tests) async fn ask(&self, config: &Config) -> Result<Answer, Failure> {
        answer(&TenantHost::main(self), config, &config.proxies[0]).await
    }
}

impl Host for Pop<'_> {
    type Kv = Self;
    type Http = Self;
    fn kv(&self) -> &Self {
        self
    }
    fn http(&self) -> &Self {
        self
    }
    fn in_flight(&self) -> Option<Rc<InFlight>> {
        self.in_flight.clone()
    }
}

impl Kv for Pop<'_> {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            swap: true,
            ttl: false,
            list: false,
            batch: false,
            increment: false,
            staleness_ms: None,
        }
    }

    async fn get(&self, key: &str) -> Result<Option<Entry>, KvError> {
        let world = self.world;
        world.sleep(world.between(2, 12)).await;
        world.reads.set(world.reads.get() + 1);
        let now = world.now_ms.get();
        let writes = world.writes.borrow();
        let shown = writes.get(key).into_iter().flatten().rev().find(|write| {
            write.by == self.id || write.shows.get(&self.id).is_none_or(|at| *at <= now)
        });
        Ok(shown.map(|write| Entry {
            value: write.value.clone(),
            version: Version(write.version.to_string()),
        }))
    }

    async fn put(
        &self,
        key: &str,
        value: Bytes,
        when: Precondition,
        _ttl: Option<Duration>,
    ) -> Result<Version, KvError> {
        let world = self.world;
        world.sleep(world.between(20, 60)).await;
        if world.refuse_writes.get() {
            return Err(KvError::QuotaExceeded);
        }
        let one_in = world.lose_one_in.get();
        let lost = one_in > 0 && world.next().is_multiple_of(one_in);
        if lost && world.next().is_multiple_of(2) {
            return Err(KvError::Ambiguous("no answer".into()));
        }
        let now = world.now_ms.get();
        {
            let mut writes = world.writes.borrow_mut();
            let history = writes.entry(key.to_owned()).or_default();
            let have = history.last().map(|write| write.version.to_string());
            let holds = match when {
                Precondition::None => true,
                Precondition::Absent => have.is_none(),
                Precondition::Version(version) => have == Some(version.0),
            };
            if !holds {
                return Err(KvError::Conflict);
            }
            // Writes older than one that shows everywhere are never looked at again.
            let shown = history
                .iter()
                .rposition(|write| now - write.applied > 2_000);
            history.drain(..shown.unwrap_or(0));
            world.version.set(world.version.get() + 1);
            world.applied.set(world.applied.get() + 1);
            history.push(Write {
                value,
                version: world.version.get(),
                by: self.id,
                shows: (0..world.pops)
                    .map(|pop| (pop, now + world.between(50, 2_000)))
                    .collect(),
                applied: now,
            });
        }
        world.sleep(world.between(2, 10)).await;
        if lost {
            return Err(KvError::Ambiguous("no answer".into()));
        }
        Ok(Version(world.version.get().to_string()))
    }

    async fn delete(&self, key: &str) -> Result<(), KvError> {
        self.world.writes.borrow_mut().remove(key);
        Ok(())
    }

    async fn list(&self, _: &str, _: Option<&str>) -> Result<KeyPage, KvError> {
        Ok(KeyPage::default())
    }
}

impl HttpClient for Pop<'_> {
    async fn send(&self, request: Outgoing) -> Result<Incoming, HttpError> {
        let world = self.world;
        world.asked.set(world.asked.get() + 1);
        world.sleep(world.origin_ms.get()).await;
        if world.status.get() == 0 {
            return Err(HttpError::Timeout);
        }
        let body = world.body.borrow().clone();
        let etag = format!("\"{:x}\"", xxhash_rust::xxh3::xxh3_64(body.as_bytes()));
        let known = request.headers.get("if-none-match");
        if known.is_some() {
            world.conditional.set(world.conditional.get() + 1);
        }
        let unchanged = known.is_some_and(|known| known.as_bytes() == etag.as_bytes());
        let status = match world.status.get() {
            200 if unchanged => 304,
            status => status,
        };
        let mut headers = HeaderMap::new();
        headers.insert("etag", HeaderValue::from_str(&etag).unwrap());
        headers.insert(
            "content-type",
            HeaderValue::from_static(world.content_type.get()),
        );
        headers.insert("set-cookie", HeaderValue::from_static("session=secret"));
        Ok(Incoming {
            status: StatusCode::from_u16(status).unwrap(),
            headers,
            body: if status == 304 {
                Bytes::new()
            } else {
                body.into()
            },
        })
    }
}

impl Clock for Pop<'_> {
    fn now(&self) -> Timestamp {
        Timestamp(START + self.world.now_ms.get())
    }
    fn elapsed(&self) -> Duration {
        Duration::from_millis(u64::try_from(self.world.now_ms.get()).unwrap())
    }
    async fn pause(&self, time: Duration) {
        let ms = i64::try_from(time.as_millis()).unwrap();
        self.world.sleep(ms).await;
    }
}

impl Random for Pop<'_> {
    fn random_u64(&self) -> u64 {
        self.world.next()
    }
}

impl Variables for Pop<'_> {
    async fn variable(&self, _: &str) -> Option<String> {
        None
    }
}

impl Log for Pop<'_> {
    fn log(&self, _: Level, line: &str) {
        self.world.lines.borrow_mut().push(line.to_owned());
    }
}
