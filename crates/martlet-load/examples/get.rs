//! `get ADDRESS TARGET CONNECTIONS SECONDS`: asks one thing over and over, as fast as it goes, and tells what the
//! load itself costs.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use martlet_load::{Draw, Load, Pool, RequestHead, Workload, run};
use std::time::Duration;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [address, target, connections, seconds] = args.as_slice() else {
        return Err("usage: get ADDRESS TARGET CONNECTIONS SECONDS".into());
    };
    let request = RequestHead { method: "GET", target, host: address, headers: &[] }.bytes(None);
    let mut workload = Workload::new(1).kind("get", 1.0, Pool::new(vec![request], Draw::InTurn));
    let load = Load {
        connections: connections.parse()?,
        duration: Duration::from_secs(seconds.parse()?),
        ..Load::new(address.parse()?)
    };
    let report = run(&load, &mut workload)?;
    let us = |duration: Duration| duration.as_secs_f64() * 1e6;
    let latency = &report.all.latency;
    println!(
        "{:.0} a second, {} errors, p50 {:.0} us, p99 {:.0} us; the load takes {:.1} us of processor time a request",
        report.per_second(),
        report.all.errors(),
        us(latency.at(0.5)),
        us(latency.at(0.99)),
        report.load_processor.map_or(f64::NAN, us) / report.all.answers.max(1) as f64,
    );
    Ok(())
}
