//! The engine: one loaded app over one store.

use crate::Arguments;
use martlet_core::{Caller, Clock, Error};
use martlet_sql::App;
use martlet_store::{Answer, Snapshot, SqliteStore};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Defaults for what a declaration leaves open.
#[derive(Debug, Clone)]
pub struct EngineSettings {
    /// Deadline of a query without `@timeout`.
    pub query_timeout: Duration,
    /// Deadline of an action without `@timeout`.
    pub action_timeout: Duration,
    /// Queries of one batch.
    pub batch_queries_max: usize,
}

/// One call of a query or action.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// Who asks, from where.
    pub caller: &'a Caller,
    /// The declared name.
    pub name: &'a str,
    /// As they came.
    pub arguments: Arguments<'a>,
    /// When the request arrived: the deadline counts from here.
    pub arrival: Instant,
}

/// One query of a batch.
#[derive(Debug, Clone, Copy)]
pub struct BatchItem<'a> {
    /// The declared name.
    pub name: &'a str,
    /// As they came.
    pub arguments: Arguments<'a>,
}

/// A loaded app over a store. Share it in an `Arc`.
#[derive(Debug)]
pub struct Engine;

#[expect(clippy::todo, reason = "skeleton")]
#[allow(clippy::unused_async, unused_variables, reason = "skeleton")]
impl Engine {
    /// An engine that serves this app from this store, which is migrated to it.
    pub fn new(app: App, store: SqliteStore, settings: EngineSettings, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        todo!()
    }
    /// Serves another version of the app from the next call on; calls under way end with the old one.
    pub fn replace_app(&self, app: App) -> Result<(), Error> {
        todo!()
    }
    /// The app that is served now.
    pub fn app(&self) -> Arc<App> {
        todo!()
    }
    /// The store behind.
    pub fn store(&self) -> &SqliteStore {
        todo!()
    }
    /// Runs a declared query.
    pub async fn run_query(&self, call: Call<'_>) -> Result<Answer, Error> {
        todo!()
    }
    /// Runs a declared action.
    pub async fn run_action(&self, call: Call<'_>) -> Result<Answer, Error> {
        todo!()
    }
    /// Runs several queries at one snapshot; each has its own answer or error.
    pub async fn run_batch(
        &self,
        caller: &Caller,
        items: &[BatchItem<'_>],
        arrival: Instant,
    ) -> Result<Snapshot, Error> {
        todo!()
    }
}
