//! `spin:sqlite@3.1.0` for the guest, over a file. What a statement does wrong is told in the future behind its rows, as Spin
//! tells it of libSQL. The functions without `async` are linked and answer an error: edgefold does not use them.

use std::sync::PoisonError;

use wasmtime::component::{Access, Accessor, FutureReader, Resource, StreamReader};

use super::interfaces::Data;
use super::interfaces::spin::sqlite::sqlite::{
    Error, Host, HostConnection, HostConnectionWithStore, QueryResult, RowResult, Value,
};
use super::{LostWrite, State};
use crate::servers::sqlite;

type Answer<T> = wasmtime::Result<Result<T, Error>>;
type On<'a> = Access<'a, State, Data>;
type Opened = Resource<sqlite::Connection>;
type Executed = (
    Vec<String>,
    StreamReader<RowResult>,
    FutureReader<Result<(), Error>>,
);

const TABLE: &str = "CREATE TABLE IF NOT EXISTS edgefold (version INTEGER PRIMARY KEY AUTOINCREMENT, \
    key TEXT NOT NULL UNIQUE, expires_ms INTEGER, value BLOB NOT NULL)";
const INSERT: &str = "INSERT INTO edgefold (key, value) VALUES (?1, ?2)";
const UNUSED: &str = "edgefold does not use this of spin:sqlite";

impl Host for &mut State {}
impl HostConnection for &mut State {}

impl HostConnectionWithStore<State> for Data {
    async fn open_async(accessor: &Accessor<State, Self>, database: String) -> Answer<Opened> {
        let file = accessor.with(|mut access| {
            let state = access.get();
            let granted = state.grants.sqlite(&database);
            granted.then(|| state.database.clone())
        });
        let Some(file) = file else {
            return Ok(Err(Error::AccessDenied));
        };
        tokio::task::yield_now().await;
        match file.connect().await {
            Ok(connection) => accessor.with(|mut access| {
                let opened = access.get().table.push(connection)?;
                Ok(Ok(opened))
            }),
            Err(text) => Ok(Err(Error::Io(text))),
        }
    }

    async fn execute_async(
        accessor: &Accessor<State, Self>,
        opened: Opened,
        statement: String,
        parameters: Vec<Value>,
    ) -> Answer<Executed> {
        let (connection, lost) = accessor.with(|mut access| {
            let state = access.get();
            let connection = state.table.get(&opened)?.clone();
            let lost = statement.starts_with("INSERT") && is_lost(&state.lost_write, &parameters);
            wasmtime::error::Ok((connection, lost))
        })?;
        tokio::task::yield_now().await;
        let bound = parameters.into_iter().map(bind).collect();
        let (columns, rows, end) = match connection.execute(statement, bound).await {
            Ok(_) if lost => (Vec::new(), Vec::new(), Err(Error::Io("lost".to_owned()))),
            Ok((columns, rows)) => (columns, rows, Ok(())),
            Err(text) => (Vec::new(), Vec::new(), Err(Error::Io(text))),
        };
        let rows: Vec<RowResult> = rows.into_iter().map(row).collect();
        accessor.with(|mut access| {
            let rows = StreamReader::new(&mut access, rows)?;
            let end = FutureReader::new(&mut access, async { wasmtime::error::Ok(end) })?;
            Ok(Ok((columns, rows, end)))
        })
    }

    async fn last_insert_rowid_async(
        _: &Accessor<State, Self>,
        _: Opened,
    ) -> wasmtime::Result<i64> {
        wasmtime::bail!(UNUSED)
    }

    async fn changes_async(_: &Accessor<State, Self>, _: Opened) -> wasmtime::Result<u64> {
        wasmtime::bail!(UNUSED)
    }

    async fn open(_: On<'_>, _: String) -> Answer<Opened> {
        Ok(Err(Error::Io(UNUSED.to_owned())))
    }

    async fn execute(_: On<'_>, _: Opened, _: String, _: Vec<Value>) -> Answer<QueryResult> {
        Ok(Err(Error::Io(UNUSED.to_owned())))
    }

    async fn last_insert_rowid(_: On<'_>, _: Opened) -> wasmtime::Result<i64> {
        wasmtime::bail!(UNUSED)
    }

    async fn changes(_: On<'_>, _: Opened) -> wasmtime::Result<u64> {
        wasmtime::bail!(UNUSED)
    }

    async fn drop(accessor: &Accessor<State, Self>, opened: Opened) -> wasmtime::Result<()> {
        accessor.with(|mut access| {
            access.get().table.delete(opened)?;
            Ok(())
        })
    }
}

/// Stores `value` as the guest does, in the table that it makes: a site that was stored by an earlier guest has this one.
pub(super) async fn insert(
    database: &sqlite::Sqlite,
    key: &str,
    value: &[u8],
) -> anyhow::Result<()> {
    let connection = database.connect().await.map_err(anyhow::Error::msg)?;
    let key = sqlite::Value::Text(key.to_owned());
    let value = sqlite::Value::Blob(value.to_vec());
    for (statement, values) in [(TABLE, Vec::new()), (INSERT, vec![key, value])] {
        let done = connection.execute(statement.to_owned(), values).await;
        done.map_err(anyhow::Error::msg)?;
    }
    Ok(())
}

/// Whether the answer to this write is the one that gets lost.
fn is_lost(lost_write: &LostWrite, parameters: &[Value]) -> bool {
    let mut lost_write = lost_write.lock().unwrap_or_else(PoisonError::into_inner);
    let written = |end: &mut &str| {
        let mut texts = parameters.iter();
        texts.any(|value| matches!(value, Value::Text(key) if key.ends_with(*end)))
    };
    lost_write.take_if(written).is_some()
}

fn bind(value: Value) -> sqlite::Value {
    match value {
        Value::Null => sqlite::Value::Null,
        Value::Integer(number) => sqlite::Value::Integer(number),
        Value::Real(number) => sqlite::Value::Real(number),
        Value::Text(text) => sqlite::Value::Text(text),
        Value::Blob(bytes) => sqlite::Value::Blob(bytes),
    }
}

fn row(values: Vec<sqlite::Value>) -> RowResult {
    let values = values.into_iter().map(|value| match value {
        sqlite::Value::Null => Value::Null,
        sqlite::Value::Integer(number) => Value::Integer(number),
        sqlite::Value::Real(number) => Value::Real(number),
        sqlite::Value::Text(text) => Value::Text(text),
        sqlite::Value::Blob(bytes) => Value::Blob(bytes),
    });
    RowResult {
        values: values.collect(),
    }
}
