//! The table of all settings: from it come the file's keys, the environment's names, `martlet config` and docs/config.md.

use martlet_core::limits;

/// One setting.
#[derive(Debug)]
pub(crate) struct Key {
    /// Table of martlet.toml; empty: the top level.
    pub section: &'static str,
    /// The key in its table.
    pub name: &'static str,
    /// What values it takes.
    pub form: Form,
    /// What it is when nobody sets it.
    pub default: Default,
    /// What it decides, for the documentation.
    pub help: &'static str,
}

/// The values that a setting takes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Form {
    /// Any text of one line.
    Text,
    /// A text that is never shown, of so many bytes at least.
    Secret { bytes_min: usize },
    /// A whole number; both ends included.
    Count { min: u64, max: u64 },
    /// A time with a unit, in milliseconds; both ends included.
    Duration { min_ms: u64, max_ms: u64 },
    /// As `Duration`, or `off`.
    DurationOrOff { min_ms: u64, max_ms: u64 },
    /// A rate as `@limit` takes it, or `off`.
    RateOrOff,
    /// Names with a time each, in milliseconds; both ends included. In the file a table; each name is also a variable.
    Times { min_ms: u64, max_ms: u64 },
    /// Bytes with a unit; both ends included.
    Size { min: u64, max: u64 },
    /// One of these words.
    Choice(&'static [&'static str]),
    /// Origins as browsers send them: `https://example.org`.
    Origins,
    /// Addresses and ranges of them: `10.0.0.0/8`, `::1`.
    Networks,
    /// An address and a port.
    Address,
    /// A path; a relative one counts from the app's folder.
    Path,
    /// A uuid.
    Uuid,
}

/// What a setting is when nobody sets it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Default {
    /// This, in its written form.
    Written(&'static str),
    /// A whole number that is a limit of the code's.
    Count(u64),
    /// Bytes that are a limit of the code's.
    Size(u64),
    /// Milliseconds that are a limit of the code's.
    Millis(u64),
    /// Not set; the text says what happens then.
    Unset(&'static str),
    /// So many for each processor.
    PerProcessor(u64),
}

impl Key {
    /// The full name: `server.listen`.
    pub(crate) fn full_name(&self) -> String {
        if self.section.is_empty() { self.name.to_owned() } else { format!("{}.{}", self.section, self.name) }
    }

    /// The variable of the environment: `MARTLET_SERVER_LISTEN`.
    pub(crate) fn variable(&self) -> String {
        format!("MARTLET_{}", self.full_name().replace('.', "_").to_uppercase())
    }
}

macro_rules! keys {
    ($($id:ident = $section:literal, $name:literal, $form:expr, $default:expr, $help:literal;)*) => {
        $(#[doc = $help] pub(crate) static $id: Key =
            Key { section: $section, name: $name, form: $form, default: $default, help: $help };)*
        /// Every setting, in the order of the documentation.
        pub(crate) static ALL: &[&Key] = &[$(&$id),*];
    };
}

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;
const SECOND: u64 = 1000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

keys! {
    NAME = "", "name", Form::Text, Default::Unset("the folder's name"), "The app's name, as shown to people.";
    DATA = "", "data", Form::Path, Default::Written("data"), "The data folder: the database, its lock, copies and keys. A relative path counts from the app's folder.";

    LISTEN = "server", "listen", Form::Address, Default::Written("127.0.0.1:8080"), "Address and port to serve at. Port 0 takes a free one.";
    ADMIN_LISTEN = "server", "admin_listen", Form::Address, Default::Unset("not served apart"), "Address and port to serve `/metrics`, `/admin/v1/*` and health at, without a key: for an inner network only.";
    BODY_SIZE_MAX = "server", "body_size_max", Form::Size { min: KIB, max: 1024 * MIB }, Default::Size(MIB), "Largest body of a request; a larger one is answered 413.";
    HEADER_SIZE_MAX = "server", "header_size_max", Form::Size { min: 8 * KIB, max: 64 * KIB }, Default::Size(32 * KIB), "Largest head of a request (its line and headers).";
    HEADER_COUNT_MAX = "server", "header_count_max", Form::Count { min: 20, max: 1_000 }, Default::Count(100), "Headers of one request.";
    URL_SIZE_MAX = "server", "url_size_max", Form::Size { min: KIB, max: 32 * KIB }, Default::Size(8 * KIB), "Longest URL.";
    URL_PARAMETERS_MAX = "server", "url_parameters_max", Form::Count { min: 1, max: 10_000 }, Default::Count(1_000), "Parameters of one query string.";
    HEADER_TIMEOUT = "server", "header_timeout", Form::Duration { min_ms: 100, max_ms: 5 * MINUTE }, Default::Millis(10 * SECOND), "How long the head of a request may take to arrive.";
    IDLE_TIMEOUT = "server", "idle_timeout", Form::Duration { min_ms: SECOND, max_ms: HOUR }, Default::Millis(75 * SECOND), "How long a connection is kept open between requests.";
    RATE_MIN = "server", "rate_min", Form::Size { min: 1, max: 1024 * MIB }, Default::Size(KIB), "Bytes a second that a body must bring, and an answer must be taken with, once `rate_after` has passed.";
    RATE_AFTER = "server", "rate_after", Form::Duration { min_ms: SECOND, max_ms: HOUR }, Default::Millis(10 * SECOND), "When `rate_min` begins to count.";
    CONNECTIONS_MAX = "server", "connections_max", Form::Count { min: 1, max: 1_000_000 }, Default::Count(25_000), "Connections open at once, event streams among them; more wait to be accepted.";
    CONNECTIONS_PER_ADDRESS_MAX = "server", "connections_per_address_max", Form::Count { min: 1, max: 1_000_000 }, Default::Count(4_096), "Connections open at once from one address; trusted proxies are not counted.";
    ADMISSION = "server", "admission", Form::Choice(&["adaptive", "off"]), Default::Written("adaptive"), "`adaptive`: when more requests wait than can be answered within `admission_target`, the excess is answered 503 before anything is done for it. `off`: all wait, however long.";
    ADMISSION_TARGET = "server", "admission_target", Form::Duration { min_ms: 1, max_ms: 10 * SECOND }, Default::Millis(limits::ADMISSION_TARGET_MS), "How long a request should wait for its turn at most; how many may wait follows from the rate at which they are answered.";
    ADMISSION_PATIENCE = "server", "admission_patience", Form::Duration { min_ms: 0, max_ms: 10 * SECOND }, Default::Millis(limits::ADMISSION_PATIENCE_MS), "How long more requests than that may wait before any is refused: bursts that are over sooner are let in.";
    ADMISSION_WAITING_MIN = "server", "admission_waiting_min", Form::Count { min: 1, max: 100_000 }, Default::Count(limits::ADMISSION_WAITING_MIN as u64), "Requests that may always wait, for each processor.";
    ADMISSION_WAITING_MAX = "server", "admission_waiting_max", Form::Count { min: 1, max: 1_000_000 }, Default::Count(limits::ADMISSION_WAITING_MAX as u64), "Requests that wait at most, however fast they are answered.";
    RATE_LIMIT = "server", "rate_limit", Form::RateOrOff, Default::Written("off"), "Requests of one address (of IPv6: of one /64 network), as `@limit` writes it; more are answered 429 before any work. Behind a proxy set `trusted_proxies` too, or all callers are one address.";
    BATCH_QUERIES_MAX = "server", "batch_queries_max", Form::Count { min: 1, max: 10_000 }, Default::Count(limits::BATCH_QUERIES_MAX as u64), "Queries in one batch.";
    BATCH_ANSWER_SIZE_MAX = "server", "batch_answer_size_max", Form::Size { min: KIB, max: 1024 * MIB }, Default::Size(64 * MIB), "Bytes of the answer of one batch.";
    TRUSTED_PROXIES = "server", "trusted_proxies", Form::Networks, Default::Unset("none: the peer's address counts"), "Proxies whose `Forwarded` or `X-Forwarded-For` tells the client's address: addresses or ranges such as `10.0.0.0/8`.";
    CONTENT_SECURITY_POLICY = "server", "content_security_policy", Form::Text, Default::Unset("own files only; no inline scripts; inline styles; images also from `data:` and `blob:`"), "The Content-Security-Policy of static pages.";
    DRAIN_DELAY = "server", "drain_delay", Form::Duration { min_ms: 0, max_ms: 10 * MINUTE }, Default::Millis(0), "How long connections are still accepted after a signal to stop, while `/readyz` says 503: the time a load balancer needs to notice.";
    SHUTDOWN_GRACE = "server", "shutdown_grace", Form::Duration { min_ms: 0, max_ms: HOUR }, Default::Millis(30 * SECOND), "How long requests under way may take to end after a signal to stop.";

    SYNCHRONOUS = "database", "synchronous", Form::Choice(&["full", "normal"]), Default::Written("full"), "`full`: a write is answered after it is on the disk, so that it survives loss of power. `normal`: it is answered before; it survives a crash of the process, but loss of power or a crash of the machine may take back the writes of the last moments. The database stays whole either way.";
    READERS = "database", "readers", Form::Count { min: 1, max: 256 }, Default::PerProcessor(2), "Threads for reads that take longer than the inline budget.";
    WRITE_QUEUE_MAX = "database", "write_queue_max", Form::Count { min: 1, max: 1_000_000 }, Default::Count(limits::WRITE_QUEUE_MAX as u64), "Actions that may wait for the writer; more are answered 503.";
    ANSWER_ROWS_MAX = "database", "answer_rows_max", Form::Count { min: 1, max: 10_000_000 }, Default::Count(limits::ANSWER_ROWS_MAX as u64), "Rows of one answer.";
    ANSWER_SIZE_MAX = "database", "answer_size_max", Form::Size { min: KIB, max: 1024 * MIB }, Default::Size(limits::ANSWER_SIZE_MAX as u64), "Bytes of one answer.";
    SLOW_STATEMENT = "database", "slow_statement", Form::DurationOrOff { min_ms: 1, max_ms: HOUR }, Default::Millis(100), "A statement that takes longer is logged at level warn; `off` logs none.";
    QUERY_TIMEOUT = "database", "query_timeout", Form::Duration { min_ms: 1, max_ms: limits::TIMEOUT_MS_MAX }, Default::Millis(limits::QUERY_TIMEOUT_MS), "Deadline of a query that has no `@timeout`, from its arrival.";
    ACTION_TIMEOUT = "database", "action_timeout", Form::Duration { min_ms: 1, max_ms: limits::TIMEOUT_MS_MAX }, Default::Millis(limits::ACTION_TIMEOUT_MS), "Deadline of an action that has no `@timeout`, from its arrival.";

    CACHE_MODE = "cache", "mode", Form::Choice(&["on", "off", "check"]), Default::Written("on"), "`on`: answers of queries are kept in memory until a write touches what they rest on. `off`: every call reads the database. `check`: as `on`, and every answer from memory is computed again and compared, for tests.";
    CACHE_CHECK_EVERY = "cache", "check_every", Form::Count { min: 0, max: 1_000_000_000 }, Default::Count(10_000), "Of so many answers from memory one is computed again and compared; `martlet_coherence_violations_total` counts those that were wrong. 0: none.";
    CACHE_SIZE = "cache", "size", Form::Size { min: MIB, max: 1024 * 1024 * MIB }, Default::Size(100 * MIB), "Bytes of all answers that are kept, with what keeping them costs. Those that are read least make room.";
    CACHE_ENTRIES_MAX = "cache", "entries_max", Form::Count { min: 100, max: 100_000_000 }, Default::Count(1_000_000), "Answers that are kept at most.";
    CACHE_ANSWER_SIZE_MAX = "cache", "answer_size_max", Form::Size { min: KIB, max: 1024 * MIB }, Default::Size(MIB), "Bytes of the largest answer that is kept.";
    CACHE_NAMED = "cache", "named", Form::Times { min_ms: 1, max_ms: limits::CACHE_NAMED_MS_MAX }, Default::Unset("none"), "How long answers of each named cache (`@cache named NAME`) are good at most: in the file `NAME = \"30s\"` under `[cache.named]`, in the environment `MARTLET_CACHE_NAMED_NAME`, at run time `martlet cache ttl`.";

    LIVE_STREAMS_MAX = "live", "streams_max", Form::Count { min: 0, max: 1_000_000 }, Default::Count(limits::STREAMS_MAX as u64), "Event streams (live queries) open at once, and at most four fifths of `server.connections_max`; more are answered 429.";
    LIVE_STREAMS_PER_USER_MAX = "live", "streams_per_user_max", Form::Count { min: 1, max: 1_000_000 }, Default::Count(limits::STREAMS_PER_USER_MAX as u64), "Of those, streams of one user.";
    LIVE_STREAMS_PER_ADDRESS_MAX = "live", "streams_per_address_max", Form::Count { min: 1, max: 1_000_000 }, Default::Count(limits::STREAMS_PER_ADDRESS_MAX as u64), "Of those, streams of one address (of IPv6: of one /64 network). Behind a proxy set `server.trusted_proxies` too, or all callers are one address.";
    LIVE_HEARTBEAT = "live", "heartbeat", Form::Duration { min_ms: 5 * SECOND, max_ms: MINUTE }, Default::Millis(limits::STREAM_HEARTBEAT_MS), "How long a stream is silent at most: then a comment is sent, so that proxies keep it open and a client that is gone is found out.";

    JWT_SECRET = "auth", "jwt_secret", Form::Secret { bytes_min: 32 }, Default::Unset("only tokens signed by this server's own key are taken"), "Secret of HS256 tokens. Best set as MARTLET_AUTH_JWT_SECRET, not in the file.";
    ISSUER = "auth", "issuer", Form::Text, Default::Unset("`iss` is not checked"), "What a token's `iss` must be.";

    CORS_ORIGINS = "cors", "origins", Form::Origins, Default::Unset("any origin, without credentials"), "Origins whose pages may call with credentials; exactly these, no patterns. In the environment separated by commas.";

    HEALTH_REQUIRED = "health", "required", Form::Choice(&["database", "database,redis", "database,search", "database,redis,search"]), Default::Written("database"), "What must be up for `/health` to answer 200. Redis and search are not built in yet: required, they are down.";

    HISTORY_MODE = "history", "mode", Form::Choice(&["on", "off"]), Default::Written("on"), "`on`: key figures are kept in `history.db` in the data folder, for `martlet report` and the charts of the performance page. `off`: none are.";
    HISTORY_MINUTES = "history", "minutes", Form::Duration { min_ms: HOUR, max_ms: 90 * DAY }, Default::Millis(8 * DAY), "For how long a row a minute is kept. Counted in rows: minutes in which no server ran have none.";
    HISTORY_HOURS = "history", "hours", Form::Duration { min_ms: DAY, max_ms: 3_660 * DAY }, Default::Millis(396 * DAY), "For how long a row an hour is kept; counted in rows.";
    HISTORY_SIZE_MAX = "history", "size_max", Form::Size { min: MIB, max: 1024 * MIB }, Default::Size(64 * MIB), "Bytes of `history.db`. Where that is too little the oldest minutes are dropped, then the oldest hours.";
    HISTORY_EVERY = "history", "every", Form::Duration { min_ms: SECOND, max_ms: MINUTE }, Default::Millis(MINUTE), "How often figures are taken and written into the row of their minute. If the server is killed, those since the last time are lost.";

    LOG_FORMAT = "log", "format", Form::Choice(&["json", "text"]), Default::Unset("json in `serve`, text elsewhere"), "How log lines on stderr are written.";
    LOG_LEVEL = "log", "level", Form::Choice(&["error", "warn", "info", "debug", "trace"]), Default::Written("info"), "The least level that is logged.";

    DEV_USER = "dev", "user", Form::Uuid, Default::Unset("no page URL with a token"), "The user for whom `martlet dev` prints a page URL with a one-day token.";
}

#[cfg(test)]
mod tests {
    use super::ALL;
    use std::collections::BTreeSet;

    #[test]
    fn names_and_variables_are_distinct() {
        let names: BTreeSet<String> = ALL.iter().map(|key| key.full_name()).collect();
        let variables: BTreeSet<String> = ALL.iter().map(|key| key.variable()).collect();
        assert_eq!((names.len(), variables.len()), (ALL.len(), ALL.len()));
    }
}
