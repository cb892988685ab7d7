//! A [`Kv`] in one table of SQLite, whoever runs the statements: nothing here is Spin's, so that
//! `host-tests/tests/stores/sqlite.rs` holds the same statements to the rules of every store.
//!
//! Each operation is one statement, which SQLite carries out whole or not at all, one writer after the other: a write
//! compares and stores at once, and returns a row where it was applied. The version is the row's number, and every write
//! makes a new row; `AUTOINCREMENT` gives no number twice, also not to a key that was deleted and made again. What has
//! expired, by the database's clock, is as good as gone; its row goes when the key is written or deleted.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use edgefold::host::{Capabilities, Entry, KeyPage, Kv, KvError, Precondition, Version};

/// Keys on one page of [`Kv::list`].
const KEYS_PER_PAGE: usize = 1000;
/// Longest time to live, in milliseconds: a sum with the time of day stays an integer.
const TTL_MS_MAX: i64 = i64::MAX / 2;

/// Makes the table where it is missing; changes nothing where it is there.
pub(crate) const CREATE: &str = "CREATE TABLE IF NOT EXISTS edgefold (\
    version INTEGER PRIMARY KEY AUTOINCREMENT, \
    key TEXT NOT NULL UNIQUE, \
    expires_ms INTEGER, \
    value BLOB NOT NULL)";

/// Milliseconds since 1970. `unixepoch('subsec')` says the same, from SQLite 3.42 on.
macro_rules! now_ms {
    () => {
        "CAST(ROUND((julianday('now') - 2440587.5) * 86400000) AS INTEGER)"
    };
}

macro_rules! live {
    () => {
        concat!("(expires_ms IS NULL OR expires_ms > ", now_ms!(), ")")
    };
}

/// Stores ?3 under ?1 for ?2 milliseconds (NULL: for good) where the condition holds.
macro_rules! put_where {
    ($($condition:expr),*) => {
        concat!(
            "INSERT OR REPLACE INTO edgefold (key, expires_ms, value) SELECT ?1, ",
            now_ms!(),
            " + ?2, ?3 WHERE ",
            $($condition,)*
            " RETURNING version"
        )
    };
}

const PUT: &str = put_where!("1");
const PUT_ABSENT: &str = put_where!(
    "NOT EXISTS (SELECT 1 FROM edgefold WHERE key = ?1 AND ",
    live!(),
    ")"
);
const PUT_OVER: &str = put_where!(
    "EXISTS (SELECT 1 FROM edgefold WHERE key = ?1 AND version = ?4 AND ",
    live!(),
    ")"
);
const DELETE: &str = "DELETE FROM edgefold WHERE key = ?1";

/// What a statement binds, and what its rows are made of.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    Null,
    Integer(i64),
    Text(String),
    Blob(Vec<u8>),
}

pub(crate) type Row = Vec<Value>;

/// Why a statement has no result.
#[derive(Debug)]
pub(crate) enum Failed {
    /// It was not carried out.
    Refused(KvError),
    /// It may have been carried out.
    Lost(String),
}

impl Failed {
    fn read(self) -> KvError {
        match self {
            Self::Refused(error) => error,
            Self::Lost(text) => KvError::Unavailable(text),
        }
    }

    fn write(self) -> KvError {
        match self {
            Self::Refused(error) => error,
            Self::Lost(text) => KvError::Ambiguous(text),
        }
    }
}

/// A database with the table of [`CREATE`] in it.
pub(crate) trait Database {
    /// Carries out one statement with `values` for `?1`, `?2` and so on. Its rows, once all is committed.
    async fn run(&self, statement: &str, values: Vec<Value>) -> Result<Vec<Row>, Failed>;
}

/// The store in a database.
pub(crate) struct Table<D>(pub(crate) D);

impl<D: Database> Kv for Table<D> {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            swap: true,
            ttl: true,
            list: true,
            batch: true,
            // With swaps nobody needs them.
            increment: false,
            // None at all in a file, nor at a libSQL server that stands alone or is the primary. One that is a replica
            // shows writes with a delay that nobody bounds, and the interface does not tell which of them answers. Swaps
            // are none the worse: writes are compared where they are carried out, at the primary.
            staleness_ms: None,
        }
    }

    async fn get(&self, key: &str) -> Result<Option<Entry>, KvError> {
        Ok(self.get_many(&[key]).await?.pop().flatten())
    }

    async fn get_many(&self, keys: &[&str]) -> Result<Vec<Option<Entry>>, KvError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let marks: Vec<String> = (1..=keys.len())
            .map(|number| format!("?{number}"))
            .collect();
        let statement = format!(
            concat!(
                "SELECT key, version, value FROM edgefold WHERE key IN ({}) AND ",
                live!()
            ),
            marks.join(", ")
        );
        let wanted = keys.iter().map(|key| Value::Text((*key).to_owned()));
        let rows = self.0.run(&statement, wanted.collect()).await;
        let mut found = BTreeMap::new();
        for row in rows.map_err(Failed::read)? {
            let (key, entry) = entry(row).ok_or_else(strange)?;
            found.insert(key, entry);
        }
        Ok(keys.iter().map(|key| found.get(*key).cloned()).collect())
    }

    async fn put(
        &self,
        key: &str,
        value: Bytes,
        when: Precondition,
        ttl: Option<Duration>,
    ) -> Result<Version, KvError> {
        let ttl_ms = ttl.map(|ttl| i64::try_from(ttl.as_millis()).unwrap_or(TTL_MS_MAX));
        let mut values = vec![
            Value::Text(key.to_owned()),
            ttl_ms.map_or(Value::Null, |ms| Value::Integer(ms.min(TTL_MS_MAX))),
            Value::Blob(value.into()),
        ];
        let statement = match when {
            Precondition::None => PUT,
            Precondition::Absent => PUT_ABSENT,
            Precondition::Version(Version(wanted)) => {
                // What is no number was given for another store's value.
                let wanted = wanted.parse().map_err(|_| KvError::Conflict)?;
                values.push(Value::Integer(wanted));
                PUT_OVER
            }
        };
        let rows = self.0.run(statement, values).await.map_err(Failed::write)?;
        match rows.first().map(Vec::as_slice) {
            Some([Value::Integer(version), ..]) => Ok(Version(version.to_string())),
            Some(_) => Err(Failed::Lost(STRANGE.to_owned()).write()),
            None => Err(KvError::Conflict),
        }
    }

    async fn delete(&self, key: &str) -> Result<(), KvError> {
        let key = vec![Value::Text(key.to_owned())];
        self.0.run(DELETE, key).await.map_err(Failed::write)?;
        Ok(())
    }

    /// Reads as many keys from the index as are on the page, whatever else there is.
    async fn list(&self, prefix: &str, cursor: Option<&str>) -> Result<KeyPage, KvError> {
        // The cursor is the last key delivered.
        let (after, first) = match cursor {
            Some(last) if last >= prefix => (">", last),
            _ => (">=", prefix),
        };
        let statement = format!(
            concat!(
                "SELECT key FROM edgefold WHERE key {} ?1 AND ",
                live!(),
                " ORDER BY key LIMIT {}"
            ),
            after,
            KEYS_PER_PAGE + 1
        );
        let first = vec![Value::Text(first.to_owned())];
        let rows = self.0.run(&statement, first).await.map_err(Failed::read)?;
        let mut keys = Vec::with_capacity(rows.len());
        for row in rows {
            let key = row.into_iter().next().and_then(text).ok_or_else(strange)?;
            // SQLite compares text by its bytes, as Rust does: those with the prefix stand together.
            if !key.starts_with(prefix) {
                break;
            }
            keys.push(key);
        }
        Ok(KeyPage::first(keys, KEYS_PER_PAGE))
    }
}

const STRANGE: &str = "the table `edgefold` is not as this program made it";

fn strange() -> KvError {
    KvError::Unavailable(STRANGE.to_owned())
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(text),
        _ => None,
    }
}

fn entry(row: Row) -> Option<(String, Entry)> {
    let mut row = row.into_iter();
    let key = text(row.next()?)?;
    let (Value::Integer(version), Value::Blob(value)) = (row.next()?, row.next()?) else {
        return None;
    };
    let entry = Entry {
        value: value.into(),
        version: Version(version.to_string()),
    };
    Some((key, entry))
}
