//! The real binary, as people run it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod abuse;
mod abuse_sql;
mod bench;
mod cache;
mod check;
mod clients;
mod config;
mod dashboard;
mod dev;
mod differential;
mod disk;
mod documents;
mod events;
mod history;
mod hotel;
mod keys;
mod kill;
mod lints;
mod live_history;
mod migrate;
mod new;
mod once;
mod openapi;
mod operations;
mod planted;
mod quickstart;
mod readme;
mod report;
mod sampler;
mod seed;
mod serve;
mod slow_streams;
mod sql;
mod stats;
mod streams;
mod support;
mod warm;
mod workloads;
