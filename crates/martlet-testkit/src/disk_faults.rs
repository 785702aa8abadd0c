//! A disk that fails on purpose, for a server of the real binary.
//!
//! The faults lie between the process and the kernel; `shim/disk_faults.c` tells the rules. SQLite's own code meets
//! them where a disk would give them.

use crate::shim::build;
use std::fs;
use std::path::PathBuf;
use tempfile::TempDir;

const SOURCE: &str = include_str!("../shim/disk_faults.c");
/// Files whose writes since the last sync a cut of the power may lose.
const CUT_FILES: &str = "/app.db,/app.db-wal";

/// The faults of one server's disk; none at first.
#[derive(Debug)]
pub struct DiskFaults {
    folder: TempDir,
    seed: u64,
}

impl DiskFaults {
    /// Builds the library; panics with what the compiler says when that fails.
    pub fn new() -> Self {
        Self::with_seed(0)
    }

    /// As [`new`](Self::new), with the seed that decides which writes a cut of the power loses.
    pub fn with_seed(seed: u64) -> Self {
        let folder = TempDir::with_prefix("martlet-faults-").expect("a temporary folder can be made");
        build(folder.path(), "disk_faults", SOURCE);
        Self { folder, seed }
    }

    /// The variables that a server needs to meet the faults.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let path = |name: &str| self.folder.path().join(name).display().to_string();
        vec![
            ("LD_PRELOAD", path("disk_faults.so")),
            ("MARTLET_TEST_DISK_FAULTS", path("rules")),
            ("MARTLET_TEST_DISK_CUT", CUT_FILES.to_owned()),
            ("MARTLET_TEST_DISK_SEED", self.seed.to_string()),
        ]
    }

    /// From the next call on these rules hold, and their counts begin anew; an empty text is a sound disk.
    pub fn set(&self, rules: &str) {
        // Renamed over the old ones, so that no call reads half of them.
        let new = self.folder.path().join("new");
        fs::write(&new, rules).expect("a file in a new folder can be written");
        fs::rename(new, self.folder.path().join("rules")).expect("a file can be renamed");
    }

    /// What was met so far, a line each: the call, the action, the path.
    pub fn met(&self) -> String {
        fs::read_to_string(self.met_file()).unwrap_or_default()
    }

    /// Forgets what was met.
    pub fn forget_met(&self) {
        let _ = fs::remove_file(self.met_file());
    }

    fn met_file(&self) -> PathBuf {
        self.folder.path().join("rules.met")
    }
}

impl Default for DiskFaults {
    fn default() -> Self {
        Self::new()
    }
}
