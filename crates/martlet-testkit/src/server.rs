//! A server of the real binary on a port of its own, stopped when dropped.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// A start that takes longer is a failure, and its output is shown.
const START_MAX: Duration = Duration::from_secs(60);
/// A stop that takes longer is a failure.
const STOP_MAX: Duration = Duration::from_secs(30);

/// A running `martlet serve` or `martlet dev`.
#[derive(Debug)]
pub struct TestServer {
    child: Child,
    url: String,
    stdout: Arc<Mutex<String>>,
    stderr: Arc<Mutex<String>>,
    agent: ureq::Agent,
    may_violate: bool,
}

/// What a server logs when an answer from memory was wrong.
const VIOLATION: &str = "an answer from memory was not what the database gives";

/// An answer over HTTP, whatever its status.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The status code.
    pub status: u16,
    /// Names in lower case, in the order of arrival.
    pub headers: Vec<(String, String)>,
    /// The body as text; bytes that are not UTF-8 are replaced.
    pub body: String,
}

impl Reply {
    /// The first header of this name (lower case), or an empty text.
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(header, _)| header == name).map_or("", |(_, value)| value)
    }

    /// The body as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("not JSON: {error}: {}", self.body))
    }
}

impl TestServer {
    /// Runs `BINARY ARGS FOLDER --listen 127.0.0.1:0` and waits for the line with its URL.
    pub fn start(binary: &Path, args: &[&str], folder: &Path) -> Self {
        Self::start_with(binary, args, folder, &[])
    }

    /// As [`start`](Self::start), with variables of the environment besides.
    pub fn start_with(binary: &Path, args: &[&str], folder: &Path, environment: &[(&str, &str)]) -> Self {
        match Self::try_start(binary, args, folder, environment) {
            Ok(server) => server,
            Err(output) => panic!("the server did not start: {output}"),
        }
    }

    /// As [`start_with`](Self::start_with); the error is what it printed.
    pub fn try_start(
        binary: &Path,
        args: &[&str],
        folder: &Path,
        environment: &[(&str, &str)],
    ) -> Result<Self, String> {
        Self::try_start_at("127.0.0.1:0", binary, args, folder, environment)
    }

    /// As [`try_start`](Self::try_start), at an address of one's own: that of a server that has ended.
    pub fn try_start_at(
        address: &str,
        binary: &Path,
        args: &[&str],
        folder: &Path,
        environment: &[(&str, &str)],
    ) -> Result<Self, String> {
        let mut command = Command::new(binary);
        command.args(args).arg(folder).args(["--listen", address]).env("NO_COLOR", "1");
        command.envs(environment.iter().copied());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("start the binary");
        let (sender, urls) = channel();
        let stdout = gather(child.stdout.take().expect("stdout is piped"), move |line| {
            if let Some(url) = url_in(line) {
                let _ = sender.send(url);
            }
        });
        let stderr = gather(child.stderr.take().expect("stderr is piped"), |_| {});
        let Some(url) = first_url(&mut child, &urls) else {
            let _ = child.kill();
            let status = child.wait().expect("wait for the binary");
            thread::sleep(Duration::from_millis(50));
            return Err(format!("{status}\n{}{}", text_of(&stdout), text_of(&stderr)));
        };
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(30)))
            .max_redirects(0);
        Ok(Self { child, url, stdout, stderr, agent: config.build().into(), may_violate: false })
    }

    /// A rule of its cache is off, so that it may tell of wrong answers; of any other server that fails the test.
    pub fn may_violate(&mut self) {
        self.may_violate = true;
    }

    /// The base URL, without a slash at its end.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it has printed so far on stdout.
    pub fn stdout(&self) -> String {
        text_of(&self.stdout)
    }

    /// What it has printed so far on stderr.
    pub fn stderr(&self) -> String {
        text_of(&self.stderr)
    }

    /// Waits until stderr holds this text; panics with all of stderr after the time.
    pub fn wait_for_stderr(&self, wanted: &str, patience: Duration) {
        let start = Instant::now();
        while !self.stderr().contains(wanted) {
            assert!(start.elapsed() < patience, "no `{wanted}` within {patience:?} in:\n{}", self.stderr());
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// GET without a token.
    pub fn get(&self, path: &str) -> Reply {
        self.get_as(path, "")
    }

    /// GET with a token; an empty one is none.
    pub fn get_as(&self, path: &str, token: &str) -> Reply {
        let mut request = self.agent.get(format!("{}{path}", self.url));
        if !token.is_empty() {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        reply(request.call().unwrap_or_else(|error| panic!("GET {path}: {error}\n{}", self.stderr())))
    }

    /// POST of a JSON body with a token; an empty one is none.
    pub fn post(&self, path: &str, body: &str, token: &str) -> Reply {
        self.try_post(path, body, token).unwrap_or_else(|error| panic!("POST {path}: {error}\n{}", self.stderr()))
    }

    /// As [`post`](Self::post); the error is the connection's.
    pub fn try_post(&self, path: &str, body: &str, token: &str) -> Result<Reply, String> {
        let mut request = self.agent.post(format!("{}{path}", self.url)).header("content-type", "application/json");
        if !token.is_empty() {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        Ok(reply(request.send(body).map_err(|error| error.to_string())?))
    }

    /// As [`try_post`](Self::try_post), with other header fields besides.
    pub fn try_post_with(&self, path: &str, body: &str, token: &str, fields: &[(&str, &str)]) -> Result<Reply, String> {
        let mut request = self.agent.post(format!("{}{path}", self.url)).header("content-type", "application/json");
        if !token.is_empty() {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        Ok(reply(request.send(body).map_err(|error| error.to_string())?))
    }

    /// Sends a signal by its name (`TERM`, `INT`).
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").arg(format!("-{name}")).arg(self.pid().to_string()).status();
        assert!(status.expect("run kill").success(), "cannot signal the server");
    }

    /// Ends it by SIGTERM and gives its exit code.
    pub fn stop(mut self) -> Option<i32> {
        self.signal("TERM");
        self.wait()
    }

    /// Waits for its end and gives its exit code; panics when it goes on too long.
    pub fn wait(&mut self) -> Option<i32> {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("wait for the server") {
                return status.code();
            }
            assert!(start.elapsed() < STOP_MAX, "the server does not stop:\n{}", self.stderr());
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Ends it by SIGKILL.
    pub fn kill(mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let is_told = self.stderr().contains(VIOLATION);
        assert!(!is_told || self.may_violate || thread::panicking(), "{}", self.stderr());
    }
}

fn first_url(child: &mut Child, urls: &Receiver<String>) -> Option<String> {
    let start = Instant::now();
    while start.elapsed() < START_MAX {
        match urls.recv_timeout(Duration::from_millis(20)) {
            Ok(url) => return Some(url),
            Err(RecvTimeoutError::Disconnected) => return None,
            Err(RecvTimeoutError::Timeout) => {
                if !matches!(child.try_wait(), Ok(None)) {
                    return None;
                }
            }
        }
    }
    None
}

fn gather(stream: impl Read + Send + 'static, mut on_line: impl FnMut(&str) + Send + 'static) -> Arc<Mutex<String>> {
    let text = Arc::new(Mutex::new(String::new()));
    let shared = Arc::clone(&text);
    thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            let mut text = shared.lock().expect("no writer panics");
            text.push_str(&line);
            text.push('\n');
            drop(text);
            // Last, so that whoever is told of the line finds it in the text.
            on_line(&line);
        }
    });
    text
}

fn text_of(text: &Mutex<String>) -> String {
    text.lock().expect("no writer panics").clone()
}

fn url_in(line: &str) -> Option<String> {
    let rest = &line[line.find("http://")?..];
    let end = rest.find(|character: char| character.is_whitespace() || character == '#').unwrap_or(rest.len());
    Some(rest[..end].trim_end_matches(['/', '.', ',', ')']).to_owned())
}

fn reply(mut response: ureq::http::Response<ureq::Body>) -> Reply {
    let headers = response.headers().iter();
    let headers = headers
        .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect();
    let mut bytes = Vec::new();
    let read = response.body_mut().as_reader().read_to_end(&mut bytes);
    read.expect("read the body");
    Reply { status: response.status().as_u16(), headers, body: String::from_utf8_lossy(&bytes).into_owned() }
}
