//! A keep-alive connection that sends one request at a time and reads the whole answer.

use anyhow::{Context as _, Result, bail};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

/// One connection to a server on loopback.
#[derive(Debug)]
pub struct Connection {
    address: String,
    stream: BufReader<TcpStream>,
    body: Vec<u8>,
    position: String,
}

impl Connection {
    /// Connects to `host:port`.
    pub fn open(address: &str) -> Result<Self> {
        let stream = TcpStream::connect(address).with_context(|| format!("cannot connect to {address}"))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        Ok(Self {
            address: address.to_owned(),
            stream: BufReader::new(stream),
            body: Vec::new(),
            position: String::new(),
        })
    }

    /// Posts a JSON body; gives the status. The answer's body is in [`Connection::body`].
    pub fn post(&mut self, path: &str, token: &str, body: &str) -> Result<u16> {
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        );
        self.stream.get_mut().write_all(request.as_bytes())?;
        self.read_answer()
    }

    /// The last answer's body.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// What the last answer told as its position; empty where it told none.
    pub fn position(&self) -> &str {
        &self.position
    }

    fn read_answer(&mut self) -> Result<u16> {
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        let status = line.split(' ').nth(1).and_then(|status| status.parse().ok()).context("no status line")?;
        let mut length = 0;
        self.position.clear();
        loop {
            line.clear();
            if self.stream.read_line(&mut line)? == 0 {
                bail!("the connection ended in an answer's head");
            }
            if line == "\r\n" {
                break;
            }
            let Some((name, value)) = line.split_once(':') else { continue };
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse().context("content-length is no number")?;
            } else if name.eq_ignore_ascii_case("martlet-position") {
                value.trim().clone_into(&mut self.position);
            }
        }
        self.body.resize(length, 0);
        self.stream.read_exact(&mut self.body)?;
        Ok(status)
    }
}
