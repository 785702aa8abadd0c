//! The server from outside: real connections to a real server over a real store.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod calls;
mod codings;
mod connections;
mod cursors;
mod dashboard;
mod description;
mod early;
mod forms;
mod gone;
mod hits;
mod idempotency;
mod identity;
mod limits;
mod messages;
mod metrics;
mod overload;
mod pages;
mod panics;
mod rates;
mod routes;
mod shutdown;
mod streams;
mod support;
