//! Dev only: a throwaway PostgreSQL, servers of the real binary, and disks that fail on purpose.
//!
//! Fakes nothing of our own: every server here is the real one, on a free port, in a folder that goes with it.

mod disk_faults;
mod folder;
pub mod postgres;
mod server;
mod shim;
mod stepped_clock;

pub use disk_faults::DiskFaults;
pub use folder::{copy_folder, write_folder};
pub use postgres::Postgres;
pub use server::{Reply, TestServer};
pub use stepped_clock::SteppedClock;
