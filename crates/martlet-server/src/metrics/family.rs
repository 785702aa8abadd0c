//! The table of families: name, type, unit, labels, help. docs/metrics.md is made from it.

/// What a family's values are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FamilyKind {
    /// Only rises.
    Counter,
    /// Rises and falls.
    Gauge,
    /// Counts by upper bound.
    Histogram,
    /// Always 1; the labels tell.
    Info,
}

/// One family of metrics.
#[derive(Debug)]
pub struct Family {
    /// As samples are named in Prometheus' text: with `_total`, without `_bucket`.
    pub name: &'static str,
    /// What its values are.
    pub kind: FamilyKind,
    /// The unit, which the name ends with.
    pub unit: Option<&'static str>,
    /// Labels, in order.
    pub labels: &'static [&'static str],
    /// What it tells.
    pub help: &'static str,
}

macro_rules! families {
    ($($id:ident = $name:literal, $kind:ident, $unit:expr, $labels:expr, $help:literal;)*) => {
        $(pub(super) static $id: Family = Family {
            name: $name, kind: FamilyKind::$kind, unit: $unit, labels: $labels, help: $help,
        };)*
        /// Every family, in the order of the page.
        pub static FAMILIES: &[&Family] = &[$(&$id),*];
    };
}

const HTTP: &[&str] = &[
    "http_request_method",
    "url_scheme",
    "http_route",
    "http_response_status_code",
    "network_protocol_version",
    "error_type",
];
const DB: &[&str] = &[
    "db_system_name",
    "db_operation_name",
    "db_collection_name",
    "martlet_name",
    "martlet_statement",
    "db_response_status_code",
    "error_type",
];
const DB_ROWS: &[&str] =
    &["db_system_name", "db_operation_name", "db_collection_name", "martlet_name", "martlet_statement"];
const POOL: &[&str] = &["db_client_connection_pool_name"];
const CLASS: &[&str] = &["class"];
const CACHE: &[&str] = &["cache", "level"];
const RUNTIME: &[&str] = &["pool"];
const SECONDS: Option<&str> = Some("seconds");
const BYTES: Option<&str> = Some("bytes");

families! {
    HTTP_DURATION = "http_server_request_duration_seconds", Histogram, SECONDS, HTTP, "From a request's head to its answer's head.";
    HTTP_REQUEST_SIZE = "http_server_request_body_size_bytes", Histogram, BYTES, HTTP, "Bytes of the bodies of requests that tell their length.";
    HTTP_RESPONSE_SIZE = "http_server_response_body_size_bytes", Histogram, BYTES, HTTP, "Bytes of the bodies of answers whose length is known, as they are sent.";
    HTTP_ACTIVE = "http_server_active_requests", Gauge, None, &["http_request_method", "url_scheme"], "Requests that are being answered.";
    ROUTE_REQUESTS = "martlet_route_requests_total", Counter, None, &["http_request_method", "http_route", "deprecated"], "Calls by a route that the app declares.";
    ADMISSION_LIMIT = "martlet_admission_limit", Gauge, None, CLASS, "Requests that may wait for their turn, by the rate at which they are answered; absent where admission is off.";
    ADMISSION_INFLIGHT = "martlet_admission_inflight", Gauge, None, CLASS, "Requests whose turn has come and that are not answered.";
    ADMISSION_QUEUE = "martlet_admission_queue", Gauge, None, CLASS, "Requests that have come and whose turn has not.";
    SHED = "martlet_requests_shed_total", Counter, None, &["class", "reason"], "Requests refused with 503 before anything was done for them: more waited than may, or this one too long.";
    RUNTIME_WORKERS = "martlet_runtime_workers", Gauge, None, RUNTIME, "Threads that requests are answered on.";
    RUNTIME_DELAY = "martlet_runtime_poll_delay_seconds", Histogram, SECONDS, RUNTIME, "How long a request waited for its turn.";
    DB_DURATION = "db_client_operation_duration_seconds", Histogram, SECONDS, DB, "One run of a statement of a declared query or action, without what it waited.";
    DB_ROWS_RETURNED = "db_client_response_returned_rows", Histogram, None, DB_ROWS, "Rows that a statement returned or, without RETURNING, changed.";
    POOL_MAX = "db_client_connection_max", Gauge, None, POOL, "Connections of a pool at most.";
    POOL_PENDING = "db_client_connection_pending_requests", Gauge, None, POOL, "What waits for a connection: of the pool writer it is the depth of the write queue.";
    POOL_TIMEOUTS = "db_client_connection_timeouts_total", Counter, None, POOL, "What was refused because the queue was full or the deadline passed in it.";
    POOL_WAIT = "db_client_connection_wait_time_seconds", Histogram, SECONDS, POOL, "How long work waited for a connection; inline reads do not wait and are not counted.";
    CACHE_REQUESTS = "martlet_cache_requests_total", Counter, None, &["cache", "level", "martlet_name", "result"], "Calls of a query by where its answer came from: hit, miss, coalesced (another call's run was waited for), bypass (its answers are never kept), stale (given after its end, as `@cache stale` allows).";
    CACHE_ENTRIES = "martlet_cache_entries", Gauge, None, CACHE, "Answers that are kept.";
    CACHE_SIZE = "martlet_cache_size_bytes", Gauge, BYTES, CACHE, "Bytes of the answers that are kept, with what keeping them costs.";
    CACHE_LIMIT = "martlet_cache_limit_bytes", Gauge, BYTES, CACHE, "The setting cache.size.";
    CACHE_EVICTIONS = "martlet_cache_evictions_total", Counter, None, &["cache", "level", "reason"], "Kept answers that are no more: a commit touched them (invalidated), or they had to make room (size).";
    CACHE_INVALIDATIONS = "martlet_cache_invalidations_total", Counter, None, &["cache", "level", "source"], "Answers that a commit ended (sql), and times that everything was dropped (all): a migration, another process's write, an operator.";
    CACHE_USELESS = "martlet_cache_useless_invalidations_total", Counter, None, CACHE, "Answers that a commit ended and that were the same when computed again.";
    CACHE_UNKEPT = "martlet_cache_unkept_total", Counter, None, &["cache", "level", "reason"], "Answers that were computed and not kept, since the app was loaded.";
    CACHE_LATE = "martlet_cache_late_fills_dropped_total", Counter, None, CACHE, "Of those, answers that a commit had overtaken while they were computed.";
    CACHE_RENEWALS = "martlet_cache_renewals_total", Counter, None, &["cache", "level", "cause", "result"], "Answers that were to be computed before anybody waits for them: because `@warm` names them (warm), they are read more often than changed (hot), they were given after their end (stale) or are read so often that they are renewed before it (ahead). What became of them: kept, found (somebody had computed it), overtaken (a commit had touched it again), unkept, failed, skipped (callers waited), dropped (too many were due).";
    CACHE_RENEWALS_WAITING = "martlet_cache_renewals_waiting", Gauge, None, CACHE, "Answers that wait to be computed before anybody waits for them.";
    SLOW = "martlet_slow_queries_total", Counter, None, &["db_system_name"], "Statements slower than the setting database.slow_statement.";
    STATS_ENTRIES = "martlet_query_stats_entries", Gauge, None, &["db_system_name"], "Queries and actions whose statistics are kept.";
    STATS_EVICTED = "martlet_query_stats_evicted_total", Counter, None, &["db_system_name"], "Queries and actions whose statistics were dropped because there were too many.";
    COHERENCE_CHECKS = "martlet_coherence_checks_total", Counter, None, &[], "Answers from memory that were computed again and compared.";
    COHERENCE_VIOLATIONS = "martlet_coherence_violations_total", Counter, None, &[], "Answers from memory that were not what the database gives, although nothing that they rest on had changed: must be 0, please report it.";
    LIVE_STREAMS = "martlet_live_streams", Gauge, None, &[], "Event streams that are open.";
    LIVE_GROUPS = "martlet_live_groups", Gauge, None, &[], "Answers that are followed, each once however many follow it.";
    LIVE_FRAMES = "martlet_live_frames_total", Counter, None, &[], "Events with an answer that were written to event streams.";
    LIVE_RERUNS = "martlet_live_reruns_total", Counter, None, &["result"], "Runs of followed queries: changed (another answer, of which all who follow it are told), same (nobody is told), failed.";
    LIVE_DELIVERY = "martlet_realtime_delivery_seconds", Histogram, SECONDS, &["kind"], "From the moment that a commit could be seen until what it changed was written to a socket; of event streams the kind is answer.";
    LIVE_DROPPED = "martlet_realtime_dropped_total", Counter, None, &["reason"], "Event streams that the server closed: slow_consumer (its client did not take what it was told), expired (its token or session has ended).";
    WAL = "martlet_sqlite_wal_bytes", Gauge, BYTES, &["database"], "Size of the write-ahead log.";
    CHECKPOINT = "martlet_sqlite_checkpoint_duration_seconds", Histogram, SECONDS, &["database"], "How long it took to copy the write-ahead log into the database.";
    BUSY = "martlet_sqlite_busy_total", Counter, None, &["database"], "How often SQLite said that the database was busy.";
    CPU = "process_cpu_seconds_total", Counter, SECONDS, &[], "Processor time used, in user and system mode.";
    RESIDENT = "process_resident_memory_bytes", Gauge, BYTES, &[], "Memory in use.";
    VIRTUAL = "process_virtual_memory_bytes", Gauge, BYTES, &[], "Addresses in use.";
    OPEN_FDS = "process_open_fds", Gauge, None, &[], "File descriptors that are open.";
    MAX_FDS = "process_max_fds", Gauge, None, &[], "File descriptors that may be open.";
    START_TIME = "process_start_time_seconds", Gauge, SECONDS, &[], "When the process started, in seconds since 1970.";
    THREADS = "process_threads", Gauge, None, &[], "Threads.";
    BUILD = "martlet_build_info", Info, None, &["version", "revision", "target", "sqlite_version"], "What is running.";
    OVERFLOW = "martlet_metrics_overflow_total", Counter, None, &[], "Values counted in a series marked otel_metric_overflow because their family has too many.";
}
