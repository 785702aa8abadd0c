//! The database behind: SQLite inside (PostgreSQL comes with its own issue).
//!
//! Runs compiled plans, never free text of a caller's. Owns the translation of constraints and engine errors into
//! `core::Kind`. Must not know: names of queries as callers use them, permissions, HTTP.

#![warn(missing_docs)]

mod answer;
pub mod canonical;
mod figures;
mod forms;
pub mod functions;
pub mod history;
mod observer;
pub mod proof;
mod sqlite;

pub use answer::{Answer, AnswerKeys, Demand, Form, Inputs, Once, Read, Snapshot};
pub use figures::{Figures, PlanFigures, PoolFigures, StatementFigures};
pub use observer::{Changes, CommitObserver};
pub use sqlite::{
    DATABASE_BOUNDS, Health, Inspection, MigrateReport, OnRow, PlanLine, ROWS_BOUNDS, RowCount, Running, Scratch,
    ScratchError, SeedProgress, Shell, ShellError, ShellOutcome, SqliteStore, StoreSettings, Synchronous,
};
