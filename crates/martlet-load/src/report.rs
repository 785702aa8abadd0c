//! What a load has shown.

use crate::latency::Latency;
use crate::usage::Usage;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// Why a request has no whole answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// The workload wrote no bytes.
    NoRequest,
    /// The connection could not be opened again.
    Connect,
    /// The connection ended before the answer did.
    Closed,
    /// The answer was not whole within the load's `timeout`.
    TimedOut,
    /// What came is not HTTP/1.1.
    Malformed,
}

impl Fault {
    /// Its name for machines.
    pub fn name(self) -> &'static str {
        match self {
            Self::NoRequest => "no_request",
            Self::Connect => "connect",
            Self::Closed => "closed",
            Self::TimedOut => "timed_out",
            Self::Malformed => "malformed",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoRequest => "no request was made",
            Self::Connect => "cannot connect again",
            Self::Closed => "the connection ended before the answer did",
            Self::TimedOut => "no whole answer in time",
            Self::Malformed => "the answer is not HTTP/1.1",
        })
    }
}

/// An answer that is an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The status, 400 or above.
    pub status: u16,
    /// The first bytes of its body, at most 4 KiB.
    pub body: Vec<u8>,
}

/// What was counted of one kind of request.
#[derive(Debug, Clone, Default)]
pub struct Kind {
    /// Its name in the workload.
    pub name: String,
    /// Whole answers, of any status.
    pub answers: u64,
    /// Answers by status.
    pub statuses: BTreeMap<u16, u64>,
    /// Requests without a whole answer.
    pub faults: BTreeMap<Fault, u64>,
    /// Bytes received, heads with them.
    pub bytes: u64,
    /// How long good answers (below 400) took, and how long was waited in vain. Refusals are not in it: they are fast.
    pub latency: Latency,
    /// The first answer that was an error.
    pub first_refusal: Option<Refusal>,
}

impl Kind {
    pub(crate) fn named(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    /// Answers below 400.
    pub fn good(&self) -> u64 {
        self.statuses.range(..400).map(|(_, count)| count).sum()
    }

    /// Answers from 400 on, and requests without a whole answer.
    pub fn errors(&self) -> u64 {
        self.answers - self.good() + self.faults.values().sum::<u64>()
    }

    pub(crate) fn answered(&mut self, status: u16, bytes: u64, took: Duration, body: &[u8]) {
        self.answers += 1;
        self.bytes += bytes;
        *self.statuses.entry(status).or_default() += 1;
        if status < 400 {
            self.latency.record(took);
        } else if self.first_refusal.is_none() {
            self.first_refusal = Some(Refusal { status, body: body.to_vec() });
        }
    }

    pub(crate) fn failed(&mut self, fault: Fault, took: Duration) {
        *self.faults.entry(fault).or_default() += 1;
        if fault == Fault::TimedOut {
            self.latency.record(took);
        }
    }

    fn add(&mut self, other: &Self) {
        self.answers += other.answers;
        self.bytes += other.bytes;
        for (status, count) in &other.statuses {
            *self.statuses.entry(*status).or_default() += count;
        }
        for (fault, count) in &other.faults {
            *self.faults.entry(*fault).or_default() += count;
        }
        self.latency.merge(&other.latency);
        if self.first_refusal.is_none() {
            self.first_refusal.clone_from(&other.first_refusal);
        }
    }
}

/// What was counted in the window after the warm-up.
#[derive(Debug, Clone)]
pub struct Report {
    /// The length of the window.
    pub seconds: f64,
    /// A kind each, in the workload's order.
    pub kinds: Vec<Kind>,
    /// All kinds together.
    pub all: Kind,
    /// Open loop: requests that were due in the window and never asked, since all connections waited. Their latency
    /// is unknown and in no percentile: where this is not 0 the rate was more than the server or this load could do.
    pub unsent: u64,
    /// What the watched processes used in the window; nothing where none was watched or the system does not tell.
    pub watched: Option<Usage>,
    /// The load's own processor time in the window; an open loop waits by spinning. Nothing where the system does not
    /// tell.
    pub load_processor: Option<Duration>,
}

impl Report {
    pub(crate) fn new(seconds: f64, kinds: Vec<Kind>, unsent: u64) -> Self {
        let mut all = Kind::named("all");
        kinds.iter().for_each(|kind| all.add(kind));
        Self { seconds, kinds, all, unsent, watched: None, load_processor: None }
    }

    /// Whole answers a second, of any status.
    pub fn per_second(&self) -> f64 {
        self.all.answers as f64 / self.seconds
    }

    /// The watched processes' processor time for one answer, in microseconds.
    pub fn processor_us_per_request(&self) -> Option<f64> {
        let watched = self.watched.as_ref()?;
        (self.all.answers > 0).then(|| watched.processor.as_secs_f64() * 1e6 / self.all.answers as f64)
    }
}
