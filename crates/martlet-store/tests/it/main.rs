//! The store through its public face, with plans made by hand: plain data, so that no compiler stands between.
//! Beside it, PostgreSQL as the oracle: the functions, and every construct that the compiler knows.

#![expect(clippy::unwrap_used, reason = "a test that fails may panic")]

mod capture;
mod concurrency;
mod crash;
mod differential;
mod errors;
mod faults;
mod figures;
mod foreign;
mod functions;
mod generate;
mod hotel;
mod idempotency;
mod log;
mod migrations;
mod opening;
mod oracle;
mod reads;
mod shell;
mod support;
mod writes;
