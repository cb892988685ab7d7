//! A store of your own: a file for each value, in one folder, for one process.
//!
//! What a store is for is in `Kv`'s methods, each a few lines; `conformance::check` (see `tests/`) says whether they keep the
//! rules. Hand it over with `EdgefoldHost::builder().kv(FolderKv::open("items")?)`.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::{Buf, Bytes};
use edgefold_host::kv::{
    Capabilities, Entry, KeyPage, Kv, KvError, LIST_KEYS_MAX, Precondition, Version,
};
use xxhash_rust::xxh3::xxh3_128;

/// What is being written, until it is renamed.
const NEXT: &str = "next";
/// Version and length of the key.
const HEAD_BYTES: usize = 10;

/// Each file holds a version (8 bytes), the length of its key (2 bytes, both big-endian), the key and the value, and is named by
/// a hash of the key: a key may be longer than a file's name, and mean something to a file system.
pub struct FolderKv(Arc<Folder>);

struct Folder {
    path: PathBuf,
    /// The newest version. Held from the comparison to the rename, so that of writers at once one wins, and while deleting.
    newest: Mutex<u64>,
}

impl FolderKv {
    /// Opens the store in `path`, and makes the folder where there is none. One process at a time.
    pub fn open(path: impl Into<PathBuf>) -> io::Result<Self> {
        let (path, newest) = (path.into(), Mutex::default());
        fs::create_dir_all(&path)?;
        Ok(Self(Arc::new(Folder { path, newest })))
    }

    /// On a thread for blocking work. It ends what it has begun also where the future is dropped: a write has happened or not.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Folder) -> Result<T, KvError> + Send + 'static,
    ) -> Result<T, KvError> {
        let folder = Arc::clone(&self.0);
        let done = tokio::task::spawn_blocking(move || work(&folder)).await;
        done.unwrap_or_else(|ended| Err(KvError::Ambiguous(ended.to_string())))
    }
}

impl Kv for FolderKv {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            ttl: false,
            batch: false,
            increment: false, // claims stand in for `swap` alone
            ..Capabilities::ALL
        }
    }

    async fn get(&self, key: &str) -> Result<Option<Entry>, KvError> {
        let key = key.to_owned();
        self.run(move |folder| folder.get(&key).map_err(unavailable))
            .await
    }

    async fn put(
        &self,
        key: &str,
        value: Bytes,
        when: Precondition,
        _ttl: Option<Duration>,
    ) -> Result<Version, KvError> {
        let key = key.to_owned();
        self.run(move |folder| folder.put(&key, &value, &when))
            .await
    }

    async fn delete(&self, key: &str) -> Result<(), KvError> {
        let key = key.to_owned();
        self.run(move |folder| folder.delete(&key)).await
    }

    async fn list(&self, prefix: &str, cursor: Option<&str>) -> Result<KeyPage, KvError> {
        let (prefix, after) = (prefix.to_owned(), cursor.map(str::to_owned));
        self.run(move |folder| folder.list(&prefix, after).map_err(unavailable))
            .await
    }
}

impl Folder {
    fn file(&self, key: &str) -> PathBuf {
        self.path.join(format!("{:032x}", xxh3_128(key.as_bytes())))
    }

    fn lock(&self) -> MutexGuard<'_, u64> {
        self.newest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn get(&self, key: &str) -> io::Result<Option<Entry>> {
        let mut value = match fs::read(self.file(key)) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            read => Bytes::from(read?),
        };
        if value.len() < HEAD_BYTES + key.len() {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        let version = Version(value.get_u64().to_string());
        value.advance(HEAD_BYTES - 8 + key.len());
        Ok(Some(Entry { value, version }))
    }

    fn put(&self, key: &str, value: &[u8], when: &Precondition) -> Result<Version, KvError> {
        let mut newest = self.lock();
        let current = self.get(key).map_err(unavailable)?;
        let holds = match when {
            Precondition::None => true,
            Precondition::Absent => current.is_none(),
            Precondition::Version(wanted) => current.is_some_and(|entry| entry.version == *wanted),
        };
        if !holds {
            return Err(KvError::Conflict);
        }
        // No version twice, also where a key is deleted and put again: the time says more than a restart can forget.
        *newest = now_nanos().max(*newest + 1);
        // Whole under another name first, so that a reader never sees half of it.
        let next = self.path.join(NEXT);
        write(&next, *newest, key, value).map_err(unavailable)?;
        fs::rename(&next, self.file(key)).map_err(unavailable)?;
        // Readers see it now, whatever happens: from here on a fault is no longer "nothing was written".
        let synced = File::open(&self.path).and_then(|folder| folder.sync_all());
        synced.map_err(|error| KvError::Ambiguous(error.to_string()))?;
        Ok(Version(newest.to_string()))
    }

    fn delete(&self, key: &str) -> Result<(), KvError> {
        let _newest = self.lock();
        match fs::remove_file(self.file(key)) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            removed => removed.map_err(unavailable),
        }
    }

    fn list(&self, prefix: &str, after: Option<String>) -> io::Result<KeyPage> {
        let mut keys = Vec::new();
        for file in fs::read_dir(&self.path)? {
            let file = file?.path();
            match read_key(&file) {
                _ if file.ends_with(NEXT) => {}
                Err(error) if error.kind() == ErrorKind::NotFound => {} // deleted meanwhile
                key => keys.push(key?),
            }
        }
        keys.retain(|key| key.starts_with(prefix) && after.as_ref().is_none_or(|last| key > last));
        keys.sort();
        let more = keys.len() > LIST_KEYS_MAX;
        keys.truncate(LIST_KEYS_MAX);
        let cursor = keys.last().filter(|_| more).cloned();
        Ok(KeyPage { keys, cursor })
    }
}

fn write(file: &Path, version: u64, key: &str, value: &[u8]) -> io::Result<()> {
    let key_bytes = u16::try_from(key.len()).map_err(io::Error::other)?;
    let mut file = File::create(file)?;
    file.write_all(&version.to_be_bytes())?;
    file.write_all(&key_bytes.to_be_bytes())?;
    file.write_all(key.as_bytes())?;
    file.write_all(value)?;
    file.sync_all()
}

fn read_key(file: &Path) -> io::Result<String> {
    let mut file = File::open(file)?;
    let mut head = [0; HEAD_BYTES];
    file.read_exact(&mut head)?;
    let mut key = vec![0; usize::from(u16::from_be_bytes([head[8], head[9]]))];
    file.read_exact(&mut key)?;
    String::from_utf8(key).map_err(io::Error::other)
}

fn now_nanos() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    u64::try_from(since.unwrap_or_default().as_nanos()).unwrap_or(u64::MAX)
}

fn unavailable(error: io::Error) -> KvError {
    KvError::Unavailable(error.to_string())
}
