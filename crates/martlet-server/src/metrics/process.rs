//! What the system tells of this process. What it does not tell is absent, not 0.

/// Ticks of `/proc/self/stat` in a second: 100 on every Linux that Martlet runs on (sysconf cannot be asked without
/// code that is not safe).
const TICKS: f64 = 100.0;
/// Bytes of a page.
const PAGE_BYTES: u64 = 4096;

#[derive(Debug, Default)]
pub(super) struct Process {
    pub(super) cpu_s: Option<f64>,
    pub(super) resident_bytes: Option<u64>,
    pub(super) virtual_bytes: Option<u64>,
    pub(super) open_fds: Option<u64>,
    pub(super) max_fds: Option<u64>,
    pub(super) start_s: Option<f64>,
    pub(super) threads: Option<u64>,
}

impl Process {
    pub(super) fn look() -> Self {
        let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
        // The name of the program stands in parentheses and may hold blanks.
        let fields: Vec<&str> = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_ascii_whitespace().collect();
        // Numbered as in proc(5), whose third field is the first after the name.
        let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
        let boot_s = || -> Option<u64> {
            let text = std::fs::read_to_string("/proc/stat").ok()?;
            text.lines().find_map(|line| line.strip_prefix("btime ")?.trim().parse().ok())
        };
        let start_s = || Some(boot_s()? as f64 + field(22)? as f64 / TICKS);
        let cpu_s = || Some((field(14)? + field(15)?) as f64 / TICKS);
        Self {
            cpu_s: cpu_s(),
            resident_bytes: resident_bytes(),
            virtual_bytes: field(23),
            open_fds: std::fs::read_dir("/proc/self/fd").ok().map(|entries| entries.count() as u64),
            max_fds: max_fds(),
            start_s: start_s(),
            threads: field(20),
        }
    }
}

fn max_fds() -> Option<u64> {
    let limits = std::fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_ascii_whitespace().next()?.parse().ok()
}

/// Milliseconds of processor time that the process has used, where the system tells it.
pub(crate) fn cpu_ms() -> Option<u64> {
    Process::look().cpu_s.map(|seconds| (seconds * 1_000.0) as u64)
}

/// The process's resident memory, where the system tells it.
pub(crate) fn resident_bytes() -> Option<u64> {
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = statm.split_ascii_whitespace().nth(1)?.parse().ok()?;
    Some(pages * PAGE_BYTES)
}
