//! `handwritten --listen ADDRESS --database FILE --secret-env NAME`: what an expert writes for the workloads with axum
//! and rusqlite, on a database that `martlet seed bench/workloads` made. The floor for a server that is declared.
//!
//! A read runs where its request is, on the worker thread's own connection, by a prepared statement; each token's
//! signature is checked; rows become typed structs. Nothing is kept between requests. Of what Martlet does besides
//! (limits, deadlines, entity tags, compression, metrics, errors with codes) it does nothing.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command-line tool speaks on its terminal")]

mod answers;
mod sql;

use answers::{Block, Booked, Event, Month, Page, Participant, Play, Profile, RoomType};
use anyhow::{Context as _, Result};
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use rusqlite::functions::FunctionFlags;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, Row, params};
use serde::Deserialize;
use std::cell::OnceCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

const USAGE: &str = "usage: handwritten --listen ADDRESS --database FILE --secret-env NAME";
const NIGHTS_MAX: i32 = 30;
const PAGE_SIZE: usize = 20;

// Martlet's allocator, so that it makes no difference.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

thread_local! {
    static READER: OnceCell<Connection> = const { OnceCell::new() };
}

struct Shared {
    database: PathBuf,
    writer: Mutex<Connection>,
    key: DecodingKey,
    validation: Validation,
}

#[derive(Deserialize)]
struct Stay {
    #[serde(deserialize_with = "day")]
    check_in: Date,
    #[serde(deserialize_with = "day")]
    check_out: Date,
}

fn day<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Date, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
}

#[derive(Deserialize)]
struct Booking {
    room_type_id: i64,
    #[serde(flatten)]
    stay: Stay,
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    role: String,
}

enum Failure {
    Refused(StatusCode, &'static str),
    Broken(rusqlite::Error),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Broken(error)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        match self {
            Self::Refused(status, message) => (status, Json(HashMap::from([("message", message)]))).into_response(),
            Self::Broken(error) => {
                eprintln!("{error}");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    }
}

impl Stay {
    /// The first day on which a stay may have begun that overlaps this one.
    fn check(&self) -> Result<(i32, Date), Failure> {
        let nights = self.check_in.until(self.check_out).map_or(0, |span| span.get_days());
        let earliest = self.check_in.checked_sub((NIGHTS_MAX + 1).days());
        match earliest {
            Ok(earliest) if (1..=NIGHTS_MAX).contains(&nights) => Ok((nights, earliest)),
            _ => Err(Failure::Refused(StatusCode::BAD_REQUEST, "a stay lasts 1 to 30 nights")),
        }
    }
}

impl Shared {
    fn claims(&self, headers: &HeaderMap) -> Result<Claims, Failure> {
        let refused = || Failure::Refused(StatusCode::UNAUTHORIZED, "no good token");
        let field = headers.get(header::AUTHORIZATION).and_then(|field| field.to_str().ok()).ok_or_else(refused)?;
        let token = field.strip_prefix("Bearer ").ok_or_else(refused)?;
        decode(token, &self.key, &self.validation).map(|token| token.claims).map_err(|_| refused())
    }

    fn user(&self, headers: &HeaderMap) -> Result<i64, Failure> {
        let claims = self.claims(headers)?;
        claims.sub.parse().map_err(|_| Failure::Refused(StatusCode::UNAUTHORIZED, "no number of a user"))
    }

    fn read<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> rusqlite::Result<T> {
        READER.with(|reader| match reader.get() {
            Some(connection) => work(connection),
            None => {
                let connection = open(&self.database, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
                work(reader.get_or_init(|| connection))
            }
        })
    }
}

fn open(database: &Path, access: OpenFlags) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(database, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.execute_batch("PRAGMA mmap_size = 268435456; PRAGMA cache_size = -16384; PRAGMA busy_timeout = 1000")?;
    Ok(connection)
}

/// As Martlet writes: WAL, durable before the answer. The table's CHECK adds days to a date by PostgreSQL's function.
fn open_writer(database: &Path) -> rusqlite::Result<Connection> {
    let connection = open(database, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL")?;
    let flags = FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS;
    connection.create_scalar_function("date_pli", 2, flags, |context| {
        let date: Date = context.get::<String>(0)?.parse().map_err(|_| rusqlite::Error::InvalidQuery)?;
        let sum = date.checked_add(context.get::<i64>(1)?.days()).map_err(|_| rusqlite::Error::InvalidQuery)?;
        Ok(sum.to_string())
    })?;
    Ok(connection)
}

fn rows<T>(
    connection: &Connection,
    sql: &str,
    params: impl rusqlite::Params,
    row: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    connection.prepare_cached(sql)?.query_map(params, row)?.collect()
}

async fn profile(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Result<Json<Profile>, Failure> {
    let user = shared.user(&headers)?;
    let row =
        |row: &Row<'_>| Ok(Profile { id: row.get(0)?, email: row.get(1)?, name: row.get(2)?, avatar: row.get(3)? });
    let found = shared.read(|connection| connection.prepare_cached(sql::PROFILE)?.query_row([user], row).optional())?;
    found.map(Json).ok_or(Failure::Refused(StatusCode::NOT_FOUND, "no such user"))
}

async fn availability(
    State(shared): State<Arc<Shared>>,
    Query(stay): Query<Stay>,
) -> Result<Json<Vec<RoomType>>, Failure> {
    let (_, earliest) = stay.check()?;
    let params = params![stay.check_in.to_string(), stay.check_out.to_string(), earliest.to_string()];
    let row = |row: &Row<'_>| {
        Ok(RoomType { id: row.get(0)?, name: row.get(1)?, price_cents: row.get(2)?, free: row.get(3)? })
    };
    Ok(Json(shared.read(|connection| rows(connection, sql::AVAILABILITY, params, row))?))
}

async fn recent(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Json<Page>, Failure> {
    let user = shared.user(&headers)?;
    let row = |row: &Row<'_>| {
        let (song_id, title, artist) = (row.get(0)?, row.get(1)?, row.get(2)?);
        Ok(Play { song_id, title, artist, played_at: row.get(3)?, id: row.get(4)? })
    };
    let mut items = match query.get("cursor") {
        None => shared.read(|connection| rows(connection, sql::RECENT, [user], row))?,
        Some(cursor) => {
            let refused = || Failure::Refused(StatusCode::BAD_REQUEST, "no cursor of ours");
            let text = URL_SAFE_NO_PAD.decode(cursor).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            let text = text.ok_or_else(refused)?;
            let (played_at, id) = text.split_once('/').ok_or_else(refused)?;
            let id: i64 = id.parse().map_err(|_| refused())?;
            shared.read(|connection| rows(connection, sql::RECENT_AFTER, params![user, played_at, id], row))?
        }
    };
    let has_more = items.len() > PAGE_SIZE;
    items.truncate(PAGE_SIZE);
    let last = items.last().filter(|_| has_more);
    let next_cursor = last.map(|last| URL_SAFE_NO_PAD.encode(format!("{}/{}", last.played_at, last.id)));
    Ok(Json(Page { items, next_cursor, has_more }))
}

async fn event(
    State(shared): State<Arc<Shared>>,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Json<Event>, Failure> {
    let token = query.get("token").ok_or(Failure::Refused(StatusCode::BAD_REQUEST, "no token"))?;
    let found = shared.read(|connection| {
        let head = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
        let Some((id, title, created_at)) =
            connection.prepare_cached(sql::EVENT)?.query_row([token], head).optional()?
        else {
            return Ok(None);
        };
        let block = |row: &Row<'_>| {
            Ok(Block { id: row.get(0)?, starts_at: row.get(1)?, ends_at: row.get(2)?, available: row.get(3)? })
        };
        let blocks = rows(connection, sql::BLOCKS, [id], block)?;
        let participant = |row: &Row<'_>| Ok(Participant { id: row.get(0)?, name: row.get(1)? });
        let participants = rows(connection, sql::PARTICIPANTS, [id], participant)?;
        Ok(Some(Event { id, title, created_at, blocks, participants }))
    })?;
    found.map(Json).ok_or(Failure::Refused(StatusCode::NOT_FOUND, "no such event"))
}

async fn report(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Result<Json<Vec<Month>>, Failure> {
    if shared.claims(&headers)?.role != "service_role" {
        return Err(Failure::Refused(StatusCode::FORBIDDEN, "for the service only"));
    }
    let row = |row: &Row<'_>| {
        let (month, room_type_id, revenue_cents) = (row.get(0)?, row.get(1)?, row.get(2)?);
        Ok(Month { month, room_type_id, revenue_cents, nights: row.get(3)?, bookings: row.get(4)? })
    };
    // The one long read: off the threads that serve the others.
    let work = move || shared.read(|connection| rows(connection, sql::REPORT, [], row));
    Ok(Json(tokio::task::spawn_blocking(work).await.expect("a read does not panic")?))
}

async fn book(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    Json(booking): Json<Booking>,
) -> Result<Json<Booked>, Failure> {
    let user = shared.user(&headers)?;
    let (nights, earliest) = booking.stay.check()?;
    let work = move || {
        let writer = shared.writer.lock().expect("a write does not panic");
        let (check_in, check_out) = (booking.stay.check_in.to_string(), booking.stay.check_out.to_string());
        let now = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S%.6f+00:00").to_string();
        let params = params![user, booking.room_type_id, check_in, check_out, nights, earliest.to_string(), now];
        let row = |row: &Row<'_>| Ok(Booked { id: row.get(0)?, total_cents: row.get(1)? });
        writer.prepare_cached(sql::BOOK)?.query_row(params, row).optional()
    };
    let booked = tokio::task::spawn_blocking(work).await.expect("a write does not panic")?;
    booked.map(Json).ok_or(Failure::Refused(StatusCode::CONFLICT, "no room of this type is free for these nights"))
}

#[tokio::main]
async fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let flag = |name: &str| {
        let place = args.iter().position(|arg| arg == name).context(USAGE)?;
        args.get(place + 1).context(USAGE)
    };
    let (listen, database) = (flag("--listen")?, PathBuf::from(flag("--database")?));
    let secret = std::env::var_os(flag("--secret-env")?).context("the secret's variable is not set")?;
    let mut validation = Validation::new(Algorithm::HS256);
    validation.set_audience(&["authenticated"]);
    let key = DecodingKey::from_secret(secret.as_encoded_bytes());
    let writer = Mutex::new(open_writer(&database)?);
    let shared = Arc::new(Shared { database, writer, key, validation });
    let rpc = Router::new()
        .route("/profile", get(profile))
        .route("/availability", get(availability))
        .route("/recent", get(recent))
        .route("/event", get(event))
        .route("/report", get(report))
        .route("/book", post(book))
        .with_state(shared);
    let listener = tokio::net::TcpListener::bind(listen).await?;
    println!("http://{}", listener.local_addr()?);
    let app = Router::new().nest("/rest/v1/rpc", rpc);
    let listener = axum::serve::ListenerExt::tap_io(listener, |stream| {
        // A connection whose delay cannot be set answers later, no worse.
        let _ = stream.set_nodelay(true);
    });
    axum::serve(listener, app).await?;
    Ok(())
}
