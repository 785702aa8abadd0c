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
//! In reading order: the folder, who may call, the arguments, what keeps answers, the engine.

#![warn(missing_docs)]

mod answer_cache;
mod arguments;
mod cursor;
mod digest;
mod engine;
mod explain;
mod flight;
mod folder;
mod idempotency;
mod live;
mod policy;
mod rate;
mod route;

pub use answer_cache::{
    AnswerCache, Attached, CacheFigures, CacheSettings, Cause, Kept, KeptAnswer, QueryCacheFigures, RenewalFigures,
    Renewed, Staleness,
};
pub use arguments::{Arguments, CompiledParams, paging};
pub use cursor::{CursorKey, QueryScope, Scope as CursorScope};
pub use engine::{
    BatchItem, CacheOverview, Call, Callable, CheckFigures, Clear, Engine, EngineSettings, Extras, IndexLook,
    LimitState, Look, NamedCache, Outcome, PlanLook, Source, StatementLook, TableLook, Target, WarmFigures, network,
    warm_arguments,
};
pub use explain::{Explained, Section};
pub use folder::{Folder, FolderError, compile_folder, load_folder, read_folder};
pub use live::{
    DELIVERY_BOUNDS, Follow, FollowPart, Follower, Frame, FrameTag, LiveFigures, OwnedArguments, ParseFrameTagError,
    Seen,
};
pub use martlet_sql::{
    Action, Allow, App, Bound, Declaration, JsonKind, JsonType, LimitPer, Param, Query, Returns, Route, Rule, Statement,
};
pub use martlet_store::history;
pub use martlet_store::{
    Answer, DATABASE_BOUNDS, Demand, Figures, Form, PlanFigures, PoolFigures, ROWS_BOUNDS, RowCount, Snapshot,
    StatementFigures,
};
pub use rate::{ParseRateError, Rate, RateLimiter, Standing};
pub use route::{RouteCount, RouteEntry, RouteFound};
