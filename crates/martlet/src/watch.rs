//! Watches an app folder: tells that something was saved, once for each burst of events.
//!
//! The system's notices come first; where they cannot be had (a network file system, no watches left), the folder is
//! looked through every so often. Data, and names that begin with a dot (editors' swap files), are passed over.

use notify::event::ModifyKind;
use notify::{Config, Event, EventKind, PollWatcher, RecommendedWatcher, RecursiveMode, Watcher};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

/// A burst ends when nothing has happened for so long.
const QUIET: Duration = Duration::from_millis(50);
/// A burst that does not end is told of after so long.
const BURST_MAX: Duration = Duration::from_millis(400);
/// How often the folder is looked through where the system tells nothing.
const POLL_EVERY: Duration = Duration::from_millis(500);
/// Signals that may wait: they all say the same.
const SIGNALS_MAX: usize = 16;

/// Watches as long as it lives.
pub(crate) struct Watch {
    watcher: Box<dyn Watcher + Send>,
    signals: Receiver<()>,
    root: PathBuf,
    data: PathBuf,
    /// Whether the folder is looked through instead of told of.
    pub is_polling: bool,
}

impl Watch {
    /// Begins to watch a folder, all but its data folder and what is hidden.
    pub(crate) fn start(folder: &Path, data: &Path) -> notify::Result<Self> {
        let native = |handler| Ok(Box::new(RecommendedWatcher::new(handler, Config::default())?) as Box<_>);
        Self::with(folder, data, native, false).or_else(|_| Self::polling(folder, data))
    }

    fn polling(folder: &Path, data: &Path) -> notify::Result<Self> {
        let config = Config::default().with_poll_interval(POLL_EVERY).with_compare_contents(true);
        Self::with(folder, data, |handler| Ok(Box::new(PollWatcher::new(handler, config)?) as Box<_>), true)
    }

    fn with(
        folder: &Path,
        data: &Path,
        make: impl FnOnce(Handler) -> notify::Result<Box<dyn Watcher + Send>>,
        is_polling: bool,
    ) -> notify::Result<Self> {
        let root = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        let data = data.canonicalize().unwrap_or_else(|_| data.to_owned());
        let (sender, signals) = sync_channel(SIGNALS_MAX);
        let watcher = make(Handler { root: root.clone(), data: data.clone(), sender })?;
        let mut watch = Self { watcher, signals, root, data, is_polling };
        watch.watcher.watch(&watch.root, RecursiveMode::NonRecursive)?;
        watch.watch_folders()?;
        Ok(watch)
    }

    /// Watches each folder of the app with all below it. The data folder is not one of them, so that a database under
    /// load makes no events. Again after each burst: a folder may be new, or another of the same name.
    fn watch_folders(&mut self) -> notify::Result<()> {
        for entry in std::fs::read_dir(&self.root)?.flatten() {
            let path = entry.path();
            if path.is_dir() && is_of_app(&path, &self.root, &self.data) {
                self.watcher.watch(&path, RecursiveMode::Recursive)?;
            }
        }
        Ok(())
    }

    /// Waits for a burst of events to end. False: nothing more will come.
    pub(crate) fn wait(&mut self) -> bool {
        let is_alive = self.signals.recv().is_ok() && self.wait_for_quiet();
        // Before the folder is read: what is saved later is told of by the new watches.
        if let Err(error) = self.watch_folders() {
            tracing::warn!(error = &error as &dyn std::error::Error, "a folder of the app cannot be watched");
        }
        is_alive
    }

    fn wait_for_quiet(&self) -> bool {
        let start = Instant::now();
        while start.elapsed() < BURST_MAX {
            match self.signals.recv_timeout(QUIET) {
                Ok(()) => {}
                Err(RecvTimeoutError::Timeout) => return true,
                Err(RecvTimeoutError::Disconnected) => return false,
            }
        }
        true
    }
}

/// Takes the system's notices and passes on that there was one.
#[derive(Clone)]
struct Handler {
    root: PathBuf,
    data: PathBuf,
    sender: SyncSender<()>,
}

impl notify::EventHandler for Handler {
    fn handle_event(&mut self, event: notify::Result<Event>) {
        if event.is_ok_and(|event| concerns(&event, &self.root, &self.data)) {
            // A full queue holds the same news already.
            let _ = self.sender.try_send(());
        }
    }
}

/// Whether an event can have changed the app. Lost events count as changes of everything.
fn concerns(event: &Event, root: &Path, data: &Path) -> bool {
    if event.need_rescan() {
        return true;
    }
    // A folder's own times change with every swap file in it; a file's creation or removal is told for itself.
    let concerns = |path: &PathBuf| match event.kind {
        EventKind::Access(_) => false,
        EventKind::Modify(ModifyKind::Metadata(_)) => is_of_app(path, root, data) && !path.is_dir(),
        _ => is_of_app(path, root, data),
    };
    event.paths.iter().any(concerns)
}

fn is_of_app(path: &Path, root: &Path, data: &Path) -> bool {
    let Ok(relative) = path.strip_prefix(root) else {
        return false;
    };
    let is_hidden = relative.components().any(|part| part.as_os_str().to_string_lossy().starts_with('.'));
    let is_backup = relative.to_string_lossy().ends_with('~');
    !path.starts_with(data) && !is_hidden && !is_backup
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn saves_are_told(start: fn(&Path, &Path) -> notify::Result<Watch>, patience: Duration) {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for name in ["queries", "data"] {
            fs::create_dir(root.join(name)).unwrap();
        }
        let (told, news) = std::sync::mpsc::channel();
        let mut watch = start(root, &root.join("data")).unwrap();
        std::thread::spawn(move || {
            while watch.wait() {
                let _ = told.send(());
            }
        });
        let told = |what: &str| {
            assert!(news.recv_timeout(patience).is_ok(), "{what}: not told within {patience:?}");
            while news.recv_timeout(patience / 10).is_ok() {}
        };
        fs::write(root.join("queries/a.sql"), "select 1").unwrap();
        told("a new file");
        fs::write(root.join("queries/.a.sql.swp"), "select 2").unwrap();
        fs::write(root.join("data/app.db"), "x").unwrap();
        fs::read(root.join("queries/a.sql")).unwrap();
        assert!(news.recv_timeout(patience / 10).is_err(), "a swap file, data or a read was told");
        fs::rename(root.join("queries/.a.sql.swp"), root.join("queries/a.sql")).unwrap();
        told("a save by renaming");
        fs::create_dir(root.join("actions")).unwrap();
        told("a new folder");
        fs::write(root.join("actions/b.sql"), "select 1").unwrap();
        told("a file in a new folder");
        fs::remove_dir_all(root.join("actions")).unwrap();
        told("a folder gone");
        fs::create_dir(root.join("actions")).unwrap();
        told("the folder again");
        fs::write(root.join("actions/c.sql"), "select 1").unwrap();
        told("a file in the folder that is there again");
    }

    #[test]
    fn the_system_tells_of_saves() {
        saves_are_told(Watch::start, Duration::from_secs(3));
    }

    #[test]
    fn saves_are_seen_where_the_system_tells_nothing() {
        saves_are_told(Watch::polling, Duration::from_secs(10));
    }
}
