//! Begins with an empty database; the old one is kept beside it.

use super::lock::DataFolder;
use martlet_core::{Clock, Error, code};
use std::fs;
use std::path::{Path, PathBuf};

/// Moves the database out of its place, with its log, and gives back where it went; none if there was none.
///
/// Takes the lock while it does, so that no server loses its database under its feet.
pub(super) fn set_aside(data: &Path, clock: &dyn Clock) -> Result<Option<PathBuf>, Error> {
    if data.join("app.db").metadata().is_ok_and(|file| file.len() > 0) {
        let folder = DataFolder::take(data)?;
        let stamp: String = clock.now().to_string().chars().take(19).filter(char::is_ascii_digit).collect();
        let target = unused(&folder.path.join("backups"), &format!("reset-{stamp}"));
        let moved = move_database(&folder.path, &target);
        folder.release();
        return match moved {
            Ok(()) => Ok(Some(target.join("app.db"))),
            Err(error) => {
                let message = format!("cannot set the database of {} aside: {error}", data.display());
                Err(Error::new(&code::READ_ONLY, message).hint("check that the folder can be written"))
            }
        };
    }
    Ok(None)
}

/// The log goes first: a database without its log is whole as of its last checkpoint, a log without its database is
/// nothing; so a kill in between leaves what SQLite can open, and the log lies where the message says.
fn move_database(folder: &Path, target: &Path) -> std::io::Result<()> {
    fs::create_dir_all(target)?;
    for name in ["app.db-shm", "app.db-wal", "app.db"] {
        match fs::rename(folder.join(name), target.join(name)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

fn unused(folder: &Path, name: &str) -> PathBuf {
    let names = std::iter::once(name.to_owned()).chain((2..).map(|count| format!("{name}-{count}")));
    let mut paths = names.map(|name| folder.join(name)).filter(|path| !path.exists());
    paths.next().expect("the names do not end")
}
