//! One key, one effect, one answer: rounds of many parallel calls with one `Idempotency-Key`, over HTTP, against the
//! real binary, which is killed at random moments and starts again.

#![expect(clippy::print_stdout, reason = "a failure needs the seed, a run its summary")]

use crate::kill::LEDGER;
use crate::support::{App, binary};
use martlet_testkit::TestServer;
use std::collections::BTreeSet;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Barrier, Mutex, RwLock};
use std::time::{Duration, Instant};

/// Calls of one round.
const CALLERS: usize = 50;
/// A call that is not answered for so long, restarts included, is a failure.
const PATIENCE: Duration = Duration::from_secs(60);

/// Rounds and kills by default, and with `MARTLET_TEST_LONG`.
fn size() -> (usize, usize) {
    if std::env::var_os("MARTLET_TEST_LONG").is_some() { (10_000, 60) } else { (60, 4) }
}

/// The ledger; a booking may be asked for again with its key, and a room that is taken is refused.
const ONCE: &str = "-- @allow anyone\n-- @param token text 1..60\n-- @param room bigint\n-- @returns row\n-- @idempotent\n\n\
     -- @expect none else 409 taken \"the room is taken\"\nselect 1 as one where :room = 13;\n\n\
     -- @name booking\n-- @answer\n\
     insert into bookings (token, room) values (:token || '-' || gen_random_uuid()::text, :room) returning id, token;\n\n\
     insert into entries (booking_id, side) values (:booking.id, 'debit');\n\n\
     insert into entries (booking_id, side) values (:booking.id, 'credit');\n";

/// What the callers and the killer share.
struct Run {
    /// Where the server is; none while it is down.
    address: RwLock<Option<String>>,
    /// The first answer of each round: status and body.
    answers: Vec<Mutex<Option<(u16, String)>>>,
    round: AtomicUsize,
    calls: AtomicU64,
    running: AtomicU64,
}

#[test]
fn abuse_sql_20_a_key_has_one_effect_and_one_answer_over_kills() {
    let seed = RandomState::new().hash_one(1);
    let (rounds, kills) = size();
    println!("seed {seed}");
    let app = App::of(LEDGER);
    app.save("actions/book.sql", ONCE);
    assert_eq!(app.run("migrate", &[]).code, 0);
    let run = Run {
        address: RwLock::new(None),
        answers: (0..rounds).map(|_| Mutex::new(None)).collect(),
        round: AtomicUsize::new(0),
        calls: AtomicU64::new(0),
        running: AtomicU64::new(0),
    };
    let started = Instant::now();
    let together = Barrier::new(CALLERS);
    let (server, unanswered) = std::thread::scope(|scope| {
        for caller in 0..CALLERS {
            let (run, together) = (&run, &together);
            scope.spawn(move || {
                let mut connection = None;
                for round in 0..rounds {
                    together.wait();
                    if caller == 0 {
                        run.round.store(round, Ordering::Relaxed);
                    }
                    run.ask(round, &mut connection);
                }
            });
        }
        run.kill_now_and_then(&app, seed, kills)
    });
    let took = started.elapsed();
    assert_eq!(server.get("/rest/v1/rpc/half_done").body, "0");
    drop(server);
    let answers: Vec<(u16, String)> = run.answers.into_iter().map(|it| it.into_inner().unwrap().unwrap()).collect();
    let mut effects = BTreeSet::new();
    for (round, (status, body)) in answers.iter().enumerate() {
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        match (is_taken(round), *status) {
            (false, 200) => {
                let token = body["token"].as_str().unwrap();
                assert!(token.starts_with(&format!("t{round}-")), "{round}: {token}");
                effects.insert(token.to_owned());
            }
            (true, 409) => assert_eq!(body["code"], "taken"),
            other => panic!("round {round}: {other:?} {body}"),
        }
    }
    // What was answered is what is there, and nothing besides: no effect is missing, none came twice.
    let rows = app.run("sql", &["--json", "select token from bookings"]).stdout;
    let there = rows.lines().map(|row| serde_json::from_str::<serde_json::Value>(row).unwrap());
    let there: Vec<String> = there.map(|row| row["token"].as_str().unwrap().to_owned()).collect();
    assert_eq!(there.len(), effects.len());
    assert_eq!(there.into_iter().collect::<BTreeSet<_>>(), effects);
    println!(
        "{rounds} rounds of {CALLERS} calls with one key, {kills} kills ({unanswered} of them between effect and answer), \
         {} calls, {} told 409 while it ran: {} effects, one answer a key; {:.0} s",
        run.calls.load(Ordering::Relaxed),
        run.running.load(Ordering::Relaxed),
        effects.len(),
        took.as_secs_f64()
    );
}

/// One round in ten is refused by the action itself, which is an answer like any other.
fn is_taken(round: usize) -> bool {
    round % 10 == 3
}

impl Run {
    /// Asks until there is an answer, which must be the one that any other caller of the round got.
    fn ask(&self, round: usize, connection: &mut Option<BufReader<TcpStream>>) {
        let room = if is_taken(round) { 13 } else { 7 };
        let body = format!("{{\"token\":\"t{round}\",\"room\":{room}}}");
        let request = format!(
            "POST /rest/v1/rpc/book HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n\
             Idempotency-Key: round-{round}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let began = Instant::now();
        loop {
            assert!(began.elapsed() < PATIENCE, "round {round} is not answered");
            self.calls.fetch_add(1, Ordering::Relaxed);
            match self.send(&request, connection) {
                Some((409, body)) if body.contains("MRT022") => {
                    self.running.fetch_add(1, Ordering::Relaxed);
                    std::thread::sleep(Duration::from_millis(10));
                }
                Some((status @ (200 | 409), body)) => {
                    let mut first = self.answers[round].lock().unwrap();
                    let first = first.get_or_insert_with(|| (status, body.clone()));
                    assert_eq!(*first, (status, body), "one answer for each key");
                    return;
                }
                // Down, or stopping; or more waits than can be done in time.
                None | Some((503, _)) => {
                    *connection = None;
                    std::thread::sleep(Duration::from_millis(5));
                }
                Some(other) => panic!("round {round}: {other:?}"),
            }
        }
    }

    /// Status and body; none when the connection breaks or there is no server.
    fn send(&self, request: &str, connection: &mut Option<BufReader<TcpStream>>) -> Option<(u16, String)> {
        if connection.is_none() {
            let address = self.address.read().unwrap().clone()?;
            let stream = TcpStream::connect(address).ok()?;
            stream.set_nodelay(true).ok()?;
            stream.set_read_timeout(Some(PATIENCE)).ok()?;
            *connection = Some(BufReader::new(stream));
        }
        let stream = connection.as_mut()?;
        let answered = exchange(stream, request);
        if answered.is_none() {
            *connection = None;
        }
        answered
    }

    /// Starts the server, kills it at random moments of random rounds, and gives the last one, which lives, and in how
    /// many kills there was an effect that nobody had been told of.
    fn kill_now_and_then(&self, app: &App, seed: u64, kills: usize) -> (TestServer, usize) {
        let rounds = self.answers.len();
        let mut random = seed;
        let mut draw = |below: u64| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (random >> 33) % below
        };
        let mut unanswered = 0;
        for kill in 0..kills {
            let server = self.start(app);
            let from = rounds * kill / kills;
            let width = u64::try_from((rounds / kills).max(1)).unwrap();
            let wanted = (from + usize::try_from(draw(width)).unwrap()).min(rounds - 1);
            while self.round.load(Ordering::Relaxed) < wanted {
                std::thread::sleep(Duration::from_micros(200));
            }
            std::thread::sleep(Duration::from_micros(draw(8_000)));
            server.signal("KILL");
            *self.address.write().unwrap() = None;
            server.kill();
            unanswered += usize::from(self.has_unanswered_effect(app));
        }
        (self.start(app), unanswered)
    }

    fn start(&self, app: &App) -> TestServer {
        let server = TestServer::start(binary(), &["serve"], app.path());
        *self.address.write().unwrap() = Some(server.url().trim_start_matches("http://").to_owned());
        server
    }

    /// Whether the round that runs has its effect and nobody has its answer.
    fn has_unanswered_effect(&self, app: &App) -> bool {
        let round = self.round.load(Ordering::Relaxed);
        let is_answered = self.answers[round].lock().unwrap().is_some();
        let sql = format!("select count(*) as n from bookings where token like 't{round}-%'");
        !is_answered && app.run("sql", &["--json", &sql]).stdout == "{\"n\":1}\n"
    }
}

/// Sends a request and reads its answer; none when the connection breaks.
fn exchange(stream: &mut BufReader<TcpStream>, request: &str) -> Option<(u16, String)> {
    stream.get_mut().write_all(request.as_bytes()).ok()?;
    let mut line = String::new();
    stream.read_line(&mut line).ok().filter(|size| *size > 0)?;
    let status = line.split(' ').nth(1)?.parse().ok()?;
    let mut length = 0;
    loop {
        line.clear();
        stream.read_line(&mut line).ok().filter(|size| *size > 0)?;
        if line == "\r\n" {
            break;
        }
        let (name, value) = line.split_once(':')?;
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    String::from_utf8(body).ok().map(|body| (status, body))
}
