//! What processes use, from Linux's `/proc`: processor time of a process and all that descend from it, and memory.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::time::Duration;

/// Ticks a second of `/proc/PID/stat`: the same on every Linux that Rust runs on.
const TICKS_PER_SECOND: u64 = 100;

/// Processor time so far and memory now, of some processes together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// In user and kernel mode, with that of children that have ended; a hundredth of a second exact.
    pub processor: Duration,
    /// Resident memory; what processes share counts for each.
    pub resident_bytes: u64,
    /// Resident memory where what is shared counts in part; nothing where it may not be read.
    pub proportional_bytes: Option<u64>,
}

/// Sums up these processes and all that descend from them; those that have ended count nothing.
///
/// Nothing where there is no `/proc`.
pub fn of(processes: &[u32]) -> Option<Usage> {
    let table = table()?;
    let mut usage = Usage { proportional_bytes: Some(0), ..Usage::default() };
    for pid in family(&table, processes) {
        usage.processor += table.get(&pid).map_or(Duration::ZERO, |entry| entry.processor);
        usage.resident_bytes += field_kib(&format!("/proc/{pid}/status"), "VmRSS:").unwrap_or(0) * 1024;
        let proportional = field_kib(&format!("/proc/{pid}/smaps_rollup"), "Pss:").map(|kib| kib * 1024);
        usage.proportional_bytes = usage.proportional_bytes.zip(proportional).map(|(sum, bytes)| sum + bytes);
    }
    Some(usage)
}

/// The processor time of the calling thread.
pub(crate) fn of_this_thread() -> Option<Duration> {
    let text = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split(' ').next()?.parse().ok().map(Duration::from_nanos)
}

struct Entry {
    parent: u32,
    processor: Duration,
}

fn table() -> Option<BTreeMap<u32, Entry>> {
    let mut table = BTreeMap::new();
    for file in fs::read_dir("/proc").ok()?.flatten() {
        let Some(pid) = file.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        // A process that ends while we look is no error.
        let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else { continue };
        if let Some(entry) = entry(&stat) {
            table.insert(pid, entry);
        }
    }
    (!table.is_empty()).then_some(table)
}

fn entry(stat: &str) -> Option<Entry> {
    // The name in parentheses may hold anything, blanks and parentheses too.
    let fields: Vec<&str> = stat[stat.rfind(')')? + 1..].split_ascii_whitespace().collect();
    let number = |index: usize| fields.get(index)?.parse::<u64>().ok();
    // utime, stime, cutime, cstime: what children used counts for the parent once it has waited for them.
    let ticks = number(11)? + number(12)? + number(13)? + number(14)?;
    Some(Entry {
        parent: fields.get(1)?.parse().ok()?,
        processor: Duration::from_millis(ticks * 1000 / TICKS_PER_SECOND),
    })
}

fn family(table: &BTreeMap<u32, Entry>, roots: &[u32]) -> BTreeSet<u32> {
    let mut family: BTreeSet<u32> = roots.iter().copied().filter(|pid| table.contains_key(pid)).collect();
    loop {
        let children = table.iter().filter(|(pid, entry)| family.contains(&entry.parent) && !family.contains(pid));
        let children: Vec<u32> = children.map(|(pid, _)| *pid).collect();
        if children.is_empty() {
            return family;
        }
        family.extend(children);
    }
}

fn field_kib(file: &str, name: &str) -> Option<u64> {
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};
    use std::time::Instant;

    #[test]
    fn a_name_with_blanks_and_parentheses_is_passed_over() {
        let entry = entry("7 (a ) b) S 3 7 7 0 -1 1 1 1 1 1 10 20 30 40 20 0 1 0 5").unwrap();
        assert_eq!((entry.parent, entry.processor), (3, Duration::from_secs(1)));
        assert!(super::entry("").is_none() && super::entry("7 (x) S 3").is_none());
    }

    #[test]
    fn grandchildren_count_with_their_processor_time() {
        // A shell that starts a shell that computes: the time is the grandchild's.
        let script = "sh -c 'while :; do :; done' & echo started; wait";
        let mut child = Command::new("sh").args(["-c", script]).stdout(Stdio::piped()).spawn().unwrap();
        let patience = Instant::now();
        let mut usage = of(&[child.id()]).unwrap();
        while usage.processor < Duration::from_millis(50) {
            assert!(patience.elapsed() < Duration::from_secs(30), "{usage:?}");
            std::thread::sleep(Duration::from_millis(10));
            usage = of(&[child.id()]).unwrap();
        }
        assert!(usage.resident_bytes > 0);
        for pid in family(&table().unwrap(), &[child.id()]) {
            Command::new("kill").args(["-9", &pid.to_string()]).status().unwrap();
        }
        child.wait().unwrap();
    }

    #[test]
    fn a_process_that_is_not_there_uses_nothing() {
        assert_eq!(of(&[u32::MAX]).unwrap().processor, Duration::ZERO);
        assert!(of_this_thread().unwrap() > Duration::ZERO);
    }
}
