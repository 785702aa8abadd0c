//! Dev only: a throwaway PostgreSQL, servers of the real binary, and faults on purpose.
//!
//! Fakes nothing of our own: every server here is the real one, on a free port, in a folder that goes with it.

pub mod postgres;

pub use postgres::Postgres;
