//! Watches an app folder: tells that something was saved, once for each burst of events.
//!
//! The system's notices come first; where they cannot be had (a network file system, no watches left), the folder is
//! looked through every so often. Data, and names that begin with a dot (editors' swap files), are passed over.

use notify::{Config, Event, EventKind, PollWatcher, RecommendedWatcher, RecursiveMode, Watcher};
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
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
    _watcher: Box<dyn Watcher + Send>,
    signals: Receiver<()>,
    /// Whether the folder is looked through instead of told of.
    pub is_polling: bool,
}

impl Watch {
    /// Begins to watch a folder, all but what is in its data folder.
    pub(crate) fn start(folder: &Path, data: &Path) -> notify::Result<Self> {
        let root = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        let data = data.canonicalize().unwrap_or_else(|_| data.to_owned());
        let (sender, signals) = sync_channel(SIGNALS_MAX);
        let handler = {
            let root = root.clone();
            move |event: notify::Result<Event>| {
                if event.is_ok_and(|event| concerns(&event, &root, &data)) {
                    // A full queue holds the same news already.
                    let _ = sender.try_send(());
                }
            }
        };
        let native = RecommendedWatcher::new(handler.clone(), Config::default()).and_then(|mut watcher| {
            watcher.watch(&root, RecursiveMode::Recursive)?;
            Ok(watcher)
        });
        if let Ok(watcher) = native {
            return Ok(Self { _watcher: Box::new(watcher), signals, is_polling: false });
        }
        let config = Config::default().with_poll_interval(POLL_EVERY).with_compare_contents(true);
        let mut watcher = PollWatcher::new(handler, config)?;
        watcher.watch(&root, RecursiveMode::Recursive)?;
        Ok(Self { _watcher: Box::new(watcher), signals, is_polling: true })
    }

    /// Waits for a burst of events to end. False: nothing more will come.
    pub(crate) fn wait(&self) -> bool {
        if self.signals.recv().is_err() {
            return false;
        }
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

/// Whether an event can have changed the app. Lost events count as changes of everything.
fn concerns(event: &Event, root: &Path, data: &Path) -> bool {
    if event.need_rescan() {
        return true;
    }
    !matches!(event.kind, EventKind::Access(_)) && event.paths.iter().any(|path| is_of_app(path, root, data))
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

    #[test]
    fn saves_of_every_kind_are_told_and_data_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for name in ["queries", "data"] {
            fs::create_dir(root.join(name)).unwrap();
        }
        let watch = Watch::start(root, &root.join("data")).unwrap();
        let told = |what: &str| {
            let start = Instant::now();
            let signal = watch.signals.recv_timeout(Duration::from_secs(3));
            assert!(signal.is_ok(), "{what}: not told within {:?}", start.elapsed());
            while watch.signals.recv_timeout(Duration::from_millis(150)).is_ok() {}
        };
        fs::write(root.join("queries/a.sql"), "select 1").unwrap();
        told("a new file");
        fs::write(root.join("queries/.a.sql.swp"), "select 2").unwrap();
        fs::write(root.join("data/app.db"), "x").unwrap();
        fs::read(root.join("queries/a.sql")).unwrap();
        assert!(
            watch.signals.recv_timeout(Duration::from_millis(200)).is_err(),
            "a swap file, data or a read was told"
        );
        fs::rename(root.join("queries/.a.sql.swp"), root.join("queries/a.sql")).unwrap();
        told("a save by renaming");
        fs::create_dir(root.join("actions")).unwrap();
        told("a new folder");
        fs::write(root.join("actions/b.sql"), "select 1").unwrap();
        told("a file in a new folder");
        fs::remove_file(root.join("actions/b.sql")).unwrap();
        told("a file gone");
    }
}
