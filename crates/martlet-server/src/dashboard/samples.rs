//! What was counted in the last moments and the last hour, for the charts.
//!
//! The counters only rise. Every two seconds their differences are taken for the figures of now, and from every fifth
//! of these a point of the last hour is made. The minutes before this process began come from the history.

use crate::front::Shared;
use crate::{metrics, router};
use martlet_core::{Spread, Timestamp};
use martlet_engine::history::{Figure, ItemFigure, ItemKind, Period};
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How often the figures of now are taken.
pub(crate) const NOW_EVERY: Duration = Duration::from_secs(2);
/// Of so many of these one point is made.
const POINT_OF: u32 = 5;
/// Points of the last hour.
const POINTS_MAX: usize = 360;
const HOUR_MICROS: i64 = 3_600_000_000;

/// What happened in a while.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Point {
    /// Its end.
    pub(crate) at: Timestamp,
    /// How long it was.
    pub(crate) seconds: f64,
    /// Calls of the app that were answered.
    pub(crate) requests: u64,
    /// Of them those that ended with 500 or above.
    pub(crate) errors: u64,
    /// Refused because there was too much.
    pub(crate) shed: u64,
    /// Nanoseconds of a call: 50th, 95th, 99th percentile.
    pub(crate) percentiles_ns: [u64; 3],
    /// Answers from memory.
    pub(crate) hits: u64,
    /// Calls of queries, those from memory included.
    pub(crate) asked: u64,
    /// Answers that commits have ended.
    pub(crate) invalidated: u64,
    /// Processor time.
    pub(crate) cpu_ms: u64,
    /// Resident memory.
    pub(crate) memory_bytes: u64,
    /// Actions that waited for the writer.
    pub(crate) writer_queue: u64,
    /// Reads that waited for a reader.
    pub(crate) reader_queue: u64,
    /// Event streams that were open.
    pub(crate) streams: u64,
}

/// The counters at a moment.
#[derive(Debug, Clone)]
struct Totals {
    taken: Instant,
    requests: u64,
    errors: u64,
    shed: u64,
    durations: Spread,
    hits: u64,
    asked: u64,
    invalidated: u64,
    cpu_ms: u64,
}

#[derive(Debug, Default)]
struct Taken {
    last: Option<Totals>,
    at_point: Option<Totals>,
    rounds: u32,
    now: Option<Point>,
    points: VecDeque<Point>,
}

/// The figures of now and of the last hour.
#[derive(Debug, Default)]
pub(crate) struct Samples(Mutex<Taken>);

impl Samples {
    /// Takes the figures, again and again. Never ends.
    pub(crate) async fn follow(&self, shared: &Shared) {
        loop {
            self.take(shared);
            tokio::time::sleep(NOW_EVERY).await;
        }
    }

    fn take(&self, shared: &Shared) {
        let (totals, levels) = Totals::look(shared);
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = &mut *taken;
        taken.now = taken.last.as_ref().map(|before| totals.since(before, &levels));
        if taken.rounds.is_multiple_of(POINT_OF)
            && let Some(before) = taken.at_point.replace(totals.clone())
        {
            if taken.points.len() >= POINTS_MAX {
                taken.points.pop_front();
            }
            taken.points.push_back(totals.since(&before, &levels));
        }
        taken.rounds = taken.rounds.wrapping_add(1);
        taken.last = Some(totals);
    }

    /// What happened in the last two seconds; none in the first.
    pub(crate) fn now(&self) -> Option<Point> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).now.clone()
    }

    /// The last hour, the oldest first.
    pub(crate) fn last_hour(&self, shared: &Shared) -> Vec<Point> {
        let own: Vec<Point> = self.0.lock().unwrap_or_else(PoisonError::into_inner).points.iter().cloned().collect();
        let began = own.first().map_or(i64::MAX, |point| point.at.micros() - (point.seconds * 1e6) as i64);
        let oldest = shared.clock.now().micros() - HOUR_MICROS;
        let before = shared.history().map(|history| history.last_hour()).unwrap_or_default();
        let before = before.iter().map(|period| of_period(period));
        before.filter(|point| (oldest..=began).contains(&point.at.micros())).chain(own).collect()
    }
}

/// All calls of the app together. What the operator asks and files are no calls.
#[derive(Debug, Default)]
struct Calls {
    requests: u64,
    errors: u64,
    durations: Spread,
}

impl Calls {
    fn look(shared: &Shared) -> Self {
        let mut calls = Self::default();
        shared.statistics.each(&mut |status, spread, _, route| {
            if route.as_deref().is_some_and(is_of_app) {
                calls.requests += spread.count();
                calls.errors += if status >= 500 { spread.count() } else { 0 };
                calls.durations.merge(spread);
            }
        });
        calls
    }

    fn of_period(period: &Period) -> Self {
        let mut calls = Self::default();
        for route in period.items.iter().filter(|item| item.kind == ItemKind::Route && is_of_app(&item.name)) {
            calls.requests += route.get(ItemFigure::Calls);
            calls.errors += route.get(ItemFigure::Errors);
            calls.durations.merge(&route.durations);
        }
        calls
    }
}

/// `METHOD TEMPLATE`.
fn is_of_app(route: &str) -> bool {
    route.split_once(' ').is_some_and(|(_, template)| router::is_of_app(template))
}

/// What only stands for a moment.
#[derive(Debug, Clone, Copy)]
struct Levels {
    at: Timestamp,
    memory_bytes: u64,
    writer_queue: u64,
    reader_queue: u64,
    streams: u64,
}

impl Totals {
    fn look(shared: &Shared) -> (Self, Levels) {
        let http = Calls::look(shared);
        let kept = shared.engine.cache_figures();
        let sum = |of: fn(&martlet_engine::QueryCacheFigures) -> u64| kept.iter().map(of).sum::<u64>();
        let figures = shared.engine.store().figures();
        let hits = sum(|query| query.hits);
        let without_cache = figures.plans.iter().filter(|plan| !plan.is_action).map(|plan| plan.calls).sum::<u64>();
        let asked = match kept.is_empty() {
            true => without_cache,
            false => hits + sum(|query| query.misses) + sum(|query| query.bypassed),
        };
        let totals = Self {
            taken: Instant::now(),
            requests: http.requests,
            errors: http.errors,
            shed: shared.admission.shed_all(),
            durations: http.durations,
            hits,
            asked,
            invalidated: sum(|query| query.invalidated),
            cpu_ms: metrics::cpu_ms().unwrap_or(0),
        };
        let levels = Levels {
            at: shared.clock.now(),
            memory_bytes: metrics::resident_bytes().unwrap_or(0),
            writer_queue: figures.pools[0].pending as u64,
            reader_queue: figures.pools[1].pending as u64,
            streams: shared.streams.open() as u64,
        };
        (totals, levels)
    }

    /// Counters that are lower than before have begun anew: the app was loaded again.
    fn since(&self, before: &Self, levels: &Levels) -> Point {
        let durations = self.durations.since(&before.durations).unwrap_or_else(|| self.durations.clone());
        Point {
            at: levels.at,
            seconds: (self.taken - before.taken).as_secs_f64().max(1e-3),
            requests: self.requests.saturating_sub(before.requests),
            errors: self.errors.saturating_sub(before.errors),
            shed: self.shed.saturating_sub(before.shed),
            percentiles_ns: durations.at([0.5, 0.95, 0.99]),
            hits: self.hits.saturating_sub(before.hits),
            asked: self.asked.saturating_sub(before.asked),
            invalidated: self.invalidated.saturating_sub(before.invalidated),
            cpu_ms: self.cpu_ms.saturating_sub(before.cpu_ms),
            memory_bytes: levels.memory_bytes,
            writer_queue: levels.writer_queue,
            reader_queue: levels.reader_queue,
            streams: levels.streams,
        }
    }
}

/// A minute of the history.
fn of_period(period: &Period) -> Point {
    let calls = Calls::of_period(period);
    let observed = i64::try_from(period.observed.as_micros()).unwrap_or(0);
    let sum = |figures: &[Figure]| figures.iter().map(|figure| period.get(*figure)).sum::<u64>();
    Point {
        at: Timestamp::from_micros(period.at.micros() + observed),
        seconds: period.observed.as_secs_f64().max(1e-3),
        requests: calls.requests,
        errors: calls.errors,
        shed: period.get(Figure::Shed),
        percentiles_ns: calls.durations.at([0.5, 0.95, 0.99]),
        hits: period.get(Figure::Hits),
        asked: sum(&[Figure::Hits, Figure::Misses, Figure::Bypassed]),
        invalidated: period.get(Figure::Invalidated),
        cpu_ms: period.get(Figure::CpuMs),
        memory_bytes: period.get(Figure::MemoryBytes),
        writer_queue: period.get(Figure::WriterQueue),
        reader_queue: period.get(Figure::ReaderQueue),
        streams: period.get(Figure::Streams),
    }
}
