//! A server under abuse, and what must hold after every case: it lives, nobody else notices, nothing is kept, nothing
//! of the inside is told.

use crate::support::{ANA, App, binary};
use martlet_testkit::TestServer;
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// An answer that takes longer is a failure.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long after a case memory and open files may take to be back.
const BACK_WITHIN: Duration = Duration::from_secs(60);
const MIB: u64 = 1024 * 1024;
/// Peak above rest, in a case that names no other bound.
const PEAK_MAX: u64 = 256 * MIB;
/// What may stay above rest.
const REST_MAX: u64 = 32 * MIB;
/// Never in an error, whoever asks.
const NEVER_TOLD: &[&str] =
    &["panicked", ".rs:", "sqlite", "SQLite", "insert into", "select id", "notes_owner_idx", "/tmp/", "backtrace"];

/// An app with what the cases need.
pub(crate) const FILES: &[(&str, &str)] = &[
    (
        "queries/limited.sql",
        "-- @allow anyone\n-- @param key text = 'x'\n-- @limit 3/h per user \"Slow down.\"\nselect :key as key\n",
    ),
    (
        "queries/link.sql",
        "-- @allow anyone\n-- @param token text\n-- @returns row\n-- @route GET /api/links/{token}\n\
         select length(:token) as length\n",
    ),
    ("queries/secret_route.sql", "-- @allow user\n-- @route GET /api/secret\nselect auth.uid() as uid\n"),
    ("queries/pages.sql", "-- @allow anyone\n-- @page by id size 2 max 3\nselect body from notes\n"),
    ("public/index.html", "<!doctype html><title>home</title>\n"),
    ("public/docs/index.html", "<!doctype html><title>docs</title>\n"),
];

/// A running server, and another caller who must not notice.
pub(crate) struct Watched {
    pub(crate) app: App,
    pub(crate) server: TestServer,
    environment: Vec<(String, String)>,
    rest: Figures,
    control: Control,
}

/// What the process holds.
#[derive(Debug, Clone, Copy)]
struct Figures {
    files: usize,
    resident: u64,
    peak: u64,
}

/// An answer as it came.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Names in lower case.
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) body: String,
    /// All that came on the connection.
    pub(crate) raw: String,
}

impl Answer {
    fn of(bytes: &[u8]) -> Self {
        let raw = String::from_utf8_lossy(bytes).into_owned();
        let (head, body) = raw.split_once("\r\n\r\n").unwrap_or((&raw, ""));
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).unwrap_or(0);
        let fields = lines.filter_map(|line| line.split_once(": "));
        let fields = fields.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
        Self { status, fields, body: body.to_owned(), raw: raw.clone() }
    }

    pub(crate) fn field(&self, name: &str) -> &str {
        self.fields.iter().find(|(field, _)| field == name).map_or("", |(_, value)| value)
    }

    /// Asserts that this is one refusal in the shape that every error has, with a documented code, and nothing more.
    pub(crate) fn is_refused(&self, statuses: &[u16], what: &str) {
        assert!(statuses.contains(&self.status), "{what}: {statuses:?}: {}", self.raw);
        assert_eq!(self.raw.matches("HTTP/1.1 ").count(), 1, "{what}: nothing else is answered: {}", self.raw);
        let content_type = self.field("content-type");
        let is_ours = ["application/json; charset=utf-8", "application/problem+json"].contains(&content_type);
        assert!(is_ours, "{what}: {}", self.raw);
        let body: BTreeMap<String, serde_json::Value> =
            serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{what}: {error}: {}", self.raw));
        let code = body["code"].as_str().unwrap_or_default();
        let documented = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/errors.md");
        let documented = std::fs::read_to_string(documented).unwrap();
        assert!(documented.contains(&format!("| `{code}` |")), "{what}: {}", self.raw);
        assert_eq!(self.field("cache-control"), "no-store", "{what}: {}", self.raw);
        self.tells_nothing(what);
    }

    /// Asserts that nothing of the inside is in it.
    pub(crate) fn tells_nothing(&self, what: &str) {
        for word in NEVER_TOLD {
            assert!(!self.raw.contains(word), "{what}: `{word}` in {}", self.raw);
        }
        assert_eq!(self.field("server"), "", "{what}");
    }
}

impl Watched {
    pub(crate) fn start() -> Self {
        Self::with("", &[])
    }

    /// With this `martlet.toml` and these variables.
    pub(crate) fn with(settings: &str, environment: &[(&str, &str)]) -> Self {
        let app = App::notes();
        for (path, text) in FILES {
            app.save(path, text);
        }
        app.save("martlet.toml", settings);
        assert_eq!(app.run("migrate", &[]).code, 0);
        Self::serve(app, environment)
    }

    /// Serves an app that is ready.
    pub(crate) fn serve(app: App, environment: &[(&str, &str)]) -> Self {
        let mut variables = vec![("MARTLET_LOG_LEVEL", "debug")];
        variables.extend_from_slice(environment);
        let server = TestServer::start_with(binary(), &["serve"], app.path(), &variables);
        let address: SocketAddr = server.url().trim_start_matches("http://").parse().unwrap();
        let token = key_of(&app, &["--user", ANA], environment);
        // What is made once, at the first use, is part of rest.
        for round in 0..20 {
            assert_eq!(control_call(address, round, &token), Ok(()));
        }
        // SQLite keeps one file open that was closed beside others of its kind, for whoever looks next.
        let keys = key_of(&app, &[], environment);
        let service = keys.lines().find_map(|line| line.strip_prefix("service_role ")).unwrap();
        assert_eq!(look_from_elsewhere(address, service).unwrap().status, 200);
        let rest = figures(server.pid());
        let control = Control::start(address, token);
        let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Self { app, server, environment, rest, control }
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let address: SocketAddr = self.server.url().trim_start_matches("http://").parse().unwrap();
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// Sends these bytes on a connection of their own and reads until it is closed by the server.
    pub(crate) fn raw(&self, bytes: impl AsRef<[u8]>) -> Answer {
        let mut stream = self.connect();
        // A refusal may come, and the connection end, before all is written.
        let _ = stream.write_all(bytes.as_ref());
        read(stream)
    }

    /// One request with these fields, and no other.
    pub(crate) fn send(&self, method: &str, target: &str, fields: &[(&str, &str)], body: &str) -> Answer {
        let mut request = format!("{method} {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n");
        for (name, value) in fields {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        if !body.is_empty() {
            request.push_str(&format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len()));
        }
        self.raw(format!("{request}\r\n{body}"))
    }

    pub(crate) fn get(&self, target: &str) -> Answer {
        self.send("GET", target, &[], "")
    }

    pub(crate) fn get_as(&self, target: &str, token: &str) -> Answer {
        self.send("GET", target, &[("authorization", &format!("Bearer {token}"))], "")
    }

    /// A token of this user's.
    pub(crate) fn token(&self, user: &str) -> String {
        self.key_of(&["--user", user])
    }

    pub(crate) fn service_token(&self) -> String {
        let keys = self.key_of(&[]);
        keys.lines().find_map(|line| line.strip_prefix("service_role ")).unwrap().to_owned()
    }

    fn key_of(&self, args: &[&str]) -> String {
        let environment: Vec<_> =
            self.environment.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        key_of(&self.app, args, &environment)
    }

    /// The end of a case: the process lives, its log tells of no fault, the other caller had no error, memory and open
    /// files are back.
    pub(crate) fn ends_as_before(self) {
        let Self { app, mut server, rest, control, .. } = self;
        control.end();
        let pid = server.pid();
        let peak = figures(pid).peak;
        assert!(peak < rest.peak + PEAK_MAX, "peak: {} of {rest:?}", peak);
        let start = Instant::now();
        loop {
            let now = figures(pid);
            if now.files <= rest.files && now.resident < rest.resident + REST_MAX {
                break;
            }
            assert!(start.elapsed() < BACK_WITHIN, "{now:?} is not back at {rest:?}");
            std::thread::sleep(Duration::from_millis(50));
        }
        server.signal("TERM");
        assert_eq!(server.wait(), Some(0), "{}", server.stderr());
        for line in server.stderr().lines() {
            let record: serde_json::Value =
                serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
            assert_ne!(record["level"], "error", "{line}");
        }
        drop(app);
    }
}

/// Reads until the other side closes.
pub(crate) fn read(mut stream: TcpStream) -> Answer {
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    Answer::of(&bytes)
}

fn key_of(app: &App, args: &[&str], environment: &[(&str, &str)]) -> String {
    let run = app.run_with("keys", args, "", environment);
    assert_eq!(run.code, 0, "{run:?}");
    run.stdout.trim().to_owned()
}

fn figures(pid: u32) -> Figures {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("the process lives");
    let kib = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.split_whitespace().next().unwrap().parse::<u64>().unwrap() * 1024
    };
    let files = std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count();
    Figures { files, resident: kib("VmRSS:"), peak: kib("VmHWM:") }
}

/// Another caller from another address: 20 calls a second, reads and writes, of whom none may fail.
struct Control {
    is_over: Arc<AtomicBool>,
    thread: JoinHandle<Vec<String>>,
}

impl Control {
    fn start(address: SocketAddr, token: String) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&is_over);
        let thread = std::thread::spawn(move || {
            let mut failures = Vec::new();
            for round in 0.. {
                if flag.load(Ordering::Relaxed) {
                    break;
                }
                failures.extend(control_call(address, round, &token).err());
                std::thread::sleep(Duration::from_millis(50));
            }
            failures
        });
        Self { is_over, thread }
    }

    fn end(self) {
        self.is_over.store(true, Ordering::Relaxed);
        assert_eq!(self.thread.join().unwrap(), Vec::<String>::new(), "the other caller had errors");
    }
}

fn control_call(address: SocketAddr, round: u64, token: &str) -> Result<(), String> {
    let head = "Host: control\r\nConnection: close\r\n";
    let request = match round % 4 {
        0 => format!("GET /rest/v1/rpc/notes?count=5 HTTP/1.1\r\n{head}\r\n"),
        1 => format!("GET /rest/v1/rpc/mine HTTP/1.1\r\n{head}Authorization: Bearer {token}\r\n\r\n"),
        2 => format!(
            "POST /rest/v1/rpc/add_note HTTP/1.1\r\n{head}Content-Type: application/json\r\nContent-Length: 15\r\n\r\n\
             {{\"body\":\"note\"}}"
        ),
        _ => format!("GET / HTTP/1.1\r\n{head}\r\n"),
    };
    let call = || -> std::io::Result<Answer> {
        let mut stream = connect_from_elsewhere(address, round)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(request.as_bytes())?;
        Ok(read(stream))
    };
    match call() {
        Ok(answer) if answer.status == 200 => Ok(()),
        Ok(answer) => Err(format!("{request}: {}", answer.raw)),
        Err(error) => Err(format!("{request}: {error}")),
    }
}

/// The figures, as the operator sees them.
fn look_from_elsewhere(address: SocketAddr, service: &str) -> std::io::Result<Answer> {
    let mut stream = connect_from_elsewhere(address, 0)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let head = format!("Host: control\r\nConnection: close\r\nAuthorization: Bearer {service}\r\n");
    stream.write_all(format!("GET /admin/v1/performance HTTP/1.1\r\n{head}\r\n").as_bytes())?;
    Ok(read(stream))
}

/// A connection from another address: all of 127/8 are this machine's. Each call has one of 200, so that a limit of
/// addresses that is under test never counts them.
fn connect_from_elsewhere(address: SocketAddr, round: u64) -> std::io::Result<TcpStream> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let stream = runtime.block_on(async {
        let socket = tokio::net::TcpSocket::new_v4()?;
        socket.bind(format!("127.0.0.{}:0", 2 + round % 200).parse().unwrap())?;
        socket.connect(address).await?.into_std()
    })?;
    stream.set_nonblocking(false)?;
    Ok(stream)
}
