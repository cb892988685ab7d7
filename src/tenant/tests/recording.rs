//! A store that notes every key that it is asked for, and lists more than it should.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;

use crate::host::*;

#[derive(Debug, Default)]
pub(super) struct Recording {
    pub(super) values: RefCell<BTreeMap<String, Bytes>>,
    /// Keys and prefixes as asked, in order.
    pub(super) asked: RefCell<Vec<String>>,
}

impl Recording {
    fn note(&self, key: &str) {
        self.asked.borrow_mut().push(key.to_owned());
    }
}

impl Kv for Recording {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            swap: false,
            ttl: false,
            list: true,
            batch: false,
            increment: true,
            staleness_ms: None,
        }
    }
    async fn get(&self, key: &str) -> Result<Option<Entry>, KvError> {
        self.note(key);
        let value = self.values.borrow().get(key).cloned();
        let version = Version(String::new());
        Ok(value.map(|value| Entry { value, version }))
    }
    async fn put(
        &self,
        key: &str,
        value: Bytes,
        _: Precondition,
        _: Option<Duration>,
    ) -> Result<Version, KvError> {
        self.note(key);
        self.values.borrow_mut().insert(key.to_owned(), value);
        Ok(Version(String::new()))
    }
    async fn delete(&self, key: &str) -> Result<(), KvError> {
        self.note(key);
        self.values.borrow_mut().remove(key);
        Ok(())
    }
    async fn increment(&self, key: &str) -> Result<u64, KvError> {
        self.note(key);
        Ok(1)
    }
    /// Everything it has, whatever the prefix.
    async fn list(&self, prefix: &str, _: Option<&str>) -> Result<KeyPage, KvError> {
        self.note(prefix);
        Ok(KeyPage {
            keys: self.values.borrow().keys().cloned().collect(),
            cursor: None,
        })
    }
}
