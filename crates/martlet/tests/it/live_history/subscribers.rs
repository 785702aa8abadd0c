//! Streams of random queries, alone and several on one, and what each of them was told.

use super::frames::{Connection, Frame, Told};
use crate::history::client::{By, Client, call, parts_of, query_string};
use crate::history::load::{Random, Shared, cursor_of};
use crate::history::model::{Ask, LISTS, OWNERS, PLACES, REGISTERS};
use martlet_load::{Event, Listener, Opening, RequestHead, StreamEnd, Streams};
use serde_json::json;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// Queries on a stream that has several.
const PARTS: usize = 3;

/// A stream as it is known so far.
struct Stream {
    token: String,
    is_post: bool,
    told: Told,
    /// The id of each frame.
    ids: Vec<String>,
    /// What the next connection will be: it begins to count with its head.
    next: Option<Connection>,
}

/// All streams, shared with the thread that follows them.
type All = Arc<Mutex<Vec<Stream>>>;

/// Random queries that are followed.
pub(super) struct Subscribers<'a> {
    shared: &'a Shared,
    all: All,
    streams: Streams<Ear>,
}

/// Writes down what comes.
struct Ear {
    all: All,
    started: Box<dyn Fn(Instant) -> u64 + Send>,
}

fn locked(all: &All) -> MutexGuard<'_, Vec<Stream>> {
    all.lock().expect("nobody panics with it")
}

impl<'a> Subscribers<'a> {
    /// Opens so many streams, some of them with several queries.
    pub(super) fn start(address: SocketAddr, shared: &'a Shared, seed: u64, count: usize, batches: usize) -> Self {
        let mut random = Random(seed);
        let streams = (0..count).map(|number| {
            let owner = random.number(OWNERS);
            let parts = if number < batches { PARTS } else { 1 };
            let asks: Vec<Ask> = (0..parts).map(|_| pick(&mut random, owner)).collect();
            let is_owners = asks.iter().any(|ask| matches!(ask, Ask::Mine { .. }));
            // A claim is of its owner's token; what anybody may follow is followed with and without one.
            let has_token = is_owners || random.below(3) == 0;
            let token =
                if has_token { shared.tokens[usize::try_from(owner).expect("small")].clone() } else { String::new() };
            let told = Told { asks, ..Told::default() };
            Stream { token, is_post: random.below(4) == 0, told, ids: Vec::new(), next: None }
        });
        let all: All = Arc::new(Mutex::new(streams.collect()));
        let zero = (Instant::now(), shared.now());
        let started = move |at: Instant| {
            let since = at.saturating_duration_since(zero.0).as_nanos();
            zero.1 + u64::try_from(since).expect("centuries")
        };
        let ear = Ear { all: Arc::clone(&all), started: Box::new(started) };
        let this = Self { shared, all, streams: Streams::start(address, ear).expect("a thread") };
        (0..count).for_each(|number| this.reconnect(number));
        this
    }

    /// Breaks a connection, if there is one, and connects again with the last id.
    pub(super) fn reconnect(&self, number: usize) {
        let mut all = locked(&self.all);
        let stream = &mut all[number];
        if stream.next.is_some() {
            // It is on its way.
            return;
        }
        let known = stream.ids.len().checked_sub(1);
        stream.next = Some(Connection { begin: self.shared.now(), known });
        let request = request(stream, known.map(|known| stream.ids[known].as_str()));
        drop(all);
        self.streams.open(number, Opening { request, ..Opening::default() });
    }

    /// Waits until each stream's last frame is what its query answers now; gives how many are not.
    pub(super) fn until_all_agree(&self, address: SocketAddr, patience: Duration) -> usize {
        let mut client = Client::connect(address).expect("connect");
        let begun = Instant::now();
        let asked: Vec<(Vec<Ask>, String)> =
            locked(&self.all).iter().map(|stream| (stream.told.asks.clone(), stream.token.clone())).collect();
        let mut wanted = asked.into_iter().map(|(asks, token)| {
            let bodies = asks.into_iter().map(|ask| {
                let reply = client.ask(ask, None, &token, By::Get).expect("ask");
                assert_eq!(reply.status, 200, "{reply:?}");
                without_cursor(ask, reply.body)
            });
            bodies.collect::<Vec<Arc<str>>>()
        });
        let wanted: Vec<Vec<Arc<str>>> = wanted.by_ref().collect();
        loop {
            let is_late = |(stream, wanted): &(&Stream, &Vec<Arc<str>>)| {
                stream.told.frames.last().is_none_or(|frame| frame.is_partial || frame.parts != **wanted)
            };
            let late = locked(&self.all).iter().zip(&wanted).filter(is_late).count();
            if late == 0 || begun.elapsed() > patience {
                return late;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Ends all and gives what they were told.
    pub(super) fn stop(self) -> Vec<Told> {
        drop(self.streams.stop());
        let all = Arc::into_inner(self.all).expect("nobody else has it").into_inner();
        all.expect("nobody panics with it").into_iter().map(|stream| stream.told).collect()
    }
}

impl Listener for Ear {
    fn opened(&mut self, stream: usize, _: Instant) {
        let stream = &mut locked(&self.all)[stream];
        let connection = stream.next.take().expect("it was asked for");
        stream.told.connections.push(connection);
    }

    fn told(&mut self, stream: usize, told: martlet_load::Told<'_>, at: Instant) {
        let at = (self.started)(at);
        let martlet_load::Told::Event(event) = told else { return };
        let stream = &mut locked(&self.all)[stream];
        match frame(event, stream, at) {
            Ok((frame, id)) => {
                stream.told.frames.push(frame);
                stream.ids.push(id);
            }
            Err(fault) => stream.told.faults.push(fault),
        }
    }

    fn ended(&mut self, stream: usize, end: StreamEnd, _: Instant) {
        locked(&self.all)[stream].told.faults.push(format!("ended: {end:?}"));
    }
}

/// An event as a frame and its id; else what is wrong with it.
fn frame(event: Event<'_>, stream: &Stream, at: u64) -> Result<(Frame, String), String> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (name, id, data) = (text(event.name), text(event.id), text(event.data));
    let strange = || format!("event {name:?}, id {id:?}, data {data:?}");
    let is_partial = match name.as_str() {
        "" => false,
        "partial" => true,
        _ => return Err(strange()),
    };
    let (position, _) = id.split_once('.').ok_or_else(strange)?;
    let position = position.parse().map_err(|_| strange())?;
    let asks = &stream.told.asks;
    let bodies = if asks.len() == 1 { vec![data.clone()] } else { parts_of(&data) };
    let parts = asks.iter().zip(bodies).map(|(ask, body)| without_cursor(*ask, body)).collect();
    let connection = stream.told.connections.len() - 1;
    Ok((Frame { at, connection, position, parts, is_partial }, id))
}

/// Cursors are sealed for each caller: `C` stands for them, as in the model.
fn without_cursor(ask: Ask, body: String) -> Arc<str> {
    match cursor_of(&body) {
        Some((cursor, _)) if matches!(ask, Ask::Page { .. }) => body.replace(&cursor, "C").into(),
        _ => body.into(),
    }
}

fn request(stream: &Stream, last_id: Option<&str>) -> Vec<u8> {
    let authorization = format!("Bearer {}", stream.token);
    let mut headers = vec![("Accept", "text/event-stream")];
    if !stream.token.is_empty() {
        headers.push(("Authorization", &authorization));
    }
    if let Some(id) = last_id {
        headers.push(("Last-Event-ID", id));
    }
    let (mut target, mut body) = (String::new(), None);
    if let [ask] = stream.told.asks.as_slice() {
        let (name, arguments) = call(*ask, None);
        target = format!("/rest/v1/rpc/{name}");
        if stream.is_post {
            body = Some(arguments.to_string());
        } else {
            target = format!("{target}?{}", query_string(&arguments));
        }
    } else {
        let queries = stream.told.asks.iter().map(|ask| {
            let (name, args) = call(*ask, None);
            json!({"name": name, "args": args})
        });
        target.push_str("/rest/v1/batch");
        body = Some(json!({"queries": queries.collect::<Vec<_>>()}).to_string());
    }
    if body.is_some() {
        headers.push(("Content-Type", "application/json"));
    }
    let method = if body.is_some() { "POST" } else { "GET" };
    let head = RequestHead { method, target: &target, host: "live", headers: &headers };
    head.bytes(body.as_deref().map(str::as_bytes))
}

fn pick(random: &mut Random, owner: i64) -> Ask {
    match random.below(24) {
        0..4 => Ask::Register { key: random.number(REGISTERS) },
        4..7 => Ask::Several { first: random.number(4) },
        7..10 => Ask::List { list: random.number(LISTS) },
        10..12 => Ask::Latest { list: random.number(LISTS) },
        12..15 => {
            let low = random.number(PLACES - 10);
            Ask::Range { low, high: low + 10 }
        }
        15..17 => Ask::Owned { owner: random.number(OWNERS) },
        17..19 => Ask::Counts { owner: random.number(OWNERS) },
        19..21 => Ask::Mine { owner },
        21 => Ask::Empty { owner: random.number(OWNERS) },
        22 => Ask::Page { list: random.number(LISTS), after: 0 },
        _ => Ask::Tip,
    }
}
