//! SQLite as Spin embeds it: a file, a connection of its own for whoever opens one, and each statement a transaction.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

pub use rusqlite::types::Value;

use super::Scratch;

/// The names of the columns, and the rows.
pub type Rows = (Vec<String>, Vec<Vec<Value>>);

/// A database in a folder of its own, which goes when nobody has it open.
#[derive(Debug, Clone)]
pub struct Sqlite(Arc<Scratch>);

impl Sqlite {
    /// An empty one.
    ///
    /// # Errors
    /// Where there is no room for its folder.
    pub fn new() -> io::Result<Self> {
        Ok(Self(Arc::new(Scratch::new("sqlite")?)))
    }

    /// Opens a connection. As in Spin it waits up to five seconds where another one is writing.
    ///
    /// # Errors
    /// What SQLite says.
    pub async fn connect(&self) -> Result<Connection, String> {
        let folder = Arc::clone(&self.0);
        let connection = blocking(move || open(folder.path())).await?;
        Ok(Connection {
            inner: Arc::new(Mutex::new(connection)),
            _folder: Arc::clone(&self.0),
        })
    }
}

fn open(folder: &Path) -> rusqlite::Result<rusqlite::Connection> {
    let connection = rusqlite::Connection::open(folder.join("sqlite_db.db"))?;
    // Spin waits for the disk with each write. No test cuts the power, and a write takes ten times as long.
    connection.pragma_update(None, "synchronous", "OFF")?;
    Ok(connection)
}

/// An open connection: one statement at a time.
#[derive(Debug, Clone)]
pub struct Connection {
    inner: Arc<Mutex<rusqlite::Connection>>,
    _folder: Arc<Scratch>,
}

impl Connection {
    /// Carries out one statement to its end.
    ///
    /// # Errors
    /// What SQLite says.
    pub async fn execute(&self, statement: String, values: Vec<Value>) -> Result<Rows, String> {
        let inner = Arc::clone(&self.inner);
        blocking(move || {
            let connection = inner.lock().unwrap_or_else(PoisonError::into_inner);
            let mut statement = connection.prepare(&statement)?;
            let columns: Vec<String> = statement.column_names().map(Into::into).collect();
            let width = columns.len();
            let rows = statement.query_map(rusqlite::params_from_iter(values), |row| {
                (0..width).map(|column| row.get(column)).collect()
            })?;
            Ok((columns, rows.collect::<rusqlite::Result<_>>()?))
        })
        .await
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> rusqlite::Result<T> + Send + 'static,
) -> Result<T, String> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| error.to_string())?
        .map_err(|error| error.to_string())
}
