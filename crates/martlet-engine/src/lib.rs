//! The plain middle: runs a query, an action, a batch, for a caller, with arguments and a deadline.
//!
//! Owns: who may call (`policy`), arguments and their errors, deadlines. Must not know: HTTP, SQL text.
//! It is usable as a library: load a folder, open a store, make an [`Engine`], call it. The whole of it, from
//! `crates/martlet-engine/examples/library.rs`:
//!
//! ```
#![doc = include_str!("../examples/library.rs")]
//! ```
//!
//! In reading order: the folder, who may call, the arguments, the engine.

#![warn(missing_docs)]

mod arguments;
mod engine;
mod folder;
mod policy;
mod route;

pub use arguments::{Arguments, CompiledParams};
pub use engine::{BatchItem, Call, Callable, Engine, EngineSettings, Target};
pub use folder::{Folder, FolderError, compile_folder, load_folder, read_folder};
pub use martlet_sql::Returns;
pub use martlet_store::{
    Answer, DATABASE_BOUNDS, Demand, Figures, Form, PlanFigures, PoolFigures, ROWS_BOUNDS, Snapshot, StatementFigures,
};
pub use route::{RouteCount, RouteEntry, RouteFound};
