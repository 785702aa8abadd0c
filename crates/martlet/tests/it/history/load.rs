//! Clients that read and write at random, and write down what they saw.

use super::check::{Ended, History, Read, Write};
use super::client::{By, Client, Reply};
use super::model::{Ask, LISTS, OWNERS, Op, PLACES, REGISTERS};
use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// Values that a client keeps in the lists.
const VALUES_MAX: usize = 4;

/// What clients share, over all runs of a server.
pub(crate) struct Shared {
    started: Instant,
    next_tag: AtomicI64,
    /// Tokens of the owners.
    pub(crate) tokens: Vec<String>,
    /// The first and the last version of the app that may be served now; 0 where there is but one.
    pub(crate) versions: (AtomicU32, AtomicU32),
}

/// What one run of clients does.
pub(crate) struct Plan {
    pub(crate) clients: u64,
    pub(crate) reads: u64,
    pub(crate) writes: u64,
    pub(crate) seed: u64,
    /// A client rests up to so long after a write.
    pub(crate) rest_max: Duration,
}

/// Numbers at random (SplitMix64).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// From 0 up to, not including, this.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    pub(crate) fn number(&mut self, end: i64) -> i64 {
        i64::try_from(self.below(end.unsigned_abs())).expect("below an i64")
    }
}

impl Shared {
    pub(crate) fn new(token: impl Fn(i64) -> String) -> Self {
        Self {
            started: Instant::now(),
            next_tag: AtomicI64::new(1),
            tokens: (0..OWNERS).map(token).collect(),
            versions: (AtomicU32::new(0), AtomicU32::new(0)),
        }
    }

    /// Nanoseconds of the one clock.
    pub(crate) fn now(&self) -> u64 {
        self.at(Instant::now())
    }

    pub(crate) fn at(&self, moment: Instant) -> u64 {
        u64::try_from(moment.saturating_duration_since(self.started).as_nanos()).expect("centuries")
    }

    /// Writes the first registers and lists.
    pub(crate) fn prepare(&self, address: SocketAddr, history: &mut History) {
        let mut caller = Caller::new(self, address, 1).expect("connect");
        let registers = (0..REGISTERS).step_by(2).map(|key| Op::Put { key });
        let lists = (0..LISTS).map(|list| Op::MakeList { list, owner: list % OWNERS });
        for op in registers.chain(lists) {
            caller.write(op).expect("write");
        }
        history.writes.append(&mut caller.writes);
    }

    /// Runs the clients to their end, or until the server is gone. Gives how many found it gone.
    pub(crate) fn run(&self, address: SocketAddr, plan: &Plan, history: &mut History) -> usize {
        let callers: Vec<Caller<'_>> = std::thread::scope(|scope| {
            let threads = (0..plan.clients).map(|number| {
                scope.spawn(move || {
                    let mut caller = Caller::new(self, address, plan.seed ^ (number << 32)).expect("connect");
                    let ended = caller.go(plan);
                    caller.is_cut_off = ended.is_err();
                    caller
                })
            });
            let threads: Vec<_> = threads.collect();
            threads.into_iter().map(|thread| thread.join().expect("a client")).collect()
        });
        let cut_off = callers.iter().filter(|caller| caller.is_cut_off).count();
        for mut caller in callers {
            history.reads.append(&mut caller.reads);
            history.writes.append(&mut caller.writes);
        }
        cut_off
    }
}

/// One client.
struct Caller<'a> {
    shared: &'a Shared,
    client: Client,
    random: Random,
    /// Values of its own that it has put into lists and not removed.
    values: Vec<i64>,
    bodies: HashSet<Arc<str>>,
    reads: Vec<Read>,
    writes: Vec<Write>,
    is_cut_off: bool,
}

impl<'a> Caller<'a> {
    fn new(shared: &'a Shared, address: SocketAddr, seed: u64) -> std::io::Result<Self> {
        Ok(Self {
            shared,
            client: Client::connect(address)?,
            random: Random(seed),
            values: Vec::new(),
            bodies: HashSet::new(),
            reads: Vec::new(),
            writes: Vec::new(),
            is_cut_off: false,
        })
    }

    fn go(&mut self, plan: &Plan) -> std::io::Result<()> {
        let (mut reads, mut writes) = (plan.reads / plan.clients, plan.writes / plan.clients);
        let rest_max_us = plan.rest_max.as_micros() as u64;
        while reads + writes > 0 {
            if self.random.below(reads + writes) < writes {
                writes -= 1;
                let op = self.op();
                self.write(op)?;
                if rest_max_us > 0 {
                    std::thread::sleep(Duration::from_micros(self.random.below(rest_max_us)));
                }
            } else {
                let done = self.read()?;
                reads = reads.saturating_sub(done);
            }
        }
        Ok(())
    }

    /// One read, or as many as a batch or a walk takes.
    fn read(&mut self) -> std::io::Result<u64> {
        if self.random.below(20) == 0 {
            return self.read_batch();
        }
        let ask = self.pick();
        let by = match self.random.below(4) {
            0 => By::Post,
            1 => By::Known,
            _ => By::Get,
        };
        let token = self.token(ask);
        let body = self.read_one(ask, None, &token, by)?;
        if let (Ask::Page { list, .. }, Some((cursor, last))) = (ask, cursor_of(&body)) {
            // A cursor is good for its caller only.
            self.read_one(Ask::Page { list, after: last }, Some(&cursor), &token, By::Get)?;
            return Ok(2);
        }
        Ok(1)
    }

    fn read_one(&mut self, ask: Ask, cursor: Option<&str>, token: &str, by: By) -> std::io::Result<String> {
        let first = self.shared.versions.0.load(Ordering::SeqCst);
        let begin = self.shared.now();
        let reply = self.client.ask(ask, cursor, token, by)?;
        let end = self.shared.now();
        let last = self.shared.versions.1.load(Ordering::SeqCst);
        assert_eq!(reply.status, 200, "{ask:?}: {reply:?}");
        let mut ask = ask;
        if let Ask::Versioned { key, .. } = ask {
            // Which version answered is told by the answer; whether it may have is judged.
            let row: serde_json::Value = serde_json::from_str(&reply.body).expect("JSON");
            let version = row[0]["version"].as_u64().expect("the register is there");
            ask = Ask::Versioned { key, version: u32::try_from(version).expect("small") };
        }
        self.note((begin, end), (first, last), &reply, vec![(ask, &reply.body)]);
        Ok(reply.body)
    }

    fn read_batch(&mut self) -> std::io::Result<u64> {
        let owner = self.random.number(OWNERS);
        let mut asks: Vec<Ask> = (0..3).map(|_| self.pick()).collect();
        for ask in &mut asks {
            match ask {
                // All of a batch have one caller, and no page is walked here.
                Ask::Mine { owner: of } => *of = owner,
                Ask::Page { .. } | Ask::Versioned { .. } => *ask = Ask::Tip,
                _ => {}
            }
        }
        let token = self.shared.tokens[usize::try_from(owner).expect("small")].clone();
        let begin = self.shared.now();
        let (reply, bodies) = self.client.ask_batch(&asks, &token)?;
        let end = self.shared.now();
        assert_eq!(reply.status, 200, "{asks:?}: {reply:?}");
        let parts = asks.into_iter().zip(bodies.iter().map(String::as_str)).collect();
        self.note((begin, end), (0, 0), &reply, parts);
        Ok(3)
    }

    fn note(&mut self, (begin, end): (u64, u64), versions: (u32, u32), reply: &Reply, parts: Vec<(Ask, &str)>) {
        let parts = parts.into_iter().map(|(ask, body)| {
            let body = match cursor_of(body) {
                Some((cursor, _)) if matches!(ask, Ask::Page { .. }) => body.replace(&cursor, "C"),
                _ => body.to_owned(),
            };
            let body: Arc<str> = body.into();
            let known = self.bodies.get(&body).cloned().unwrap_or_else(|| {
                self.bodies.insert(body.clone());
                body
            });
            (ask, known)
        });
        let parts = parts.collect();
        let position = reply.position.expect("every answer tells its position");
        let (is_from_memory, is_stale) = (reply.is_from_memory, reply.is_stale);
        self.reads.push(Read { begin, end, position, parts, is_from_memory, is_stale, versions });
    }

    /// A claim is of its owner's token; what anybody may read is read by anybody.
    fn token(&mut self, ask: Ask) -> String {
        let owner = match ask {
            Ask::Mine { owner } => Some(owner),
            _ if self.random.below(3) == 0 => Some(self.random.number(OWNERS)),
            _ => None,
        };
        owner.map_or_else(String::new, |owner| self.shared.tokens[usize::try_from(owner).expect("small")].clone())
    }

    fn write(&mut self, op: Op) -> std::io::Result<()> {
        let tag = self.shared.next_tag.fetch_add(1, Ordering::SeqCst);
        let begin = self.shared.now();
        let reply = self.client.act(tag, op);
        let end = self.shared.now();
        let (ended, end) = match &reply {
            Ok(reply) if reply.status == 200 => {
                let position = reply.position.expect("an action tells its position");
                (Ended::Committed(reply.body.parse().expect("a number"), position), end)
            }
            Ok(reply) if reply.status == 409 => (Ended::Refused, end),
            Ok(reply) => panic!("{op:?}: {reply:?}"),
            Err(_) => (Ended::Unknown, u64::MAX),
        };
        if ended != Ended::Refused {
            match op {
                Op::Append { .. } => self.values.push(tag),
                Op::Remove { value } => self.values.retain(|kept| *kept != value),
                Op::Trick { .. } => assert!(reply.is_err(), "never commits"),
                _ => {}
            }
        }
        self.writes.push(Write { begin, end, tag, op, ended });
        reply.map(drop)
    }

    fn pick(&mut self) -> Ask {
        let random = &mut self.random;
        if self.shared.versions.0.load(Ordering::SeqCst) > 0 && random.below(3) == 0 {
            return Ask::Versioned { key: random.number(2) * 2, version: 0 };
        }
        match random.below(32) {
            0..5 => Ask::Register { key: random.number(REGISTERS) },
            5..8 => Ask::Lax { key: random.number(REGISTERS) },
            8..11 => Ask::Several { first: random.number(4) },
            11..15 => Ask::List { list: random.number(LISTS) },
            15 => Ask::Heavy { list: random.number(LISTS) },
            16 => Ask::Latest { list: random.number(LISTS) },
            17..20 => {
                // More windows than are looked through one by one.
                let low = random.number(PLACES - 10);
                Ask::Range { low, high: low + 10 }
            }
            20..22 => Ask::Owned { owner: random.number(OWNERS) },
            22..24 => Ask::Counts { owner: random.number(OWNERS) },
            24..27 => Ask::Mine { owner: random.number(OWNERS) },
            27..29 => Ask::Empty { owner: random.number(OWNERS) },
            29..31 => Ask::Page { list: random.number(LISTS), after: 0 },
            _ => Ask::Tip,
        }
    }

    fn op(&mut self) -> Op {
        let random = &mut self.random;
        let list = random.number(LISTS);
        let place = random.number(PLACES);
        let value = self.values.first().copied();
        match (random.below(20), value) {
            (0..4, _) => Op::Put { key: random.number(REGISTERS) },
            (4..6, _) => Op::PutBoth { a: random.number(REGISTERS), b: random.number(REGISTERS) },
            (6, _) => Op::Hide { key: random.number(REGISTERS) },
            (7..9, _) => Op::MakeList { list, owner: random.number(OWNERS) },
            (9, _) => Op::DropList { list },
            (10, _) => Op::Mark { low: place, high: place + 10 },
            (11..13, _) => Op::Trick { key: random.number(REGISTERS), list },
            (13..16, Some(value)) => Op::Shift { value, list, place },
            (_, Some(value)) if self.values.len() >= VALUES_MAX => Op::Remove { value },
            _ => Op::Append { list, place },
        }
    }
}

/// The cursor of a page's answer, and the last value before it.
pub(crate) fn cursor_of(body: &str) -> Option<(String, i64)> {
    let (before, rest) = body.split_once("\"next_cursor\":\"")?;
    let (cursor, _) = rest.split_once('"')?;
    let (_, last) = before.rsplit_once("\"value\":")?;
    Some((cursor.to_owned(), last.split(',').next()?.parse().ok()?))
}
