//! The workload `streams`: thousands of event streams on a hundred stays of `availability` while rooms are booked, then
//! changes that alter every answer, one after the other, while others read.
//!
//! Martlet alone is asked: none of the other systems tells its callers of a change.

mod account;
mod ear;
mod figures;
mod plan;
mod section;

use crate::compare::machine::{self, Foreign};
use crate::compare::options::{Options, StreamsOptions};
use crate::compare::process::{Server, built, finish, pinned};
use crate::compare::request::{Api, Ask};
use crate::compare::token::{Role, Tokens};
use crate::connection::Connection;
use account::Account;
use anyhow::{Context as _, Result, ensure};
use ear::{Ear, Heard};
use figures::{Figures, Reads, Reruns};
use martlet_load::{Opening, Streams, ask, usage};
use martlet_testkit::postgres::free_port;
use plan::{Plan, STAYS};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;

const APP: &str = "bench/workloads";
/// Guards made-up data on loopback for the minutes of a run.
const SECRET: &str = "of-a-run-that-nobody-else-can-reach-0123456789";
const BOOKINGS_PER_SECOND: u32 = 10;
const QUIET: Duration = Duration::from_secs(5);
const WARM_UP: Duration = Duration::from_millis(300);
const ANSWER_MAX: Duration = Duration::from_secs(30);
const OPEN_MAX: Duration = Duration::from_secs(120);
/// A change that somebody is not told of by then is lost.
const TOLD_MAX: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(5);
/// Sockets of a process beside its streams, and files.
const OTHER_FILES: usize = 1_000;
/// All of these would refuse ten thousand connections of one address.
const LIMITS: [&str; 5] = [
    "MARTLET_SERVER_CONNECTIONS_MAX",
    "MARTLET_SERVER_CONNECTIONS_PER_ADDRESS_MAX",
    "MARTLET_LIVE_STREAMS_MAX",
    "MARTLET_LIVE_STREAMS_PER_ADDRESS_MAX",
    "MARTLET_LIVE_STREAMS_PER_USER_MAX",
];
const LIMIT: &str = "30000";

/// Runs it and writes its section.
pub(crate) fn run(streams: StreamsOptions, options: &Options, say: &mut impl FnMut(&str)) -> Result<()> {
    let began = Instant::now();
    machine::allow_files(streams.streams + OTHER_FILES)?;
    say("making the data");
    let mut bench = Bench::start(streams, options)?;
    bench.open(say)?;
    bench.figures.quiet_reads = bench.reads(QUIET)?;
    bench.book(say)?;
    bench.storm(say)?;
    let figures = bench.stop()?;
    section::write(&figures, options, began.elapsed(), say)
}

struct Bench<'a> {
    // Fields are dropped in this order: the streams before their server, it before its data.
    streams: Streams<Ear>,
    server: Server,
    _folder: TempDir,
    heard: Arc<Heard>,
    account: Account,
    plan: Plan,
    tokens: Tokens,
    options: &'a Options,
    figures: Figures,
}

impl<'a> Bench<'a> {
    fn start(streams: StreamsOptions, options: &'a Options) -> Result<Self> {
        let folder = TempDir::with_prefix("martlet-streams-")?;
        let data = folder.path().join("data");
        let martlet = built("martlet")?;
        let on_data = |command: &str| {
            let mut martlet = Command::new(&martlet);
            martlet.args([command, APP, "--data"]).arg(&data);
            martlet
        };
        finish(&mut on_data("migrate"))?;
        finish(on_data("seed").args(["--scale", &options.rows.scale.to_string()]))?;
        let server = serve(&martlet, &data, folder.path())?;
        let heard = Arc::new(Heard::default());
        let figures = Figures { options: Some(streams), ..Figures::default() };
        Ok(Self {
            streams: Streams::start(server.address, Ear::new(&heard))?,
            account: Account::new(streams.streams),
            plan: Plan::new(options.rows),
            tokens: Tokens::signed_with(SECRET),
            server,
            _folder: folder,
            heard,
            options,
            figures,
        })
    }

    /// Opens all streams and waits for their first answers.
    fn open(&mut self, say: &mut impl FnMut(&str)) -> Result<()> {
        let count = self.account.streams();
        // What is asked is warm, so that what streams take is theirs.
        for stay in 0..STAYS {
            self.ask(&self.plan.ask(stay))?;
        }
        self.figures.memory_before = self.memory()?;
        let began = Instant::now();
        let host = self.server.address.to_string();
        for stream in 0..count {
            let request = self.plan.stream_request(stream, &host);
            self.streams.open(stream, Opening { request, ..Opening::default() });
        }
        while self.heard.first_frames() < count {
            self.heard.fault()?;
            ensure!(began.elapsed() < OPEN_MAX, "{} of {count} streams have an answer", self.heard.first_frames());
            std::thread::sleep(POLL);
        }
        self.figures.opened_in = began.elapsed();
        std::thread::sleep(QUIET / 2);
        self.settle()?;
        self.figures.memory_open = self.memory()?;
        self.figures.kernel_bytes = machine::socket_bytes();
        self.account.take_lags();
        say(&format!(
            "{count} streams in {:.1} s, {:.1} MiB",
            self.figures.opened_in.as_secs_f64(),
            (self.figures.memory_open as f64 - self.figures.memory_before as f64) / section::MIB
        ));
        Ok(())
    }

    /// Books rooms at a fixed rate.
    fn book(&mut self, say: &mut impl FnMut(&str)) -> Result<()> {
        let time = self.figures.options.context("it has options")?.time;
        let mut connection = Connection::open(&self.server.address.to_string())?;
        let before = self.reruns()?;
        let (server, own) = ([self.server.pid()], [std::process::id()]);
        let used = |pids: &[u32]| usage::of(pids).map(|usage| usage.processor).context("/proc tells nothing");
        let (server_before, own_before) = (used(&server)?, used(&own)?);
        let foreign = Foreign::begin(&server)?;
        let (began, step) = (Instant::now(), Duration::from_secs(1) / BOOKINGS_PER_SECOND);
        let mut samples = Vec::new();
        let mut said = 0;
        for number in 0.. {
            let due = began + step * number;
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            if began.elapsed() >= time {
                break;
            }
            let booking = self.plan.booking(u64::from(number));
            let user = self.tokens.of(Role::User(booking.user));
            let sent = Instant::now();
            let status = connection.post("/rest/v1/rpc/book", &user, &booking.body)?;
            let answered = Instant::now();
            self.figures.bookings += 1;
            match status {
                200 => {
                    let position = account::number_of(connection.position()).context("a booking tells its position")?;
                    self.figures.altered += booking.stays.len() as u64;
                    self.account.changed(position, sent, answered, booking.stays);
                }
                409 => self.figures.refused += 1,
                _ => anyhow::bail!("book: {status} {}", String::from_utf8_lossy(connection.body())),
            }
            self.settle()?;
            if number % BOOKINGS_PER_SECOND == 0 {
                samples.push((began.elapsed().as_secs_f64() / 60.0, self.memory()? as f64));
            }
            if began.elapsed().as_secs() / 60 > said {
                said = began.elapsed().as_secs() / 60;
                say(&format!("{said} min: {:.1} MiB", self.memory()? as f64 / section::MIB));
            }
        }
        let spent = began.elapsed().as_secs_f64();
        self.figures.server_share = (used(&server)? - server_before).as_secs_f64() / spent;
        self.figures.load_share = (used(&own)? - own_before).as_secs_f64() / spent;
        self.figures.foreign_share = foreign.share(&server)?;
        self.until_told()?;
        self.figures.booked = self.account.take_lags();
        self.figures.reruns = self.reruns()?.since(before);
        self.figures.growth = account::Growth::of(&samples);
        self.figures.memory_booked = self.memory()?;
        Ok(())
    }

    /// Alters every answer, again as soon as all are told, while others read.
    fn storm(&mut self, say: &mut impl FnMut(&str)) -> Result<()> {
        let time = self.figures.options.context("it has options")?.storm;
        let mut connection = Connection::open(&self.server.address.to_string())?;
        let service = self.tokens.of(Role::Service);
        let before = self.reruns()?;
        let foreign = Foreign::begin(&[self.server.pid()])?;
        let (address, tokens, rows) = (self.server.address, self.tokens.clone(), self.options.rows);
        let reads = std::thread::spawn(move || Reads::of(address, &tokens, rows, time));
        std::thread::sleep(WARM_UP);
        let began = Instant::now();
        // An even number of changes leaves the prices as they were.
        while began.elapsed() < time - WARM_UP || self.figures.changes % 2 == 1 {
            let by = if self.figures.changes.is_multiple_of(2) { 1 } else { -1 };
            let body = format!(r#"{{"room_type_id":1,"by_cents":{by}}}"#);
            let sent = Instant::now();
            let status = connection.post("/rest/v1/rpc/reprice", &service, &body)?;
            let answered = Instant::now();
            ensure!(status == 200, "reprice: {status} {}", String::from_utf8_lossy(connection.body()));
            let position = account::number_of(connection.position()).context("a change tells its position")?;
            self.account.changed(position, sent, answered, (0..STAYS).collect());
            self.figures.changes += 1;
            self.until_told()?;
        }
        self.figures.storm_reads = reads.join().map_err(|_| anyhow::anyhow!("the readers are gone"))??;
        self.figures.foreign_share = self.figures.foreign_share.max(foreign.share(&[self.server.pid()])?);
        self.figures.storm = self.account.take_lags();
        self.figures.storm_reruns = self.reruns()?.since(before);
        say(&format!("{} changes of every answer", self.figures.changes));
        Ok(())
    }

    fn stop(mut self) -> Result<Figures> {
        self.figures.memory_end = self.memory()?;
        self.heard.fault()?;
        drop(self.streams.stop());
        Ok(self.figures)
    }

    /// Waits until all streams have been told of all changes; what comes later is lost.
    fn until_told(&mut self) -> Result<()> {
        let began = Instant::now();
        loop {
            self.settle()?;
            if !self.account.is_waiting() {
                return Ok(());
            }
            if began.elapsed() > TOLD_MAX {
                self.account.give_up();
                return Ok(());
            }
            std::thread::sleep(POLL);
        }
    }

    fn settle(&mut self) -> Result<()> {
        self.heard.fault()?;
        self.heard.take_arrivals().into_iter().for_each(|arrival| self.account.arrived(arrival));
        Ok(())
    }

    fn reads(&self, time: Duration) -> Result<Reads> {
        Reads::of(self.server.address, &self.tokens, self.options.rows, time)
    }

    fn ask(&self, what: &Ask) -> Result<Vec<u8>> {
        let address = self.server.address;
        let request = Api::Martlet.bytes(what, &address.to_string(), &self.tokens);
        let answer = ask(address, &request, ANSWER_MAX)?;
        ensure!(answer.status == 200, "{what:?}: {}", answer.status);
        Ok(answer.body)
    }

    fn reruns(&self) -> Result<Reruns> {
        Ok(Reruns::told(&String::from_utf8_lossy(&self.ask(&Ask::Metrics)?)))
    }

    fn memory(&self) -> Result<u64> {
        Ok(usage::of(&[self.server.pid()]).context("/proc tells nothing of processes")?.resident_bytes)
    }
}

fn serve(martlet: &Path, data: &Path, folder: &Path) -> Result<Server> {
    let port = free_port();
    let mut serve = pinned(martlet);
    serve.args(["serve", APP, "--listen", &format!("127.0.0.1:{port}"), "--data"]).arg(data);
    serve.env("MARTLET_AUTH_JWT_SECRET", SECRET);
    serve.envs(LIMITS.map(|name| (name, LIMIT)));
    Server::start(&mut serve, port, &folder.join("martlet.log"))
}
