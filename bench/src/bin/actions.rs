//! `actions ADDRESS TOKEN CLIENTS SECONDS`: books rooms of `examples/hotel` from so many connections, one booking
//! after the other on each, and prints bookings a second with percentiles as JSON.

#![expect(clippy::print_stdout, reason = "a command-line tool speaks on its terminal")]

use anyhow::{Context as _, Result, ensure};
use martlet_bench::connection::Connection;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

const USAGE: &str = "usage: actions ADDRESS TOKEN CLIENTS SECONDS";
const ROOM_TYPES: u64 = 40;
/// Nights to choose from: with 40 rooms a night and type there is always room for a run's bookings.
const DAYS: u64 = 3_000;

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [address, token, clients, seconds] = args.as_slice() else { anyhow::bail!(USAGE) };
    let (clients, seconds): (u64, u64) = (clients.parse().context(USAGE)?, seconds.parse().context(USAGE)?);
    ensure!(clients > 0 && (1..=60).contains(&seconds), "1 client or more, 1 to 60 seconds");

    let stop = AtomicBool::new(false);
    let draws = AtomicU64::new(0);
    let started = Instant::now();
    let mut latencies_us = std::thread::scope(|scope| -> Result<Vec<u64>> {
        let workers: Vec<_> = (0..clients).map(|_| scope.spawn(|| book(address, token, &stop, &draws))).collect();
        std::thread::sleep(Duration::from_secs(seconds));
        stop.store(true, Ordering::Relaxed);
        let mut all = Vec::new();
        for worker in workers {
            all.extend(worker.join().expect("a client does not panic")?);
        }
        Ok(all)
    })?;
    let elapsed = started.elapsed().as_secs_f64();
    latencies_us.sort_unstable();
    let percentile = |share: f64| latencies_us[((latencies_us.len() - 1) as f64 * share) as usize];
    ensure!(!latencies_us.is_empty(), "nothing was booked");
    println!(
        "{{\"clients\":{clients},\"booked\":{},\"per_second\":{:.1},\"p50_us\":{},\"p99_us\":{}}}",
        latencies_us.len(),
        latencies_us.len() as f64 / elapsed,
        percentile(0.5),
        percentile(0.99)
    );
    Ok(())
}

fn book(address: &str, token: &str, stop: &AtomicBool, draws: &AtomicU64) -> Result<Vec<u64>> {
    let mut connection = Connection::open(address)?;
    let mut latencies_us = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        // A multiplier without a common factor spreads the draws over the nights.
        let draw = draws.fetch_add(1, Ordering::Relaxed).wrapping_mul(7919);
        let (room_type, day) = (draw % ROOM_TYPES + 1, draw / ROOM_TYPES % DAYS);
        let body = format!(
            "{{\"room_type_id\":{room_type},\"check_in\":\"{}\",\"check_out\":\"{}\"}}",
            date(day),
            date(day + 1)
        );
        let asked = Instant::now();
        let status = connection.post("/rest/v1/rpc/book_room", token, &body)?;
        ensure!(status == 200, "status {status}: {}", String::from_utf8_lossy(connection.body()));
        latencies_us.push(u64::try_from(asked.elapsed().as_micros()).unwrap_or(u64::MAX));
    }
    Ok(latencies_us)
}

/// The day so many days after 2030-01-01, on a calendar of 28-day months: every date exists.
fn date(days: u64) -> String {
    let (years, rest) = (days / 336, days % 336);
    format!("{}-{:02}-{:02}", 2030 + years, rest / 28 + 1, rest % 28 + 1)
}
