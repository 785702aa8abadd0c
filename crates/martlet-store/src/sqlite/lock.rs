//! The data folder and its lock: one process at a time writes.

use martlet_core::{Error, code};
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// A data folder that is ours until this is dropped.
#[derive(Debug)]
pub(super) struct DataFolder {
    /// The folder, absolute.
    pub(super) path: PathBuf,
    lock: File,
}

impl DataFolder {
    /// Makes the folder if it is missing and takes its lock; refuses while another process holds it.
    pub(super) fn take(path: &Path) -> Result<Self, Error> {
        let failed = |what: &str, error: std::io::Error| unusable(path, what, &error);
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|error| failed("make", error))?;
        let path = path.canonicalize().map_err(|error| failed("find", error))?;
        let mut lock = private().read(true).open(path.join("lock")).map_err(|error| failed("lock", error))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(held(&path, &mut lock)),
            Err(TryLockError::Error(error)) => return Err(failed("lock", error)),
        }
        write_pid(&mut lock).map_err(|error| failed("lock", error))?;
        let database = path.join("app.db");
        if !database.exists() {
            // SQLite gives its log and index the permissions of the database.
            private().open(&database).map_err(|error| failed("make app.db in", error))?;
        }
        Ok(Self { path, lock })
    }

    /// The database's path.
    pub(super) fn database(&self) -> PathBuf {
        self.path.join("app.db")
    }

    /// Makes the names of the files in the folder durable. SQLite asks for it too, and passes over a refusal.
    pub(super) fn sync(&self) -> Result<(), Error> {
        let synced = File::open(&self.path).and_then(|folder| folder.sync_all());
        synced.map_err(|error| unusable(&self.path, "sync", &error))
    }

    /// Writes where this process can be asked behind its id.
    pub(super) fn announce(&self, url: &str) {
        let mut lock = &self.lock;
        let written = lock.seek(SeekFrom::End(0)).and_then(|_| writeln!(lock, "{url}"));
        if let Err(error) = written {
            tracing::warn!(%error, "the address could not be written into the lock: `martlet stats` will not find it");
        }
    }

    /// Lets others in before this is dropped.
    pub(super) fn release(&self) {
        let _ = self.lock.set_len(0);
        let _ = self.lock.unlock();
    }
}

/// A process that has a data folder open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Running {
    /// Its id, as it wrote it.
    pub pid: Option<u32>,
    /// Where it can be asked; none where it serves nothing.
    pub url: Option<String>,
}

/// Bytes of a lock that are read.
const LOCK_SIZE_MAX: u64 = 1_024;

/// Who holds the folder's lock.
pub(super) fn running(path: &Path) -> Option<Running> {
    let mut lock = File::open(path.join("lock")).ok()?;
    match lock.try_lock_shared() {
        Err(TryLockError::WouldBlock) => Some(read(&mut lock)),
        _ => None,
    }
}

fn read(lock: &mut File) -> Running {
    let mut text = String::new();
    // What is told only helps: without it somebody holds the lock all the same.
    let _ = lock.take(LOCK_SIZE_MAX).read_to_string(&mut text);
    let mut lines = text.lines();
    let pid = lines.next().and_then(|line| line.parse().ok());
    Running { pid, url: lines.next().map(str::to_owned) }
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false).mode(0o600);
    options
}

fn write_pid(lock: &mut File) -> std::io::Result<()> {
    lock.set_len(0)?;
    lock.seek(SeekFrom::Start(0))?;
    writeln!(lock, "{}", std::process::id())
}

fn held(path: &Path, lock: &mut File) -> Error {
    let holder = match read(lock).pid {
        Some(pid) => format!("process {pid}"),
        None => "another process".to_owned(),
    };
    Error::new(&code::READ_ONLY, format!("the data folder {} is in use by {holder}", path.display()))
        .hint("stop that process, or use another folder with --data")
}

fn unusable(path: &Path, what: &str, error: &std::io::Error) -> Error {
    Error::new(&code::READ_ONLY, format!("cannot {what} the data folder {}: {error}", path.display()))
        .hint("check that the folder exists, belongs to you and can be written")
}
