//! `spin:sqlite@3.1` as the database under a [`table::Table`]: a file of Spin's, or a libSQL server.

pub(crate) mod table;

use std::cell::RefCell;
use std::rc::Rc;

use edgefold::host::KvError;
use spin_sdk::sqlite::{self, Connection, Error};

use self::table::{CREATE, Database, Failed, Row, Value};

thread_local! {
    /// The connection of this instance, from when it is known that the table is there until a statement fails. Each
    /// connection to a libSQL server begins with handshakes.
    static CONNECTION: RefCell<Option<Rc<Connection>>> = const { RefCell::new(None) };
}

/// The database with the label `default`.
pub(crate) struct DefaultDatabase;

impl Database for DefaultDatabase {
    async fn run(&self, statement: &str, values: Vec<Value>) -> Result<Vec<Row>, Failed> {
        let kept = CONNECTION.with_borrow(Option::clone);
        let connection = match kept {
            Some(connection) => connection,
            None => open().await.map_err(Failed::Refused)?,
        };
        execute(&connection, statement, values)
            .await
            .map_err(|error| {
                // Whatever is wrong with it, the next one begins anew.
                CONNECTION.take();
                failed(error)
            })
    }
}

/// Opens it and makes the table. Requests that come together may each do so: it is the same done twice.
async fn open() -> Result<Rc<Connection>, KvError> {
    let connection = Connection::open_default().await.map_err(unopened)?;
    let made = execute(&connection, CREATE, Vec::new()).await;
    made.map_err(unopened)?;
    let connection = Rc::new(connection);
    CONNECTION.set(Some(Rc::clone(&connection)));
    Ok(connection)
}

/// A row that has come is not yet committed, and an error may come behind the last one: the end is waited for.
async fn execute(
    connection: &Connection,
    statement: &str,
    values: Vec<Value>,
) -> Result<Vec<Row>, Error> {
    let bound = values.into_iter().map(to_spin);
    let rows = connection
        .execute(statement, bound)
        .await?
        .collect()
        .await?;
    let row = |row: sqlite::RowResult| row.values.into_iter().map(from_spin).collect();
    Ok(rows.into_iter().map(row).collect())
}

fn to_spin(value: Value) -> sqlite::Value {
    match value {
        Value::Null => sqlite::Value::Null,
        Value::Integer(number) => sqlite::Value::Integer(number),
        Value::Text(text) => sqlite::Value::Text(text),
        Value::Blob(bytes) => sqlite::Value::Blob(bytes),
    }
}

fn from_spin(value: sqlite::Value) -> Value {
    match value {
        // No column of ours holds a real number.
        sqlite::Value::Null | sqlite::Value::Real(_) => Value::Null,
        sqlite::Value::Integer(number) => Value::Integer(number),
        sqlite::Value::Text(text) => Value::Text(text),
        sqlite::Value::Blob(bytes) => Value::Blob(bytes),
    }
}

/// The statement was not sent.
fn unopened(error: Error) -> KvError {
    match failed(error) {
        Failed::Refused(error) => error,
        Failed::Lost(text) => KvError::Unavailable(text),
    }
}

fn failed(error: Error) -> Failed {
    Failed::Refused(match error {
        Error::NoSuchDatabase | Error::AccessDenied => KvError::Unavailable(
            "the component's `sqlite_databases` in spin.toml must list \"default\"".into(),
        ),
        // What Spin answers where it can't connect.
        Error::InvalidConnection => KvError::Unavailable("no connection to the database".into()),
        Error::DatabaseFull => KvError::QuotaExceeded,
        Error::Io(text) => return Failed::Lost(text),
    })
}
