//! Settings, secrets and logs that would harm, through the real binary.

use super::watched::{FILES, Watched};
use crate::support::{ANA, App, binary};
use martlet_testkit::TestServer;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const NOTES: &str = "/rest/v1/rpc/notes";
const GOOD_SECRET: &str = "PLANTED-kCw8VbMQ2r6xZ1TtY4uJ9pLsAeHdGfN0";

#[test]
fn abuse_cfg_01_secrets_that_are_none_refuse() {
    let app = App::migrated();
    let weak = [
        "",
        "short",
        "31-bytes-0123456789-abcdefghijk",
        "your-super-secret-jwt-token-with-at-least-32-characters-long",
        "super-secret-jwt-token-with-at-least-32-characters-long",
        "reallyreallyreallyreallyverysafe",
        "a-string-secret-at-least-256-bits-long",
        "Change-Me-Change-Me-Change-Me-Change-Me",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "abababababababababababababababababab",
        "00000000000000000000000000000000000000000001",
        "                                        ",
    ];
    assert_eq!(weak[2].len(), 31);
    for secret in weak {
        app.save("martlet.toml", "");
        let by_environment = app.run_with("serve", &[], "", &[("MARTLET_AUTH_JWT_SECRET", secret)]);
        app.save("martlet.toml", &format!("[auth]\njwt_secret = \"{secret}\"\n"));
        for run in [by_environment, app.run("serve", &[])] {
            assert_eq!(run.code, 1, "{secret:?}: {run:?}");
            let names_it = run.stderr.contains("auth.jwt_secret") || run.stderr.contains("MARTLET_AUTH_JWT_SECRET");
            assert!(names_it, "{run:?}");
            assert!(secret.trim().len() < 8 || !format!("{run:?}").contains(secret), "{run:?}");
        }
    }
    // Without a setting there are keys of this folder's own, made by chance.
    app.save("martlet.toml", "");
    let server = app.serve();
    assert_eq!(server.get(NOTES).status, 200);
    let keys = std::fs::read_to_string(app.file("data/keys.json")).unwrap();
    let other = App::notes();
    other.run("keys", &[]);
    assert_ne!(keys, std::fs::read_to_string(other.file("data/keys.json")).unwrap());
}

#[test]
fn abuse_cfg_03_mistakes_are_told_with_their_line_and_the_nearest_key() {
    let app = App::migrated();
    for (file, told) in [
        ("[server]\nlitsen = \"127.0.0.1:1\"\n", &["martlet.toml:2:1", "did you mean `listen`?"][..]),
        ("[sever]\nlisten = \"127.0.0.1:1\"\n", &["martlet.toml:1:2", "did you mean `[server]`?"]),
        ("listen = \"127.0.0.1:1\"\n", &["martlet.toml:1:1", "did you mean `server.listen`?"]),
        ("[server]\nbody_size_max = 5\n", &["martlet.toml:2:17", "needs a unit"]),
        ("[server]\nbody_size_max = \"2GiB\"\n", &["martlet.toml:2:17", "`server.body_size_max`"]),
        ("[server]\nheader_timeout = \"10\"\n", &["martlet.toml:2:18", "needs a unit"]),
        ("[server]\nconnections_max = \"many\"\n", &["martlet.toml:2:19", "`server.connections_max`"]),
        ("[server]\nconnections_max = 0\n", &["martlet.toml:2:19", "`server.connections_max`"]),
        ("[server]\nconnections_max = 1.5\n", &["martlet.toml:2:19", "`server.connections_max`"]),
        ("[log]\nlevel = \"loud\"\n", &["martlet.toml:2:9", "`log.level`"]),
        ("[log]\nlevel = \"info\"\nlevel = \"warn\"\n", &["martlet.toml:3:1", "duplicate key"]),
        ("[log]\nlevel = \"info\"\n[log]\nformat = \"json\"\n", &["martlet.toml:3:", "duplicate key"]),
        ("[log\nlevel = \"info\"\n", &["martlet.toml:1:"]),
        ("[cors]\norigins = [\"https://*.example\"]\n", &["martlet.toml:2:", "`cors.origins`"]),
        ("[server]\ntrusted_proxies = [\"10.0.0.0/99\"]\n", &["martlet.toml:2:", "`server.trusted_proxies`"]),
    ] {
        app.save("martlet.toml", file);
        let run = app.run("serve", &[]);
        assert_eq!((run.code, run.stdout.as_str()), (1, ""), "{file}: {run:?}");
        for told in told {
            assert!(run.stderr.contains(told), "{file}: no `{told}` in {}", run.stderr);
        }
    }
    app.save("martlet.toml", "");
    for (name, value, told) in [
        ("MARTLET_SERVER_LITSEN", "127.0.0.1:1", "did you mean MARTLET_SERVER_LISTEN?"),
        ("MARTLET_SERVER_BODY_SIZE_MAX", "5", "MARTLET_SERVER_BODY_SIZE_MAX"),
        ("MARTLET_LOG_LEVEL", "loud", "MARTLET_LOG_LEVEL"),
    ] {
        let run = app.run_with("serve", &[], "", &[(name, value)]);
        assert!(run.code == 1 && run.stderr.contains(told), "{name}: {run:?}");
    }
}

/// Everything that could be read outside: the log at its most talkative, metrics, statistics, errors, settings.
#[test]
fn abuse_cfg_04_planted_secrets_are_nowhere() {
    let settings = "[database]\nslow_statement = \"1ms\"\n";
    let environment = [("MARTLET_AUTH_JWT_SECRET", GOOD_SECRET), ("MARTLET_LOG_LEVEL", "trace")];
    let app = App::notes();
    for (path, text) in FILES {
        app.save(path, text);
    }
    app.save("martlet.toml", settings);
    let unique = "alter table notes add column label text;\ncreate unique index notes_label_idx on notes (label);\n";
    app.save("migrations/0002_labels.sql", unique);
    let label = "-- @allow anyone\n-- @param label text\ninsert into notes (body, label) values ('x', :label)\n";
    app.save("actions/label.sql", label);
    let slow = "-- @allow anyone\n-- @param token text\n-- @returns value\n\
                select count(*) from generate_series(1, 300000) as g(i) where i::text <> :token\n";
    app.save("queries/slow.sql", slow);
    let migrated = app.run("migrate", &[]);
    assert_eq!(migrated.code, 0, "{migrated:?}");
    let watched = Watched::serve(app, &environment);
    let (user, service) = (watched.token(ANA), watched.service_token());
    let keys: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(watched.app.file("data/keys.json")).unwrap()).unwrap();
    let mut secrets = vec![GOOD_SECRET.to_owned(), user.clone(), service.clone(), "PLANTED".to_owned()];
    secrets.extend(user.split('.').chain(service.split('.')).skip(1).map(str::to_owned));
    secrets.push(keys["cursor"].as_str().unwrap().to_owned());
    for key in keys["keys"].as_array().unwrap() {
        secrets.extend(["k", "d"].iter().filter_map(|part| key[part].as_str().map(str::to_owned)));
    }
    let mut told = Vec::new();
    let bearer = format!("Bearer {user}");
    let basic = [("Authorization", "Basic UExBTlRFRC1iYXNpYw==")];
    secrets.push("UExBTlRFRC1iYXNpYw".to_owned());
    let odd = [
        ("Authorization", bearer.as_str()),
        ("Cookie", "session=PLANTED-cookie"),
        ("Referer", "https://x.example/?token=PLANTED-referer"),
        ("User-Agent", "PLANTED-agent"),
        ("X-Api-Key", "PLANTED-header"),
        ("Idempotency-Key", "PLANTED-key"),
        ("If-None-Match", "\"PLANTED-tag\""),
    ];
    for path in
        [NOTES, "/rest/v1/rpc/mine", "/api/links/PLANTED-path", "/rest/v1/rpc/link?token=PLANTED-query", "/", "/health"]
    {
        told.push(watched.send("GET", path, &odd, "").raw);
    }
    for (path, body) in [
        ("/rest/v1/rpc/add_note", r#"{"body":"PLANTED-body"}"#),
        ("/rest/v1/rpc/label", r#"{"label":"PLANTED-label"}"#),
        ("/rest/v1/rpc/label", r#"{"label":"PLANTED-label"}"#),
        ("/rest/v1/rpc/label", r#"{"label":["PLANTED-list"]}"#),
        ("/rest/v1/rpc/add_note", r#"{"body":"PLANTED-body", "#),
        ("/rest/v1/rpc/slow", r#"{"token":"PLANTED-slow"}"#),
        ("/rest/v1/batch", r#"{"queries":[{"name":"link","args":{"token":"PLANTED-part"}}]}"#),
        ("/rest/v1/batch", r#"{"queries":[{"name":"link","args":{"token":7,"b":"PLANTED-part"}}]}"#),
    ] {
        let answer = watched.send("POST", path, &[("Authorization", &bearer)], body);
        // Only what the caller's own row gives back may hold it.
        if answer.status != 200 {
            told.push(answer.raw);
        }
    }
    for path in [
        "/api/linksx/PLANTED-misspelt",
        "/PLANTED-file.txt",
        "/rest/v1/rpc/pages?cursor=PLANTED-cursor",
        "/rest/v1/rpc/notes?count=PLANTED-number",
    ] {
        told.push(watched.get(path).raw);
    }
    told.push(watched.send("GET", NOTES, &basic, "").raw);
    told.push(watched.get_as(NOTES, "PLANTED-token").raw);
    told.push(watched.send("GET", NOTES, &[("apikey", "PLANTED-apikey")], "").raw);
    for path in
        ["/metrics", "/openapi.json", "/admin/v1/stats", "/admin/v1/performance", "/_/", "/_/performance", "/health"]
    {
        told.push(watched.get_as(path, &service).raw);
    }
    for (command, args) in
        [("config", &[][..]), ("config", &["--json"]), ("serve", &["--print-config"]), ("stats", &[]), ("check", &[])]
    {
        told.push(format!("{:?}", watched.app.run_with(command, args, "", &environment)));
    }
    let slow = r#""statement.name":"slow""#;
    watched.server.wait_for_stderr(slow, Duration::from_secs(10));
    std::thread::sleep(Duration::from_millis(200));
    told.push(watched.server.stderr());
    assert!(told.last().is_some_and(|log| log.contains("\"debug\"") && log.contains("/api/links/{token}")));
    for text in &told {
        for secret in &secrets {
            let at = text.find(secret.as_str());
            let around = at.map(|at| text.get(at.saturating_sub(200)..(at + 100).min(text.len())));
            assert_eq!(around, None, "`{secret}`");
        }
    }
    watched.ends_as_before();
}

#[test]
fn abuse_cfg_05_strangers_see_nothing_of_the_inside() {
    let watched = Watched::start();
    let user = watched.token(ANA);
    for path in [
        "/metrics",
        "/admin/v1/stats",
        "/api/performance/monitor",
        "/admin/v1/performance",
        "/_/",
        "/_/performance",
        "/_/try/notes",
        "/_/try/nothing",
        "/admin",
        "/admin/",
        "/admin/v1",
        "/debug",
        "/debug/pprof",
        "/debug/pprof/heap",
        "/debug/vars",
        "/docs/api",
        "/swagger",
        "/swagger.json",
        "/dashboard",
        "/_dev/status",
        "/_dev/reload.js",
        "/.well-known/../metrics",
        "/actuator",
        "/server-status",
        "/phpinfo.php",
        "/metrics/",
        "/Metrics",
    ] {
        for answer in [watched.get(path), watched.get_as(path, &user), watched.send("HEAD", path, &[], "")] {
            assert!([401, 403, 404].contains(&answer.status), "{path}: {}", answer.raw);
            answer.tells_nothing(path);
        }
        watched.get(path).is_refused(&[401, 404], path);
    }
    for path in [
        "/",
        "/health",
        "/api/health",
        "/livez",
        "/readyz",
        "/startupz",
        NOTES,
        "/nothing",
        "/rest/v1/rpc/nobody",
        "/metrics",
    ] {
        let answer = watched.get(path);
        assert!(!answer.raw.contains(env!("CARGO_PKG_VERSION")), "{path}: {}", answer.raw);
        for name in ["server", "x-powered-by", "via"] {
            assert_eq!(answer.field(name), "", "{path}: {name}");
        }
        answer.tells_nothing(path);
    }
    let inside = watched.get_as("/health", &watched.service_token());
    assert!(inside.body.contains(env!("CARGO_PKG_VERSION")), "the operator may know: {}", inside.raw);
    watched.ends_as_before();
}

#[test]
fn abuse_cfg_06_a_reload_under_load_fails_nobody() {
    let app = App::notes();
    let server = TestServer::start(binary(), &["dev"], app.path());
    let (is_over, calls) = (AtomicBool::new(false), AtomicUsize::new(0));
    let query = |word: &str| format!("-- @allow anyone\nselect '{word}' as word\n");
    app.save("queries/word.sql", &query("w0"));
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let mut known = false;
                while !is_over.load(Ordering::Relaxed) {
                    let reply = server.get("/rest/v1/rpc/word");
                    known |= reply.status == 200;
                    let is_good = reply.status == 200 && reply.body.starts_with(r#"[{"word":"w"#);
                    assert!(is_good || !known, "{reply:?}");
                    calls.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let wait_for = |wanted: &dyn Fn(&martlet_testkit::Reply) -> bool| {
            let start = Instant::now();
            while !wanted(&server.get("/rest/v1/rpc/word")) {
                assert!(start.elapsed() < Duration::from_secs(20), "{}", server.stderr());
                std::thread::sleep(Duration::from_millis(10));
            }
        };
        for round in 1..=6 {
            app.save("queries/word.sql", &query(&format!("w{round}")));
            wait_for(&|reply| reply.body == format!(r#"[{{"word":"w{round}"}}]"#));
            app.save("queries/word.sql", "-- @allow anyone\nselect nothing from nowhere\n");
            wait_for(&|reply| !reply.header("x-martlet-reload-error").is_empty());
            let kept = server.get("/rest/v1/rpc/word");
            assert_eq!(kept.body, format!(r#"[{{"word":"w{round}"}}]"#), "the old one stays whole");
            // Settings hold as they were, whatever the file has become.
            app.save("martlet.toml", &format!("[server\nbody_size_max = {round}\n"));
            let body = format!("{{\"body\":\"{}\"}}", "x".repeat(40));
            assert_eq!(server.post("/rest/v1/rpc/add_note", &body, "").status, 200);
        }
        is_over.store(true, Ordering::Relaxed);
    });
    assert!(calls.into_inner() > 20);
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn abuse_cfg_08_keys_that_others_can_read_refuse() {
    let app = App::migrated();
    app.run("keys", &[]);
    let chmod = |path: &str, mode: u32| {
        std::fs::set_permissions(app.file(path), std::fs::Permissions::from_mode(mode)).unwrap();
    };
    for mode in [0o644, 0o640, 0o604, 0o666] {
        chmod("data/keys.json", mode);
        for command in ["serve", "keys"] {
            let run = app.run(command, &[]);
            assert!(run.code == 1 && run.stderr.contains("chmod 600"), "{mode:o} {command}: {run:?}");
        }
    }
    chmod("data/keys.json", 0o600);
    chmod("data", 0o755);
    app.save("martlet.toml", &format!("[auth]\njwt_secret = \"{GOOD_SECRET}\"\n"));
    chmod("martlet.toml", 0o644);
    let server = app.serve();
    for told in ["chmod 700", "others can read `auth.jwt_secret`"] {
        server.wait_for_stderr(told, Duration::from_secs(10));
    }
    // The test may run as root: then that is told too.
    if std::fs::metadata("/proc/self").is_ok_and(|process| std::os::unix::fs::MetadataExt::uid(&process) == 0) {
        server.wait_for_stderr("running as root", Duration::from_secs(10));
    }
    assert!(!server.stderr().contains(GOOD_SECRET));
    drop(server);
    chmod("martlet.toml", 0o600);
    chmod("data", 0o700);
    let server = app.serve();
    assert!(!server.stderr().contains("others can read"), "{}", server.stderr());
}

#[test]
fn abuse_cfg_09_a_second_process_is_refused_at_once() {
    let watched = Watched::start();
    for command in ["serve", "dev", "migrate", "seed"] {
        let args: &[&str] = if ["serve", "dev"].contains(&command) { &["--listen", "127.0.0.1:0"] } else { &[] };
        let start = Instant::now();
        let run = watched.app.run(command, args);
        assert_eq!(run.code, 1, "{command}: {run:?}");
        assert!(run.stderr.contains(&watched.server.pid().to_string()), "who has it is told: {run:?}");
        // A second for the refusal; the rest is for starting a debug build on a busy machine.
        assert!(start.elapsed() < Duration::from_secs(4), "{command} took {:?}", start.elapsed());
    }
    assert_eq!(watched.get(NOTES).status, 200);
    watched.ends_as_before();
}

#[test]
fn abuse_cfg_11_no_text_forges_a_record_or_a_series() {
    let watched = Watched::start();
    let service = watched.service_token();
    let forged = [
        "/a%0a{%22level%22:%22error%22}",
        "/a%1b[2J%1b]0;x%07",
        "/%23%20HELP%20x%20y",
        "/a\",\"level\":\"error",
        "/a\\u001b[31m",
        "/%0d%0aSet-Cookie:%20x=y",
    ];
    for (index, path) in forged.iter().enumerate() {
        for method in ["GET", "#HELP", "FOO|BAR"] {
            let id = format!("forged-{index}-{method}");
            let agent = "x\u{9b}31m{\"level\":\"error\"}# HELP x";
            watched.send(method, path, &[("X-Request-Id", &id), ("User-Agent", agent)], "");
            watched.server.wait_for_stderr(&format!("\"{id}\""), Duration::from_secs(10));
        }
    }
    let log = watched.server.stderr();
    for line in log.lines() {
        let record: serde_json::Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(["debug", "info", "warn"].contains(&record["level"].as_str().unwrap()), "{line}");
        assert!(!line.chars().any(char::is_control), "{line:?}");
    }
    for index in 0..forged.len() {
        let id = format!("\"forged-{index}-GET\"");
        let answered = log.lines().filter(|line| line.contains(&id) && line.contains("\"answered\"")).count();
        assert_eq!(answered, 1, "one record each");
    }
    let series = || {
        let page = watched.get_as("/metrics", &service).body;
        for line in page.lines().filter(|line| !line.starts_with('#')) {
            let value = line.rsplit(' ').next().unwrap();
            assert!(value.parse::<f64>().is_ok(), "{line}");
        }
        assert!(!page.contains("kind-"), "nothing of a request's is a label");
        page.lines().count()
    };
    let flood = |from: usize, to: usize| {
        let mut stream = watched.connect();
        let mut drained = stream.try_clone().unwrap();
        let reader = std::thread::spawn(move || drained.read_to_end(&mut Vec::new()));
        for kind in from..to {
            let mut requests = String::new();
            for (method, path) in [
                ("GET", format!("/kind-{kind}")),
                ("GET", format!("/rest/v1/rpc/kind-{kind}")),
                ("GET", format!("/api/links/kind-{kind}")),
                (&*format!("KIND-{kind}"), "/".to_owned()),
            ] {
                requests.push_str(&format!("{method} {path} HTTP/1.1\r\nHost: kind-{kind}\r\nX-Kind: {kind}\r\n\r\n"));
            }
            stream.write_all(requests.as_bytes()).unwrap();
        }
        stream.write_all(b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
        reader.join().unwrap().unwrap();
    };
    // One of each kind first: what is new after that would be of a name.
    flood(0, 1);
    series();
    let before = series();
    flood(1, if std::env::var_os("MARTLET_TEST_LONG").is_some() { 25_000 } else { 500 });
    let after = series();
    assert!(after < before + 50, "{before} series became {after}");
    watched.ends_as_before();
}

#[test]
fn abuse_cfg_11_files_cannot_steer_a_terminal() {
    let app = App::notes();
    app.save("queries/a\n\u{1b}[2Jb.sql", "-- @allow anyone\nselect 1 as n\n");
    app.save("queries/bad.sql", "-- @allow anyone\n-- \u{1b}[31m # HELP x\nselect \u{1b}[2J nothing from notes\n");
    for args in [&[][..], &["--json"]] {
        let run = app.run("check", args);
        assert_eq!(run.code, 1, "{run:?}");
        let odd = |text: &str| text.chars().any(|c| c.is_control() && c != '\n');
        assert!(!odd(&run.stdout) && !odd(&run.stderr), "{run:?}");
    }
}
