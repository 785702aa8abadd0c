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

    /// Lets others in before this is dropped.
    pub(super) fn release(&self) {
        let _ = self.lock.set_len(0);
        let _ = self.lock.unlock();
    }
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
    let mut pid = String::new();
    // The holder's process id is told only to help: without it the refusal stands.
    let _ = lock.take(20).read_to_string(&mut pid);
    let holder = match pid.trim().parse::<u32>() {
        Ok(pid) => format!("process {pid}"),
        Err(_) => "another process".to_owned(),
    };
    Error::new(&code::READ_ONLY, format!("the data folder {} is in use by {holder}", path.display()))
        .hint("stop that process, or use another folder with --data")
}

fn unusable(path: &Path, what: &str, error: &std::io::Error) -> Error {
    Error::new(&code::READ_ONLY, format!("cannot {what} the data folder {}: {error}", path.display()))
        .hint("check that the folder exists, belongs to you and can be written")
}
