//! One connection that is kept, and what is asked over it.

use super::model::{Ask, Op, owner_id, several};
use martlet_core::Position;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

/// An answer that takes longer is a failure.
const PATIENCE: Duration = Duration::from_secs(30);

/// How a query is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    Get,
    Post,
    /// With the tag of an earlier answer, if there was one.
    Known,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) position: Option<Position>,
    pub(crate) is_from_memory: bool,
    /// It says that it is not the answer any more.
    pub(crate) is_stale: bool,
    pub(crate) tag: String,
    pub(crate) body: String,
}

/// A client's connection. An error is the connection's: it is of no more use.
pub(crate) struct Client {
    stream: BufReader<TcpStream>,
    head: String,
    /// The bodies that are known by their tags, of each query by GET.
    known: HashMap<(Ask, String), Arc<str>>,
    last_tag: HashMap<Ask, String>,
}

impl Client {
    pub(crate) fn connect(address: SocketAddr) -> std::io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let (known, last_tag) = (HashMap::new(), HashMap::new());
        Ok(Self { stream: BufReader::new(stream), head: String::new(), known, last_tag })
    }

    /// Asks one query. A 304 is told as the answer that it stands for.
    pub(crate) fn ask(&mut self, ask: Ask, cursor: Option<&str>, token: &str, by: By) -> std::io::Result<Reply> {
        let (name, arguments) = call(ask, cursor);
        if by == By::Post {
            return self.send("POST", &format!("/rest/v1/rpc/{name}"), token, "", &arguments.to_string());
        }
        let path = format!("/rest/v1/rpc/{name}?{}", query_string(&arguments));
        // The tags of a page's answers are of its cursor too, which may be another.
        let known = (by == By::Known).then(|| self.last_tag.get(&ask).cloned()).flatten().unwrap_or_default();
        let mut reply = self.send("GET", &path, token, &known, "")?;
        if reply.status == 304 {
            assert!(!known.is_empty() && reply.tag == known, "304 for another tag than {known}: {reply:?}");
            (reply.status, reply.body) = (200, self.known[&(ask, known)].to_string());
        } else if reply.status == 200 {
            let key = (ask, reply.tag.clone());
            let body = self.known.entry(key).or_insert_with(|| reply.body.as_str().into());
            assert_eq!(**body, *reply.body, "two answers with one tag");
            self.last_tag.insert(ask, reply.tag.clone());
        }
        Ok(reply)
    }

    /// Asks by a URL, as anybody.
    pub(crate) fn get(&mut self, path: &str) -> std::io::Result<Reply> {
        self.send("GET", path, "", "", "")
    }

    /// Asks several queries at one snapshot.
    pub(crate) fn ask_batch(&mut self, asks: &[Ask], token: &str) -> std::io::Result<(Reply, Vec<String>)> {
        let queries = asks.iter().map(|ask| {
            let (name, args) = call(*ask, None);
            json!({"name": name, "args": args})
        });
        let body = json!({"queries": queries.collect::<Vec<_>>()}).to_string();
        let reply = self.send("POST", "/rest/v1/batch", token, "", &body)?;
        let mut bodies = Vec::new();
        if reply.status == 200 {
            bodies = parts_of(&reply.body);
            assert_eq!(bodies.len(), asks.len(), "{reply:?}");
        }
        Ok((reply, bodies))
    }

    /// Runs an action.
    pub(crate) fn act(&mut self, tag: i64, op: Op) -> std::io::Result<Reply> {
        let (name, mut arguments) = action(op);
        arguments["tag"] = tag.into();
        self.send("POST", &format!("/rest/v1/rpc/{name}"), "", "", &arguments.to_string())
    }

    fn send(&mut self, method: &str, path: &str, token: &str, tag: &str, body: &str) -> std::io::Result<Reply> {
        let mut request = format!("{method} {path} HTTP/1.1\r\nHost: history\r\n");
        if !token.is_empty() {
            request.push_str(&format!("Authorization: Bearer {token}\r\n"));
        }
        if !tag.is_empty() {
            request.push_str(&format!("If-None-Match: {tag}\r\n"));
        }
        if method == "POST" {
            request.push_str(&format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len()));
        }
        request.push_str("\r\n");
        request.push_str(body);
        self.stream.get_mut().write_all(request.as_bytes())?;
        self.read()
    }

    fn read(&mut self) -> std::io::Result<Reply> {
        let mut reply = Reply {
            status: 0,
            position: None,
            is_from_memory: false,
            is_stale: false,
            tag: String::new(),
            body: String::new(),
        };
        let mut length = 0;
        loop {
            self.head.clear();
            if self.stream.read_line(&mut self.head)? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            let line = self.head.trim_end();
            if line.is_empty() {
                break;
            }
            let Some((name, value)) = line.split_once(": ") else {
                reply.status = line.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
                continue;
            };
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.parse().expect("a length"),
                "martlet-position" => reply.position = Some(value.parse().expect("a position")),
                "martlet-cache" => (reply.is_from_memory, reply.is_stale) = (value == "memory", value == "stale"),
                "etag" => value.clone_into(&mut reply.tag),
                "transfer-encoding" => panic!("a length is told for every answer"),
                _ => {}
            }
        }
        // A 304 has the length of what it stands for, and no body.
        if reply.status != 304 {
            let mut body = vec![0; length];
            self.stream.read_exact(&mut body)?;
            reply.body = String::from_utf8(body).expect("answers are UTF-8");
        }
        Ok(reply)
    }
}

/// The good parts of a batch's answer, as text: the bytes of each are compared.
pub(crate) fn parts_of(body: &str) -> Vec<String> {
    let parts = body.split("{\"status\":200,\"body\":").skip(1);
    // The last one has the list's bracket behind it, the others a comma.
    parts.map(|part| ended(part.strip_suffix(',').or_else(|| part.strip_suffix(']')).unwrap_or(part))).collect()
}

/// A part of a batch's answer without the bracket of its wrapper.
fn ended(part: &str) -> String {
    part.strip_suffix('}').expect("a part is an object").to_owned()
}

/// A query's name and arguments.
pub(crate) fn call(ask: Ask, cursor: Option<&str>) -> (&'static str, Value) {
    match ask {
        Ask::Register { key } => ("register", json!({"key": key})),
        Ask::Lax { key } => ("lax", json!({"key": key})),
        Ask::Versioned { key, .. } => ("versioned", json!({"key": key})),
        Ask::Several { first } => ("several", json!({"keys": several(first)})),
        Ask::List { list } => ("list", json!({"list": list})),
        Ask::Heavy { list } => ("heavy", json!({"list": list})),
        Ask::Latest { list } => ("latest", json!({"list": list})),
        Ask::Range { low, high } => ("range", json!({"low": low, "high": high})),
        Ask::Owned { owner } => ("owned", json!({"owner": owner_id(owner)})),
        Ask::Counts { owner } => ("counts", json!({"owner": owner_id(owner)})),
        Ask::Mine { .. } => ("mine", json!({})),
        Ask::Empty { owner } => ("empty", json!({"owner": owner_id(owner)})),
        Ask::Page { list, .. } => match cursor {
            Some(cursor) => ("page", json!({"list": list, "cursor": cursor})),
            None => ("page", json!({"list": list})),
        },
        Ask::Tip => ("tip", json!({})),
    }
}

/// An action's name and arguments but its tag.
fn action(op: Op) -> (&'static str, Value) {
    match op {
        Op::Put { key } => ("put", json!({"key": key})),
        Op::PutBoth { a, b } => ("put_both", json!({"a": a, "b": b})),
        Op::Hide { key } => ("hide", json!({"key": key})),
        Op::MakeList { list, owner } => ("make_list", json!({"list": list, "owner": owner_id(owner)})),
        Op::DropList { list } => ("drop_list", json!({"list": list})),
        Op::Append { list, place } => ("append", json!({"list": list, "place": place})),
        Op::Remove { value } => ("remove", json!({"value": value})),
        Op::Shift { value, list, place } => ("shift", json!({"value": value, "list": list, "place": place})),
        Op::Mark { low, high } => ("mark", json!({"low": low, "high": high})),
        Op::Trick { key, list } => ("trick", json!({"key": key, "list": list})),
    }
}

pub(crate) fn query_string(arguments: &Value) -> String {
    let members = arguments.as_object().expect("arguments are an object").iter();
    let pairs = members.map(|(name, value)| match value {
        Value::String(text) => format!("{name}={text}"),
        Value::Array(_) => format!("{name}={}", value.to_string().replace('[', "%7B").replace(']', "%7D")),
        _ => format!("{name}={value}"),
    });
    pairs.collect::<Vec<_>>().join("&")
}
