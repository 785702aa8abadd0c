//! A client that keeps its connection and reads answer by answer.

use super::{Reply, Site, reply_of_bytes};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

/// One end of a connection, read answer by answer.
pub(crate) struct Client {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Client {
    pub(crate) fn of(site: &Site) -> Self {
        Self { stream: site.connect(), read: Vec::new() }
    }

    pub(crate) fn write(&mut self, text: &str) -> bool {
        self.stream.write_all(text.as_bytes()).is_ok()
    }

    /// The next answer; none: the connection is closed.
    pub(crate) fn answer(&mut self) -> Option<Reply> {
        let mut piece = vec![0; 65_536];
        loop {
            if let Some(end) = self.read.windows(4).position(|end| end == b"\r\n\r\n") {
                let head = String::from_utf8_lossy(&self.read[..end]).to_lowercase();
                let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap_or("0");
                let size = end + 4 + length.parse::<usize>().unwrap();
                if self.read.len() >= size {
                    let rest = self.read.split_off(size);
                    return Some(reply_of_bytes(&std::mem::replace(&mut self.read, rest)));
                }
            }
            match self.stream.read(&mut piece) {
                Ok(size) if size > 0 => self.read.extend_from_slice(&piece[..size]),
                _ => return None,
            }
        }
    }

    /// Asks on the connection that stays, and waits for the answer. `fields` are lines.
    pub(crate) fn ask(&mut self, line: &str, fields: &str) -> Reply {
        assert!(self.write(&format!("{line} HTTP/1.1\r\nHost: x\r\n{fields}\r\n")));
        self.reply(line.starts_with("HEAD "))
    }

    pub(crate) fn get(&mut self, path: &str) -> Reply {
        self.ask(&format!("GET {path}"), "")
    }

    fn reply(&mut self, is_head: bool) -> Reply {
        if !is_head {
            return self.answer().expect("an answer");
        }
        loop {
            if let Some(end) = self.read.windows(4).position(|end| end == b"\r\n\r\n") {
                let rest = self.read.split_off(end + 4);
                return reply_of_bytes(&std::mem::replace(&mut self.read, rest));
            }
            let mut piece = [0; 4096];
            let size = self.stream.read(&mut piece).unwrap();
            assert!(size > 0, "closed");
            self.read.extend_from_slice(&piece[..size]);
        }
    }
}
