//! A server of its own for each test, and a client that sends exactly what it is told.

mod app;
mod client;
mod events;

pub(crate) use client::Client;
pub(crate) use events::Events;

use martlet_core::{Clock, SystemClock};
use martlet_engine::{AnswerCache, CacheSettings, Engine, EngineSettings};
use martlet_server::tokens::{KeySettings, Keys, Secret, TokenRequest};
use martlet_server::{Server, ServerHandle, ServerSettings, Summary};
use martlet_store::{CommitObserver, SqliteStore, StoreSettings};
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::oneshot;

pub(crate) const SECRET: &str = "0123456789abcdef0123456789abcdef";
pub(crate) const USER: &str = "0188aaaa-0000-7000-8000-00000000000f";
/// An answer that takes longer is a failure.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Site {
    pub(crate) address: SocketAddr,
    pub(crate) handle: ServerHandle,
    pub(crate) engine: Arc<Engine>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<Summary>>,
    folder: tempfile::TempDir,
}

/// An answer as it came.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
    /// The body, whatever it is.
    pub(crate) bytes: Vec<u8>,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(header, _)| header == name).map_or("", |(_, value)| value)
    }

    /// Status and body, for one-line assertions.
    pub(crate) fn told(&self) -> (u16, &str) {
        (self.status, &self.body)
    }

    /// Status and the error's code.
    pub(crate) fn code(&self) -> (u16, String) {
        let body: serde_json::Value = serde_json::from_str(&self.body).unwrap_or_default();
        (self.status, body["code"].as_str().unwrap_or_default().to_owned())
    }
}

impl Site {
    pub(crate) fn start() -> Self {
        Self::with(|_| {})
    }

    pub(crate) fn with(change: impl FnOnce(&mut ServerSettings)) -> Self {
        Self::with_clock(Arc::new(SystemClock), change)
    }

    pub(crate) fn with_clock(clock: Arc<dyn Clock>, change: impl FnOnce(&mut ServerSettings)) -> Self {
        Self::begin(clock, None, change)
    }

    /// One whose answers are kept.
    pub(crate) fn cached(clock: Arc<dyn Clock>, change: impl FnOnce(&mut ServerSettings)) -> Self {
        let cache = AnswerCache::new(CacheSettings::default(), Arc::clone(&clock));
        Self::begin(clock, Some(Arc::new(cache)), change)
    }

    fn begin(clock: Arc<dyn Clock>, cache: Option<Arc<AnswerCache>>, change: impl FnOnce(&mut ServerSettings)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let public = folder.path().join("public");
        std::fs::create_dir(&public).unwrap();
        std::fs::write(public.join("index.html"), "<body>home</body>").unwrap();
        std::fs::write(public.join("app.js"), "0123456789").unwrap();
        std::fs::write(public.join("taken.txt"), "a file").unwrap();
        std::fs::write(public.join("large.bin"), vec![b'x'; 3_000_000]).unwrap();
        let mut settings = ServerSettings {
            listen: "127.0.0.1:0".parse().unwrap(),
            public_dir: Some(public),
            shutdown_grace: Duration::from_secs(5),
            ..ServerSettings::default()
        };
        change(&mut settings);
        let (stop, stopped) = oneshot::channel();
        let (started, start) = std::sync::mpsc::channel();
        let data = folder.path().join("data");
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
            runtime.block_on(async move {
                let app = app::app();
                let observer = cache.clone().map(|cache| cache as Arc<dyn CommitObserver>);
                let settings_of_store = StoreSettings { observer, ..StoreSettings::new(data) };
                let store = SqliteStore::open(settings_of_store, Arc::clone(&clock)).unwrap();
                store.migrate(&app, false).unwrap();
                let engine_settings = EngineSettings { cache, ..EngineSettings::default() };
                let engine = Engine::new(app, store, engine_settings, Arc::clone(&clock)).unwrap();
                let engine = Arc::new(engine);
                let server = Server::bind(settings, Arc::clone(&engine), keys(), clock).await.unwrap();
                started.send((server.local_addr(), server.handle(), Arc::clone(&engine))).unwrap();
                let summary = server.serve(async { drop(stopped.await) }).await;
                tokio::task::spawn_blocking(move || engine.store().close()).await.unwrap();
                summary
            })
        });
        let (address, handle, engine) = start.recv().expect("the server starts");
        Self { address, handle, engine, stop: Some(stop), thread: Some(thread), folder }
    }

    pub(crate) fn public(&self) -> std::path::PathBuf {
        self.folder.path().join("public")
    }

    /// Tells the server to stop and does not wait.
    pub(crate) fn begin_stop(&mut self) {
        drop(self.stop.take());
    }

    /// Waits for its end.
    pub(crate) fn end(mut self) -> Summary {
        self.begin_stop();
        self.thread.take().unwrap().join().unwrap()
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// Sends bytes on a connection of their own and reads whatever comes until it is closed.
    pub(crate) fn raw(&self, bytes: impl AsRef<[u8]>) -> String {
        String::from_utf8_lossy(&self.raw_bytes(bytes)).into_owned()
    }

    fn raw_bytes(&self, bytes: impl AsRef<[u8]>) -> Vec<u8> {
        let mut stream = self.connect();
        // The server may have closed before all is sent.
        let _ = stream.write_all(bytes.as_ref());
        let mut all = Vec::new();
        let _ = stream.read_to_end(&mut all);
        all
    }

    /// The status of the only answer to these bytes; 0 if there is none.
    pub(crate) fn status_of(&self, bytes: impl AsRef<[u8]>) -> u16 {
        let answer = self.raw(bytes);
        assert!(answer.matches("HTTP/1.1 ").count() <= 1, "more than one answer: {answer}");
        answer.split(' ').nth(1).map_or(0, |status| status.parse().unwrap())
    }

    pub(crate) fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        let mut request = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", self.address);
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        if !body.is_empty() {
            request.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        reply_of_bytes(&self.raw_bytes(format!("{request}\r\n{body}")))
    }

    pub(crate) fn get(&self, path: &str) -> Reply {
        self.send("GET", path, &[], "")
    }

    pub(crate) fn get_as(&self, path: &str, token: &str) -> Reply {
        self.send("GET", path, &[("authorization", &format!("Bearer {token}"))], "")
    }

    pub(crate) fn post(&self, path: &str, body: &str) -> Reply {
        self.send("POST", path, &[("content-type", "application/json")], body)
    }

    pub(crate) fn post_as(&self, path: &str, token: &str, body: &str) -> Reply {
        let bearer = format!("Bearer {token}");
        self.send("POST", path, &[("content-type", "application/json"), ("authorization", &bearer)], body)
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.begin_stop();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

pub(crate) fn reply_of(answer: &str) -> Reply {
    reply_of_bytes(answer.as_bytes())
}

pub(crate) fn reply_of_bytes(answer: &[u8]) -> Reply {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or(answer.len());
    let head = String::from_utf8_lossy(&answer[..end]);
    let bytes = answer.get(end + 4..).unwrap_or_default().to_vec();
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).map_or(0, |status| status.parse().unwrap());
    let headers = lines.filter_map(|line| line.split_once(": "));
    let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
    Reply { status, headers, body: String::from_utf8_lossy(&bytes).into_owned(), bytes }
}

/// Always the same: the secret is the test's.
pub(crate) fn keys() -> Keys {
    Keys::ephemeral(&KeySettings { jwt_secret: Some(Secret::from(SECRET.to_owned())), issuer: None }).unwrap()
}

pub(crate) fn token(role: &str) -> String {
    token_for(role, Duration::from_secs(600))
}

pub(crate) fn token_for(role: &str, valid_for: Duration) -> String {
    let user_id = (role != "anon").then(|| USER.to_owned());
    keys().issue(&TokenRequest { role: role.to_owned(), user_id, valid_for }, SystemClock.now()).unwrap()
}
