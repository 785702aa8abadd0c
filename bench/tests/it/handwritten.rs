//! The hand-written server gives the bytes that Martlet gives.

use jsonwebtoken::{EncodingKey, Header, encode};
use martlet_core::{Caller, Claims, Identity, SystemClock};
use martlet_engine::{Answer, Arguments, Call, Demand, Engine, EngineSettings, load_folder};
use martlet_store::{SqliteStore, StoreSettings, Synchronous};
use martlet_testkit::TestServer;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

const SECRET: &str = "only for tests: thirty-two bytes or more";
/// md5 of `event-1` and `event-2000`.
const EVENTS: [&str; 2] = ["fdc3f1169f99dce634293eac7ddbba73", "0185b5206ecf087fd7501b999f49119d"];

/// Martlet's engine and the hand-written server, each on its own copy of the seeded database.
struct Both {
    engine: Engine,
    server: TestServer,
    _data: tempfile::TempDir,
}

impl Both {
    fn start() -> Self {
        let data = tempfile::tempdir().expect("make a folder");
        let app = || {
            let compiled = load_folder(&Path::new(env!("CARGO_MANIFEST_DIR")).join("workloads")).expect("read the app");
            compiled.app.expect("the app compiles")
        };
        let settings = StoreSettings { synchronous: Synchronous::Normal, ..StoreSettings::new(data.path()) };
        let open = || SqliteStore::open(settings.clone(), Arc::new(SystemClock)).expect("open the store");
        let store = open();
        store.migrate(&app(), false).expect("migrate");
        store.seed(app().seed.as_ref().expect("a seed"), 0.01, &mut |_| {}).expect("seed");
        store.close();
        drop(store);
        let copy = data.path().join("copy.db");
        std::fs::copy(data.path().join("app.db"), &copy).expect("copy the database");

        let engine = Engine::new(app(), open(), EngineSettings::default(), Arc::new(SystemClock)).expect("an engine");
        let binary = Path::new(env!("CARGO_BIN_EXE_handwritten"));
        let args = ["--secret-env", "SECRET_OF_TESTS", "--database"];
        let server = TestServer::start_with(binary, &args, &copy, &[("SECRET_OF_TESTS", SECRET)]);
        Self { engine, server, _data: data }
    }

    async fn martlet(&self, caller: &Caller, name: &str, arguments: &Value, is_action: bool) -> String {
        let arguments = arguments.to_string();
        let call = Call {
            caller,
            name,
            arguments: Arguments::Json(arguments.as_bytes()),
            arrival: Instant::now(),
            demand: Demand::default(),
        };
        let answer = if is_action { self.engine.run_action(call).await } else { self.engine.run_query(call).await };
        let Answer { body, .. } = answer.expect("an answer");
        String::from_utf8(body.expect("a body").to_vec()).expect("UTF-8")
    }

    fn handwritten(&self, path: &str, token: &str) -> String {
        let reply = self.server.get_as(&format!("/rest/v1/rpc/{path}"), token);
        assert_eq!(reply.status, 200, "{path}: {}", reply.body);
        assert_eq!(reply.header("content-type"), "application/json");
        reply.body
    }
}

impl Drop for Both {
    fn drop(&mut self) {
        self.engine.store().close();
    }
}

fn claims(number: i64, role: &str) -> Value {
    // Until the year 2100.
    json!({"sub": number.to_string(), "role": role, "aud": "authenticated", "exp": 4_102_444_800_u64})
}

fn token(number: i64, role: &str) -> String {
    encode(&Header::default(), &claims(number, role), &EncodingKey::from_secret(SECRET.as_bytes())).expect("sign")
}

fn user(number: i64) -> Caller {
    let (role, json) = ("authenticated".to_owned(), claims(number, "authenticated").to_string());
    Caller { identity: Identity::User(Arc::new(Claims { role, user_id: None, json })), address: None }
}

fn service() -> Caller {
    Caller { identity: Identity::Service(None), address: None }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_workload_answers_as_martlet_does() {
    let both = Both::start();
    let nobody = Caller::default();
    for number in [1, 77, 1_000] {
        let martlet = both.martlet(&user(number), "profile", &json!({}), false).await;
        assert_eq!(both.handwritten("profile", &token(number, "authenticated")), martlet);
    }
    for (check_in, check_out) in
        [("2026-01-01", "2026-01-02"), ("2026-12-20", "2027-01-19"), ("2027-12-31", "2028-01-07")]
    {
        let stay = json!({"check_in": check_in, "check_out": check_out});
        let martlet = both.martlet(&nobody, "availability", &stay, false).await;
        assert_eq!(both.handwritten(&format!("availability?check_in={check_in}&check_out={check_out}"), ""), martlet);
    }
    for event in EVENTS {
        let martlet = both.martlet(&nobody, "event", &json!({"token": event}), false).await;
        assert_eq!(both.handwritten(&format!("event?token={event}"), ""), martlet);
    }
    let martlet = both.martlet(&service(), "report", &json!({}), false).await;
    assert_eq!(both.handwritten("report", &token(1, "service_role")), martlet);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_and_bookings_are_the_same() {
    let both = Both::start();
    for number in [1, 200] {
        let (mut path, mut arguments, mut pages) = ("recent".to_owned(), json!({}), 0);
        loop {
            let martlet = both.martlet(&user(number), "recent", &arguments, false).await;
            let handwritten = both.handwritten(&path, &token(number, "authenticated"));
            // Each has cursors of its own.
            let (before, after) =
                (|text: &str| text.split("\"next_cursor\"").next().map(str::to_owned), "\"has_more\"");
            assert_eq!(before(&handwritten), before(&martlet));
            assert_eq!(handwritten.split(after).nth(1), martlet.split(after).nth(1));
            pages += 1;
            let [martlet, handwritten]: [Value; 2] =
                [martlet, handwritten].map(|text| serde_json::from_str(&text).expect("a page"));
            if martlet["next_cursor"].is_null() {
                assert!(handwritten["next_cursor"].is_null());
                break;
            }
            path = format!("recent?cursor={}", handwritten["next_cursor"].as_str().expect("a cursor"));
            arguments["cursor"] = martlet["next_cursor"].clone();
        }
        assert_eq!(pages, 3);
    }

    let stay = json!({"room_type_id": 3, "check_in": "2030-07-01", "check_out": "2030-07-04"});
    for _ in 0..40 {
        let martlet = both.martlet(&user(5), "book", &stay, true).await;
        let handwritten = both.server.post("/rest/v1/rpc/book", &stay.to_string(), &token(5, "authenticated"));
        assert_eq!((handwritten.status, handwritten.body), (200, martlet));
    }
    let sold_out = both.server.post("/rest/v1/rpc/book", &stay.to_string(), &token(5, "authenticated"));
    assert_eq!(sold_out.status, 409);
    let free = both
        .martlet(
            &Caller::default(),
            "availability",
            &json!({"check_in": "2030-07-01", "check_out": "2030-07-02"}),
            false,
        )
        .await;
    assert_eq!(both.handwritten("availability?check_in=2030-07-01&check_out=2030-07-02", ""), free);
}

#[test]
fn the_handwritten_server_refuses_too() {
    let both = Both::start();
    let status = |path: &str, token: &str| both.server.get_as(&format!("/rest/v1/rpc/{path}"), token).status;
    let good = token(1, "authenticated");
    let forged = format!("{}AAAA", &good[..good.len() - 4]);
    assert_eq!(["", "nonsense", &forged].map(|token| status("profile", token)), [401; 3]);
    assert_eq!(status("report", &good), 403);
    assert_eq!(status("profile", &token(1_001, "authenticated")), 404);
    assert_eq!(status("event?token=0", ""), 404);
    for stay in ["check_in=2026-07-01&check_out=2026-07-01", "check_in=2026-07-01&check_out=2026-08-01", "check_in=x"] {
        assert_eq!(status(&format!("availability?{stay}"), ""), 400, "{stay}");
    }
    assert_eq!(status("recent?cursor=AAAA", &good), 400);
}
