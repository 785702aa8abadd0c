//! What the performance page and its JSON tell: everything that was counted, gathered at one moment.

use super::samples::Point;
use crate::admin;
use crate::admission::Shed;
use crate::front::Shared;
use crate::metrics::{self, RouteFigures};
use martlet_engine::{CacheOverview, CheckFigures, Figures, Look, RowCount};
use serde_json::{Value, json};
use std::sync::Arc;

/// Everything, at one moment.
pub(super) struct Gathered {
    /// Plans that were called, those that took longest in all first.
    pub(super) figures: Figures,
    pub(super) cache: Option<CacheOverview>,
    pub(super) checks: CheckFigures,
    pub(super) routes: Vec<RouteFigures>,
    pub(super) look: Option<Arc<Look>>,
    pub(super) now: Option<Point>,
    pub(super) hour: Vec<Point>,
    pub(super) memory_bytes: Option<u64>,
    pub(super) admission: AdmissionFigures,
    pub(super) streams: usize,
}

/// Who waits and who was refused.
pub(super) struct AdmissionFigures {
    /// Requests that may wait; none where admission is off.
    pub(super) limit: Option<usize>,
    pub(super) waiting: usize,
    pub(super) active: u64,
    pub(super) shed: [(&'static str, u64); 3],
}

impl Gathered {
    pub(super) fn now(shared: &Shared, look: Option<Arc<Look>>) -> Self {
        let mut figures = shared.engine.store().figures();
        figures.plans.retain(|plan| plan.calls > 0);
        figures.plans.sort_by_key(|plan| std::cmp::Reverse(plan.total_ns));
        let admission = &shared.admission;
        Self {
            figures,
            cache: shared.engine.cache(),
            checks: shared.engine.check_figures(),
            routes: shared.statistics.routes(),
            look,
            now: shared.samples.now(),
            hour: shared.samples.last_hour(shared),
            memory_bytes: metrics::resident_bytes(),
            admission: AdmissionFigures {
                limit: admission.limit(),
                waiting: admission.line.waiting(),
                active: shared.statistics.active_all(),
                shed: Shed::ALL.map(|shed| (shed.name(), admission.shed(shed))),
            },
            streams: shared.streams.open(),
        }
    }

    /// What `/admin/v1/performance` answers: the statistics, and everything else.
    pub(super) fn to_json(&self, shared: &Shared) -> Value {
        let mut body = admin::statistics(shared);
        let admission = &self.admission;
        let shed = admission.shed.iter().map(|(reason, count)| ((*reason).to_owned(), json!(count)));
        body["cache"] = admin::of_cache(self.cache.as_ref());
        body["coherence"] = json!({"checked": self.checks.checked, "violations": self.checks.violations});
        body["admission"] = json!({
            "limit": admission.limit,
            "waiting": admission.waiting,
            "active": admission.active,
            "refused": shed.collect::<serde_json::Map<_, _>>(),
        });
        body["database"] = json!({
            "slow": self.figures.slow,
            "busy": self.figures.busy,
            "wal_bytes": self.figures.wal_bytes,
            "checkpoints": self.figures.checkpoints.count(),
            "checkpoints_s": admin::seconds(self.figures.checkpoints.sum),
        });
        body["streams"] = json!({"open": self.streams});
        body["plans"] = self.look.as_deref().map_or(Value::Null, of_plans);
        body["indexes"] = self.look.as_deref().map_or(Value::Null, |look| self.of_indexes(look));
        body["tables"] = self.look.as_deref().map_or(Value::Null, of_tables);
        body["now"] = self.now.as_ref().map_or(Value::Null, of_point);
        body["last_hour"] = self.hour.iter().map(of_point).collect();
        body
    }

    /// How often an index was used: by the runs of the statements whose plan uses it.
    pub(super) fn uses(&self, used_by: &[(String, usize)]) -> u64 {
        let runs = |(name, statement): &(String, usize)| {
            let plan = self.figures.plans.iter().find(|plan| plan.name == *name)?;
            // A page's second statement is counted with its first.
            let counted = plan.statements.get(*statement).or(plan.statements.first())?;
            Some(counted.durations.count())
        };
        used_by.iter().filter_map(runs).sum()
    }

    fn of_indexes(&self, look: &Look) -> Value {
        let indexes = look.indexes.iter().map(|index| {
            let names: std::collections::BTreeSet<&str> = index.used_by.iter().map(|(name, _)| name.as_str()).collect();
            json!({
                "name": index.name,
                "table": index.table,
                "columns": index.columns,
                "unique": index.is_unique,
                "keep": index.keep,
                "used_by": names,
                "uses": self.uses(&index.used_by),
            })
        });
        indexes.collect()
    }
}

fn of_plans(look: &Look) -> Value {
    let plans = look.plans.iter().map(|(name, plan)| {
        let statements = plan.statements.iter().map(|statement| {
            json!({
                "plan": statement.plan,
                "unproven": statement.unproven,
                "indexes": statement.indexes,
            })
        });
        json!({"name": name, "file": plan.file, "statements": statements.collect::<Vec<_>>()})
    });
    plans.collect()
}

fn of_tables(look: &Look) -> Value {
    let tables = look.tables.iter().map(|table| {
        let (rows, is_exact, rows_max) = match table.rows {
            RowCount::Exactly(rows) => (rows, true, Some(rows)),
            RowCount::More(rows, highest) => (rows, false, highest),
        };
        json!({
            "name": table.name,
            "rows_min": rows,
            "rows_max": rows_max,
            "is_counted": is_exact,
            "columns": table.columns,
            "small": table.is_small,
        })
    });
    tables.collect()
}

fn of_point(point: &Point) -> Value {
    let [p50, p95, p99] = point.percentiles_ns.map(admin::seconds);
    json!({
        "at": point.at.to_string(),
        "seconds": (point.seconds * 1e3).round() / 1e3,
        "requests": point.requests,
        "errors": point.errors,
        "refused": point.shed,
        "p50_s": p50,
        "p95_s": p95,
        "p99_s": p99,
        "hits": point.hits,
        "asked": point.asked,
        "invalidated": point.invalidated,
        "cpu_ms": point.cpu_ms,
        "memory_bytes": point.memory_bytes,
        "writer_queue": point.writer_queue,
        "reader_queue": point.reader_queue,
        "streams": point.streams,
    })
}
