//! `/metrics`: what is counted, in the forms of Prometheus and OpenMetrics.
//!
//! Names are OpenTelemetry's in Prometheus' form; all of them stand in one table, [`FAMILIES`], so that a rename is one
//! change. Labels come from closed sets, never from a request. The page adds up what others counted: it starts no work.

mod collect;
mod family;
mod http;
mod page;
mod process;

pub(crate) use collect::page;
pub use family::{FAMILIES, Family, FamilyKind};
pub(crate) use http::{HitSeries, HttpStatistics, RouteFigures, RouteLabel};
pub(crate) use page::Form;
pub(crate) use process::{cpu_ms, resident_bytes};
