//! A store of your own: one table of SQLite, for one process. `conformance::check` (see `tests/`) says whether it keeps the rules.
//! Hand it over with `EdgefoldHost::builder().kv(SqliteKv::open("items.db")?)`.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use edgefold_host::kv::{
    Capabilities, Entry, KeyPage, Kv, KvError, LIST_KEYS_MAX, Precondition, Version,
};
use rusqlite::{Connection, OptionalExtension, Result as Sql};

/// SQLite gives no `AUTOINCREMENT` number twice, also where a key is deleted and put again: it is the version.
const TABLE: &str =
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE IF NOT EXISTS kv
    (version INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, value BLOB NOT NULL)";
const GET: &str = "SELECT value, version FROM kv WHERE key = ?1";
/// Comparison and write are one statement. `?3`: null for no precondition, 0 for an absent key, else the version.
const PUT: &str = "INSERT OR REPLACE INTO kv (key, value) SELECT ?1, ?2
    WHERE ?3 IS NULL OR ?3 = (SELECT coalesce(max(version), 0) FROM kv WHERE key = ?1) RETURNING version";
const LIST: &str =
    "SELECT key FROM kv WHERE key > ?2 AND substr(key, 1, length(?1)) = ?1 ORDER BY key LIMIT ?3";

/// The store. Writes are on disk before they are answered.
pub struct SqliteKv(Arc<Mutex<Connection>>);

impl SqliteKv {
    /// Opens the store in `file`, and makes it where there is none.
    ///
    /// # Errors
    /// Where it can't be opened or made, or is no database.
    pub fn open(file: impl AsRef<Path>) -> Sql<Self> {
        let database = Connection::open(file)?;
        database.execute_batch(TABLE)?;
        Ok(Self(Arc::new(Mutex::new(database))))
    }

    /// On a thread for blocking work, to its end also where the future is dropped: a write has happened or not.
    async fn run<T: Send + 'static>(
        &self,
        error: fn(String) -> KvError,
        work: impl FnOnce(&Connection) -> Sql<T> + Send + 'static,
    ) -> Result<T, KvError> {
        let database = Arc::clone(&self.0);
        let work = move || work(&database.lock().unwrap_or_else(PoisonError::into_inner));
        let done = tokio::task::spawn_blocking(work).await;
        let done = done.map_err(|ended| error(ended.to_string()))?;
        done.map_err(|failed| error(failed.to_string()))
    }
}

impl Kv for SqliteKv {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            ttl: false,
            batch: false,
            increment: false,
            ..Capabilities::ALL
        }
    }

    async fn get(&self, key: &str) -> Result<Option<Entry>, KvError> {
        let key = key.to_owned();
        let row = move |db: &Connection| {
            db.query_row(GET, [key], |row| {
                Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, i64>(1)?))
            })
            .optional()
        };
        let found = self.run(KvError::Unavailable, row).await?;
        Ok(found.map(|(value, version)| Entry {
            value: value.into(),
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
        let when = match when {
            Precondition::None => None,
            Precondition::Absent => Some(0),
            Precondition::Version(version) => Some(version.0.parse().unwrap_or(-1)), // not one of ours
        };
        let key = key.to_owned();
        let put = move |db: &Connection| {
            db.query_row(PUT, (key, &value[..], when), |row| row.get::<_, i64>(0))
                .optional()
        };
        let version = self.run(KvError::Ambiguous, put).await?;
        version
            .map(|version| Version(version.to_string()))
            .ok_or(KvError::Conflict)
    }

    async fn delete(&self, key: &str) -> Result<(), KvError> {
        let key = key.to_owned();
        self.run(KvError::Ambiguous, move |db| {
            db.execute("DELETE FROM kv WHERE key = ?1", [key]).map(drop)
        })
        .await
    }

    async fn list(&self, prefix: &str, cursor: Option<&str>) -> Result<KeyPage, KvError> {
        let (prefix, after) = (prefix.to_owned(), cursor.unwrap_or_default().to_owned());
        let rows = move |db: &Connection| {
            let mut rows = db.prepare(LIST)?;
            rows.query_map((prefix, after, LIST_KEYS_MAX as i64), |row| row.get(0))?
                .collect()
        };
        let keys: Vec<String> = self.run(KvError::Unavailable, rows).await?;
        let cursor = (keys.len() == LIST_KEYS_MAX)
            .then(|| keys.last().cloned())
            .flatten();
        Ok(KeyPage { keys, cursor })
    }
}
