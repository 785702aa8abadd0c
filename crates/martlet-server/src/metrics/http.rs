//! Counts of requests, by route, method and status. Counting takes no lock: a series is made once, then found in a
//! table that is replaced as a whole.

use arc_swap::ArcSwap;
use hashbrown::HashMap;
use hyper::{Method, Request, Response, StatusCode, Version};
use martlet_core::{Histogram, Percentiles, Spread, limits};
use martlet_engine::RouteEntry;
use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// Upper bounds of durations, in nanoseconds: those of OpenTelemetry's advice, and every threshold that a target names.
pub(super) const DURATION_BOUNDS: &[u64] = &[
    500_000,
    1_000_000,
    2_500_000,
    5_000_000,
    10_000_000,
    25_000_000,
    50_000_000,
    75_000_000,
    100_000_000,
    200_000_000,
    250_000_000,
    300_000_000,
    500_000_000,
    750_000_000,
    1_000_000_000,
    2_000_000_000,
    2_500_000_000,
    5_000_000_000,
    7_500_000_000,
    10_000_000_000,
];
/// Upper bounds of bodies, in bytes.
pub(super) const SIZE_BOUNDS: &[u64] = &[100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000];
/// The methods that have a name; the last one is all others.
pub(super) const METHODS: [&str; 10] =
    ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "_OTHER"];

const VERSION_10: &str = "1.0";
const VERSION_11: &str = "1.1";

/// The template that a request's path fits; never the path itself.
#[derive(Debug, Clone)]
pub(crate) enum RouteLabel {
    /// No route: no label.
    None,
    /// One of ours.
    Ours(&'static str),
    /// One that the app declares.
    Declared(Arc<RouteEntry>),
    /// A file, if there is one.
    File,
}

impl RouteLabel {
    fn of_answer(self, status: StatusCode) -> Self {
        match self {
            RouteLabel::File if status.is_client_error() => RouteLabel::None,
            RouteLabel::File => RouteLabel::Ours(crate::router::FILE),
            other => other,
        }
    }

    pub(super) fn text(&self) -> Option<&str> {
        match self {
            RouteLabel::None | RouteLabel::File => None,
            RouteLabel::Ours(template) => Some(template),
            RouteLabel::Declared(entry) => Some(&entry.path),
        }
    }
}

/// Times of one route, method and status.
#[derive(Debug, Clone)]
pub(crate) struct RouteFigures {
    pub(crate) route: String,
    pub(crate) method: &'static str,
    pub(crate) status: u16,
    pub(crate) calls: u64,
    pub(crate) total_ns: u64,
    /// 50th, 95th, 99th.
    pub(crate) percentiles_ns: [u64; 3],
}

/// What a series is of.
#[derive(Debug, Clone)]
pub(super) struct Key {
    pub(super) route: RouteLabel,
    pub(super) method: usize,
    pub(super) status: u16,
    pub(super) version: &'static str,
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        (self.method, self.status, self.version) == (other.method, other.status, other.version)
            && self.route.text() == other.route.text()
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.route.text(), self.method, self.status).hash(state);
    }
}

/// Counts of one series.
#[derive(Debug)]
pub(super) struct Series {
    pub(super) duration: Histogram,
    pub(super) percentiles: Percentiles,
    pub(super) request_size: Histogram,
    pub(super) response_size: Histogram,
}

impl Series {
    fn new() -> Self {
        Self {
            duration: Histogram::new(DURATION_BOUNDS),
            percentiles: Percentiles::default(),
            request_size: Histogram::new(SIZE_BOUNDS),
            response_size: Histogram::new(SIZE_BOUNDS),
        }
    }

    fn count(&self, counts: Counts) {
        let duration_ns = u64::try_from(counts.took.as_nanos()).unwrap_or(u64::MAX);
        self.duration.observe(duration_ns);
        self.percentiles.observe(duration_ns);
        if let Some(size) = counts.request_size {
            self.request_size.observe(size);
        }
        if let Some(size) = counts.response_size {
            self.response_size.observe(size);
        }
    }
}

/// What is counted of one answer.
#[derive(Debug, Clone, Copy)]
struct Counts {
    took: Duration,
    request_size: Option<u64>,
    response_size: Option<u64>,
}

type Table = HashMap<Key, Arc<Series>>;

/// The series of one answer: GET and HEAD, 304 and 200.
#[derive(Debug, Default)]
pub(crate) struct HitSeries([OnceLock<Arc<Series>>; 4]);

/// All requests.
#[derive(Debug)]
pub(crate) struct HttpStatistics {
    series: ArcSwap<Table>,
    /// Held by whoever replaces the table.
    change: Mutex<()>,
    /// Where the series beyond the limit are counted together.
    pub(super) overflow: Series,
    pub(super) active: [AtomicU64; METHODS.len()],
}

impl HttpStatistics {
    pub(crate) fn new() -> Self {
        Self {
            series: ArcSwap::default(),
            change: Mutex::new(()),
            overflow: Series::new(),
            active: std::array::from_fn(|_| AtomicU64::new(0)),
        }
    }

    /// Counts a request as active until what this gives back is dropped.
    pub(crate) fn begin<B: hyper::body::Body>(&self, request: &Request<B>, at: Instant) -> Counting<'_> {
        let method = index_of(request.method());
        self.active[method].fetch_add(1, Relaxed);
        let version = if request.version() == Version::HTTP_10 { VERSION_10 } else { VERSION_11 };
        Counting { statistics: self, method, version, request_size: request.body().size_hint().exact(), at }
    }

    /// All series, in an order of their own.
    pub(super) fn series(&self) -> Vec<(Key, Arc<Series>)> {
        let mut all: Vec<_> = self.series.load().iter().map(|(key, series)| (key.clone(), series.clone())).collect();
        all.sort_by(|(a, _), (b, _)| {
            (a.route.text(), a.method, a.status, a.version).cmp(&(b.route.text(), b.method, b.status, b.version))
        });
        all
    }

    /// Tells of each series its status, how its nanoseconds spread, their sum, and its method and route if it has one;
    /// of those that were too many together, with the status 0.
    pub(crate) fn each(&self, tell: &mut impl FnMut(u16, &Spread, u64, Option<String>)) {
        for (key, series) in &**self.series.load() {
            let route = key.route.text().map(|route| format!("{} {route}", METHODS[key.method]));
            tell(key.status, &series.percentiles.spread(), series.duration.counts().sum, route);
        }
        tell(0, &self.overflow.percentiles.spread(), self.overflow.duration.counts().sum, None);
    }

    /// Times of each series that has a route.
    pub(crate) fn routes(&self) -> Vec<RouteFigures> {
        let of = |(key, series): (Key, Arc<Series>)| {
            let route = key.route.text()?.to_owned();
            let counts = series.duration.counts();
            Some(RouteFigures {
                route,
                method: METHODS[key.method],
                status: key.status,
                calls: counts.count(),
                total_ns: counts.sum,
                percentiles_ns: series.percentiles.at([0.5, 0.95, 0.99]),
            })
        };
        self.series().into_iter().filter_map(of).collect()
    }

    /// Requests that are being answered.
    pub(crate) fn active_all(&self) -> u64 {
        self.active.iter().map(|active| active.load(Relaxed)).sum()
    }

    fn add(&self, key: Key) -> Option<Arc<Series>> {
        let _change = self.change.lock().unwrap_or_else(PoisonError::into_inner);
        let mut table = Table::clone(&self.series.load());
        if !table.contains_key(&key) {
            // The last place is the overflow's.
            if table.len() + 1 >= limits::METRIC_SERIES_MAX {
                return None;
            }
            table.insert(key.clone(), Arc::new(Series::new()));
            self.series.store(Arc::new(table.clone()));
        }
        table.get(&key).cloned()
    }

    /// Counts a request that was refused with 503 before it was read as one: a GET of HTTP/1.1 without a body.
    pub(crate) fn count_refused(&self, route: &'static str, took: Duration, response_size: u64) {
        let key = Key { route: RouteLabel::Ours(route), method: 0, status: 503, version: VERSION_11 };
        self.count(key, Counts { took, request_size: Some(0), response_size: Some(response_size) });
    }

    /// Counts an answer to a GET or HEAD of HTTP/1.1 whose series is kept beside it.
    pub(crate) fn count_hit(
        &self,
        kept: &HitSeries,
        route: impl FnOnce() -> RouteLabel,
        (is_head, status): (bool, StatusCode),
        took: Duration,
        response_size: u64,
    ) {
        let counts = Counts { took, request_size: Some(0), response_size: Some(response_size) };
        let method = usize::from(is_head);
        let place = &kept.0[2 * method + usize::from(status == StatusCode::OK)];
        if let Some(series) = place.get() {
            return series.count(counts);
        }
        let key = Key { route: route(), method, status: status.as_u16(), version: VERSION_11 };
        let known = self.series.load().get(&key).cloned();
        match known.or_else(|| self.add(key)) {
            Some(series) => place.get_or_init(|| series).count(counts),
            None => self.overflow.count(counts),
        }
    }

    fn count(&self, key: Key, counts: Counts) {
        let table = self.series.load();
        match table.get(&key) {
            Some(series) => series.count(counts),
            None => self.add(key).as_deref().unwrap_or(&self.overflow).count(counts),
        }
    }
}

fn index_of(method: &Method) -> usize {
    METHODS.iter().position(|name| *name == method.as_str()).unwrap_or(METHODS.len() - 1)
}

/// A request that is being answered.
#[derive(Debug)]
pub(crate) struct Counting<'a> {
    statistics: &'a HttpStatistics,
    method: usize,
    version: &'static str,
    request_size: Option<u64>,
    at: Instant,
}

impl Counting<'_> {
    /// Counts the request as answered at this time.
    pub(crate) fn end<B: hyper::body::Body>(self, route: RouteLabel, response: &Response<B>, now: Instant) {
        let status = response.status();
        let key =
            Key { route: route.of_answer(status), method: self.method, status: status.as_u16(), version: self.version };
        let took = now.saturating_duration_since(self.at);
        let response_size = response.body().size_hint().exact();
        self.statistics.count(key, Counts { took, request_size: self.request_size, response_size });
    }
}

impl Drop for Counting<'_> {
    fn drop(&mut self) {
        self.statistics.active[self.method].fetch_sub(1, Relaxed);
    }
}
