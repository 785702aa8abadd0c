//! Runs a load: connections that ask from one workload, a window after a warm-up, what was counted in it.

use crate::answer::Keep;
use crate::connection::Connection;
use crate::report::{Fault, Kind, Report};
use crate::usage::{self, Usage};
use crate::workload::Workload;
use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::thread;
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::task::{JoinSet, LocalSet, yield_now};
use tokio::time::{Instant, sleep, sleep_until};

/// Connections of one load.
pub const CONNECTIONS_MAX: usize = 16_384;
/// Requests a second of an open loop.
pub const PER_SECOND_MAX: f64 = 1e7;
/// A connection that cannot be opened again waits as long before the next attempt.
const CONNECT_PAUSE: Duration = Duration::from_millis(10);
/// The runtime's timer has steps of a millisecond: an open loop sleeps up to here before a request is due, and spins
/// for the rest.
const SPIN: Duration = Duration::from_micros(1_500);

/// When the next request is asked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pace {
    /// As soon as a connection has its whole answer.
    Closed,
    /// At a fixed rate, whatever the server does.
    Open {
        /// Requests a second, of all connections together.
        per_second: f64,
    },
}

/// How to load.
#[derive(Debug, Clone)]
pub struct Load {
    /// The server.
    pub address: SocketAddr,
    /// Connections that are kept open; at most one request is under way on each.
    pub connections: usize,
    /// Closed or open loop.
    pub pace: Pace,
    /// Time before anything is counted.
    pub warm_up: Duration,
    /// The window in which is counted.
    pub duration: Duration,
    /// A request without a whole answer after this is given up, its connection closed.
    pub timeout: Duration,
    /// Processes whose processor time and memory are measured over the window, with those that descend from them.
    pub watched: Vec<u32>,
}

impl Load {
    /// Closed loop, 64 connections, 2 s of warm-up, 10 s, a timeout of 30 s, nothing watched.
    pub fn new(address: SocketAddr) -> Self {
        Self {
            address,
            connections: 64,
            pace: Pace::Closed,
            warm_up: Duration::from_secs(2),
            duration: Duration::from_secs(10),
            timeout: Duration::from_secs(30),
            watched: Vec::new(),
        }
    }
}

/// Why a load could not be run.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The load asks for what cannot be.
    #[error("{0}")]
    Unsound(&'static str),
    /// The server is not there.
    #[error("cannot connect to {address}")]
    Connect {
        /// Where.
        address: SocketAddr,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A single request has no whole answer.
    #[error("{0}")]
    Asked(Fault),
    /// The runtime could not be built.
    #[error("cannot prepare the load")]
    Runtime(#[from] std::io::Error),
}

/// Runs a load to its end, on the calling thread.
///
/// Counted is what was asked in the window (open loop: what was due in it), also when its answer comes after the
/// window's end. Answers that were asked before it and come in it are as many, when the load is steady.
///
/// Errors: [`LoadError`], before anything was asked. What goes wrong later is counted.
pub fn run(load: &Load, workload: &mut Workload) -> Result<Report, LoadError> {
    check(load, workload)?;
    let kinds = workload.names().map(Kind::named).collect();
    let tally = Tally { workload: std::mem::take(workload), kinds, slots_taken: 0, slots_counted: 0 };
    let runtime = runtime()?;
    let tally = Rc::new(RefCell::new(tally));
    let outcome = LocalSet::new().block_on(&runtime, run_connections(load, &tally));
    drop(runtime);
    let tally = Rc::into_inner(tally).expect("every connection's task has ended").into_inner();
    *workload = tally.workload;
    let outcome = outcome?;
    let due = match load.pace {
        Pace::Closed => 0,
        Pace::Open { per_second } => slots_before(load.warm_up + load.duration, per_second)
            .saturating_sub(slots_before(load.warm_up, per_second)),
    };
    let unsent = due.saturating_sub(tally.slots_counted);
    let mut report = Report::new(load.duration.as_secs_f64(), tally.kinds, unsent);
    report.watched = outcome.watched;
    report.load_processor = outcome.load_processor;
    Ok(report)
}

pub(crate) fn runtime() -> std::io::Result<Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

fn check(load: &Load, workload: &Workload) -> Result<(), LoadError> {
    let unsound = if load.connections == 0 || load.connections > CONNECTIONS_MAX {
        "a load has 1 to 16384 connections"
    } else if load.duration.is_zero() {
        "a load lasts longer than nothing"
    } else if matches!(load.pace, Pace::Open { per_second } if !(per_second > 0.0 && per_second <= PER_SECOND_MAX)) {
        "a rate is above 0, at most 10000000 a second"
    } else if workload.is_empty() {
        "a workload has a kind of request whose weight is above 0"
    } else {
        return Ok(());
    };
    Err(LoadError::Unsound(unsound))
}

/// What all connections share.
struct Tally {
    workload: Workload,
    kinds: Vec<Kind>,
    /// Open loop: moments that have been given to a connection, and those of them in the window.
    slots_taken: u64,
    slots_counted: u64,
}

struct Outcome {
    watched: Option<Usage>,
    load_processor: Option<Duration>,
}

/// The window, and the moment from which an open loop counts.
#[derive(Debug, Clone, Copy)]
struct Times {
    start: Instant,
    window: Instant,
    end: Instant,
}

async fn run_connections(load: &Load, tally: &Rc<RefCell<Tally>>) -> Result<Outcome, LoadError> {
    let mut opened = Vec::with_capacity(load.connections);
    for _ in 0..load.connections {
        let open = Connection::open(load.address, load.timeout, Keep::Refusals).await;
        opened.push(open.map_err(|source| LoadError::Connect { address: load.address, source })?);
    }
    let start = Instant::now();
    let window = start + load.warm_up;
    let times = Times { start, window, end: window + load.duration };
    let watch = watch(load.watched.clone(), times);
    let mut tasks = JoinSet::new();
    for connection in opened {
        let client = Client { load: load.clone(), times, tally: Rc::clone(tally), connection: Some(connection) };
        tasks.spawn_local(client.run());
    }
    sleep_until(times.window).await;
    let before = usage::of_this_thread();
    sleep_until(times.end).await;
    let load_processor = usage::of_this_thread().zip(before).map(|(after, before)| after.saturating_sub(before));
    while let Some(joined) = tasks.join_next().await {
        joined.expect("a connection's task does not panic");
    }
    Ok(Outcome { watched: watch.join().expect("the watch does not panic"), load_processor })
}

/// Measures over the window on a thread of its own: to read `/proc` takes milliseconds, in which nothing would be
/// asked.
fn watch(processes: Vec<u32>, times: Times) -> thread::JoinHandle<Option<Usage>> {
    thread::spawn(move || {
        if processes.is_empty() {
            return None;
        }
        thread::sleep(times.window.saturating_duration_since(Instant::now()));
        let before = usage::of(&processes)?;
        thread::sleep(times.end.saturating_duration_since(Instant::now()));
        let after = usage::of(&processes)?;
        Some(Usage { processor: after.processor.saturating_sub(before.processor), ..after })
    })
}

/// One connection's task.
struct Client {
    load: Load,
    times: Times,
    tally: Rc<RefCell<Tally>>,
    connection: Option<Connection>,
}

impl Client {
    async fn run(mut self) {
        let mut request = Vec::new();
        loop {
            let from = match self.load.pace {
                Pace::Closed => Instant::now(),
                Pace::Open { per_second } => {
                    let Some(due) = self.take_slot(per_second) else { return };
                    wait_until(due).await;
                    due
                }
            };
            if Instant::now() >= self.times.end {
                return;
            }
            let is_counted = from >= self.times.window;
            let index = {
                let mut tally = self.tally.borrow_mut();
                if is_counted && self.load.pace != Pace::Closed {
                    tally.slots_counted += 1;
                }
                tally.workload.write(&mut request)
            };
            let asked = self.ask(&request).await;
            if is_counted {
                self.count(index, from, asked);
            }
            if let Err(Fault::Connect | Fault::NoRequest) = asked {
                sleep(CONNECT_PAUSE).await;
            }
        }
    }

    /// The moment at which the next request is due; none from the window's end on.
    fn take_slot(&self, per_second: f64) -> Option<Instant> {
        let mut tally = self.tally.borrow_mut();
        let due = self.times.start + Duration::from_secs_f64(tally.slots_taken as f64 / per_second);
        if due >= self.times.end {
            return None;
        }
        tally.slots_taken += 1;
        Some(due)
    }

    async fn ask(&mut self, request: &[u8]) -> Result<u64, Fault> {
        if self.connection.as_ref().is_none_or(|connection| !connection.is_open()) {
            let open = Connection::open(self.load.address, self.load.timeout, Keep::Refusals).await;
            self.connection = Some(open.map_err(|_| Fault::Connect)?);
        }
        let connection = self.connection.as_mut().expect("it was opened above");
        let asked = connection.ask(request).await;
        if asked.is_err() {
            // What still came would belong to the request that was given up; its reader keeps the status.
            connection.reader.is_closing = true;
        }
        asked
    }

    fn count(&self, index: usize, from: Instant, asked: Result<u64, Fault>) {
        let took = from.elapsed();
        let mut tally = self.tally.borrow_mut();
        let Some(kind) = tally.kinds.get_mut(index) else { return };
        match (asked, &self.connection) {
            (Ok(bytes), Some(connection)) => {
                kind.answered(connection.reader.status, bytes, took, &connection.reader.body);
            }
            (Ok(_), None) => {}
            (Err(fault), _) => kind.failed(fault, took),
        }
    }
}

async fn wait_until(due: Instant) {
    let now = Instant::now();
    if due > now + SPIN {
        sleep_until(due - SPIN).await;
    }
    while Instant::now() < due {
        yield_now().await;
    }
}

/// How many moments of an open loop lie before this time from its start: moment `k` is at `k / per_second`.
fn slots_before(time: Duration, per_second: f64) -> u64 {
    (time.as_secs_f64() * per_second).ceil() as u64
}
