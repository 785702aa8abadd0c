//! The machine: whether it can be split between servers and load, what it is, and what others took of it meanwhile.

use crate::compare::process::{PINNED, finish};
use anyhow::{Context as _, Result, bail, ensure};
use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

/// Ticks a second of `/proc/stat`: the same on every Linux that Rust runs on.
const TICKS_PER_SECOND: f64 = 100.0;

/// Errors where servers and load cannot have a processor each.
pub(crate) fn can_be_split() -> Result<()> {
    let works = Command::new(PINNED[0]).args(["-c", "0,1", "true"]).status().context("`taskset` is missing")?;
    ensure!(works.success(), "two processors are needed: one for the servers, one for the load");
    Ok(())
}

/// Lets this process and those that it starts open so many files, up to what the machine allows at all.
pub(crate) fn allow_files(wanted: usize) -> Result<()> {
    let limits = fs::read_to_string("/proc/self/limits")?;
    let (soft, hard) = file_limits(&limits).context("/proc tells no limit of open files")?;
    if soft >= wanted {
        return Ok(());
    }
    ensure!(hard >= wanted, "{wanted} open files are needed, and {hard} allowed: raise the limit (`ulimit -Hn`)");
    let own = std::process::id().to_string();
    finish(Command::new("prlimit").args(["--pid", &own, &format!("--nofile={hard}:{hard}")]))
}

/// The soft and the hard limit.
fn file_limits(limits: &str) -> Option<(usize, usize)> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    let mut fields = line.split_ascii_whitespace();
    let mut number = || fields.next().map(|field| field.parse().unwrap_or(usize::MAX));
    Some((number()?, number()?))
}

/// Bytes that the kernel keeps for TCP sockets, of all processes.
pub(crate) fn socket_bytes() -> u64 {
    const PAGE_SIZE: u64 = 4_096;
    let stat = fs::read_to_string("/proc/net/sockstat").unwrap_or_default();
    socket_pages(&stat).unwrap_or(0) * PAGE_SIZE
}

fn socket_pages(stat: &str) -> Option<u64> {
    let line = stat.lines().find_map(|line| line.strip_prefix("TCP:"))?;
    let fields: Vec<&str> = line.split_ascii_whitespace().collect();
    let at = fields.iter().position(|field| *field == "mem")?;
    fields.get(at + 1)?.parse().ok()
}

/// Model, processors, memory, kernel: as far as they tell.
pub(crate) fn description() -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let cpuinfo = read("/proc/cpuinfo");
    let field = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name))?;
        Some(line.split(':').nth(1)?.trim().to_owned())
    };
    let model = field(&cpuinfo, "model name").unwrap_or_else(|| "unknown processor".to_owned());
    let count = cpuinfo.lines().filter(|line| line.starts_with("processor")).count();
    let memory_kib = field(&read("/proc/meminfo"), "MemTotal").and_then(|text| text.split(' ').next()?.parse().ok());
    let memory_gib = memory_kib.unwrap_or(0.0) / f64::from(1 << 20);
    let kernel = read("/proc/sys/kernel/osrelease");
    let version = kernel.trim().split('-').next().unwrap_or_default();
    format!("{model}, {count} processors, {memory_gib:.0} GiB, Linux {version}")
}

/// Begins to look at what others take of the servers' processor.
#[derive(Debug)]
pub(crate) struct Foreign {
    began: Instant,
    busy: Duration,
    own: Duration,
}

impl Foreign {
    pub(crate) fn begin(own: &[u32]) -> Result<Self> {
        Ok(Self { began: Instant::now(), busy: busy()?, own: used(own)? })
    }

    /// The share of the processor since the beginning that the given processes did not use and somebody else did.
    pub(crate) fn share(self, own: &[u32]) -> Result<f64> {
        let spent = self.began.elapsed().as_secs_f64();
        let (busy, own) = (busy()?.saturating_sub(self.busy), used(own)?.saturating_sub(self.own));
        Ok(busy.saturating_sub(own).as_secs_f64() / spent)
    }
}

fn used(pids: &[u32]) -> Result<Duration> {
    Ok(martlet_load::usage::of(pids).context("/proc tells nothing of processes")?.processor)
}

/// Time that the servers' processor was busy so far; interrupts belong to nobody.
fn busy() -> Result<Duration> {
    let stat = fs::read_to_string("/proc/stat")?;
    match busy_ticks(&stat) {
        Some(ticks) => Ok(Duration::from_secs_f64(ticks as f64 / TICKS_PER_SECOND)),
        None => bail!("/proc/stat tells nothing of the first processor"),
    }
}

fn busy_ticks(stat: &str) -> Option<u64> {
    let line = stat.lines().find_map(|line| line.strip_prefix("cpu0 "))?;
    let fields: Vec<u64> = line.split_ascii_whitespace().map_while(|field| field.parse().ok()).collect();
    // user, nice, system, [idle, wait, interrupts, soft interrupts,] stolen by the host
    Some(fields.get(..3)?.iter().sum::<u64>() + fields.get(7)?)
}

#[cfg(test)]
mod tests {
    use super::{busy_ticks, file_limits, socket_pages};

    #[test]
    fn limits_and_socket_memory_are_read() {
        let limits = "Limit   Soft Limit  Hard Limit  Units\nMax open files            1024                 unlimited            files\n";
        assert_eq!(file_limits(limits), Some((1_024, usize::MAX)));
        assert_eq!(socket_pages("sockets: used 9\nTCP: inuse 5 orphan 0 tw 2 alloc 7 mem 31\n"), Some(31));
        assert_eq!((file_limits(""), socket_pages("")), (None, None));
    }

    #[test]
    fn waiting_and_interrupts_are_not_busy() {
        let stat = "cpu  9 9 9 9 9 9 9 9 0 0\ncpu0 1 20 300 4000 50000 600000 7000000 80000000 0 0\ncpu1 0 0 0\n";
        assert_eq!(busy_ticks(stat), Some(80_000_321));
        assert_eq!(busy_ticks("cpu0 1 2"), None);
    }
}
