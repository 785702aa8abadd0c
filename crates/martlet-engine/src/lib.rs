//! The plain middle: runs a query, an action, a batch, for a caller, with arguments and a deadline.
//!
//! Owns: who may call (`policy`), arguments and their errors, deadlines. Must not know: HTTP, SQL text.

mod arguments;
mod engine;

pub use arguments::Arguments;
pub use engine::{BatchItem, Call, Engine, EngineSettings};
pub use martlet_store::{Answer, Snapshot};
