//! `sampler [MARTLET]`: what it costs that one answer from memory of 10,000 is computed again and compared.
//!
//! Serves `bench/workloads` three times with the given binary (without one, the `martlet` beside this one): without
//! the sampler, with it as it is by default, and with one of 100 compared. All are asked in turn for the same free
//! rooms, which come from memory; what is compared is the server's processor time a request.
//!
//! The cost at the default is far below what can be told from two runs, so it is taken from a hundred times as many
//! checks, and divided by a hundred: each check costs the same. Ends with an error above half a percent.

#![expect(clippy::print_stdout, reason = "a command-line tool speaks on its terminal")]

use anyhow::{Context as _, Result, bail, ensure};
use martlet_load::{Draw, Load, Pool, RequestHead, Workload, run};
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const TARGET: &str = "/rest/v1/rpc/availability?check_in=2026-03-01&check_out=2026-03-04";
/// Of so many one is compared: never, by default, a hundred times as often.
const EVERY: [u32; 3] = [0, 10_000, 100];
const TIMES: f64 = 100.0;
const ROUNDS: usize = 7;
const COST_MAX: f64 = 0.005;

fn main() -> Result<()> {
    let martlet = match std::env::args_os().nth(1) {
        Some(path) => PathBuf::from(path),
        None => std::env::current_exe()?.with_file_name("martlet"),
    };
    ensure!(martlet.is_file(), "there is no {}: build it with `cargo build --release -p martlet`", martlet.display());
    let data = EVERY.map(|_| tempfile::tempdir());
    let mut servers = Vec::new();
    for (every, data) in EVERY.into_iter().zip(data) {
        let data = data?;
        prepare(&martlet, data.path())?;
        servers.push((Server::start(&martlet, data.path(), every)?, data));
    }
    println!("round | without | 1 of 10,000 | 1 of 100");
    let (mut defaults, mut often) = (Vec::new(), Vec::new());
    for round in 1..=ROUNDS {
        let mut costs = Vec::new();
        for (server, _) in &servers {
            costs.push(server.cost_us()?);
        }
        println!("{round} | {:.3} us | {:.3} us | {:.3} us", costs[0], costs[1], costs[2]);
        defaults.push(costs[1] / costs[0]);
        often.push(costs[2] / costs[0]);
    }
    let (default, often) = (median(defaults), median(often));
    let cost = (often - 1.0).max(0.0) / TIMES;
    println!(
        "processor time a request to that without, medians of {ROUNDS}: 1 of 10,000 {default:.4}, 1 of 100 {often:.4}"
    );
    println!("so the sampler costs {:.4} % of a hit", cost * 100.0);
    ensure!(cost <= COST_MAX, "that is more than {} %", COST_MAX * 100.0);
    Ok(())
}

fn median(mut ratios: Vec<f64>) -> f64 {
    ratios.sort_by(f64::total_cmp);
    ratios[ratios.len() / 2]
}

fn prepare(martlet: &Path, data: &Path) -> Result<()> {
    for args in [&["migrate"][..], &["seed", "--scale", "0.05"]] {
        let output =
            Command::new(martlet).arg(args[0]).arg(app()).args(&args[1..]).env("MARTLET_DATA", data).output()?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}

fn app() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("workloads")
}

/// A running `martlet serve`, ended with this.
struct Server {
    child: Child,
    address: SocketAddr,
}

impl Server {
    fn start(martlet: &Path, data: &Path, every: u32) -> Result<Self> {
        let mut command = Command::new(martlet);
        command.arg("serve").arg(app()).args(["--listen", "127.0.0.1:0"]);
        command.env("MARTLET_DATA", data).env("MARTLET_CACHE_CHECK_EVERY", every.to_string());
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

    /// Microseconds of the server's processor time for one request.
    fn cost_us(&self) -> Result<f64> {
        let host = self.address.to_string();
        let request = RequestHead { method: "GET", target: TARGET, host: &host, headers: &[] }.bytes(None);
        let mut workload = Workload::new(1).kind("hit", 1.0, Pool::new(vec![request], Draw::InTurn));
        let load = Load {
            connections: 16,
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
