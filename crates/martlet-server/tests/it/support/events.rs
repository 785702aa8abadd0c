//! A client of event streams: reads the head, then event by event, as the HTML standard says.

use super::{PATIENCE, Reply, Site, reply_of_bytes};
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// An event as a page would see it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Event {
    /// `message` where it is not named.
    pub(crate) name: String,
    pub(crate) id: String,
    pub(crate) data: String,
    pub(crate) retry: Option<u64>,
    pub(crate) comment: Option<String>,
}

/// An open stream.
pub(crate) struct Events {
    stream: TcpStream,
    pub(crate) head: Reply,
    read: Vec<u8>,
}

impl Events {
    /// Asks for a stream; what is refused has its answer in the head, and no events.
    pub(crate) fn open(site: &Site, line: &str, fields: &[(&str, &str)], body: &str) -> Self {
        let mut stream = site.connect();
        let mut request = format!("{line} HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n");
        for (name, value) in fields {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        if !body.is_empty() {
            request.push_str(&format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len()));
        }
        stream.write_all(format!("{request}\r\n{body}").as_bytes()).unwrap();
        let mut events = Self { stream, head: reply_of_bytes(b""), read: Vec::new() };
        events.read_until(PATIENCE, |read| read.windows(4).any(|four| four == b"\r\n\r\n"));
        let end = events.read.windows(4).position(|four| four == b"\r\n\r\n").expect("a head") + 4;
        events.head = reply_of_bytes(&events.read[..end]);
        let length: usize = events.head.header("content-length").parse().unwrap_or(0);
        events.read_until(PATIENCE, |read| read.len() >= end + length);
        let rest = events.read.split_off(end + length);
        events.head = reply_of_bytes(&std::mem::replace(&mut events.read, rest));
        events
    }

    pub(crate) fn get(site: &Site, path: &str) -> Self {
        Self::open(site, &format!("GET {path}"), &[], "")
    }

    pub(crate) fn get_as(site: &Site, path: &str, token: &str) -> Self {
        Self::open(site, &format!("GET {path}"), &[("Authorization", &format!("Bearer {token}"))], "")
    }

    /// The next block, comments and `retry` alone among them; none: the stream has ended.
    pub(crate) fn block(&mut self) -> Option<Event> {
        self.block_within(PATIENCE).expect("a block or the end")
    }

    /// The same; outside none: nothing came in time.
    pub(crate) fn block_within(&mut self, time: Duration) -> Option<Option<Event>> {
        let is_open = self.read_until(time, |read| read.windows(2).any(|two| two == b"\n\n"))?;
        let Some(end) = self.read.windows(2).position(|two| two == b"\n\n") else {
            assert!(!is_open && self.read.is_empty(), "cut: {}", String::from_utf8_lossy(&self.read));
            return Some(None);
        };
        let rest = self.read.split_off(end + 2);
        let block = std::mem::replace(&mut self.read, rest);
        Some(Some(parse(std::str::from_utf8(&block[..end]).unwrap())))
    }

    /// The next event with data.
    pub(crate) fn event(&mut self) -> Option<Event> {
        loop {
            match self.block() {
                Some(event) if event.data.is_empty() => {}
                other => return other,
            }
        }
    }

    /// The data of the next answer.
    pub(crate) fn data(&mut self) -> String {
        let event = self.event().expect("an event");
        assert_eq!(event.name, "message", "{event:?}");
        event.data
    }

    /// That no event with data comes.
    pub(crate) fn is_silent(&mut self, time: Duration) -> bool {
        let end = Instant::now() + time;
        loop {
            match self.block_within(end.saturating_duration_since(Instant::now()).max(Duration::from_millis(1))) {
                None => return true,
                Some(Some(event)) if event.data.is_empty() => {}
                Some(_) => return false,
            }
        }
    }

    pub(crate) fn socket(&self) -> &TcpStream {
        &self.stream
    }

    /// Whether it is still open; none: time is over.
    fn read_until(&mut self, time: Duration, is_enough: impl Fn(&[u8]) -> bool) -> Option<bool> {
        let end = Instant::now() + time;
        let mut piece = [0; 4096];
        while !is_enough(&self.read) {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return None;
            }
            self.stream.set_read_timeout(Some(left)).unwrap();
            match self.stream.read(&mut piece) {
                Ok(0) => return Some(false),
                Ok(size) => self.read.extend_from_slice(&piece[..size]),
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => return None,
                Err(error) => panic!("{error}"),
            }
        }
        Some(true)
    }
}

fn parse(block: &str) -> Event {
    let mut event = Event { name: "message".to_owned(), ..Event::default() };
    let mut data = Vec::new();
    for line in block.split('\n') {
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "" => event.comment = Some(value.to_owned()),
            "event" => event.name = value.to_owned(),
            "id" => event.id = value.to_owned(),
            "retry" => event.retry = Some(value.parse().unwrap()),
            "data" => data.push(value),
            _ => panic!("a line of no field: {line}"),
        }
    }
    event.data = data.join("\n");
    event
}
