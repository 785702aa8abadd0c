//! Every limit has a name; those that can be set are the defaults of settings of the same name.

/// Bytes of SQL text in one file.
pub const SQL_TEXT_SIZE_MAX: usize = 256 * 1024;
/// Levels of nesting in a SQL expression or query.
pub const SQL_DEPTH_MAX: usize = 64;
/// Parameters of one query or action.
pub const PARAMETERS_MAX: usize = 100;
/// Statements of one action.
pub const ACTION_STATEMENTS_MAX: usize = 64;
/// Rows of one answer.
pub const ANSWER_ROWS_MAX: usize = 10_000;
/// Bytes of one answer.
pub const ANSWER_SIZE_MAX: usize = 16 * 1024 * 1024;
/// Bytes of one stored text or JSON value.
pub const CELL_SIZE_MAX: usize = 16 * 1024 * 1024;
/// Levels of nesting in a JSON argument.
pub const JSON_DEPTH_MAX: usize = 64;
/// Items of a list argument.
pub const LIST_ITEMS_MAX: usize = 10_000;
/// How often the database file is looked at for writes of other processes, in milliseconds.
pub const FOREIGN_WRITES_LOOK_MS: u64 = 100;
/// Milliseconds that the answers of a named cache are good at most: a year.
pub const CACHE_NAMED_MS_MAX: u64 = 365 * 24 * 3_600_000;

/// Deadline of a query without `@timeout`, in milliseconds.
pub const QUERY_TIMEOUT_MS: u64 = 5_000;
/// Deadline of an action without `@timeout`, in milliseconds.
pub const ACTION_TIMEOUT_MS: u64 = 10_000;
/// Longest `@timeout`, in milliseconds.
pub const TIMEOUT_MS_MAX: u64 = 600_000;
/// Queries in one batch.
pub const BATCH_QUERIES_MAX: usize = 100;
/// Actions that wait for the writer.
pub const WRITE_QUEUE_MAX: usize = 4_096;
/// Actions in one commit.
pub const WRITE_GROUP_MAX: usize = 128;
/// Characters of an idempotency key.
pub const IDEMPOTENCY_KEY_SIZE_MAX: usize = 255;
/// How long the outcome of a call with an idempotency key is kept, in seconds.
pub const IDEMPOTENCY_KEPT_S: u64 = 24 * 3_600;
/// Characters of a cursor.
pub const CURSOR_SIZE_MAX: usize = 508;
/// Event streams that are open at once.
pub const STREAMS_MAX: usize = 20_000;
/// Of those, streams of one user.
pub const STREAMS_PER_USER_MAX: usize = 100;
/// Of those, streams of one address (of IPv6: of one /64).
pub const STREAMS_PER_ADDRESS_MAX: usize = 1_000;
/// How long an event stream is silent at most, in milliseconds: proxies close what is silent for 30 or 60 seconds.
pub const STREAM_HEARTBEAT_MS: u64 = 25_000;
/// Bytes that the system may hold for one event stream, as it is asked for: Linux takes twice that, for what it adds,
/// and then goes beyond by a piece. Together that is at most 64 KiB.
pub const STREAM_SEND_BUFFER_SIZE: usize = 24 * 1024;
/// Bytes of all answers together that are still being written to slow clients and are not the latest any more.
pub const STREAMS_OVERTAKEN_SIZE_MAX: usize = 64 * 1024 * 1024;
/// How long the other side of an event stream may acknowledge nothing, in milliseconds: who is gone is found out by
/// this and a heartbeat within a minute.
pub const STREAM_ACKNOWLEDGED_MS: u32 = 30_000;
/// Bytes that a client may send on its event stream once it has begun; they mean nothing.
pub const STREAM_INPUT_SIZE_MAX: usize = 64 * 1024;
/// Callers that one `@limit` tells apart; more share what is left.
pub const LIMIT_SUBJECTS_MAX: usize = 65_536;
/// Files and folders of one app folder that are looked at.
pub const APP_FILES_MAX: usize = 4_096;
/// How long a request should wait for its turn at most, in milliseconds.
pub const ADMISSION_TARGET_MS: u64 = 50;
/// How long more requests than the limit may wait before any is refused, in milliseconds.
pub const ADMISSION_PATIENCE_MS: u64 = 100;
/// Requests that may always wait for their turn, for each worker: as many as the connections of a usual pool.
pub const ADMISSION_WAITING_MIN: usize = 64;
/// Requests that wait for their turn at most, whatever the rate.
pub const ADMISSION_WAITING_MAX: usize = 10_000;
/// While more wait than the limit, a request that has waited longer is refused without patience, in milliseconds.
pub const ADMISSION_AGE_MAX_MS: u64 = 1_000;
/// Batches of reads that wait for the reader threads.
pub const READ_QUEUE_MAX: usize = 1_024;
/// Of those, how long the last should wait at most by the rate that is measured, in milliseconds.
pub const READ_QUEUE_TARGET_MS: u64 = 1_000;
/// How long more than that many may wait before any is refused, in milliseconds.
pub const READ_QUEUE_PATIENCE_MS: u64 = 500;
/// Reads that may always wait, for each reader thread.
pub const READ_QUEUE_MIN: usize = 4;
/// Virtual-machine steps of the reads that run on the caller's thread: about a millisecond (measured in the store).
pub const INLINE_READ_STEPS_MAX: u32 = 100_000;
/// How often a plan may overrun that budget before it starts on a reader thread.
pub const INLINE_OVERRUNS_MAX: u32 = 3;
/// How long reads in a row may share one snapshot, in milliseconds; a commit ends it at once.
pub const SNAPSHOT_HELD_MS_MAX: u64 = 5;
/// Plans whose overruns are remembered.
pub const OVERRUN_PLANS_MAX: usize = 1_024;
/// Prepared statements kept by one connection.
pub const STATEMENTS_KEPT_MAX: usize = 256;
/// Bytes of the key that an answer is kept under: its arguments and what it uses of the caller.
pub const CACHE_KEY_SIZE_MAX: usize = 4 * 1024;
/// Answers that wait to be computed again before anybody asks; beyond it they are left to who asks.
pub const CACHE_RENEWALS_MAX: usize = 1_024;
/// Of those, how many are computed at once.
pub const CACHE_RENEWALS_AT_ONCE: usize = 2;
/// How long they wait at first, so that commits in a row cost one computation, in milliseconds.
pub const CACHE_RENEWAL_WAIT_MS: u64 = 5;
/// How often one is computed at most where commits overtake it; the last time 1.3 seconds after the first.
pub const CACHE_RENEWAL_TRIES: u32 = 8;
/// Of the time that computing them took, the driver rests so many times as much.
pub const CACHE_RENEWAL_REST: u32 = 3;
/// How long an answer that `@warm` names waits at most for callers to be answered first, in milliseconds.
pub const CACHE_WARM_PATIENCE_MS: u64 = 1_000;
/// Of `cache.size`, what ended answers take at most that `@cache stale` may still give: one part in so many.
pub const CACHE_STALE_SHARE: u64 = 8;
/// Answers that are followed at once, counted for each who follows; those that are different have a limit of their own.
pub const FOLLOWED_MAX: usize = 100_000;
/// Bytes of one lowered statement: lowering makes the author's text longer.
pub const LOWERED_SQL_SIZE_MAX: usize = 4 * SQL_TEXT_SIZE_MAX;
/// Levels of nesting in a lowered expression.
pub const LOWERED_DEPTH_MAX: usize = 1_000;
/// Placeholders of one lowered statement.
pub const PLACEHOLDERS_MAX: usize = 1_000;
/// Columns of a table or of a result.
pub const COLUMNS_MAX: usize = 2_000;
/// Triggers and cascades that may call each other.
pub const TRIGGER_DEPTH_MAX: usize = 32;
/// Queries and actions whose statistics are kept; beyond it the least called go.
pub const STATISTICS_MAX: usize = 5_000;
/// Series of one family of metrics; beyond it they are counted together.
pub const METRIC_SERIES_MAX: usize = 1_000;
