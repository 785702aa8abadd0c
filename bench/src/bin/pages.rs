//! `pages [MARTLET]`: page 1 and page 2,000 of a user with 50,000 plays, side by side; prints a table and the ratio.
//!
//! Serves `bench/workloads` from a folder of its own with the given binary (without one, the `martlet` beside this
//! one), walks to page 2,000, and then asks for the two pages in turn, A B A B. What is compared is the server's
//! processor time a request, which others on the machine disturb least. Ends with an error beyond 20 %.

#![expect(clippy::print_stdout, reason = "a command-line tool speaks on its terminal")]

use anyhow::{Context as _, Result, bail, ensure};
use jsonwebtoken::{EncodingKey, Header, encode};
use martlet_load::{Draw, Load, Pool, RequestHead, Workload, ask, run};
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Beyond the players of the seed, so that all plays are the ones that are made here.
const USER: i64 = 1_000;
const PLAYS: i64 = 50_000;
const PAGE: usize = 2_000;
const ROUNDS: usize = 5;
const RATIO_MAX: f64 = 1.2;
const SECRET: &str = "for a server that lives as long as this measurement";
const PATIENCE: Duration = Duration::from_secs(10);

fn main() -> Result<()> {
    let martlet = match std::env::args_os().nth(1) {
        Some(path) => PathBuf::from(path),
        None => std::env::current_exe()?.with_file_name("martlet"),
    };
    ensure!(martlet.is_file(), "there is no {}: build it with `cargo build --release -p martlet`", martlet.display());
    let data = tempfile::tempdir()?;
    prepare(&martlet, data.path())?;
    let server = Server::start(&martlet, data.path())?;
    let token = token()?;

    let first = server.request("", &token);
    let mut cursor = String::new();
    for _ in 1..PAGE {
        cursor = next_cursor(server.address, &server.request(&cursor, &token))?;
    }
    let deep = server.request(&cursor, &token);
    next_cursor(server.address, &deep)?;

    println!("round | page 1 | page {PAGE} | ratio");
    let mut ratios = Vec::new();
    for round in 1..=ROUNDS {
        let (near, far) = (server.cost_us(&first)?, server.cost_us(&deep)?);
        ratios.push(far / near);
        println!("{round} | {near:.1} us | {far:.1} us | {:.3}", far / near);
    }
    ratios.sort_by(f64::total_cmp);
    let median = ratios[ROUNDS / 2];
    println!("processor time a request, page {PAGE} to page 1, median of {ROUNDS}: {median:.3}");
    ensure!((1.0 / RATIO_MAX..=RATIO_MAX).contains(&median), "they are more than 20 % apart");
    Ok(())
}

/// The app with a hundredth of its rows, and the plays of one more user.
fn prepare(martlet: &Path, data: &Path) -> Result<()> {
    for args in [&["migrate"][..], &["seed", "--scale", "0.01"]] {
        let output =
            Command::new(martlet).arg(args[0]).arg(app()).args(&args[1..]).env("MARTLET_DATA", data).output()?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let database = rusqlite::Connection::open(data.join("app.db"))?;
    let plays = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?2) \
                 INSERT INTO recently_played (user_id, song_id, played_at) SELECT ?1, i % 500 + 1, \
                 strftime('%Y-%m-%dT%H:%M:%S+00:00', 1767225600 + i * 30, 'unixepoch') FROM n";
    database.execute(plays, [USER, PLAYS])?;
    Ok(())
}

fn app() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("workloads")
}

fn token() -> Result<String> {
    // Until the year 2100.
    let claims =
        json!({"sub": USER.to_string(), "role": "authenticated", "aud": "authenticated", "exp": 4_102_444_800_u64});
    Ok(encode(&Header::default(), &claims, &EncodingKey::from_secret(SECRET.as_bytes()))?)
}

fn next_cursor(address: SocketAddr, request: &[u8]) -> Result<String> {
    let answer = ask(address, request, PATIENCE)?;
    ensure!(answer.status == 200, "status {}: {}", answer.status, String::from_utf8_lossy(&answer.body));
    let page: Value = serde_json::from_slice(&answer.body)?;
    page["next_cursor"].as_str().map(str::to_owned).context("the pages end too early")
}

/// A running `martlet serve`, ended with this.
struct Server {
    child: Child,
    address: SocketAddr,
}

impl Server {
    fn start(martlet: &Path, data: &Path) -> Result<Self> {
        let mut command = Command::new(martlet);
        command.arg("serve").arg(app()).args(["--listen", "127.0.0.1:0"]);
        command.env("MARTLET_DATA", data).env("MARTLET_AUTH_JWT_SECRET", SECRET);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let stdout = child.stdout.take().context("stdout is piped")?;
        for line in BufReader::new(stdout).lines() {
            let line = line?;
            let address =
                line.split_once("http://").map(|(_, rest)| rest.split_whitespace().next().unwrap_or_default());
            if let Some(address) = address {
                let address = address.trim_end_matches(['/', '.', ',']).parse().context(line.clone())?;
                return Ok(Self { child, address });
            }
        }
        bail!("the server did not start");
    }

    fn request(&self, cursor: &str, token: &str) -> Vec<u8> {
        let target = match cursor {
            "" => "/rest/v1/rpc/recent".to_owned(),
            cursor => format!("/rest/v1/rpc/recent?cursor={cursor}"),
        };
        let (host, bearer) = (self.address.to_string(), format!("Bearer {token}"));
        let headers = [("Authorization", bearer.as_str())];
        RequestHead { method: "GET", target: &target, host: &host, headers: &headers }.bytes(None)
    }

    /// Microseconds of the server's processor time for one request.
    fn cost_us(&self, request: &[u8]) -> Result<f64> {
        let mut workload = Workload::new(1).kind("page", 1.0, Pool::new(vec![request.to_vec()], Draw::InTurn));
        let load = Load {
            connections: 8,
            warm_up: Duration::from_millis(300),
            duration: Duration::from_secs(2),
            watched: vec![self.child.id()],
            ..Load::new(self.address)
        };
        let report = run(&load, &mut workload)?;
        ensure!(report.all.errors() == 0 && report.all.answers > 0, "{report:?}");
        report.processor_us_per_request().context("the system does not tell processor time")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
