//! The store through its public face, with plans made by hand: plain data, so that no compiler stands between.

#![expect(clippy::unwrap_used, reason = "a test that fails may panic")]

mod concurrency;
mod errors;
mod faults;
mod migrations;
mod opening;
mod reads;
mod support;
mod writes;
