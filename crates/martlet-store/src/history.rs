//! Key figures, kept inside: a row for each minute and each hour, bounded, in a file of its own beside the database.
//!
//! Nothing that happens to the file may harm serving. What cannot be written is kept in memory for an hour and tried
//! again each time; a file that is broken is set aside and another one begun; each of it is logged once. The last hour
//! is in memory: to look at it never waits for a disk.
//! Whoever counts calls [`History::record`] on a thread of its own; see `martlet-server/src/history.rs`.

mod bounds;
mod file;
mod json;
mod period;
mod rows;
#[cfg(test)]
mod tests;

pub use file::{Bounds, Step};
pub use period::{Counts, Figure, ITEMS_MAX, Item, ItemCounts, ItemFigure, ItemKind, Merge, OTHERS, Period};

use file::{File, FileError};
use martlet_core::{Clock, Timestamp};
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The file in a data folder.
pub const FILE: &str = "history.db";
/// Minutes that are in memory, and parts that wait to be written at most.
const MEMORY_MAX: usize = 60;
/// Writes after which names that nothing has any more are looked for.
const TIDY_EVERY: u32 = 24 * 60;

/// What is kept of the figures of a server.
#[derive(Debug)]
pub struct History {
    path: PathBuf,
    bounds: Bounds,
    clock: Arc<dyn Clock>,
    writer: Mutex<Writer>,
    /// By minute, rising.
    last_hour: Mutex<VecDeque<Arc<Period>>>,
}

#[derive(Debug, Default)]
struct Writer {
    /// None: not opened, or it failed.
    file: Option<File>,
    /// What could not be written yet.
    unwritten: VecDeque<Period>,
    /// It has been told that nothing can be written.
    is_troubled: bool,
    writes: u32,
}

/// A history could not be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {path}")]
pub struct ReadError {
    path: String,
    #[source]
    source: FileError,
}

impl History {
    /// The history of a data folder, whose file is not opened yet.
    pub fn new(data: &Path, bounds: Bounds, clock: Arc<dyn Clock>) -> Self {
        Self { path: data.join(FILE), bounds, clock, writer: Mutex::default(), last_hour: Mutex::default() }
    }

    /// Opens the file, or makes it, and remembers the last hour. It never fails: what is wrong is logged, and tried
    /// again with each record. Waits for the disk.
    pub fn begin(&self) {
        self.write(&mut self.writer());
        self.remember();
    }

    /// Adds the figures of a part of a minute: `at` is where it began, `observed` how long it was. Waits for the disk.
    pub fn record(&self, part: Period) {
        self.add_to_last_hour(&part);
        let mut writer = self.writer();
        if writer.unwritten.len() >= MEMORY_MAX {
            writer.unwritten.pop_front();
        }
        writer.unwritten.push_back(part);
        self.write(&mut writer);
    }

    /// The last minutes in which a server ran, at most 60, rising; what is being counted now is not among them.
    pub fn last_hour(&self) -> Vec<Arc<Period>> {
        self.minutes().iter().cloned().collect()
    }

    /// All rows from `from` on, before `until`, of the history in a data folder; none where there is no file. A server
    /// may run on it.
    ///
    /// Errors: the file is not a history of this version, or cannot be read.
    pub fn read(data: &Path, step: Step, from: Timestamp, until: Timestamp) -> Result<Option<Vec<Period>>, ReadError> {
        let path = data.join(FILE);
        let read = || -> Result<Option<Vec<Period>>, FileError> {
            let Some(file) = File::open_to_read(&path)? else { return Ok(None) };
            Ok(Some(file.read(step, from, until)?))
        };
        read().map_err(|source| ReadError { path: path.display().to_string(), source })
    }

    /// Writes what waits. What fails stays for the next time.
    fn write(&self, writer: &mut Writer) {
        // Somebody may have taken the file away: another one is made.
        if writer.file.as_ref().is_some_and(|file| !file.is_at(&self.path)) {
            writer.file = None;
        }
        match self.try_write(writer) {
            Err(error) if error.is_broken() => {
                self.set_aside(&error);
                writer.file = None;
                if let Err(error) = self.try_write(writer) {
                    self.tell_trouble(writer, &error);
                }
            }
            Err(error) => self.tell_trouble(writer, &error),
            Ok(()) if writer.is_troubled => {
                writer.is_troubled = false;
                tracing::info!(path = %self.path.display(), "the history of figures is written again");
            }
            Ok(()) => {}
        }
    }

    fn try_write(&self, writer: &mut Writer) -> Result<(), FileError> {
        let Writer { file, unwritten, writes, .. } = writer;
        let file = match file {
            Some(file) => file,
            None => file.insert(File::open(&self.path, &self.bounds)?),
        };
        while let Some(part) = unwritten.front() {
            file.write(part, &self.bounds, self.clock.now())?;
            unwritten.pop_front();
            *writes += 1;
        }
        if *writes >= TIDY_EVERY {
            *writes = 0;
            file.forget_names()?;
        }
        Ok(())
    }

    fn tell_trouble(&self, writer: &mut Writer, error: &FileError) {
        // Opened anew the next time: whatever is wrong with the connection is over then.
        writer.file = None;
        if !std::mem::replace(&mut writer.is_troubled, true) {
            tracing::warn!(
                path = %self.path.display(),
                error = %error,
                "the history of figures cannot be written; it is tried again, and nothing else is concerned"
            );
        }
    }

    /// Renames a broken file, over one that was set aside before: there is never more than one.
    fn set_aside(&self, error: &FileError) {
        let aside = suffixed(&self.path, ".broken");
        let mut is_done = std::fs::rename(&self.path, &aside).is_ok();
        for log in ["-wal", "-shm"] {
            let of_file = suffixed(&self.path, log);
            if std::fs::rename(&of_file, suffixed(&aside, log)).is_err() {
                // Left beside another file it would be taken for its own.
                is_done &= !of_file.exists() || std::fs::remove_file(&of_file).is_ok();
            }
        }
        if is_done {
            tracing::warn!(
                path = %self.path.display(),
                aside = %aside.display(),
                error = %error,
                "the history of figures is broken; it is set aside, and begun anew"
            );
        }
    }

    /// Takes the last hour from the file.
    fn remember(&self) {
        let writer = self.writer();
        let Some(file) = &writer.file else { return };
        let now = self.clock.now();
        let hour_ago = Timestamp::from_micros(now.micros() - 3_600_000_000);
        let Ok(minutes) = file.read(Step::Minute, hour_ago, now) else { return };
        drop(writer);
        minutes.iter().for_each(|minute| self.add_to_last_hour(minute));
    }

    fn add_to_last_hour(&self, part: &Period) {
        let at = file::time_of(Step::Minute.begin_s(part.at));
        let mut minutes = self.minutes();
        // The clock may have been set back.
        let place = minutes.partition_point(|minute| minute.at < at);
        match minutes.get_mut(place).filter(|minute| minute.at == at) {
            Some(minute) => Arc::make_mut(minute).merge(part),
            None => {
                let mut minute = Period::empty(at);
                minute.merge(part);
                minutes.insert(place, Arc::new(minute));
            }
        }
        let (hour, now) = (3_600_000_000, self.clock.now().micros());
        minutes.retain(|minute| now.abs_diff(minute.at.micros()) <= hour);
        while minutes.len() > MEMORY_MAX {
            minutes.pop_front();
        }
    }

    fn writer(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn minutes(&self) -> MutexGuard<'_, VecDeque<Arc<Period>>> {
        self.last_hour.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn suffixed(path: &Path, suffix: &str) -> PathBuf {
    let mut path = path.as_os_str().to_owned();
    path.push(suffix);
    path.into()
}
