//! Event streams of the real binary, as clients and proxies see them.

mod clients;
mod proxy;
mod rights;

use crate::support::App;
use martlet_testkit::TestServer;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

/// An event that takes longer is a failure.
const PATIENCE: Duration = Duration::from_secs(20);
/// Long enough that what should not come would have come.
const A_WHILE: Duration = Duration::from_millis(400);
const SECRET: (&str, &str) = ("MARTLET_AUTH_JWT_SECRET", "0123456789abcdef0123456789abcdef");

/// A stream that curl follows, block by block.
struct Curl {
    child: Child,
    lines: Receiver<String>,
}

impl Curl {
    fn follow(args: &[&str]) -> Self {
        let mut command = Command::new("curl");
        command.args(["--no-buffer", "--silent", "--show-error", "--header", "Accept: text/event-stream"]).args(args);
        let mut child = command.stdout(Stdio::piped()).spawn().expect("start curl");
        let stdout = BufReader::new(child.stdout.take().expect("stdout is piped"));
        let (tell, lines) = channel();
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                if tell.send(line).is_err() {
                    break;
                }
            }
        });
        Self { child, lines }
    }

    /// Lines up to an empty one; none: the end.
    fn block(&self) -> Option<String> {
        let mut block = String::new();
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) if line.trim_end().is_empty() && !block.is_empty() => return Some(block),
                Ok(line) => block.push_str(&format!("{}\n", line.trim_end())),
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) => panic!("nothing came; so far: {block}"),
            }
        }
    }

    /// The next event's name and data.
    fn event(&self) -> Option<(String, String)> {
        loop {
            let block = self.block()?;
            let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
            if let Some(data) = field("data: ") {
                return Some((field("event: ").unwrap_or_else(|| "message".to_owned()), data));
            }
        }
    }

    fn data(&self) -> String {
        let (name, data) = self.event().expect("an event");
        assert_eq!(name, "message", "{data}");
        data
    }

    fn is_silent(&self) -> bool {
        self.lines.recv_timeout(A_WHILE).is_err()
    }
}

impl Drop for Curl {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The notes, served, and a token for Ana.
fn serve(app: &App, environment: &[(&str, &str)]) -> TestServer {
    let environment: Vec<_> = [SECRET].into_iter().chain(environment.iter().copied()).collect();
    TestServer::start_with(crate::support::binary(), &["serve"], app.path(), &environment)
}

fn add(server: &TestServer, body: &str, token: &str) {
    let added = server.post("/rest/v1/rpc/add_note", &format!("{{\"body\":\"{body}\"}}"), token);
    assert_eq!(added.status, 200, "{}", added.body);
}

#[test]
fn a_query_is_followed_through_the_real_binary() {
    let app = App::migrated();
    let server = serve(&app, &[]);
    let url = format!("{}/rest/v1/rpc/notes?count=2", server.url());
    let stream = Curl::follow(&["--include", &url]);
    let head = stream.block().unwrap();
    assert!(head.starts_with("HTTP/1.1 200 OK\n"), "{head}");
    for field in ["content-type: text/event-stream; charset=utf-8", "x-accel-buffering: no", "cache-control: no-store"]
    {
        assert!(head.contains(field), "{head}");
    }
    assert!(stream.block().unwrap().starts_with("retry: "));
    assert_eq!(stream.data(), "[]");
    add(&server, "a", "");
    assert_eq!(stream.data(), r#"[{"id":1,"body":"a"}]"#);
    add(&server, "b", "");
    assert_eq!(stream.data(), r#"[{"id":1,"body":"a"},{"id":2,"body":"b"}]"#);
    // Beyond its limit: the answer is the same, and nothing is sent.
    add(&server, "c", "");
    assert!(stream.is_silent());
    let both = r#"{"queries":[{"name":"notes","args":{"count":1}},{"name":"notes","args":{"count":100}}]}"#;
    let url = format!("{}/rest/v1/batch", server.url());
    let batch = Curl::follow(&["--header", "Content-Type: application/json", "--data", both, &url]);
    let (_, data) = batch.event().unwrap();
    assert_eq!(data, server.post("/rest/v1/batch", both, "").body);
    assert_eq!(server.stop(), Some(0), "open streams end with the server");
    let (name, data) = stream.event().unwrap();
    assert!(name == "end" && data.contains("MRT035"), "{data}");
    assert_eq!(stream.event(), None);
}

#[test]
fn a_reload_is_seen_and_a_query_that_is_gone_ends() {
    let app = App::migrated();
    let server = TestServer::start_with(crate::support::binary(), &["dev"], app.path(), &[]);
    let stream = Curl::follow(&[&format!("{}/rest/v1/rpc/notes?count=1", server.url())]);
    let first = stream.data();
    assert!(first.starts_with("[{\"id\":1,\"body\":\"note 1\"}"), "{first}");
    app.save(
        "queries/notes.sql",
        "-- @allow anyone\n-- @param count integer 1..100 = 20\nselect id from notes order by id limit :count\n",
    );
    assert_eq!(stream.data(), r#"[{"id":1}]"#);
    std::fs::remove_file(app.file("queries/notes.sql")).unwrap();
    let (name, data) = stream.event().unwrap();
    assert!(name == "end" && data.contains("PGRST202"), "{name} {data}");
    assert_eq!(stream.event(), None);
}
