//! The app: a folder's files compiled as a whole.

use crate::{Action, Catalogue, Diagnostic, Query, Statement};
use std::collections::BTreeMap;
use std::sync::Arc;

/// One file of an app folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// Path relative to the folder, with `/`: `queries/room_types.sql`.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// A loaded folder; immutable; reloaded as a whole.
#[derive(Debug, Clone)]
pub struct App {
    /// What the migrations have made.
    pub catalogue: Catalogue,
    /// In the order in which they apply.
    pub migrations: Vec<Migration>,
    /// By name.
    pub queries: BTreeMap<String, Arc<Query>>,
    /// By name; no name is both a query's and an action's.
    pub actions: BTreeMap<String, Arc<Action>>,
    /// `seed.sql`, if there is one.
    pub seed: Option<Arc<Seed>>,
}

/// One migration, lowered.
#[derive(Debug, Clone)]
pub struct Migration {
    /// The file's stem (or the folder's name), kept verbatim: `0001_tables`.
    pub name: String,
    /// Path relative to the app folder.
    pub file: String,
    /// SHA-256 of the file's bytes, in lower hex.
    pub checksum: String,
    /// Statements for SQLite, in order.
    pub sqlite: Vec<String>,
    /// Statements for PostgreSQL, in order.
    pub postgres: Vec<String>,
}

/// `seed.sql`: rows for development and tests. Its only argument is `:scale`, a double precision.
#[derive(Debug, Clone)]
pub struct Seed {
    /// The statements, in order; `Bind::Parameter(0)` is the scale.
    pub statements: Vec<Statement>,
    /// For each statement, the table that it fills, for the progress line.
    pub tables: Vec<String>,
}

/// What compiling a folder gives.
#[derive(Debug, Clone)]
pub struct Compiled {
    /// The app; none when a diagnostic is an error.
    pub app: Option<App>,
    /// All findings of the folder, by file and place.
    pub diagnostics: Vec<Diagnostic>,
}
