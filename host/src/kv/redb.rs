//! A store in one file.

mod cache;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use redb::{
    Database, DatabaseError, ReadableDatabase, ReadableTable, TableDefinition, WriteTransaction,
};

use self::cache::Cache;
use super::{
    Capabilities, Entry, KeyPage, Kv, KvError, LIST_KEYS_MAX, OpenError, Precondition, Version,
    blocking,
};

/// Key to version, expiry (milliseconds since 1970, 0: never) and value.
const VALUES: TableDefinition<'_, &str, (u64, u64, &[u8])> = TableDefinition::new("values");
/// What [`Kv::increment`] counts: no values, so that neither can be taken for the other.
const COUNTERS: TableDefinition<'_, &str, u64> = TableDefinition::new("counters");
/// The version last given, under the empty key. Versions are never given twice, also not to a deleted key.
const LAST_VERSION: TableDefinition<'_, &str, u64> = TableDefinition::new("last-version");

/// Keeps everything in one [redb](https://docs.rs/redb) file, for one process at a time.
///
/// Each write is a transaction that is on disk (fsync) before [`Kv::put`] returns: a power cut loses nothing that was
/// acknowledged and never tears the file. That bounds it to a few hundred writes a second, of which edgefold needs one a
/// cycle. Reads come from memory where the value was read or written lately. What has expired is no longer delivered at
/// once, and removed from the file when it is opened or the key is written again.
#[derive(Debug, Clone)]
pub struct RedbKv {
    file: Arc<File>,
}

#[derive(Debug)]
struct File {
    database: Database,
    /// Held over commit and cache update, so that the cache sees writes in the order of their commits.
    writing: Mutex<()>,
    cache: Cache,
}

/// One stored value.
#[derive(Debug, Clone)]
struct Stored {
    version: u64,
    expires_ms: u64,
    bytes: Bytes,
}

impl Stored {
    fn live(self) -> Option<Self> {
        (self.expires_ms == 0 || now_ms() < self.expires_ms).then_some(self)
    }

    fn entry(self) -> Entry {
        Entry {
            value: self.bytes,
            version: Version(self.version.to_string()),
        }
    }
}

impl RedbKv {
    /// Opens the file, or makes it. Blocks for as long as the disk takes, and for a repair after a crash.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        let path = path.as_ref();
        let name = path.display().to_string();
        let database = Database::create(path).map_err(|error| match error {
            DatabaseError::DatabaseAlreadyOpen => OpenError::InUse(name.clone()),
            other => OpenError::Unusable(name.clone(), other.to_string()),
        })?;
        let file = File {
            database,
            writing: Mutex::new(()),
            cache: Cache::default(),
        };
        file.prepare()
            .map_err(|error| OpenError::Unusable(name, error.to_string()))?;
        Ok(Self {
            file: Arc::new(file),
        })
    }
}

impl Kv for RedbKv {
    fn capabilities(&self) -> Capabilities {
        Capabilities::ALL
    }

    async fn get(&self, key: &str) -> Result<Option<Entry>, KvError> {
        if let Some(stored) = self.file.cache.get(key) {
            return Ok(stored.live().map(Stored::entry));
        }
        let keys = vec![key.to_owned()];
        let mut found = blocking::run(&self.file, move |file| file.read(&keys)).await?;
        Ok(found.pop().flatten())
    }

    async fn get_many(&self, keys: &[String]) -> Result<Vec<Option<Entry>>, KvError> {
        let cached: Option<Vec<Stored>> = keys.iter().map(|key| self.file.cache.get(key)).collect();
        if let Some(all) = cached {
            return Ok(all
                .into_iter()
                .map(|stored| stored.live().map(Stored::entry))
                .collect());
        }
        let keys = keys.to_vec();
        blocking::run(&self.file, move |file| file.read(&keys)).await
    }

    async fn put(
        &self,
        key: &str,
        value: Bytes,
        when: Precondition,
        ttl: Option<Duration>,
    ) -> Result<Version, KvError> {
        let key = key.to_owned();
        let expires_ms = ttl.map_or(0, |ttl| {
            let ttl_ms = u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX);
            now_ms().saturating_add(ttl_ms).max(1)
        });
        blocking::run(&self.file, move |file| {
            file.put(&key, value, &when, expires_ms)
        })
        .await
    }

    async fn delete(&self, key: &str) -> Result<(), KvError> {
        let key = key.to_owned();
        blocking::run(&self.file, move |file| file.delete(&key)).await
    }

    async fn increment(&self, key: &str) -> Result<u64, KvError> {
        let key = key.to_owned();
        blocking::run(&self.file, move |file| file.increment(&key)).await
    }

    async fn list(&self, prefix: &str, cursor: Option<&str>) -> Result<KeyPage, KvError> {
        let (prefix, cursor) = (prefix.to_owned(), cursor.map(str::to_owned));
        blocking::run(&self.file, move |file| {
            file.list(&prefix, cursor.as_deref())
        })
        .await
    }
}

impl File {
    /// Makes the tables, and removes what has expired.
    fn prepare(&self) -> Result<(), redb::Error> {
        let transaction = self.database.begin_write()?;
        {
            transaction.open_table(LAST_VERSION)?;
            let mut values = transaction.open_table(VALUES)?;
            let now = now_ms();
            values.retain(|_, (_, expires_ms, _)| expires_ms == 0 || now < expires_ms)?;
        }
        transaction.commit()?;
        Ok(())
    }

    fn read(&self, keys: &[String]) -> Result<Vec<Option<Entry>>, KvError> {
        let mark = self.cache.mark();
        let transaction = self.database.begin_read().map_err(unavailable)?;
        let values = transaction.open_table(VALUES).map_err(unavailable)?;
        let mut found = Vec::with_capacity(keys.len());
        for key in keys {
            let stored = values
                .get(key.as_str())
                .map_err(unavailable)?
                .map(|guard| stored(guard.value()));
            if let Some(stored) = &stored {
                self.cache.remember(key, stored.clone(), mark);
            }
            found.push(stored.and_then(Stored::live).map(Stored::entry));
        }
        Ok(found)
    }

    fn put(
        &self,
        key: &str,
        bytes: Bytes,
        when: &Precondition,
        expires_ms: u64,
    ) -> Result<Version, KvError> {
        let _order = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let transaction = self.database.begin_write().map_err(unavailable)?;
        let version = {
            let mut values = transaction.open_table(VALUES).map_err(unavailable)?;
            let current = values
                .get(key)
                .map_err(unavailable)?
                .and_then(|guard| stored(guard.value()).live())
                .map(|stored| stored.version.to_string());
            let holds = match when {
                Precondition::None => true,
                Precondition::Absent => current.is_none(),
                Precondition::Version(Version(wanted)) => current.as_ref() == Some(wanted),
            };
            if !holds {
                return Err(KvError::Conflict);
            }
            let version = next_version(&transaction).map_err(unavailable)?;
            values
                .insert(key, (version, expires_ms, bytes.as_ref()))
                .map_err(unavailable)?;
            version
        };
        transaction.commit().map_err(ambiguous)?;
        let stored = Stored {
            version,
            expires_ms,
            bytes,
        };
        self.cache.wrote(key, Some(stored));
        Ok(Version(version.to_string()))
    }

    fn delete(&self, key: &str) -> Result<(), KvError> {
        let _order = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let transaction = self.database.begin_write().map_err(unavailable)?;
        {
            let mut values = transaction.open_table(VALUES).map_err(unavailable)?;
            values.remove(key).map_err(unavailable)?;
            let mut counters = transaction.open_table(COUNTERS).map_err(unavailable)?;
            counters.remove(key).map_err(unavailable)?;
        }
        transaction.commit().map_err(ambiguous)?;
        self.cache.wrote(key, None);
        Ok(())
    }

    fn increment(&self, key: &str) -> Result<u64, KvError> {
        let _order = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let transaction = self.database.begin_write().map_err(unavailable)?;
        let count = {
            let mut counters = transaction.open_table(COUNTERS).map_err(unavailable)?;
            let count = counters.get(key).map_err(unavailable)?;
            let count = count.map_or(0, |count| count.value()).saturating_add(1);
            counters.insert(key, count).map_err(unavailable)?;
            count
        };
        transaction.commit().map_err(ambiguous)?;
        Ok(count)
    }

    fn list(&self, prefix: &str, cursor: Option<&str>) -> Result<KeyPage, KvError> {
        let transaction = self.database.begin_read().map_err(unavailable)?;
        let values = transaction.open_table(VALUES).map_err(unavailable)?;
        // The cursor is the last key delivered.
        let start = cursor.map_or(prefix, |cursor| cursor.max(prefix));
        let mut keys = Vec::new();
        for row in values.range(start..).map_err(unavailable)? {
            let (key, value) = row.map_err(unavailable)?;
            let key = key.value();
            if !key.starts_with(prefix) {
                break;
            }
            let (_, expires_ms, _) = value.value();
            if cursor == Some(key) || (expires_ms != 0 && now_ms() >= expires_ms) {
                continue;
            }
            keys.push(key.to_owned());
            if keys.len() > LIST_KEYS_MAX {
                break;
            }
        }
        Ok(KeyPage::first(keys, LIST_KEYS_MAX))
    }
}

fn stored((version, expires_ms, bytes): (u64, u64, &[u8])) -> Stored {
    Stored {
        version,
        expires_ms,
        bytes: Bytes::copy_from_slice(bytes),
    }
}

fn next_version(transaction: &WriteTransaction) -> Result<u64, redb::Error> {
    let mut table = transaction.open_table(LAST_VERSION)?;
    let next = table.get("")?.map_or(0, |last| last.value()) + 1;
    table.insert("", next)?;
    Ok(next)
}

fn now_ms() -> u64 {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
}

fn unavailable(error: impl Into<redb::Error>) -> KvError {
    KvError::Unavailable(error.into().to_string())
}

fn ambiguous(error: impl Into<redb::Error>) -> KvError {
    KvError::Ambiguous(error.into().to_string())
}
