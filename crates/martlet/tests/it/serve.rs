use crate::support::{App, binary};
use martlet_testkit::TestServer;
use std::time::{Duration, Instant};

#[test]
fn one_line_tells_the_url_and_the_time() {
    let app = App::migrated();
    app.save("martlet.toml", "name = \"Notes\"\n");
    let server = app.serve();
    let stdout = server.stdout();
    assert_eq!(stdout.lines().count(), 1, "{stdout}");
    assert!(stdout.starts_with(&format!("Notes at {} (started in ", server.url())), "{stdout}");
    assert_eq!(server.get("/rest/v1/rpc/notes").body, "[]");
    assert_eq!(server.post("/rest/v1/rpc/add_note", r#"{"body":" a "}"#, "").body, r#"{"id":1,"body":"a"}"#);
    assert_eq!(server.get("/rest/v1/rpc/notes?count=5").body, r#"[{"id":1,"body":"a"}]"#);
    assert_eq!(server.get("/rest/v1/rpc/nots").status, 404);
}

#[test]
fn logs_are_json_lines_without_secrets() {
    let app = App::migrated();
    let secret = "0123456789abcdef0123456789abcdef";
    let environment = [("MARTLET_AUTH_JWT_SECRET", secret), ("MARTLET_LOG_LEVEL", "trace")];
    let mut server = TestServer::start_with(binary(), &["serve"], app.path(), &environment);
    server.post("/rest/v1/rpc/add_note", r#"{"body":"a private text"}"#, "");
    server.get_as("/rest/v1/rpc/notes", "not.a.token");
    server.signal("TERM");
    assert_eq!(server.wait(), Some(0));
    let stderr = server.stderr();
    assert!(!stderr.is_empty());
    for line in stderr.lines() {
        let record: serde_json::Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        for key in ["ts", "level", "msg"] {
            assert!(record[key].is_string(), "{line}");
        }
    }
    for hidden in [secret, "a private text", "not.a.token"] {
        assert!(!stderr.contains(hidden), "{hidden} in {stderr}");
    }
}

#[test]
fn missing_migrations_refuse_and_name_the_command() {
    let app = App::notes();
    insta::assert_snapshot!(app.run("serve", &[]).all(), @r"
    1
    -- stdout
    -- stderr
    error: the database is empty: no migration has been applied

    hint: apply them with `martlet migrate APP`
    ");
    assert!(!app.file("data/app.db").exists(), "nothing is made that was not asked for");
    assert_eq!(app.run("migrate", &[]).code, 0);
    app.save("migrations/0002_more.sql", "create table more (id bigint primary key);\n");
    insta::assert_snapshot!(app.run("serve", &[]).all(), @r"
    1
    -- stdout
    -- stderr
    error: migration 0002_more has not been applied

    hint: apply them with `martlet migrate APP`
    ");
}

#[test]
fn an_example_secret_refuses() {
    let app = App::migrated();
    for secret in ["your-super-secret-jwt-token-with-at-least-32-characters-long", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"] {
        let run = app.run_with("serve", &[], "", &[("MARTLET_AUTH_JWT_SECRET", secret)]);
        assert_eq!(run.code, 1);
        assert!(run.stderr.contains("auth.jwt_secret") && !run.stderr.contains(secret), "{run:?}");
    }
}

#[test]
fn the_settings_can_be_shown_instead() {
    let app = App::notes();
    let run = app.run("serve", &["--print-config", "--listen", "127.0.0.1:9"]);
    assert_eq!(run.code, 0);
    assert!(run.stdout.contains("127.0.0.1:9 ") && run.stdout.contains("flag --listen"), "{run:?}");
}

#[test]
fn what_is_amiss_around_the_process_is_logged() {
    use std::os::unix::fs::PermissionsExt;
    let app = App::migrated();
    std::fs::set_permissions(app.file("data"), std::fs::Permissions::from_mode(0o755)).unwrap();
    let server = app.serve();
    server.wait_for_stderr("chmod 700", Duration::from_secs(5));
}

#[test]
fn a_broken_folder_refuses() {
    let app = App::migrated();
    app.save("queries/notes.sql", "select nothing from notes\n");
    let run = app.run("serve", &[]);
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("queries/notes.sql:1:8"), "{run:?}");
}

#[test]
fn an_address_in_use_is_told() {
    let app = App::migrated();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let run = app.run("serve", &["--listen", &address]);
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains(&address), "{run:?}");
}

#[test]
fn a_signal_stops_after_the_requests_under_way_and_a_second_at_once() {
    for signal in ["TERM", "INT"] {
        let app = App::migrated();
        let mut server = app.serve();
        let start = Instant::now();
        server.signal(signal);
        assert_eq!(server.wait(), Some(0), "{}", server.stderr());
        assert!(start.elapsed() < Duration::from_secs(5));
    }
    let app = App::migrated();
    app.save("martlet.toml", "[server]\ndrain_delay = \"1m\"\n");
    let mut server = app.serve();
    server.signal("TERM");
    std::thread::sleep(Duration::from_millis(300));
    let start = Instant::now();
    server.signal("TERM");
    assert_eq!(server.wait(), Some(1), "{}", server.stderr());
    assert!(start.elapsed() < Duration::from_secs(2));
}

#[test]
fn data_may_lie_elsewhere() {
    let app = App::notes();
    let data = tempfile::tempdir().unwrap();
    let data = data.path().to_str().unwrap();
    assert_eq!(app.run("migrate", &["--data", data]).code, 0);
    let server = TestServer::start(binary(), &["serve", "--data", data], app.path());
    assert_eq!(server.get("/rest/v1/rpc/notes").body, "[]");
    assert!(!app.file("data").exists());
}
