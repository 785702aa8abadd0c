//! The systems that are compared: how each is started, asked, and brought back to the data set.

use crate::compare::hits::Hits;
use crate::compare::process::{PINNED, Server, built, finish, pinned};
use crate::compare::request::{Api, Ask};
use crate::compare::token::Tokens;
use crate::compare::workload::{Rows, Workload};
use anyhow::{Context as _, Result, ensure};
use martlet_load::{Answer, ask};
use martlet_testkit::postgres::{Postgres, Start, free_port};
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use tempfile::TempDir;

const APP: &str = "bench/workloads";
const BASELINE: &str = "bench/baselines/express";
/// Guards made-up data on loopback for the minutes of a run.
const SECRET: &str = "of-a-run-that-nobody-else-can-reach-0123456789";
const DATABASE: &str = "bench";
/// As its owner would set it for this machine and this data; writes are on the disk before they are acknowledged.
const POSTGRES_SETTINGS: &[(&str, &str)] = &[
    ("shared_buffers", "1GB"),
    ("work_mem", "16MB"),
    ("random_page_cost", "1.1"),
    ("jit", "off"),
    ("synchronous_commit", "on"),
    ("timezone", "UTC"),
];
const ANSWER_MAX: Duration = Duration::from_secs(30);
/// The baseline forgets its cache at a signal: nothing tells when it has, but it takes a millisecond.
const FORGETS_WITHIN: Duration = Duration::from_millis(200);

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum System {
    Martlet,
    /// The same server with `cache.mode = off`, on a copy of its data.
    Uncached,
    HandWritten,
    ExpressCached,
    Express,
    Bare,
}

impl System {
    pub(crate) const ALL: [Self; 6] =
        [Self::Martlet, Self::Uncached, Self::HandWritten, Self::ExpressCached, Self::Express, Self::Bare];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Martlet => "martlet",
            Self::Uncached => "martlet-uncached",
            Self::HandWritten => "hand-written",
            Self::ExpressCached => "express-cached",
            Self::Express => "express",
            Self::Bare => "bare-hyper",
        }
    }

    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Martlet => "Martlet",
            Self::Uncached => "Martlet, cache off",
            Self::HandWritten => "hand-written (axum, rusqlite)",
            Self::ExpressCached => "Express, caches on",
            Self::Express => "Express, caches off",
            Self::Bare => "bare hyper",
        }
    }

    /// Where its database is: a ratio without it says half.
    pub(crate) fn database(self) -> &'static str {
        match self {
            Self::Martlet | Self::Uncached | Self::HandWritten => "in the process (SQLite)",
            Self::ExpressCached => "beside it (PostgreSQL), Redis too",
            Self::Express => "beside it (PostgreSQL)",
            Self::Bare => "none: fixed bytes",
        }
    }

    pub(crate) fn api(self) -> Api {
        match self {
            Self::ExpressCached | Self::Express => Api::Express,
            Self::Martlet | Self::Uncached | Self::HandWritten | Self::Bare => Api::Martlet,
        }
    }

    /// The systems that a workload is measured on, in turn.
    pub(crate) fn on(workload: Workload) -> Vec<Self> {
        let is_in = |system: &Self| match system {
            // It has no spin.
            Self::HandWritten => workload != Workload::Spin,
            // A spin reads nothing that is kept.
            Self::Uncached => workload != Workload::Spin,
            Self::ExpressCached => workload.is_cached(),
            // It has one answer, so it cannot be a mix.
            Self::Bare => workload.parts().len() == 1,
            Self::Martlet | Self::Express => true,
        };
        Self::ALL.into_iter().filter(is_in).collect()
    }
}

/// All of them, running.
pub(crate) struct Systems {
    // Fields are dropped in this order: servers before what they stand on.
    bare: Option<Server>,
    martlet: Server,
    uncached: Server,
    hand_written: Server,
    express_cached: Server,
    express: Server,
    redis: Server,
    postgres: Postgres,
    folder: TempDir,
    pub(crate) tokens: Tokens,
    pub(crate) rows: Rows,
}

impl Systems {
    /// Makes the data set in each database and starts every server.
    pub(crate) fn start(rows: Rows) -> Result<Self> {
        let folder = TempDir::with_prefix("martlet-bench-")?;
        let path = |name: &str| folder.path().join(name);

        let martlet = built("martlet")?;
        let (data, uncached, copy) = (path("martlet"), path("uncached"), path("hand-written"));
        let on_data = |command: &str| {
            let mut martlet = Command::new(&martlet);
            martlet.args([command, APP, "--data"]).arg(&data);
            martlet
        };
        finish(&mut on_data("migrate"))?;
        finish(on_data("seed").args(["--scale", &rows.scale.to_string()]))?;
        copy_database(&data, &copy)?;
        copy_database(&data, &uncached)?;

        let postgres = Postgres::start_with(&Start { settings: POSTGRES_SETTINGS, launcher: &PINNED });
        let url = database_url(&postgres);
        finish(psql(&postgres, "postgres").args(["-c", &format!("CREATE DATABASE {DATABASE}")]))?;
        let scale = format!("scale={}", rows.scale);
        finish(psql(&postgres, DATABASE).args(["-v", &scale, "-f"]).arg(Path::new(BASELINE).join("setup.sql")))?;

        let redis_port = free_port();
        let mut redis = pinned("redis-server");
        redis.args(["--bind", "127.0.0.1", "--port", &redis_port.to_string(), "--save", "", "--appendonly", "no"]);
        let redis = Server::start(redis.arg("--dir").arg(folder.path()), redis_port, &path("redis.log"))?;

        let tokens = Tokens::signed_with(SECRET);
        let express = |cache: &str| {
            let port = free_port();
            let mut node = pinned("node");
            node.arg("src/main.js").current_dir(BASELINE).env("NODE_ENV", "production");
            node.env("DATABASE_URL", &url).env("REDIS_URL", format!("redis://{}", redis.address));
            node.env("JWT_SECRET", tokens.secret()).env("PORT", port.to_string()).env("CACHE", cache);
            Server::start(&mut node, port, &path(&format!("express-{cache}.log")))
        };
        let express_cached = express("1")?;
        let express = express("0")?;

        let serve = |data: &Path, cache: &str, log: &str| {
            let port = free_port();
            let mut serve = pinned(&martlet);
            serve.args(["serve", APP, "--listen", &format!("127.0.0.1:{port}"), "--data"]).arg(data);
            serve.env("MARTLET_AUTH_JWT_SECRET", tokens.secret()).env("MARTLET_CACHE_MODE", cache);
            Server::start(&mut serve, port, &path(log))
        };
        let uncached = serve(&uncached, "off", "uncached.log")?;
        let martlet = serve(&data, "on", "martlet.log")?;

        let port = free_port();
        let mut hand = pinned(built("handwritten")?);
        hand.args(["--listen", &format!("127.0.0.1:{port}"), "--secret-env", "JWT_SECRET", "--database"]);
        hand.arg(copy.join("app.db")).env("JWT_SECRET", tokens.secret());
        let hand_written = Server::start(&mut hand, port, &path("hand-written.log"))?;

        Ok(Self {
            bare: None,
            martlet,
            uncached,
            hand_written,
            express_cached,
            express,
            redis,
            postgres,
            folder,
            tokens,
            rows,
        })
    }

    /// Starts the bare server anew with the bytes that it is to answer.
    pub(crate) fn start_bare(&mut self, bytes: &[u8]) -> Result<()> {
        self.bare = None;
        let file = self.folder.path().join("bare.json");
        fs::write(&file, bytes)?;
        let port = free_port();
        let mut bare = pinned(built("bare_hyper")?);
        bare.arg(format!("127.0.0.1:{port}")).arg(&file);
        self.bare = Some(Server::start(&mut bare, port, &self.folder.path().join("bare.log"))?);
        Ok(())
    }

    pub(crate) fn address(&self, system: System) -> Result<SocketAddr> {
        Ok(self.server(system)?.address)
    }

    /// The first process of each part of the server's side.
    pub(crate) fn pids(&self, system: System) -> Result<Vec<u32>> {
        let own = self.server(system)?.pid();
        Ok(match system {
            System::ExpressCached => vec![own, self.postgres.pid(), self.redis.pid()],
            System::Express => vec![own, self.postgres.pid()],
            System::Martlet | System::Uncached | System::HandWritten | System::Bare => vec![own],
        })
    }

    /// Asks once.
    pub(crate) fn ask(&self, system: System, what: &Ask) -> Result<Answer> {
        let address = self.address(system)?;
        let request = system.api().bytes(what, &address.to_string(), &self.tokens);
        ask(address, &request, ANSWER_MAX).with_context(|| format!("{}: {what:?}", system.label()))
    }

    /// Takes back all bookings that are not of the data set.
    pub(crate) fn reset_bookings(&self, system: System) -> Result<()> {
        let keep = self.rows.bookings;
        match system {
            System::Martlet | System::Uncached => {
                let answer = self.ask(system, &Ask::ResetBookings { keep })?;
                let told = String::from_utf8_lossy(&answer.body);
                ensure!(answer.status < 300, "reset_bookings: {} {told}", answer.status);
            }
            System::HandWritten => {
                let database = self.folder.path().join("hand-written/app.db");
                let connection = rusqlite::Connection::open(database)?;
                connection.busy_timeout(ANSWER_MAX)?;
                connection.execute("delete from bookings where id > ?1", [keep])?;
            }
            System::ExpressCached | System::Express => {
                let reset = Path::new(BASELINE).join("reset.sql");
                finish(psql(&self.postgres, DATABASE).args(["-v", &format!("keep={keep}"), "-f"]).arg(reset))?;
                self.express_cached.signal("HUP")?;
                std::thread::sleep(FORGETS_WITHIN);
            }
            System::Bare => {}
        }
        Ok(())
    }

    /// What the server counts of its cache: answers from memory, and all calls of queries.
    pub(crate) fn hits(&self, system: System) -> Result<Option<Hits>> {
        if system != System::Martlet {
            return Ok(None);
        }
        let answer = self.ask(system, &Ask::Metrics)?;
        ensure!(answer.status == 200, "/metrics: {}", answer.status);
        Ok(Some(Hits::told(&String::from_utf8_lossy(&answer.body))))
    }

    fn server(&self, system: System) -> Result<&Server> {
        Ok(match system {
            System::Martlet => &self.martlet,
            System::Uncached => &self.uncached,
            System::HandWritten => &self.hand_written,
            System::ExpressCached => &self.express_cached,
            System::Express => &self.express,
            System::Bare => self.bare.as_ref().context("the bare server is not started")?,
        })
    }
}

fn database_url(postgres: &Postgres) -> String {
    format!("postgresql://postgres@127.0.0.1:{}/{DATABASE}", postgres.port())
}

fn psql(postgres: &Postgres, database: &str) -> Command {
    let mut psql = Command::new("psql");
    psql.args(["-q", "-X", "-v", "ON_ERROR_STOP=1", "-d", &postgres.connection_string(database)]);
    psql
}

/// The database alone: a lock and keys of Martlet's are no business of another server.
fn copy_database(from: &Path, to: &PathBuf) -> Result<()> {
    fs::create_dir(to)?;
    for file in ["app.db", "app.db-wal"] {
        let source = from.join(file);
        if source.exists() {
            fs::copy(source, to.join(file))?;
        }
    }
    ensure!(to.join("app.db").exists(), "{} has no app.db", from.display());
    Ok(())
}
