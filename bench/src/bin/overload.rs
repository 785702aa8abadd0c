//! `overload ADDRESS PID TARGET [TOKEN]`: what is left of a server's work when it is asked for more than it can do.
//!
//! The peak is what 64 connections get that ask one request after the other; the latency there is the normal one.
//! Then requests come at 2, 5 and 10 times that rate, on 2,000 connections, whether they are answered or not; and at
//! half of it, to see that all is as before. PID is the server's, whose processor time is measured. Pin the server to
//! one core and this to another (`taskset -c`), on a machine that does nothing else.
//!
//! Where others use the machine, read the share for the same processor time: how much of what the server used went
//! into answers, at the peak's cost of an answer.
//!
//! At ten times the peak nine of ten are refused, and a refusal is a whole exchange over a socket, about 9 us. So the
//! share of a core that refusals take is 9 x 9 us / (cost of an answer): choose a TARGET that costs at least 400 us.

#![expect(clippy::print_stdout, reason = "a command-line tool speaks on its terminal")]

use anyhow::{Context as _, Result, ensure};
use martlet_load::{Draw, Load, Pace, Pool, Report, RequestHead, Workload, run};
use std::net::SocketAddr;
use std::time::Duration;

const USAGE: &str = "usage: overload ADDRESS PID TARGET [TOKEN]";
/// Connections in an overload: at ten times the peak each has some tens of milliseconds for an exchange.
const CONNECTIONS: usize = 2_000;
const WARM_UP: Duration = Duration::from_secs(2);
const DURATION: Duration = Duration::from_secs(6);
/// Times the peak, and the share of it that must still be answered.
const STEPS: [(f64, f64); 3] = [(2.0, 0.90), (5.0, 0.85), (10.0, 0.80)];
/// Times the normal 99th percentile that accepted requests may have.
const LATENCY_TIMES_MAX: f64 = 3.0;
const REFUSAL_US_MAX: f64 = 50.0;

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [address, pid, target, token @ ..] = args.as_slice() else { anyhow::bail!(USAGE) };
    let load = Load {
        warm_up: WARM_UP,
        duration: DURATION,
        watched: vec![pid.parse().context(USAGE)?],
        ..Load::new(address.parse::<SocketAddr>().context(USAGE)?)
    };
    let bearer = token.first().map(|token| format!("Bearer {token}"));
    let headers: Vec<(&str, &str)> = bearer.iter().map(|bearer| ("Authorization", bearer.as_str())).collect();
    let request = RequestHead { method: "GET", target, host: address, headers: &headers }.bytes(None);
    let mut workload = Workload::new(1).kind("call", 1.0, Pool::new(vec![request], Draw::InTurn));

    let normal = run(&load, &mut workload)?;
    let (peak, p99) = (goodput(&normal), normal.all.latency.at(0.99).as_secs_f64());
    ensure!(peak > 0.0 && normal.all.errors() == 0, "64 connections are refused: {:?}", normal.all.statuses);
    let answer_us = processor_us(&normal) / normal.all.good() as f64;
    println!(
        "| load | asked/s | answered/s | of the peak | of it, for the same processor time | refused/s | other | p50 ms | p99 ms | p99, times normal | processor us a refusal |"
    );
    println!("| --- | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: |");
    print("64 connections", &normal, peak, p99, answer_us);
    let mut missed = Vec::new();
    for (times, share_min) in STEPS {
        let pace = Pace::Open { per_second: peak * times };
        let load = Load { connections: CONNECTIONS, pace, ..load.clone() };
        let report = run(&load, &mut workload)?;
        let name = format!("{times} times");
        print(&name, &report, peak, p99, answer_us);
        if goodput(&report) < peak * share_min {
            missed.push(format!("{name}: less than {share_min} of the peak is answered"));
        }
        if report.all.latency.at(0.99).as_secs_f64() > p99 * LATENCY_TIMES_MAX {
            missed.push(format!("{name}: p99 is more than {LATENCY_TIMES_MAX} times the normal one"));
        }
        if refusal_us(&report, answer_us).is_some_and(|us| us > REFUSAL_US_MAX) {
            missed.push(format!("{name}: a refusal costs more than {REFUSAL_US_MAX} us"));
        }
    }
    let after = Load { pace: Pace::Open { per_second: peak / 2.0 }, ..load };
    let after = run(&after, &mut workload)?;
    print("then 0.5 times", &after, peak, p99, answer_us);
    if after.all.errors() > 0 {
        missed.push(format!("afterwards not all is answered: {:?}", after.all.statuses));
    }
    ensure!(missed.is_empty(), "missed:\n{}", missed.join("\n"));
    Ok(())
}

fn goodput(report: &Report) -> f64 {
    report.all.good() as f64 / report.seconds
}

fn processor_us(report: &Report) -> f64 {
    report.watched.as_ref().map_or(0.0, |usage| usage.processor.as_secs_f64() * 1e6)
}

fn refused(report: &Report) -> u64 {
    report.all.statuses.get(&503).copied().unwrap_or(0)
}

/// What the server used beyond its answers, for each refusal.
fn refusal_us(report: &Report, answer_us: f64) -> Option<f64> {
    let refused = refused(report);
    let beyond_us = processor_us(report) - report.all.good() as f64 * answer_us;
    (refused > 0).then(|| beyond_us.max(0.0) / refused as f64)
}

fn print(name: &str, report: &Report, peak: f64, p99: f64, answer_us: f64) {
    let all = &report.all;
    let asked = all.answers + all.faults.values().sum::<u64>() + report.unsent;
    let other = all.errors() - refused(report) + report.unsent;
    let at = |share: f64| all.latency.at(share).as_secs_f64();
    println!(
        "| {name} | {:.0} | {:.0} | {:.3} | {:.3} | {:.0} | {other} | {:.2} | {:.2} | {:.2} | {} |",
        asked as f64 / report.seconds,
        goodput(report),
        goodput(report) / peak,
        report.all.good() as f64 * answer_us / processor_us(report),
        refused(report) as f64 / report.seconds,
        at(0.5) * 1e3,
        at(0.99) * 1e3,
        at(0.99) / p99,
        refusal_us(report, answer_us).map_or("-".to_owned(), |us| format!("{us:.1}")),
    );
}
