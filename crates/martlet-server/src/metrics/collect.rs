//! From what was counted to the page.

mod cache;
mod live;

use super::family as f;
use super::http::{Key, METHODS};
use super::page::{Form, Label, NANOS, Page, Series, Shown};
use super::process::Process;
use crate::admission::Shed;
use crate::front::Shared;
use martlet_engine::{Figures, PlanFigures, PoolFigures, StatementFigures};
use std::borrow::Cow;
use std::iter::once;
use std::sync::atomic::Ordering::Relaxed;

const SQLITE: &str = "sqlite";
const DATABASE: &str = "app";
/// The class of what applications call; what the operator calls is never refused.
const INTERACTIVE: &str = "interactive";

/// The whole page.
pub(crate) fn page(shared: &Shared, form: Form) -> String {
    let mut page = Page::new(form);
    http(&mut page, shared);
    admission(&mut page, shared);
    let figures = shared.engine.store().figures();
    statements(&mut page, &figures);
    database(&mut page, &figures);
    coherence(&mut page, shared);
    if let Some(overview) = shared.engine.cache() {
        cache::answers(&mut page, &overview);
    }
    live::streams(&mut page, shared);
    process(&mut page);
    page.family(
        &f::BUILD,
        [(
            vec![
                ("version", env!("CARGO_PKG_VERSION").into()),
                ("revision", option_env!("MARTLET_REVISION").unwrap_or("unknown").into()),
                ("target", format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS).into()),
                ("sqlite_version", figures.sqlite_version.into()),
            ],
            Shown::Count(1),
        )],
    );
    let overflowed = page.overflowed + shared.statistics.overflow.duration.counts().count();
    page.family(&f::OVERFLOW, [(Vec::new(), Shown::Count(overflowed))]);
    page.finish()
}

fn http(page: &mut Page, shared: &Shared) {
    let all = shared.statistics.series();
    let overflow = &shared.statistics.overflow;
    let families = [
        (&f::HTTP_DURATION, NANOS, (|series| series.duration.counts()) as fn(&super::http::Series) -> _),
        (&f::HTTP_REQUEST_SIZE, 1.0, |series| series.request_size.counts()),
        (&f::HTTP_RESPONSE_SIZE, 1.0, |series| series.response_size.counts()),
    ];
    for (family, scale, counts) in families {
        let mut shown: Vec<Series<'_>> = Vec::with_capacity(all.len() + 1);
        for (key, series) in &all {
            shown.push((labels_of(key), Shown::Histogram(counts(series), scale)));
        }
        if overflow.duration.counts().count() > 0 {
            shown.push((vec![("otel_metric_overflow", "true".into())], Shown::Histogram(counts(overflow), scale)));
        }
        page.family(family, shown);
    }
    let active = METHODS.iter().zip(&shared.statistics.active).map(|(method, active)| {
        (vec![("http_request_method", (*method).into()), scheme()], Shown::Count(active.load(Relaxed)))
    });
    page.family(&f::HTTP_ACTIVE, active);
    let routes = shared.engine.route_counts();
    let routes = routes.iter().map(|route| {
        let labels = vec![
            ("http_request_method", Cow::from(&route.method)),
            ("http_route", Cow::from(&route.path)),
            ("deprecated", if route.is_deprecated { "true".into() } else { "false".into() }),
        ];
        (labels, Shown::Count(route.calls))
    });
    page.family(&f::ROUTE_REQUESTS, routes);
}

fn coherence(page: &mut Page, shared: &Shared) {
    let figures = shared.engine.check_figures();
    page.family(&f::COHERENCE_CHECKS, [(Vec::new(), Shown::Count(figures.checked))]);
    page.family(&f::COHERENCE_VIOLATIONS, [(Vec::new(), Shown::Count(figures.violations))]);
}

fn admission(page: &mut Page, shared: &Shared) {
    let admission = &shared.admission;
    let of_class = |count: usize| (vec![("class", INTERACTIVE.into())], Shown::Count(count as u64));
    page.family(&f::ADMISSION_LIMIT, admission.limit().map(of_class));
    let active = shared.statistics.active.iter().map(|active| active.load(Relaxed)).sum();
    page.family(&f::ADMISSION_INFLIGHT, once((vec![("class", INTERACTIVE.into())], Shown::Count(active))));
    page.family(&f::ADMISSION_QUEUE, once(of_class(admission.line.waiting())));
    let shed = Shed::ALL.map(|shed| {
        let labels = vec![("class", INTERACTIVE.into()), ("reason", shed.name().into())];
        (labels, Shown::Count(admission.shed(shed)))
    });
    page.family(&f::SHED, shed);
    let of_pool = |shown: Shown| once((vec![("pool", "io".into())], shown));
    page.family(&f::RUNTIME_WORKERS, of_pool(Shown::Count(shared.workers as u64)));
    page.family(&f::RUNTIME_DELAY, of_pool(Shown::Histogram(admission.line.delay().counts(), NANOS)));
}

fn scheme() -> Label<'static> {
    ("url_scheme", Cow::Borrowed("http"))
}

fn labels_of(key: &Key) -> Vec<Label<'_>> {
    let status = key.status.to_string();
    let error_type = if key.status >= 500 { status.clone() } else { String::new() };
    vec![
        ("http_request_method", METHODS[key.method].into()),
        scheme(),
        ("http_route", key.route.text().unwrap_or_default().into()),
        ("http_response_status_code", status.into()),
        ("network_protocol_version", key.version.into()),
        ("error_type", error_type.into()),
    ]
}

fn statements(page: &mut Page, figures: &Figures) {
    let all = || {
        figures
            .plans
            .iter()
            .flat_map(|plan| plan.statements.iter().enumerate().map(move |(index, statement)| (plan, index, statement)))
            .filter(|(_, _, statement)| statement.durations.count() > 0 || !statement.failures.is_empty())
    };
    let durations = all().flat_map(|(plan, index, statement)| {
        let worked = (statement.durations.count() > 0)
            .then(|| (statement_labels(plan, index, statement), Shown::Histogram(statement.durations.clone(), NANOS)));
        let failed = statement.failures.iter().map(move |(code, counts)| {
            let mut labels = statement_labels(plan, index, statement);
            labels.push(("db_response_status_code", (*code).into()));
            labels.push(("error_type", (*code).into()));
            (labels, Shown::Histogram(counts.clone(), NANOS))
        });
        worked.into_iter().chain(failed)
    });
    page.family(&f::DB_DURATION, durations);
    let rows = all().map(|(plan, index, statement)| {
        (statement_labels(plan, index, statement), Shown::Histogram(statement.rows.clone(), 1.0))
    });
    page.family(&f::DB_ROWS_RETURNED, rows);
}

fn statement_labels<'a>(plan: &'a PlanFigures, index: usize, statement: &'a StatementFigures) -> Vec<Label<'a>> {
    vec![
        ("db_system_name", SQLITE.into()),
        ("db_operation_name", statement.operation.into()),
        ("db_collection_name", statement.collection.as_deref().unwrap_or_default().into()),
        ("martlet_name", plan.name.as_str().into()),
        ("martlet_statement", (index + 1).to_string().into()),
    ]
}

fn database(page: &mut Page, figures: &Figures) {
    let pools = |shown: fn(&PoolFigures) -> Shown| {
        figures.pools.iter().map(move |pool| (vec![("db_client_connection_pool_name", pool.name.into())], shown(pool)))
    };
    page.family(&f::POOL_MAX, pools(|pool| Shown::Count(pool.max as u64)));
    page.family(&f::POOL_PENDING, pools(|pool| Shown::Count(pool.pending as u64)));
    page.family(&f::POOL_TIMEOUTS, pools(|pool| Shown::Count(pool.timeouts)));
    page.family(&f::POOL_WAIT, pools(|pool| Shown::Histogram(pool.wait.clone(), NANOS)));
    let of_system = |count: u64| once((vec![("db_system_name", SQLITE.into())], Shown::Count(count)));
    page.family(&f::SLOW, of_system(figures.slow));
    page.family(&f::STATS_ENTRIES, of_system(figures.plans.len() as u64));
    page.family(&f::STATS_EVICTED, of_system(figures.evicted));
    let of_database = |shown: Shown| (vec![("database", DATABASE.into())], shown);
    page.family(&f::WAL, figures.wal_bytes.map(|bytes| of_database(Shown::Count(bytes))));
    page.family(&f::CHECKPOINT, [of_database(Shown::Histogram(figures.checkpoints.clone(), NANOS))]);
    page.family(&f::BUSY, [of_database(Shown::Count(figures.busy))]);
}

fn process(page: &mut Page) {
    let process = Process::look();
    let count = |count: Option<u64>| count.map(|count| (Vec::new(), Shown::Count(count)));
    let number = |number: Option<f64>| number.map(|number| (Vec::new(), Shown::Number(number)));
    page.family(&f::CPU, number(process.cpu_s));
    page.family(&f::RESIDENT, count(process.resident_bytes));
    page.family(&f::VIRTUAL, count(process.virtual_bytes));
    page.family(&f::OPEN_FDS, count(process.open_fds));
    page.family(&f::MAX_FDS, count(process.max_fds));
    page.family(&f::START_TIME, number(process.start_s));
    page.family(&f::THREADS, count(process.threads));
}
