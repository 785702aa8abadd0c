//! The compiler: from the files of an app folder to plans that a store can run.
//!
//! In: the texts of the files. Out: an [`App`] or diagnostics with places. No I/O, no engine, no error at run time:
//! whatever this crate accepts, every engine runs, with the same bytes out.
//! In reading order: the folder, the header, the catalogue, the plan.

#![warn(missing_docs)]

mod app;
pub mod catalogue;
mod compile;
mod declaration;
pub mod dependency;
mod diagnostic;
mod header;
pub mod ir;
mod json_type;
mod keyword;
mod lower;
mod migration;
mod nearest;
mod plan;
mod postgres;
mod resolve;
mod source;
mod stack;
mod token;
mod types;

pub use app::{App, Compiled, Migration, Seed, SourceFile};
pub use catalogue::Catalogue;
pub use compile::{compile, lowered, typed_tree};
pub use declaration::{
    AccountEvent, Allow, Bound, Cache, Declaration, Expect, ExpectedRows, Limit, LimitPer, Literal, Offset, Page,
    Param, Returns, Route, Rule, Scan, Warm,
};
pub use diagnostic::{Diagnostic, Severity, Span};
pub use json_type::{JsonKind, JsonType};
pub use martlet_core::nearest;
pub use plan::{
    Action, Bind, Column, EngineText, PagePlan, Query, Statement, StatementKind, Step, TableUse, Volatility,
};
