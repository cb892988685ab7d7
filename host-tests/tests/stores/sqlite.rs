//! SQLite, by the statements of the Spin adapter: the same source file, over a database in this process.

#[path = "../../../adapters/spin/src/sqlite/table.rs"]
mod table;

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use edgefold::host::Kv as _;
use edgefold_host::kv::{
    Capabilities, Entry, KeyPage, Kv, KvError, Precondition, Version, conformance,
};
use host_tests::servers::sqlite::{Sqlite, Value};
use tokio::sync::Semaphore;

use self::table::{CREATE, Database, Failed, Row, Table};

/// Connections at once. A writer that finds the file locked tries again for five seconds, without a queue: of a crowd some
/// would wait for longer.
const CONNECTIONS_MAX: usize = 4;

/// Opens a connection for every statement, so that writers at once are as good as processes of their own.
struct Connections {
    database: Sqlite,
    room: Semaphore,
}

impl Connections {
    async fn new() -> Self {
        let connections = Self::without_table();
        // As each instance does.
        for _ in 0..2 {
            connections.run(CREATE, Vec::new()).await.unwrap();
        }
        connections
    }

    fn without_table() -> Self {
        Self {
            database: Sqlite::new().unwrap(),
            room: Semaphore::new(CONNECTIONS_MAX),
        }
    }
}

impl Database for Connections {
    async fn run(&self, statement: &str, values: Vec<table::Value>) -> Result<Vec<Row>, Failed> {
        let values = values.into_iter().map(|value| match value {
            table::Value::Null => Value::Null,
            table::Value::Integer(number) => Value::Integer(number),
            table::Value::Text(text) => Value::Text(text),
            table::Value::Blob(bytes) => Value::Blob(bytes),
        });
        let refused = |text| Failed::Refused(KvError::Unavailable(text));
        let _room = self.room.acquire().await.unwrap();
        let connection = self.database.connect().await.map_err(refused)?;
        let rows = connection.execute(statement.to_owned(), values.collect());
        let (_, rows) = rows.await.map_err(Failed::Lost)?;
        let rows = rows.into_iter().map(|row| {
            let values = row.into_iter().map(|value| match value {
                Value::Null => table::Value::Null,
                Value::Integer(number) => table::Value::Integer(number),
                Value::Text(text) => table::Value::Text(text),
                Value::Blob(bytes) => table::Value::Blob(bytes),
                Value::Real(number) => panic!("a real number: {number}"),
            });
            values.collect()
        });
        Ok(rows.collect())
    }
}

/// The store of the guest as the host's trait asks for it.
struct Checked(Table<Connections>);

impl Kv for Checked {
    fn capabilities(&self) -> Capabilities {
        self.0.capabilities()
    }

    async fn get(&self, key: &str) -> Result<Option<Entry>, KvError> {
        self.0.get(key).await
    }

    async fn get_many(&self, keys: &[String]) -> Result<Vec<Option<Entry>>, KvError> {
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        self.0.get_many(&keys).await
    }

    async fn put(
        &self,
        key: &str,
        value: Bytes,
        when: Precondition,
        ttl: Option<Duration>,
    ) -> Result<Version, KvError> {
        self.0.put(key, value, when, ttl).await
    }

    async fn delete(&self, key: &str) -> Result<(), KvError> {
        self.0.delete(key).await
    }

    async fn list(&self, prefix: &str, cursor: Option<&str>) -> Result<KeyPage, KvError> {
        self.0.list(prefix, cursor).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_keeps_the_rules() {
    let kv = Checked(Table(Connections::new().await));
    conformance::check(&kv).await.unwrap();
    conformance::check(&kv).await.unwrap();
    conformance::check_pages(&kv).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_gives_no_version_twice() {
    let table = Table(Connections::new().await);
    let value = Bytes::from_static(b"the same");
    let mut seen = BTreeSet::new();
    for key in ["a", "b", "a", "a"] {
        let put = table.put(key, value.clone(), Precondition::None, None);
        assert!(seen.insert(put.await.unwrap().0), "a version came twice");
        // The newest row goes, so that its number is free for a table that would give it again.
        table.delete(key).await.unwrap();
    }
    let first = table.put("a", value.clone(), Precondition::Absent, None);
    let first = first.await.unwrap();
    assert!(seen.insert(first.0.clone()), "a version came twice");
    table.delete("a").await.unwrap();
    table
        .put("a", value.clone(), Precondition::Absent, None)
        .await
        .unwrap();
    let over = Precondition::Version(first);
    assert_eq!(
        table.put("a", value, over, None).await,
        Err(KvError::Conflict),
        "what was deleted and made again has another version"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_sqlite_may_have_written_is_ambiguous() {
    // A database without the table: whatever the error says, the adapter can't know.
    let table = Table(Connections::without_table());
    let put = table.put("a", Bytes::new(), Precondition::Absent, None);
    assert!(matches!(put.await, Err(KvError::Ambiguous(_))));
    let deleted = table.delete("a").await;
    assert!(matches!(deleted, Err(KvError::Ambiguous(_))));
    let read = table.get("a").await;
    assert!(matches!(read, Err(KvError::Unavailable(_))));
    let listed = table.list("a", None).await;
    assert!(matches!(listed, Err(KvError::Unavailable(_))));
}
