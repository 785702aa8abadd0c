//! Answers in memory: kept as ready values, dropped exactly when a commit touches what they rest on.
//!
//! Owns: entries, the index from changes to entries, the rule that decides whether a computed answer may be kept.
//! Must not know: SQL, databases, HTTP. It never runs anything; a store tells it of commits, the engine gives it answers.
//! In reading order: what an answer rests on once its arguments are known, how a change finds it, the cache.

#![warn(missing_docs)]

mod applied;
mod bound;
mod cache;
mod crowd;
mod entry;
mod figures;
mod groups;
mod history;
mod index;
mod map;
mod matching;
#[cfg(test)]
mod model;
#[cfg(test)]
mod orders;
mod packed;
mod past;
mod recent;
mod rules;
mod settings;
mod shapes;
mod sync;
mod tree;
mod watcher;

pub use bound::{Bound, Resolve};
pub use cache::{Cache, Ended, Start};
pub use entry::{Entry, Weigh};
pub use figures::{CacheFigures, QueryFigures, Unkept};
pub use groups::{Told, Unwatched};
pub use past::Past;
pub use recent::CommitTold;
#[cfg(any(test, feature = "mutants"))]
pub use rules::Rule;
pub use settings::CacheSettings;
pub use shapes::QueryId;
pub use watcher::Watcher;
