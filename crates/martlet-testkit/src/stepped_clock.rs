//! A wall clock that jumps, for a server of the real binary; what measures intervals goes on (`shim/clock.c`).

use crate::shim::build;
use std::fs;
use std::path::PathBuf;
use tempfile::TempDir;

/// The wall clock of one server; right at first.
#[derive(Debug)]
pub struct SteppedClock {
    folder: TempDir,
    library: PathBuf,
}

impl SteppedClock {
    /// Builds the library; panics with what the compiler says when that fails.
    pub fn new() -> Self {
        let folder = TempDir::with_prefix("martlet-clock-").expect("a temporary folder can be made");
        let library = build(folder.path(), "clock", include_str!("../shim/clock.c"));
        Self { folder, library }
    }

    /// The variables that a server needs to go by this clock.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let text = |path: PathBuf| path.display().to_string();
        vec![
            ("LD_PRELOAD", text(self.library.clone())),
            ("MARTLET_TEST_CLOCK", text(self.folder.path().join("offset"))),
        ]
    }

    /// From now on the clock is off by so many seconds.
    pub fn set_offset(&self, seconds: i64) {
        let new = self.folder.path().join("new");
        fs::write(&new, seconds.to_string()).expect("a file in a new folder can be written");
        fs::rename(new, self.folder.path().join("offset")).expect("a file can be renamed");
    }
}

impl Default for SteppedClock {
    fn default() -> Self {
        Self::new()
    }
}
