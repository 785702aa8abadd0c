//! Who is told what, also when that changes while they are connected.

use super::{Curl, SECRET, add, serve};
use crate::support::{ANA, App, NOTES};
use martlet_core::{Clock as _, SystemClock};
use martlet_server::tokens::{KeySettings, Keys, Secret, TokenRequest};
use martlet_testkit::TestServer;
use std::time::{Duration, Instant};

const BEN: &str = "7d2a5d4e-6a61-4c4e-9a0c-0f6f3f6f9b12";

fn app() -> App {
    let give = (
        "actions/give_note.sql",
        "-- @allow service\n-- @param id bigint\n-- @param owner uuid\n\n\
         -- @expect row else 404 no_note \"no such note\"\n\
         update notes set owner = :owner where id = :id returning id\n",
    );
    let app = App::of(&[NOTES, &[give]].concat());
    assert_eq!(app.run("migrate", &[]).code, 0);
    app
}

fn token(app: &App, args: &[&str]) -> String {
    let run = app.run_with("keys", args, "", &[SECRET]);
    assert_eq!(run.code, 0, "{run:?}");
    run.stdout.trim().to_owned()
}

fn service(app: &App) -> String {
    let all = token(app, &[]);
    all.lines().find_map(|line| line.strip_prefix("service_role ")).expect("the service key").trim().to_owned()
}

fn mine(server: &TestServer, token: &str) -> Curl {
    let bearer = format!("Authorization: Bearer {token}");
    Curl::follow(&["--header", &bearer, &format!("{}/rest/v1/rpc/mine", server.url())])
}

#[test]
fn abuse_ws_03_a_row_that_changes_its_owner_is_told_to_whom_it_belongs() {
    let app = app();
    let server = serve(&app, &[]);
    let [ana, ben] = [ANA, BEN].map(|user| token(&app, &["--user", user]));
    let service = service(&app);
    let [anas, bens] = [&ana, &ben].map(|token| mine(&server, token));
    assert_eq!((anas.data(), bens.data()), ("[]".to_owned(), "[]".to_owned()));
    add(&server, "a secret", &ana);
    assert_eq!(anas.data(), r#"[{"id":1,"body":"a secret"}]"#);
    assert!(bens.is_silent());
    let given = server.post("/rest/v1/rpc/give_note", &format!("{{\"id\":1,\"owner\":\"{BEN}\"}}"), &service);
    assert!(given.status < 300, "{}", given.body);
    assert_eq!(anas.data(), "[]");
    assert_eq!(bens.data(), r#"[{"id":1,"body":"a secret"}]"#);
    // By each road the rule is REST's.
    let url = format!("{}/rest/v1/rpc/mine", server.url());
    let (told, code) = (Curl::follow(&["--include", &url]).block().unwrap(), "HTTP/1.1 401");
    assert!(told.starts_with(code), "{told}");
}

#[test]
fn abuse_ws_04_the_end_of_a_token_is_the_end_of_its_streams() {
    let app = app();
    let server = serve(&app, &[]);
    let secret = Some(Secret::from(SECRET.1.to_owned()));
    let keys = Keys::ephemeral(&KeySettings { jwt_secret: secret, issuer: None }).unwrap();
    let role = "authenticated".to_owned();
    let request = TokenRequest { role, user_id: Some(ANA.to_owned()), valid_for: Duration::from_secs(3) };
    let short = keys.issue(&request, SystemClock.now()).unwrap();
    let began = Instant::now();
    let stream = mine(&server, &short);
    assert_eq!(stream.data(), "[]");
    let (name, data) = stream.event().unwrap();
    assert!(name == "end" && data.contains("PGRST303"), "{name} {data}");
    assert_eq!(stream.event(), None);
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    add(&server, "later", &token(&app, &["--user", ANA]));
    let page = server.get_as("/metrics", &service(&app)).body;
    assert!(page.contains("martlet_realtime_dropped_total{reason=\"expired\"} 1"), "{page}");
    assert!(page.contains("martlet_live_streams 0"), "{page}");
}

#[test]
fn abuse_ws_15_a_token_in_the_url_is_none_and_stands_in_no_log() {
    let app = app();
    let mut server = serve(&app, &[("MARTLET_LOG_LEVEL", "trace")]);
    let ana = token(&app, &["--user", ANA]);
    for parameter in ["apikey", "access_token", "token"] {
        let url = format!("{}/rest/v1/rpc/mine?{parameter}={ana}", server.url());
        let told = Curl::follow(&["--include", &url]).block().unwrap();
        assert!(told.starts_with("HTTP/1.1 401") || told.starts_with("HTTP/1.1 400"), "{told}");
    }
    let page = server.get_as("/metrics", &service(&app)).body;
    server.signal("TERM");
    server.wait();
    assert!(!server.stderr().contains(&ana) && !page.contains(&ana));
}
