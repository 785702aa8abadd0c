//! A request: its arguments, a read, a write, a cursor. No HTTP; `cargo xtask bench` has that.

use super::HOTEL;
use divan::{Bencher, black_box};
use martlet_core::{Caller, Claims, Date, Identity, SystemClock, Timestamp, Value};
use martlet_engine::{
    Answer, Arguments, Call, CompiledParams, CursorKey, CursorScope, Demand, Engine, EngineSettings, QueryScope,
    compile_folder,
};
use martlet_store::{SqliteStore, StoreSettings, Synchronous};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Instant;
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// Bookings at this scale: 2,000, and 1,000 users.
const SCALE: f64 = 0.01;
/// User 1 of the seed.
const USER: &str = "d6d77053-92bc-7af6-3332-8bea8c4c6904";

static HOUSE: LazyLock<House> = LazyLock::new(House::open);

/// The hotel over a database of its own.
struct House {
    engine: Engine,
    runtime: Runtime,
    guest: Caller,
    _data: TempDir,
}

impl House {
    fn open() -> Self {
        let app = compile_folder(&HOTEL).app.unwrap();
        let data = tempfile::tempdir().unwrap();
        let clock = Arc::new(SystemClock);
        // What is measured is our work, not the disk's.
        let settings = StoreSettings { synchronous: Synchronous::Normal, ..StoreSettings::new(data.path()) };
        let store = SqliteStore::open(settings, clock.clone()).unwrap();
        store.migrate(&app, false).unwrap();
        store.seed(app.seed.as_ref().unwrap(), SCALE, &mut |_| {}).unwrap();
        let engine = Engine::new(app, store, EngineSettings::default(), clock).unwrap();
        let json = format!(r#"{{"sub": "{USER}", "role": "authenticated"}}"#);
        let claims = Claims { role: "authenticated".into(), user_id: Some(USER.into()), json };
        let guest = Caller { identity: Identity::User(Arc::new(claims)), address: None };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Self { engine, runtime, guest, _data: data }
    }

    fn query(&self, name: &str, arguments: &str) -> Answer {
        self.runtime.block_on(self.engine.run_query(self.call(name, arguments))).unwrap()
    }

    fn action(&self, name: &str, arguments: &str) -> Answer {
        self.runtime.block_on(self.engine.run_action(self.call(name, arguments))).unwrap()
    }

    fn call<'a>(&'a self, name: &'a str, arguments: &'a str) -> Call<'a> {
        let (arguments, demand) = (Arguments::Json(arguments.as_bytes()), Demand::default());
        Call { caller: &self.guest, name, arguments, arrival: Instant::now(), demand }
    }
}

fn params(name: &str) -> CompiledParams {
    let app = compile_folder(&HOTEL).app.unwrap();
    let query = app.queries.get(name).map(|query| &query.declaration);
    CompiledParams::new(query.unwrap_or_else(|| &app.actions[name].declaration)).unwrap()
}

/// Two dates with a rule, from a query string.
#[divan::bench]
fn bind_a_query_string(bencher: Bencher<'_, '_>) {
    let params = params("availability");
    let pairs = [("check_in", "2026-03-01"), ("check_out", "2026-03-04")];
    let pairs = pairs.map(|(name, text)| (name.to_owned(), text.to_owned()));
    bencher.bench(|| params.read(Arguments::Url(black_box(&pairs))).unwrap());
}

/// A number and two dates, from a JSON body.
#[divan::bench]
fn bind_a_body(bencher: Bencher<'_, '_>) {
    let params = params("book_room");
    let body = br#"{"room_type_id": 3, "check_in": "2026-03-01", "check_out": "2026-03-04"}"#;
    bencher.bench(|| params.read(Arguments::Json(black_box(body))).unwrap());
}

/// Policy, arguments, the statement, the answer's bytes.
#[divan::bench(args = [
    ("availability", r#"{"check_in": "2026-03-01", "check_out": "2026-03-04"}"#),
    ("room_types", ""),
    ("my_bookings", ""),
])]
fn read(bencher: Bencher<'_, '_>, (name, arguments): (&str, &str)) {
    let house = &*HOUSE;
    bencher.bench(|| house.query(black_box(name), black_box(arguments)));
}

/// A booking of a night that nobody has, through the writer's queue, with its commit but without waiting for the disk.
#[divan::bench]
fn write(bencher: Bencher<'_, '_>) {
    static NIGHT: AtomicI64 = AtomicI64::new(0);
    let house = &*HOUSE;
    let first = Date::from_civil(2100, 1, 1).unwrap();
    bencher
        .with_inputs(|| {
            let night = NIGHT.fetch_add(1, Ordering::Relaxed);
            let arrival = first.plus_days(night / 40).unwrap();
            let departure = arrival.plus_days(1).unwrap();
            let room_type = night % 40 + 1;
            format!(r#"{{"room_type_id": {room_type}, "check_in": "{arrival}", "check_out": "{departure}"}}"#)
        })
        .bench_values(|arguments| house.action("book_room", &arguments));
}

fn cursor() -> (CursorKey, CursorScope, [Value; 2], Timestamp) {
    let scope = CursorScope::new(&QueryScope::new("my_bookings", "select ..."), &[], &HOUSE.guest);
    let values = [Value::Text("2026-03-01T12:00:00+00:00".into()), Value::Integer(4_711)];
    (CursorKey::ephemeral(), scope, values, Date::from_civil(2026, 3, 2).unwrap().midnight())
}

#[divan::bench]
fn cursor_seal(bencher: Bencher<'_, '_>) {
    let (key, scope, values, now) = cursor();
    bencher.bench(|| key.seal(&scope, black_box(&values), now).unwrap());
}

#[divan::bench]
fn cursor_open(bencher: Bencher<'_, '_>) {
    let (key, scope, values, now) = cursor();
    let sealed = key.seal(&scope, &values, now).unwrap();
    bencher.bench(|| key.open(&scope, black_box(&sealed), values.len(), now).unwrap());
}
