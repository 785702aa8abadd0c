//! The words that every crate of Martlet shares: kinds of error, identities, values, positions, time, limits.
//!
//! Must not know: SQL text, databases, HTTP. No I/O but reading the system's clock.
//! In reading order:

#![warn(missing_docs)]

mod change;
mod clock;
pub mod code;
mod error;
pub mod float8;
mod histogram;
mod identity;
pub mod json;
pub mod limits;
mod nearest;
mod position;
mod queue_limit;
pub mod time;
mod ty;
mod value;

pub use change::Change;
pub use clock::{Clock, SystemClock, TestClock};
pub use code::Code;
pub use error::{Detail, Error, Kind};
pub use histogram::{Histogram, HistogramCounts, Percentiles, Spread};
pub use identity::{Caller, Claims, Identity};
pub use nearest::nearest;
pub use position::Position;
pub use queue_limit::{QueueBounds, QueueLimit};
pub use time::{Date, Interval, Timestamp};
pub use ty::{ParamType, Type};
pub use value::Value;
