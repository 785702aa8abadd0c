//! Hits that are answered before hyper reads them: the fields and bytes of the ordinary way, and of nobody else.

use crate::support::{Client, Reply, Site, token, token_for};
use martlet_core::{Clock as _, SystemClock, TestClock, Timestamp};
use std::sync::Arc;
use std::time::Duration;

/// What hyper ignores, and what makes a request too unusual to be answered early.
const ORDINARY: &str = "Expect: nothing\r\n";

fn site() -> Site {
    Site::cached(Arc::new(SystemClock), |_| {})
}

fn bearer(token: &str) -> String {
    format!("Authorization: Bearer {token}\r\n")
}

/// hyper writes the date last, behind the length.
fn is_early(reply: &Reply) -> bool {
    let place = |name: &str| reply.headers.iter().position(|(field, _)| field == name);
    place("date") < place("x-request-id")
}

/// Fields that tell nothing of the time.
fn words(reply: &Reply) -> Vec<(String, String)> {
    let unlike = ["date", "server-timing", "x-request-id", "ratelimit"];
    let mut words: Vec<_> =
        reply.headers.iter().filter(|(name, _)| !unlike.contains(&name.as_str())).cloned().collect();
    words.sort();
    words
}

/// Asks until it is answered early, and gives that answer.
fn early(client: &mut Client, line: &str, fields: &str) -> Reply {
    for _ in 0..3 {
        let reply = client.ask(line, fields);
        if is_early(&reply) {
            return reply;
        }
    }
    panic!("never answered early: {line} {fields}");
}

fn never_early(client: &mut Client, line: &str, fields: &str) -> Reply {
    let mut last = None;
    for _ in 0..4 {
        let reply = client.ask(line, fields);
        assert!(!is_early(&reply), "{line} {fields}: {reply:?}");
        last = Some(reply);
    }
    last.unwrap()
}

#[test]
fn an_early_hit_has_the_fields_and_bytes_of_a_late_one() {
    let site = Site::cached(Arc::new(SystemClock), |settings| settings.rate_limit = "10000/m".parse().ok());
    let mut client = Client::of(&site);
    let user = bearer(&token("authenticated"));
    let apikey = format!("apikey: {}\r\n", token("service_role"));
    let note = format!("{user}Content-Type: application/json\r\nContent-Length: 12\r\n\r\n{{\"text\":\"a\"}}");
    assert!(client.write(&format!("POST /rest/v1/rpc/add_note HTTP/1.1\r\nHost: x\r\n{note}")));
    assert_eq!(client.answer().unwrap().status, 200);
    let mut client = Client::of(&site);
    let lines = [
        ("GET /rest/v1/rpc/greet?name=x", ""),
        ("GET /rest/v1/rpc/greet?name=%78&select=*", ""),
        ("GET /rest/v1/rpc/series?high=200", ""),
        ("GET /rest/v1/rpc/series?high=2000", "Accept-Encoding: gzip\r\n"),
        ("GET /rest/v1/rpc/notes", user.as_str()),
        ("GET /rest/v1/rpc/notes", apikey.as_str()),
        ("GET /rest/v1/rpc/whoami", user.as_str()),
        ("GET /rest/v1/rpc/whoami", ""),
        ("GET /api/tags/a%2Fb", ""),
        ("GET /api/tags/a/from/3", ""),
    ];
    let forms =
        ["", "Accept: text/csv\r\n", "Accept: application/vnd.pgrst.object+json\r\n", "Accept: */*, text/x\r\n"];
    let codings = ["", "Accept-Encoding: gzip, br, zstd\r\n", "Accept-Encoding: br\r\n"];
    let origins = ["", "Origin: https://a.example\r\n"];
    let mut count = 0;
    for (line, fields) in lines {
        for form in forms {
            for coding in codings.iter().filter(|coding| coding.is_empty() || !fields.contains("Encoding")) {
                let fields = format!("{fields}{form}{coding}");
                let first = client.ask(line, &fields);
                if first.status != 200 {
                    assert!(!is_early(&never_early(&mut client, line, &fields)));
                    continue;
                }
                for origin in origins {
                    let fields = format!("{fields}{origin}");
                    let early = early(&mut client, line, &fields);
                    let late = client.ask(line, &format!("{fields}{ORDINARY}"));
                    assert!(!is_early(&late));
                    assert_eq!(words(&early), words(&late), "{line} {fields}");
                    assert_eq!((early.status, &early.bytes), (200, &late.bytes), "{line} {fields}");
                    assert_eq!(first.bytes, late.bytes);
                    assert!(early.header("ratelimit").starts_with("\"address\";r="), "{early:?}");
                    let tag = early.header("etag");
                    for condition in [tag.to_owned(), "*".to_owned(), format!("\"x\", W/{tag}"), "\"x\"".to_owned()] {
                        let fields = format!("{fields}If-None-Match: {condition}\r\n");
                        let early = self::early(&mut client, line, &fields);
                        let late = client.ask(line, &format!("{fields}{ORDINARY}"));
                        assert_eq!(early.status, if condition == "\"x\"" { 200 } else { 304 }, "{condition}");
                        assert_eq!((early.status, words(&early)), (late.status, words(&late)), "{line} {fields}");
                        assert_eq!(early.bytes, late.bytes);
                    }
                    let head = line.replace("GET ", "HEAD ");
                    let early = self::early(&mut client, &head, &fields);
                    let late = client.ask(&head, &format!("{fields}{ORDINARY}"));
                    assert_eq!((early.status, words(&early)), (200, words(&late)), "{head} {fields}");
                    count += 1;
                }
            }
        }
    }
    assert!(count > 100, "{count}");
}

#[test]
fn abuse_cache_01_an_early_hit_is_of_the_very_caller() {
    let site = site();
    let mut client = Client::of(&site);
    let line = "GET /rest/v1/rpc/whoami";
    let (ana, service) = (token("authenticated"), token("service_role"));
    let editor = token("editor");
    let callers = [
        (bearer(&ana), "authenticated"),
        (String::new(), "anon"),
        (bearer(&editor), "editor"),
        (format!("apikey: {ana}\r\n"), "authenticated"),
        (format!("apikey: {service}\r\n"), "service_role"),
        (format!("apikey: {service}\r\n{}", bearer(&ana)), "authenticated"),
        (format!("apikey: {ana}\r\n{}", bearer(&service)), "service_role"),
        (format!("Cookie: token={ana}; sb-access-token={ana}\r\n"), "anon"),
    ];
    for _ in 0..3 {
        for (fields, role) in &callers {
            let reply = client.ask(line, fields);
            assert_eq!(reply.status, 200, "{reply:?}");
            assert!(reply.body.contains(&format!("\"role\":\"{role}\"")), "{fields}: {}", reply.body);
            assert_eq!(reply.header("cache-control"), "private, no-cache");
            assert!(reply.header("vary").starts_with("Authorization, apikey, "), "{}", reply.header("vary"));
            assert_eq!((reply.header("cdn-cache-control"), reply.header("surrogate-key")), ("", ""));
        }
    }
    for (fields, _) in &callers {
        assert!(is_early(&client.ask(line, fields)), "{fields}");
    }
    // A token in the query is an argument that nobody declared, and never who asks.
    assert_eq!(client.ask(&format!("{line}?apikey={ana}"), "").status, 400);
    // Whom the declaration does not allow gets nothing of what it keeps for others.
    let notes = "GET /rest/v1/rpc/notes";
    assert_eq!(early(&mut client, notes, &bearer(&ana)).status, 200);
    for _ in 0..3 {
        assert_eq!(client.ask(notes, "").status, 401);
        assert_eq!(client.ask(notes, &bearer("x.y.z")).status, 401);
        let torn = format!("{}{}", bearer(&ana), bearer(&service));
        assert_eq!(client.ask(notes, &torn).status, 400);
    }
}

#[test]
fn abuse_cache_01_a_token_ends_at_its_time_also_for_hits() {
    let start = SystemClock.now();
    let clock = Arc::new(TestClock::at(start));
    let site = Site::cached(clock.clone(), |_| {});
    let mut client = Client::of(&site);
    let user = bearer(&token_for("authenticated", Duration::from_secs(60)));
    assert_eq!(early(&mut client, "GET /rest/v1/rpc/notes", &user).status, 200);
    clock.set(Timestamp::from_micros(start.micros() + 300_000_000));
    let reply = never_early(&mut client, "GET /rest/v1/rpc/notes", &user);
    assert_eq!((reply.status, reply.header("cache-control")), (401, "no-store"));
}

#[test]
fn abuse_cache_06_hosts_and_other_names_of_the_target_change_nothing() {
    let site = site();
    let mut client = Client::of(&site);
    let line = "GET /rest/v1/rpc/greet?name=x";
    let normal = early(&mut client, line, "");
    let ask = |head: &str| {
        let mut client = Client::of(&site);
        assert!(client.write(&format!("{head}\r\n\r\n")));
        client.answer().unwrap()
    };
    let heads = [
        "GET /rest/v1/rpc/greet?name=x HTTP/1.1\r\nHost: other.example:81",
        "GET /rest/v1/rpc/greet?name=x HTTP/1.1\r\nHost: x\r\nX-Forwarded-Host: other.example\r\nX-Forwarded-Proto: https",
        "GET /rest/v1/rpc/greet?name=x HTTP/1.1\r\nHost: x\r\nX-Original-URL: /rest/v1/rpc/secrets\r\nX-Rewrite-URL: /",
        "GET http://x/rest/v1/rpc/greet?name=x HTTP/1.1\r\nHost: x",
        "GET /rest/v1/rpc/greet?name=x#fragment HTTP/1.1\r\nHost: x",
    ];
    for head in heads {
        for _ in 0..3 {
            let reply = ask(head);
            assert_eq!((reply.status, &reply.body), (200, &normal.body), "{head}");
        }
    }
    for bad in [
        "GET /rest/v1/rpc/greet?name=x HTTP/1.1\r\nHost: a\r\nHost: b",
        "GET /rest/v1/rpc/greet?name=x HTTP/1.1",
        "GET /rest/v1/rpc/greet?name=x HTTP/1.1\r\nHost: a/b",
        "GET http://y/rest/v1/rpc/greet?name=x HTTP/1.1\r\nHost: x",
    ] {
        assert_eq!(ask(bad).status, 400, "{bad}");
    }
    let again = client.ask(line, "");
    assert!(is_early(&again));
    assert_eq!((words(&again), &again.body), (words(&normal), &normal.body));
}

#[test]
fn abuse_cache_07_no_field_outside_the_key_changes_what_others_get() {
    let site = site();
    let mut client = Client::of(&site);
    let line = "GET /rest/v1/rpc/greet?name=x";
    let names = [
        "Accept-Language",
        "Accept-Charset",
        "Accept-Profile",
        "Content-Profile",
        "Content-Type",
        "Content-Language",
        "Content-Encoding",
        "Cookie",
        "Set-Cookie",
        "Cache-Control",
        "Pragma",
        "If-Modified-Since",
        "If-Unmodified-Since",
        "If-Range",
        "If-Match",
        "If-None-Match",
        "Range",
        "Range-Unit",
        "Prefer",
        "Idempotency-Key",
        "User-Agent",
        "Referer",
        "Forwarded",
        "Via",
        "X-Forwarded-For",
        "X-Forwarded-Host",
        "X-Forwarded-Proto",
        "X-Forwarded-Port",
        "X-Forwarded-Prefix",
        "X-Forwarded-Scheme",
        "X-Real-IP",
        "X-Original-URL",
        "X-Rewrite-URL",
        "X-HTTP-Method",
        "X-HTTP-Method-Override",
        "X-Method-Override",
        "X-Host",
        "X-Client-Info",
        "X-Request-Id",
        "Traceparent",
        "Tracestate",
        "Baggage",
        "DNT",
        "Sec-Fetch-Mode",
        "Sec-CH-UA",
        "Upgrade-Insecure-Requests",
        "TE",
        "Trailer",
        "Transfer-Encoding",
        "Upgrade",
        "Expect",
        "Max-Forwards",
        "Origin",
        "Access-Control-Request-Method",
        "Server",
        "ETag",
        "Vary",
        "Location",
        "Martlet-Position",
        "Martlet-Cache",
        "Surrogate-Key",
        "Cache-Tag",
        "CDN-Loop",
        "Age",
    ];
    let others = (0..140).map(|number| format!("X-Unusual-{number}"));
    let names: Vec<String> = names.map(str::to_owned).into_iter().chain(others).collect();
    assert!(names.len() >= 200, "{}", names.len());
    let normal = early(&mut client, line, "");
    for name in &names {
        for value in ["evil", "https://evil.example", "handling=strict, evil", "max-age=99999", "\"x\""] {
            // On a connection of its own: some of these end it.
            let mut odd = Client::of(&site);
            if odd.write(&format!("{line} HTTP/1.1\r\nHost: x\r\n{name}: {value}\r\n\r\n"))
                && let Some(reply) = odd.answer()
                && reply.status == 200
            {
                assert_eq!(reply.body, normal.body, "{name}: {value}");
            }
        }
        let again = client.ask(line, "");
        assert!(is_early(&again), "{name}");
        assert_eq!((words(&again), &again.body), (words(&normal), &normal.body), "{name}");
    }
}

#[test]
fn abuse_cache_08_no_suffix_makes_an_answer_public() {
    let site = site();
    let mut client = Client::of(&site);
    let user = bearer(&token("authenticated"));
    assert!(early(&mut client, "GET /rest/v1/rpc/whoami", &user).body.contains("authenticated"));
    let suffixes = [
        "/x.css",
        ";.js",
        "%2fx.png",
        "/..%2fwhoami",
        "%00.css",
        "%0a.css",
        "%3f.css",
        ".css",
        "/%2e%2e/whoami",
        "%23.png",
    ];
    for suffix in suffixes {
        let reply = never_early(&mut client, &format!("GET /rest/v1/rpc/whoami{suffix}"), &user);
        assert!([400, 404].contains(&reply.status), "{suffix}: {}", reply.status);
        assert_eq!((reply.header("cache-control"), reply.header("cdn-cache-control")), ("no-store", ""), "{suffix}");
        assert!(!reply.body.contains("authenticated"), "{suffix}");
    }
    let reply = client.ask("GET /rest/v1/rpc/whoami?x.css", &user);
    assert_eq!((reply.status, reply.header("cache-control")), (400, "no-store"));
}

#[test]
fn abuse_cache_09_errors_and_odd_answers_are_never_given_again() {
    let site = Site::cached(Arc::new(SystemClock), |settings| settings.rate_limit = "200/h".parse().ok());
    let mut client = Client::of(&site);
    let user = bearer(&token("authenticated"));
    for (line, fields, status) in [
        ("GET /rest/v1/rpc/notes", "", 401),
        ("GET /rest/v1/rpc/secrets", user.as_str(), 403),
        ("GET /rest/v1/rpc/nothing", "", 404),
        ("GET /rest/v1/rpc/note?id=1", "", 404),
        ("GET /rest/v1/rpc/greet?name=x", "Accept: image/png\r\n", 406),
        ("GET /rest/v1/rpc/greet", "", 400),
        ("GET /rest/v1/rpc/slow?high=900000000", "", 504),
        ("GET /rest/v1/rpc/greet?name=x", "Prefer: count=exact\r\n", 200),
        ("GET /rest/v1/rpc/greet?name=x", "Range: bytes=0-1\r\n", 200),
        ("GET /t/x", "", 200),
    ] {
        let reply = never_early(&mut client, line, fields);
        assert_eq!((reply.status, reply.header("set-cookie")), (status, ""), "{line}");
        assert!(status == 200 || reply.header("cache-control") == "no-store", "{line}");
    }
    // What a limit is declared for is counted each time.
    for left in [2, 1, 0] {
        let reply = client.ask("GET /rest/v1/rpc/limited", "");
        assert!(
            !is_early(&reply) && reply.header("ratelimit").contains(&format!("\"limited\";r={left};")),
            "{reply:?}"
        );
    }
    assert_eq!(never_early(&mut client, "GET /rest/v1/rpc/limited", "").status, 429);
    // A row that was missing is there once it is written.
    let body = r#"{"text":"a"}"#;
    let post = format!("{user}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let mut writer = Client::of(&site);
    assert!(writer.write(&format!("POST /rest/v1/rpc/add_note HTTP/1.1\r\nHost: x\r\n{post}")));
    assert_eq!(writer.answer().unwrap().status, 200);
    assert_eq!(early(&mut client, "GET /rest/v1/rpc/note?id=1", "").status, 200);
    // Hits are counted against the limit of the address, and refused over it.
    let left = |reply: &Reply| -> u64 {
        let state = reply.header("ratelimit").to_owned();
        state.split(";r=").nth(1).and_then(|rest| rest.split(';').next()).unwrap().parse().unwrap()
    };
    let first = left(&client.ask("GET /rest/v1/rpc/note?id=1", ""));
    let mut last = first;
    while last > 0 {
        let reply = client.ask("GET /rest/v1/rpc/note?id=1", "");
        assert!(is_early(&reply));
        assert_eq!(left(&reply), last - 1);
        last -= 1;
    }
    let refused = never_early(&mut client, "GET /rest/v1/rpc/note?id=1", "");
    assert_eq!((refused.status, refused.header("cache-control")), (429, "no-store"));
}

#[test]
fn a_write_ends_early_hits_before_it_is_answered() {
    let site = site();
    let (mut reader, mut writer) = (Client::of(&site), Client::of(&site));
    let user = bearer(&token("authenticated"));
    let mut tags = Vec::new();
    for number in 1..=30 {
        let body = r#"{"text":"a"}"#;
        let fields = format!("{user}Content-Type: application/json\r\nContent-Length: {}\r\n", body.len());
        assert!(writer.write(&format!("POST /rest/v1/rpc/add_note HTTP/1.1\r\nHost: x\r\n{fields}\r\n{body}")));
        let written = writer.answer().unwrap();
        assert_eq!(written.status, 200);
        let conditions = tags.last().map_or_else(String::new, |tag| format!("If-None-Match: {tag}\r\n"));
        let reply = reader.ask("GET /rest/v1/rpc/notes", &format!("{user}{conditions}"));
        assert_eq!(reply.status, 200, "changed");
        assert_eq!(reply.body.matches("\"id\"").count(), number);
        let reply = early(&mut reader, "GET /rest/v1/rpc/notes", &user);
        assert_eq!(reply.body.matches("\"id\"").count(), number);
        assert_eq!(reply.header("martlet-position"), written.header("martlet-position"));
        let unchanged =
            early(&mut reader, "GET /rest/v1/rpc/notes", &format!("{user}If-None-Match: {}\r\n", reply.header("etag")));
        assert_eq!(unchanged.status, 304);
        tags.push(reply.header("etag").to_owned());
    }
}

#[test]
fn another_version_of_the_app_ends_early_hits() {
    let site = site();
    let mut client = Client::of(&site);
    assert_eq!(early(&mut client, "GET /rest/v1/rpc/greet?name=x", "").body, r#"[{"greeting":"x"}]"#);
    let file = |path: &str, text: &str| martlet_sql::SourceFile { path: path.to_owned(), text: text.to_owned() };
    let files = [
        file(
            "migrations/0001_notes.sql",
            "create table notes (id bigint generated by default as identity primary key, text text not null);",
        ),
        file("queries/greet.sql", "-- @allow user\n-- @param name text\nselect :name || '!' as greeting"),
    ];
    site.engine.replace_app(martlet_sql::compile(&files).app.unwrap()).unwrap();
    assert_eq!(client.ask("GET /rest/v1/rpc/greet?name=x", "").status, 401);
    let user = bearer(&token("authenticated"));
    let reply = early(&mut client, "GET /rest/v1/rpc/greet?name=x", &user);
    assert_eq!(reply.body, r#"[{"greeting":"x!"}]"#);
    assert_eq!(reply.header("cache-control"), "private, no-cache");
}

#[test]
fn hits_are_counted() {
    let site = Site::cached(Arc::new(SystemClock), |settings| settings.is_dev = true);
    let mut client = Client::of(&site);
    for path in ["/rest/v1/rpc/greet?name=x", "/api/tags/a"] {
        early(&mut client, &format!("GET {path}"), "");
        for _ in 0..9 {
            assert!(is_early(&client.get(path)));
        }
    }
    let page = site.get("/metrics").body;
    let count = |route: &str| {
        let is_it = |line: &&str| {
            line.starts_with("http_server_request_duration_seconds_count") && line.contains(&format!("\"{route}\""))
        };
        let line = page.lines().find(is_it).unwrap_or_else(|| panic!("{route}: {page}"));
        line.rsplit(' ').next().unwrap().parse::<f64>().unwrap()
    };
    assert!(count("/rest/v1/rpc/{name}") >= 10.0 && count("/api/tags/{tag}") >= 10.0);
    assert_eq!(
        site.engine.route_counts().iter().find(|route| route.path == "/api/tags/{tag}").unwrap().calls as f64,
        count("/api/tags/{tag}")
    );
    let figures = site.engine.cache_figures();
    let greet = figures.iter().find(|figures| figures.name == "greet").unwrap();
    assert_eq!((greet.hits + greet.misses) as f64, count("/rest/v1/rpc/{name}"));
    assert!(greet.hits >= 9);
}

#[test]
fn an_answer_after_its_end_is_given_on_the_ordinary_way_and_says_so_in_every_form() {
    let site = site();
    let mut client = Client::of(&site);
    let user = bearer(&token("authenticated"));
    let line = "GET /rest/v1/rpc/lax";
    let before = early(&mut client, line, &user);
    let other = early(&mut client, line, &format!("{user}Accept-Encoding: gzip\r\n"));
    let note = format!("{user}Content-Type: application/json\r\nContent-Length: 12\r\n\r\n{{\"text\":\"a\"}}");
    let mut writer = Client::of(&site);
    assert!(writer.write(&format!("POST /rest/v1/rpc/add_note HTTP/1.1\r\nHost: x\r\n{note}")));
    assert_eq!(writer.answer().unwrap().status, 200);
    let marked = client.ask(line, &user);
    assert!(!is_early(&marked), "{marked:?}");
    assert_eq!((marked.header("martlet-cache"), &marked.bytes), ("stale", &before.bytes));
    assert_eq!(marked.header("etag"), before.header("etag"));
    assert_eq!([marked.header("age"), marked.header("cache-status")], ["1", "martlet; hit; ttl=-1"]);
    assert_eq!(marked.header("cache-control"), "private, no-cache");
    // Exact again, once it is renewed; early too.
    let begun = std::time::Instant::now();
    let exact = loop {
        let reply = client.ask(line, &user);
        if reply.header("martlet-cache") == "memory" {
            break reply;
        }
        assert!(begun.elapsed() < Duration::from_secs(10), "{reply:?}");
    };
    assert_eq!(exact.bytes, br#"[{"n":1}]"#);
    assert!(!exact.headers.iter().any(|(name, _)| name == "age" || name == "cache-status"), "{exact:?}");
    assert_eq!(early(&mut client, line, &user).bytes, exact.bytes);
    assert_ne!(early(&mut client, line, &format!("{user}Accept-Encoding: gzip\r\n")).bytes, other.bytes);
    // A condition is judged as ever, and who wants the answer of now gets it.
    assert!(writer.write(&format!("POST /rest/v1/rpc/add_note HTTP/1.1\r\nHost: x\r\n{note}")));
    assert_eq!(writer.answer().unwrap().status, 200);
    let same = client.ask(line, &format!("{user}If-None-Match: {}\r\n", exact.header("etag")));
    if same.status == 304 {
        assert_eq!([same.header("martlet-cache"), same.header("age")], ["stale", "1"]);
    }
    for now in ["no-cache", "max-age=0", "max-stale, No-Cache"] {
        let reply = client.ask(line, &format!("{user}Cache-Control: {now}\r\n"));
        assert_eq!(reply.bytes, br#"[{"n":2}]"#, "{now}");
    }
}

#[test]
fn an_answer_that_is_to_be_renewed_is_given_early_but_for_the_one_that_asks() {
    let site = site();
    let mut client = Client::of(&site);
    let line = "GET /rest/v1/rpc/moment";
    let first = early(&mut client, line, "");
    let begun = std::time::Instant::now();
    let (mut last, mut late, mut asked) = (first.bytes.clone(), 0, 0);
    while last == first.bytes {
        assert!(begun.elapsed() < Duration::from_secs(20), "never renewed");
        let reply = client.ask(line, "");
        assert_eq!(reply.header("martlet-cache"), "memory", "nobody waits for it");
        late += u32::from(!is_early(&reply));
        asked += 1;
        last = reply.bytes;
    }
    // The one that asks for the next, and the one that is given it first.
    assert!(late <= 3 && asked > 100, "{late} of {asked}");
}
