//! The host that the targets run on. Everything answers at once.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use edgefold::host::*;
use edgefold::time::Timestamp;

/// Opens the admin routes.
pub const TOKEN: &str = "fuzz-token";
/// Keys of one page of a list.
const LIST_KEYS: usize = 1_000;

/// A store, a source and a clock.
#[derive(Debug, Default, Clone)]
pub struct World {
    /// What is stored, with versions.
    pub values: RefCell<BTreeMap<String, (Bytes, u64)>>,
    /// What the source answers with.
    pub document: RefCell<Bytes>,
    /// Seconds since 1970.
    pub now: Cell<i64>,
    version: Cell<u64>,
}

impl Kv for World {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            ttl: false,
            batch: false,
            increment: false,
            ..Capabilities::ALL
        }
    }

    async fn get(&self, key: &str) -> Result<Option<Entry>, KvError> {
        let stored = self.values.borrow().get(key).cloned();
        Ok(stored.map(|(value, version)| Entry {
            value,
            version: Version(version.to_string()),
        }))
    }

    async fn put(
        &self,
        key: &str,
        value: Bytes,
        when: Precondition,
        _: Option<Duration>,
    ) -> Result<Version, KvError> {
        let mut values = self.values.borrow_mut();
        let stored = values.get(key).map(|(_, version)| version.to_string());
        let holds = match when {
            Precondition::None => true,
            Precondition::Absent => stored.is_none(),
            Precondition::Version(Version(version)) => stored == Some(version),
        };
        if !holds {
            return Err(KvError::Conflict);
        }
        self.version.set(self.version.get() + 1);
        values.insert(key.to_owned(), (value, self.version.get()));
        Ok(Version(self.version.get().to_string()))
    }

    async fn delete(&self, key: &str) -> Result<(), KvError> {
        self.values.borrow_mut().remove(key);
        Ok(())
    }

    async fn list(&self, prefix: &str, _: Option<&str>) -> Result<KeyPage, KvError> {
        let values = self.values.borrow();
        let keys = values.keys().filter(|key| key.starts_with(prefix));
        Ok(KeyPage {
            keys: keys.take(LIST_KEYS).cloned().collect(),
            cursor: None,
        })
    }
}

impl HttpClient for World {
    async fn send(&self, _: Outgoing) -> Result<Incoming, HttpError> {
        let mut headers = http::HeaderMap::new();
        let json = http::HeaderValue::from_static("application/feed+json");
        headers.insert("content-type", json);
        Ok(Incoming {
            status: http::StatusCode::OK,
            headers,
            body: self.document.borrow().clone(),
        })
    }
}

impl Host for World {
    type Kv = Self;
    type Http = Self;

    fn kv(&self) -> &Self {
        self
    }

    fn http(&self) -> &Self {
        self
    }
}

impl Clock for World {
    fn now(&self) -> Timestamp {
        Timestamp::from_secs(self.now.get())
    }

    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }
}

impl Random for World {
    fn random_u64(&self) -> u64 {
        4
    }
}

impl Variables for World {
    async fn variable(&self, name: &str) -> Option<String> {
        (name == "admin_token").then(|| TOKEN.to_owned())
    }
}

impl Log for World {
    fn log(&self, _: Level, _: &str) {}
}
