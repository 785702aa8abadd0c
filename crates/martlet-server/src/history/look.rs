//! One look at all that was counted since the server started.

use crate::admission::Shed;
use crate::front::Shared;
use crate::metrics::{cpu_ms, resident_bytes};
use martlet_core::Spread;
use martlet_engine::history::{Counts, Figure, Item, ItemCounts, ItemFigure, ItemKind, Period};
use martlet_engine::{Figures, PlanFigures, PoolFigures, QueryCacheFigures};
use std::collections::HashMap;

/// All figures since the start; its time is set by who compares two.
pub(super) fn look(shared: &Shared) -> Period {
    let mut all = Period::empty(shared.clock.now());
    http(&mut all, shared);
    let counts = &mut all.counts;
    counts.set(Figure::Shed, Shed::ALL.iter().map(|shed| shared.admission.shed(*shed)).sum());
    let figures = shared.engine.store().figures();
    database(counts, &figures);
    let checks = shared.engine.check_figures();
    counts.set(Figure::Checks, checks.checked);
    counts.set(Figure::Violations, checks.violations);
    counts.set(Figure::Streams, shared.streams.open() as u64);
    counts.set(Figure::CpuMs, cpu_ms().unwrap_or(0));
    counts.set(Figure::MemoryBytes, resident_bytes().unwrap_or(0));
    let cache = shared.engine.cache();
    if let Some(overview) = &cache {
        counts.set(Figure::Invalidated, overview.figures.invalidated);
        counts.set(Figure::Useless, overview.figures.useless);
        counts.set(Figure::Evicted, overview.figures.evicted);
        counts.set(Figure::CacheBytes, overview.figures.bytes);
        counts.set(Figure::CacheEntries, overview.figures.entries as u64);
    }
    let queries = cache.map(|overview| overview.queries).unwrap_or_default();
    plans(&mut all, &figures, &queries);
    all
}

fn http(all: &mut Period, shared: &Shared) {
    let mut routes: HashMap<String, (ItemCounts, Spread)> = HashMap::new();
    let mut add = |status: u16, spread: &Spread, total_ns: u64, route: Option<String>| {
        let calls = spread.count();
        all.durations.merge(spread);
        let mut counts = Counts::default();
        counts.set(Figure::Requests, calls);
        match status {
            400..500 => counts.set(Figure::ClientErrors, calls),
            500.. => counts.set(Figure::Errors, calls),
            _ => {}
        }
        all.counts.merge(&counts);
        let Some(route) = route else { return };
        let (of_route, durations) = routes.entry(route).or_default();
        let mut counts = ItemCounts::default();
        counts.set(ItemFigure::Calls, calls);
        counts.set(ItemFigure::TotalNs, total_ns);
        counts.set(ItemFigure::Errors, if status >= 500 { calls } else { 0 });
        of_route.merge(&counts);
        durations.merge(spread);
    };
    shared.statistics.each(&mut add);
    all.items.extend(routes.into_iter().map(|(name, (counts, durations))| Item {
        kind: ItemKind::Route,
        name: name.into(),
        counts,
        durations,
    }));
}

fn database(counts: &mut Counts, figures: &Figures) {
    counts.set(Figure::Slow, figures.slow);
    counts.set(Figure::WalBytes, figures.wal_bytes.unwrap_or(0));
    let [writer, readers] = &figures.pools;
    let mut pool = |pool: &PoolFigures, [waits, wait_ns, timeouts, queue]: [Figure; 4]| {
        counts.set(waits, pool.wait.count());
        counts.set(wait_ns, pool.wait.sum);
        counts.set(timeouts, pool.timeouts);
        counts.set(queue, pool.pending as u64);
    };
    use Figure::{ReaderQueue, ReaderTimeouts, ReaderWaitNs, ReaderWaits};
    use Figure::{WriterQueue, WriterTimeouts, WriterWaitNs, WriterWaits};
    pool(writer, [WriterWaits, WriterWaitNs, WriterTimeouts, WriterQueue]);
    pool(readers, [ReaderWaits, ReaderWaitNs, ReaderTimeouts, ReaderQueue]);
}

/// Queries and actions: what came to the database, and what did not have to.
fn plans(all: &mut Period, figures: &Figures, queries: &[QueryCacheFigures]) {
    let kept: HashMap<&str, &QueryCacheFigures> = queries.iter().map(|query| (query.name.as_str(), query)).collect();
    let item = |plan: &PlanFigures| {
        let mut counts = ItemCounts::default();
        let mut calls = plan.calls;
        let query = kept.get(plan.name.as_str()).filter(|_| !plan.is_action);
        if let Some(query) = query {
            // Some come to the database twice: what was stopped for its time, and what is compared.
            calls = query.hits + query.misses + query.bypassed;
            counts.set(ItemFigure::Hits, query.hits);
            counts.set(ItemFigure::Misses, query.misses);
            counts.set(ItemFigure::Coalesced, query.coalesced);
            counts.set(ItemFigure::Bypassed, query.bypassed);
            counts.set(ItemFigure::Invalidated, query.invalidated);
            counts.set(ItemFigure::Useless, query.useless);
        }
        counts.set(ItemFigure::Calls, calls);
        counts.set(ItemFigure::Runs, plan.calls);
        counts.set(ItemFigure::Errors, plan.errors);
        counts.set(ItemFigure::Rows, plan.rows);
        counts.set(ItemFigure::RowsScanned, plan.rows_scanned);
        counts.set(ItemFigure::TotalNs, plan.total_ns);
        counts.set(ItemFigure::WaitNs, plan.wait_ns);
        let kind = if plan.is_action { ItemKind::Action } else { ItemKind::Query };
        Item { kind, name: plan.name.as_str().into(), counts, durations: plan.durations.clone() }
    };
    all.items.extend(figures.plans.iter().map(item));
}
