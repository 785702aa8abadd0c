//! What is told of event streams, and that one never holds up another.

use crate::support::{Server, get};
use martlet_load::{Event, Fault, Listener, Opening, StreamEnd, Streams, Told};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Heard {
    Opened,
    Event(String),
    Comment(String),
    Ended(StreamEnd),
}

/// Passes on what it hears.
struct Ear(Sender<(usize, Heard)>);

impl Listener for Ear {
    fn opened(&mut self, stream: usize, _: Instant) {
        let _ = self.0.send((stream, Heard::Opened));
    }

    fn told(&mut self, stream: usize, told: Told<'_>, _: Instant) {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let heard = match told {
            Told::Event(Event { id, data, .. }) => Heard::Event(format!("{} {}", text(id), text(data))),
            Told::Comment(comment) => Heard::Comment(text(comment)),
        };
        let _ = self.0.send((stream, heard));
    }

    fn ended(&mut self, stream: usize, end: StreamEnd, _: Instant) {
        let _ = self.0.send((stream, Heard::Ended(end)));
    }
}

fn start(server: &Server) -> (Streams<Ear>, Receiver<(usize, Heard)>) {
    let (sender, heard) = channel();
    (Streams::start(server.address, Ear(sender)).expect("start"), heard)
}

fn opening(path: &str) -> Opening {
    Opening { request: get(path), ..Opening::default() }
}

/// What one stream tells until it ends, or until so many things were told.
fn hear(path: &str, most: usize) -> Vec<Heard> {
    let server = Server::start();
    let (streams, heard) = start(&server);
    streams.open(3, opening(path));
    let mut all = Vec::new();
    while all.len() < most && !matches!(all.last(), Some(Heard::Ended(_))) {
        let (stream, heard) = heard.recv_timeout(PATIENCE).expect("something is told");
        assert_eq!(stream, 3);
        all.push(heard);
    }
    streams.stop();
    all
}

#[test]
fn events_are_told_in_order_wherever_chunks_cut_them() {
    let told = [
        Heard::Opened,
        Heard::Event("7-1.ab [1]".to_owned()),
        Heard::Comment("still here".to_owned()),
        Heard::Event("7-2.cd [2]".to_owned()),
    ];
    assert_eq!(hear("/events", 4), told);
    let ended: Vec<Heard> = told.into_iter().chain([Heard::Ended(StreamEnd::Whole)]).collect();
    assert_eq!(hear("/events-ended", 9), ended);
}

#[test]
fn how_a_stream_ends_is_told() {
    let refused = StreamEnd::Refused(422, b"{\"code\":\"x\"}".to_vec());
    assert_eq!(hear("/refused", 9), [Heard::Ended(refused)]);
    assert_eq!(hear("/nonsense", 9), [Heard::Ended(StreamEnd::Failed(Fault::Malformed))]);
    assert_eq!(hear("/cut", 9).last(), Some(&Heard::Ended(StreamEnd::Failed(Fault::Closed))));
    assert_eq!(hear("/until-end", 9), [Heard::Opened, Heard::Ended(StreamEnd::Whole)]);
}

#[test]
fn a_closed_stream_tells_nothing_and_its_number_may_be_used_again() {
    let server = Server::start();
    let (streams, heard) = start(&server);
    streams.open(0, opening("/never"));
    streams.close(0);
    streams.open(0, opening("/never"));
    streams.open(0, opening("/events"));
    assert_eq!(heard.recv_timeout(PATIENCE).unwrap(), (0, Heard::Opened));
    while heard.recv_timeout(PATIENCE).unwrap().1 != Heard::Event("7-2.cd [2]".to_owned()) {}
    streams.stop();
    assert!(heard.recv_timeout(PATIENCE).is_err(), "nothing of the others, and nothing after the stop");
}

#[test]
fn one_that_is_not_read_any_more_holds_up_no_other() {
    let server = Server::start();
    let (streams, heard) = start(&server);
    streams.open(0, Opening { stalls_after: Some(1), receive_buffer_size: Some(8 * 1024), ..opening("/flood") });
    assert_eq!(heard.recv_timeout(PATIENCE).unwrap().1, Heard::Opened);
    assert!(matches!(heard.recv_timeout(PATIENCE).unwrap(), (0, Heard::Event(_))));
    for stream in 1..200 {
        streams.open(stream, opening("/events"));
    }
    let mut events = 0;
    while events < 2 * 199 {
        let (stream, heard) = heard.recv_timeout(PATIENCE).unwrap();
        // What came with the first event in one read may still be told of it.
        assert!(stream != 0 || matches!(heard, Heard::Event(_)), "{heard:?}");
        events += usize::from(stream != 0 && matches!(heard, Heard::Event(_)));
    }
    streams.stop();
}
