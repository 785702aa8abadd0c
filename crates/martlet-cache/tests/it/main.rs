//! The cache through its public surface, against data in memory.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod figures;
mod memory;
mod protocol;
mod small;
mod sound;
mod watching;
