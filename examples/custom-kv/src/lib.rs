//! A store of your own: one table of SQLite, for one process. `conformance::check` (see `tests/`) says whether it keeps the rules.
//! Hand it over with `EdgefoldHost::builder().kv(SqliteKv::open("items.db")?)`.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use edgefold_host::kv::{
    Blocking, BlockingKv, Entry, KeyPage, KvError, LIST_KEYS_MAX, Precondition, Version,
};
use rusqlite::{Connection, OptionalExtension as _, Row};

/// SQLite gives no `AUTOINCREMENT` number twice, also where a key is deleted and put again: it is the version.
const TABLE: &str =
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE IF NOT EXISTS kv
    (version INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, value BLOB NOT NULL)";
const GET: &str = "SELECT value, CAST(version AS TEXT) FROM kv WHERE key = ?1";
/// Comparison and write are one statement. `?3`: null for no precondition, 0 for an absent key, else the version.
const PUT: &str = "INSERT OR REPLACE INTO kv (key, value) SELECT ?1, ?2 WHERE ?3 IS NULL OR
    ?3 = (SELECT CAST(coalesce(max(version), 0) AS TEXT) FROM kv WHERE key = ?1) RETURNING CAST(version AS TEXT)";
const DELETE: &str = "DELETE FROM kv WHERE key = ?1";
const LIST: &str =
    "SELECT key FROM kv WHERE key > ?2 AND substr(key, 1, length(?1)) = ?1 ORDER BY key LIMIT ?3";

/// The store. Writes are on disk before they are answered.
pub struct SqliteKv(Mutex<Connection>);

impl SqliteKv {
    /// Opens the store in `file`, and makes it where there is none.
    ///
    /// # Errors
    /// Where it can't be opened or made, or is no database.
    pub fn open(file: impl AsRef<Path>) -> rusqlite::Result<Blocking<Self>> {
        let database = Connection::open(file)?;
        database.execute_batch(TABLE)?;
        Ok(Blocking::new(Self(Mutex::new(database))))
    }

    fn database(&self) -> MutexGuard<'_, Connection> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl BlockingKv for SqliteKv {
    fn get(&self, key: &str) -> Result<Option<Entry>, KvError> {
        let entry = |row: &Row<'_>| {
            let value = row.get::<_, Vec<u8>>(0)?.into();
            row.get(1)
                .map(Version)
                .map(|version| Entry { value, version })
        };
        let found = self.database().query_row(GET, [key], entry).optional();
        found.map_err(unreadable)
    }

    fn put(
        &self,
        key: &str,
        value: Bytes,
        when: Precondition,
        _: Option<Duration>,
    ) -> Result<Version, KvError> {
        let when = match &when {
            Precondition::None => None,
            Precondition::Absent => Some("0"),
            Precondition::Version(version) => Some(version.0.as_str()),
        };
        let values = (key, &value[..], when);
        let put = self.database().query_row(PUT, values, |row| row.get(0));
        let version = put.optional().map_err(may_be_done)?;
        version.map(Version).ok_or(KvError::Conflict)
    }

    fn delete(&self, key: &str) -> Result<(), KvError> {
        let deleted = self.database().execute(DELETE, [key]);
        deleted.map(drop).map_err(may_be_done)
    }

    fn list(&self, prefix: &str, cursor: Option<&str>) -> Result<KeyPage, KvError> {
        let database = self.database();
        let values = (prefix, cursor.unwrap_or_default(), LIST_KEYS_MAX as i64 + 1);
        let rows = database.prepare(LIST).and_then(|mut rows| {
            let keys = rows.query_map(values, |row| row.get(0))?;
            keys.collect::<rusqlite::Result<Vec<String>>>()
        });
        let keys = rows.map_err(unreadable)?;
        Ok(KeyPage::first(keys, LIST_KEYS_MAX))
    }
}

fn unreadable(error: rusqlite::Error) -> KvError {
    KvError::Unavailable(error.to_string())
}

fn may_be_done(error: rusqlite::Error) -> KvError {
    KvError::Ambiguous(error.to_string())
}
