//! The public registry of error codes; `docs/errors.md` is generated from it.
//!
//! A code is PostgREST's or the SQLSTATE where one exists, else `MRTnnn`. Codes are never reused.

use crate::Kind;

/// A stable code with its kind and the text of the documentation.
#[derive(Debug, PartialEq, Eq)]
pub struct Code {
    /// As clients see it.
    pub code: &'static str,
    /// What the caller can do; decides the status.
    pub kind: Kind,
    /// What happened, for the documentation.
    pub text: &'static str,
    /// What to do, for the documentation.
    pub remedy: &'static str,
}

macro_rules! codes {
    ($($name:ident = $code:literal, $kind:ident, $text:literal, $remedy:literal;)*) => {
        $(#[doc = $text] pub static $name: Code = Code { code: $code, kind: Kind::$kind, text: $text, remedy: $remedy };)*
        /// Every code, in the order of the documentation.
        pub static ALL: &[&Code] = &[$(&$name),*];
    };
}

codes! {
    // Calls.
    UNKNOWN_NAME = "PGRST202", NotFound, "No query or action has this name.", "Check the name; the hint names a similar one that you may call.";
    NO_ROW = "PGRST116", NotFound, "The query promises one row and found none.", "Treat it as not found.";
    ARGUMENTS = "MRT001", Invalid, "One or more arguments are wrong; `details` lists them all, in declared order.", "Correct every argument listed.";
    BODY_NOT_JSON = "PGRST102", Invalid, "The body is not a JSON object, or names a key twice.", "Send one JSON object with each argument once.";
    MALFORMED_REQUEST = "MRT002", Invalid, "The request's URL or headers cannot be understood.", "Percent-encode the query string; name each argument once.";
    INVALID_PATH = "PGRST125", NotFound, "Nothing is served at this path.", "See /openapi.json or the documentation for what is.";
    METHOD_ON_RPC = "PGRST101", MethodNotAllowed, "A query takes GET, HEAD and POST; an action takes POST.", "Use a method that the `Allow` header names.";
    METHOD = "PGRST117", MethodNotAllowed, "The method is not supported here.", "Use a method that the `Allow` header names.";
    NOT_ACCEPTABLE = "PGRST107", Invalid, "None of the media types of `Accept` is made here (406).", "Accept `application/json`.";
    PREFERENCES = "PGRST122", Invalid, "`Prefer` has `handling=strict` and a preference that has no effect here.", "Leave it out, or leave out `handling=strict`.";
    MAX_AFFECTED = "PGRST124", Invalid, "The answer has more rows than `Prefer: max-affected` allows; an action was rolled back.", "Narrow it, or allow more.";
    MAX_AFFECTED_NO_ROWS = "PGRST128", Invalid, "`Prefer: max-affected` on what does not answer with a list of rows.", "Leave it out.";
    BAD_CURSOR = "MRT010", Invalid, "The cursor is not one that this server gave for this query, these arguments and this caller within the last 24 hours.", "Begin again without a cursor.";
    CURSOR_TOO_LONG = "MRT011", TooLarge, "A row's value by which the pages are ordered is too long for a cursor, so the next page could not be asked for.", "The app orders its pages by shorter columns, or bounds these.";
    KEY_REUSED = "MRT021", Unprocessable, "This `Idempotency-Key` was used with other arguments.", "Use a new key for a new call.";
    KEY_RUNNING = "MRT022", Conflict, "A call with this `Idempotency-Key` is still running.", "Retry in a moment with the same key.";
    RATE_LIMITED = "MRT029", RateLimited, "More calls than a limit allows.", "Retry after the seconds that `Retry-After` tells.";
    UNKNOWN_CACHE = "MRT030", NotFound, "The server keeps no answers of a query, or has no named cache, of this name.", "Check the name; `martlet cache stats` lists them.";
    NOT_FOLLOWED = "MRT031", Unprocessable, "The answers of this query cannot be followed: they are not kept, or nothing tells when they change.", "Ask again from time to time; `martlet explain` says why they are not kept.";
    TOO_MANY_FOLLOWED = "MRT032", Unavailable, "As many answers are followed as may be at once.", "Retry later, or ask again from time to time.";
    ACTION_FOLLOWED = "MRT033", Invalid, "An event stream was asked for of an action: what it answers is not followed (406).", "Ask for JSON; follow a query that shows what the action changes.";
    TOO_MANY_STREAMS = "MRT034", RateLimited, "More event streams are open than one user, one address or the server may have.", "Close some; follow several queries on one stream by `/rest/v1/batch`.";
    STREAM_SHUT = "MRT035", Unavailable, "The server stops and ends its event streams.", "Come back after the time that `retry` tells, with `Last-Event-ID`.";
    READ_ONLY_METHOD = "25006", MethodNotAllowed, "An action was called by GET or HEAD.", "Call it by POST.";
    // Who asks.
    BAD_TOKEN = "PGRST301", Unauthenticated, "The token is malformed, signed by nobody known, or of a kind that is not taken here.", "Sign in again, or use a key of this server (`martlet keys`).";
    TOKEN_CLAIMS = "PGRST303", Unauthenticated, "The token's claims refuse it: expired, not yet valid, or for another audience or issuer.", "Refresh the token.";
    FORBIDDEN = "42501", Forbidden, "The caller may not do this; 401 without a token, 403 with one.", "Sign in as somebody whom `@allow` names.";
    // The data.
    UNIQUE = "23505", Conflict, "A row with this key exists.", "Use another value, or change the row that exists.";
    FOREIGN_KEY = "23503", Conflict, "A row that this one refers to is missing, or others still refer to it.", "Write the other row first, or remove what refers to it.";
    NOT_NULL = "23502", Invalid, "A column that must have a value has none.", "Give a value.";
    CHECK = "23514", Invalid, "A value breaks a rule of its table.", "Use a value that the rule allows.";
    RAISED = "P0001", Invalid, "A trigger of the app refused the change.", "The message is the app's own.";
    OUT_OF_RANGE = "22003", Invalid, "A number left the range of its type.", "Use smaller numbers.";
    DIVISION_BY_ZERO = "22012", Invalid, "A division by zero.", "Check the divisor, or use nullif(x, 0).";
    INVALID_TEXT = "22P02", Invalid, "A text is not a value of the type it is read as.", "Use the type's written form.";
    DATETIME_FORMAT = "22007", Invalid, "A text is not a date or time.", "Write 2026-01-31 or 2026-01-31T12:00:00Z.";
    DATETIME_RANGE = "22008", Invalid, "A date or time left its range (years 1 to 9999).", "Use a date within the range.";
    TEXT_BYTES = "22021", Invalid, "A text holds the character NUL or is not valid UTF-8.", "Remove it.";
    INVALID_PARAMETER = "22023", Invalid, "An argument of an SQL function is outside what it takes.", "See docs/sql.md for the function.";
    NEGATIVE_LIMIT = "2201W", Invalid, "LIMIT is negative.", "Use 0 or more.";
    NEGATIVE_OFFSET = "2201X", Invalid, "OFFSET is negative.", "Use 0 or more.";
    NEGATIVE_LENGTH = "22011", Invalid, "substr() was given a negative length.", "Use 0 or more.";
    INTERVAL_RANGE = "22015", Invalid, "A part of an interval left its range.", "Use smaller numbers.";
    INVALID_ESCAPE = "22025", Invalid, "A LIKE pattern ends in its escape character, or the escape is longer than one character.", "Double the escape character.";
    UNICODE_ESCAPE = "22P05", Invalid, "JSON holds `\\u0000`, which text cannot hold.", "Remove it.";
    UNSUPPORTED = "0A000", Invalid, "The operation is not defined for this value, such as an infinity as an integer.", "Leave such values out.";
    TOO_DEEP = "54001", TooLarge, "JSON is nested too deeply.", "Use fewer levels.";
    CARDINALITY = "21000", Invalid, "A subquery used as a value gave more than one row.", "Narrow the subquery, or add LIMIT 1.";
    EXPECTATION_FAILED = "expectation_failed", Conflict, "An action's `@expect` did not hold; everything was rolled back.", "Read the state again and decide.";
    SERIALIZATION = "40001", Conflict, "Another transaction got in the way, and retries did not help.", "Retry.";
    // Bounds.
    DEADLINE = "57014", Timeout, "The deadline passed; the statement was stopped and nothing was written.", "Retry later, or ask for less.";
    QUEUE_FULL = "MRT053", Unavailable, "More work waits than can be done in time: of requests, of long reads, or of writes. Nothing of this call was begun.", "Retry after the seconds that `Retry-After` tells.";
    SHUTTING_DOWN = "57P01", Unavailable, "The server is stopping.", "Retry; another instance answers.";
    READ_ONLY = "MRT054", Unavailable, "The database cannot be written just now; reads go on.", "Retry later; the operator's log says why.";
    DISK_FULL = "53100", StorageFull, "The disk is full; nothing was written.", "Free space on the server.";
    BODY_TOO_LARGE = "MRT003", TooLarge, "The body is larger than `server.body_size_max`.", "Send less.";
    TOO_MANY_PARTS = "MRT004", TooLarge, "The batch has more queries than `server.batch_queries_max`.", "Split the batch.";
    ANSWER_TOO_LARGE = "54000", TooLarge, "The answer has more rows or bytes than the limits allow.", "Ask for less; add LIMIT to the query.";
    // Faults.
    TOO_MANY_ROWS = "MRT006", Internal, "A query that promises one row found several.", "The operator mends the query.";
    CELL_TYPE = "MRT007", Internal, "A stored value is not of its column's type.", "The operator mends the row.";
    INTERNAL = "MRT500", Internal, "A fault of the server.", "The operator's log has the request id and the reason.";
}
