//! Another process writes into the file of a running server.
//!
//! No hook sees it. The server looks for it ten times a second and before each group of actions; what it then finds
//! takes everything from memory.

use super::check::History;
use super::client::{By, Client};
use super::model::{Ask, Op};
use super::{World, address};
use crate::support::Over;
use rusqlite::Connection;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::{Duration, Instant};

/// The longest that an answer may be from before a foreign write: a look is due after a tenth of this.
const LATE_MAX: Duration = Duration::from_secs(1);
const READERS: usize = 8;
const KEY: i64 = 0;

/// An answer of the register: when it was asked for, and what it was.
type Seen = (Instant, i64);

fn value_of(body: &str) -> i64 {
    let rows: serde_json::Value = serde_json::from_str(body).expect("JSON");
    rows[0]["value"].as_i64().expect("a number")
}

/// A connection that is not the server's.
fn other_process(world: &World) -> Connection {
    let connection = Connection::open(world.app.file("data/app.db")).expect("open the database");
    connection.busy_timeout(Duration::from_secs(5)).expect("set a time");
    connection
}

fn write(connection: &Connection, value: i64) {
    let changed = connection.execute("update registers set value = ?1 where key = ?2", (value, KEY));
    assert_eq!(changed.expect("write"), 1);
}

#[test]
fn a_write_of_another_process_is_seen_within_a_second() {
    let mut world = World::new();
    let server = world.start("serve");
    let at = address(&server);
    world.shared.prepare(at, &mut world.history);
    let other = other_process(&world);
    write(&other, 1_000);
    std::thread::sleep(LATE_MAX);
    let is_over = AtomicBool::new(false);
    // When each value was there for certain.
    let mut written: Vec<(Instant, i64)> = vec![(Instant::now(), 1_000)];
    let seen: Vec<Seen> = std::thread::scope(|scope| {
        let readers = (0..READERS).map(|_| {
            scope.spawn(|| {
                let mut client = Client::connect(at).expect("connect");
                let mut seen = Vec::new();
                while !is_over.load(Ordering::Relaxed) {
                    let begin = Instant::now();
                    let reply = client.ask(Ask::Register { key: KEY }, None, "", By::Get).expect("ask");
                    assert_eq!(reply.status, 200);
                    seen.push((begin, value_of(&reply.body)));
                }
                seen
            })
        });
        let readers: Vec<_> = readers.collect();
        let over = Over(&is_over);
        for value in 1_001..1_006 {
            std::thread::sleep(Duration::from_millis(300));
            write(&other, value);
            written.push((Instant::now(), value));
        }
        std::thread::sleep(LATE_MAX + Duration::from_millis(200));
        drop(over);
        readers.into_iter().flat_map(|reader| reader.join().expect("a reader")).collect()
    });
    for (begin, value) in &seen {
        let due = written.iter().filter(|(at, _)| *at + LATE_MAX < *begin).map(|(_, value)| *value).max();
        assert!(due.is_none_or(|due| *value >= due), "{value} is asked for when {due:?} was due");
    }
    assert!(seen.iter().any(|(_, value)| *value == 1_005));
}

#[test]
fn an_action_after_a_foreign_write_shows_it_at_once() {
    let mut world = World::new();
    let server = world.start("serve");
    let at = address(&server);
    world.shared.prepare(at, &mut world.history);
    let other = other_process(&world);
    let mut client = Client::connect(at).expect("connect");
    let tag = AtomicI64::new(1_000_000);
    let ask = |client: &mut Client| {
        let reply = client.ask(Ask::Register { key: KEY }, None, "", By::Get).expect("ask");
        (value_of(&reply.body), reply.position.expect("a position").epoch, reply.is_from_memory)
    };
    for value in 2_000..2_020 {
        ask(&mut client);
        let (_, epoch, is_from_memory) = ask(&mut client);
        assert!(is_from_memory);
        write(&other, value);
        // Of another register: the group that this is in has found the foreign write before it began.
        let acted = client.act(tag.fetch_add(1, Ordering::SeqCst), Op::Put { key: KEY + 2 }).expect("act");
        assert_eq!(acted.status, 200, "{acted:?}");
        let (shown, later, _) = ask(&mut client);
        assert_eq!(shown, value);
        assert_ne!(later, epoch, "a foreign write begins an epoch");
    }
}

/// Reads that are each of other arguments, and so each a fill, while another process writes and an action finds that.
/// Asked again afterwards, each must show the foreign write. Gives how many do not.
pub(super) fn stale_fills(world: &World, rounds: i64) -> usize {
    let server = world.start("serve");
    let at = address(&server);
    world.shared.prepare(at, &mut History::default());
    let other = other_process(world);
    let (mut client, mut stale) = (Client::connect(at).expect("connect"), 0);
    let is_over = AtomicBool::new(false);
    let asked = Mutex::new(Vec::new());
    let next = AtomicI64::new(1_000);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut client = Client::connect(at).expect("connect");
                while !is_over.load(Ordering::Relaxed) {
                    let path =
                        format!("/rest/v1/rpc/several?keys=%7B{KEY},{}%7D", next.fetch_add(1, Ordering::Relaxed));
                    asked.lock().expect("no reader panics").push(path.clone());
                    assert_eq!(client.get(&path).expect("ask").status, 200);
                }
            });
        }
        let _over = Over(&is_over);
        for round in 0..rounds {
            asked.lock().expect("no reader panics").clear();
            std::thread::sleep(Duration::from_millis(5));
            write(&other, 3_000 + round);
            let acted = client.act(1_000_000 + round, Op::Put { key: KEY + 2 }).expect("act");
            assert_eq!(acted.status, 200, "{acted:?}");
            // Whatever was on its way by then has been kept or not.
            let paths = std::mem::take(&mut *asked.lock().expect("no reader panics"));
            std::thread::sleep(Duration::from_millis(20));
            for path in paths {
                let body = client.get(&path).expect("ask").body;
                stale += usize::from(value_of(&body) != 3_000 + round);
            }
        }
    });
    stale
}

#[test]
fn a_fill_from_before_a_foreign_write_is_not_kept() {
    assert_eq!(stale_fills(&World::new(), 20), 0);
}
