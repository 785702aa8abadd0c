//! Asking the server that runs on a folder.
//!
//! It is found by the data folder's lock, which is held as long as it runs: the token never goes to whoever has taken
//! a port that a server left. The token holds for a minute.

use crate::exit::Failure;
use crate::settings::Settings;
use crate::wiring;
use anyhow::Context as _;
use martlet_server::tokens::TokenRequest;
use martlet_store::SqliteStore;
use serde_json::Value;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// How long the server may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long the token holds.
const TOKEN: Duration = Duration::from_secs(60);
/// Bytes of an answer that are read.
const ANSWER_SIZE_MAX: u64 = 64 * 1024 * 1024;

/// The body of the server's answer, asked as the service; a refusal with its code and hint.
pub(super) fn ask(settings: &Settings, method: &str, path: &str) -> Result<String, Failure> {
    ask_patiently(settings, method, path, PATIENCE)
}

/// As [`ask`], of a server that may take so long.
pub(super) fn ask_patiently(
    settings: &Settings,
    method: &str,
    path: &str,
    patience: Duration,
) -> Result<String, Failure> {
    let data = settings.data();
    let running = SqliteStore::running(&data).ok_or_else(|| {
        Failure::new(format!("no server runs on {}", data.display()))
            .hint("statistics are counted by a running server: start it with `martlet serve` or `martlet dev`")
    })?;
    let url = running.url.ok_or_else(|| {
        Failure::new(format!("{} is in use by a process that serves nothing", data.display()))
            .hint("it may still be starting, or be another command: try again")
    })?;
    let keys = wiring::keys(settings)?;
    let request = TokenRequest { role: "service_role".to_owned(), user_id: None, valid_for: TOKEN };
    let token = keys.issue(&request, wiring::clock().now()).map_err(anyhow::Error::from)?;
    send(&url, method, path, &token, patience)
}

fn send(url: &str, method: &str, path: &str, token: &str, patience: Duration) -> Result<String, Failure> {
    let address: SocketAddr =
        url.strip_prefix("http://").unwrap_or(url).parse().with_context(|| format!("`{url}` is no address"))?;
    let ask = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
        stream.set_read_timeout(Some(patience))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        // In the form of HTTP/1.0 the answer is never chunked and the connection ends with it.
        write!(stream, "{method} {path} HTTP/1.0\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\r\n")?;
        let mut answer = String::new();
        stream.take(ANSWER_SIZE_MAX).read_to_string(&mut answer)?;
        Ok(answer)
    };
    let answer = ask().with_context(|| format!("cannot ask the server at {url}"))?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.split(' ').nth(1).unwrap_or("nothing");
    match status {
        "200" => Ok(body.to_owned()),
        "401" | "403" => Err(Failure::new(format!("the server at {url} answers {status}"))
            .hint("the server must run with the same keys and settings as this command")),
        _ => Err(refused(url, status, body)),
    }
}

/// What the server says of a refusal.
fn refused(url: &str, status: &str, body: &str) -> Failure {
    let problem: Value = serde_json::from_str(body).unwrap_or_default();
    let text = |field: &str| problem[field].as_str();
    match (text("detail"), text("code")) {
        (Some(detail), Some(code)) => {
            let failure = Failure::new(format!("{detail} ({code})"));
            match text("hint") {
                Some(hint) => failure.hint(hint),
                None => failure,
            }
        }
        _ => Failure::new(format!("the server at {url} answers {status}")),
    }
}
