//! A load generator for HTTP/1.1: many connections on one thread, closed loop or open loop, with what each kind of
//! request took; and event streams, thousands of them on one thread.
//!
//! Must not know: any other crate of ours. It sends bytes that its caller has made, and counts what comes back.
//!
//! - **Closed loop**: each connection asks the next request when it has the whole answer to the last one. It shows
//!   what a server can do at most.
//! - **Open loop**: request `k` is due at a fixed moment, whatever the server does, and its latency counts from that
//!   moment. A server that stalls for a second is charged with that second by every request that was due in it.
//!
//! A request costs two system calls and no allocation, so that one thread can keep a server busy.

#![warn(missing_docs)]

mod answer;
mod ask;
mod connection;
mod event_stream;
mod latency;
mod random;
mod report;
mod request;
mod run;
mod streams;
pub mod usage;
mod workload;

pub use ask::{Answer, ask};
pub use event_stream::{Event, Told};
pub use latency::Latency;
pub use random::{Random, Zipf};
pub use report::{Fault, Kind, Refusal, Report};
pub use request::RequestHead;
pub use run::{CONNECTIONS_MAX, Load, LoadError, PER_SECOND_MAX, Pace, run};
pub use streams::{Listener, Opening, StreamEnd, Streams};
pub use usage::Usage;
pub use workload::{Draw, Pool, Requests, Workload};
