//! What is measured.

use crate::compare::options::StreamsOptions;
use crate::compare::request::Api;
use crate::compare::streams::account::{Growth, Lags};
use crate::compare::token::Tokens;
use crate::compare::workload::{Rows, Workload};
use anyhow::Result;
use martlet_load::{Latency, Load, Pace, run};
use std::net::SocketAddr;
use std::time::Duration;

pub(super) const READS_PER_SECOND: f64 = 100.0;
const READ_CONNECTIONS: usize = 32;
const READ_SEED: u64 = 11;
const WARM_UP: Duration = Duration::from_millis(300);
const ANSWER_MAX: Duration = Duration::from_secs(30);

/// What was measured.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    pub(super) options: Option<StreamsOptions>,
    /// Until every stream had its first answer.
    pub(super) opened_in: Duration,
    /// Resident: without streams, with all of them, after the bookings, at the end.
    pub(super) memory_before: u64,
    pub(super) memory_open: u64,
    pub(super) memory_booked: u64,
    pub(super) memory_end: u64,
    /// Of the kernel's buffers, both ends together, with all streams open.
    pub(super) kernel_bytes: u64,
    pub(super) growth: Option<Growth>,
    pub(super) bookings: u64,
    pub(super) refused: u64,
    /// Answers of the hundred that bookings have altered, each change counted.
    pub(super) altered: u64,
    pub(super) booked: Lags,
    pub(super) reruns: Reruns,
    /// Of the server while rooms were booked, and of the load.
    pub(super) server_share: f64,
    pub(super) load_share: f64,
    pub(super) changes: u64,
    pub(super) storm: Lags,
    pub(super) storm_reruns: Reruns,
    pub(super) quiet_reads: Reads,
    pub(super) storm_reads: Reads,
    pub(super) foreign_share: f64,
}

/// Plain reads beside the streams.
#[derive(Debug, Default)]
pub(super) struct Reads {
    pub(super) latency: Latency,
    /// Refused or failed.
    pub(super) errors: u64,
    /// Due while all connections waited.
    pub(super) unsent: u64,
}

impl Reads {
    /// Reads `availability` at a low rate, on connections of their own.
    pub(super) fn of(address: SocketAddr, tokens: &Tokens, rows: Rows, time: Duration) -> Result<Self> {
        let mut requests = Workload::Availability.load(Api::Martlet, &address.to_string(), tokens, rows, READ_SEED);
        let reads = Load {
            connections: READ_CONNECTIONS,
            pace: Pace::Open { per_second: READS_PER_SECOND },
            warm_up: WARM_UP,
            duration: time.saturating_sub(WARM_UP),
            timeout: ANSWER_MAX,
            ..Load::new(address)
        };
        let report = run(&reads, &mut requests)?;
        Ok(Self { errors: report.all.errors(), unsent: report.unsent, latency: report.all.latency })
    }
}

/// What the server counts: re-runs of answers that somebody follows, by what came of them, and what was written.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Reruns {
    pub(super) changed: u64,
    pub(super) same: u64,
    pub(super) failed: u64,
    /// Frames written, and those of them within 50 ms from the moment at which their commit could be seen.
    pub(super) written: u64,
    pub(super) in_time: u64,
}

impl Reruns {
    pub(super) fn told(metrics: &str) -> Self {
        let of = |result: &str| {
            let lines = metrics.lines().filter(|line| line.starts_with("martlet_live_reruns_total{"));
            let lines = lines.filter(|line| line.contains(&format!("result=\"{result}\"")));
            lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum::<f64>() as u64
        };
        let written = |end: &str| {
            let name = format!("martlet_realtime_delivery_seconds_{end}");
            let mut lines = metrics.lines().filter(|line| line.starts_with(&name));
            let line = lines.find(|line| end == "count" || line.contains("le=\"0.05\""));
            line.and_then(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).unwrap_or(0.0) as u64
        };
        Self {
            changed: of("changed"),
            same: of("same"),
            failed: of("failed"),
            written: written("count"),
            in_time: written("bucket"),
        }
    }

    pub(super) fn since(self, before: Self) -> Self {
        Self {
            changed: self.changed - before.changed,
            same: self.same - before.same,
            failed: self.failed - before.failed,
            written: self.written - before.written,
            in_time: self.in_time - before.in_time,
        }
    }

    pub(super) fn all(self) -> u64 {
        self.changed + self.same + self.failed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reruns_are_read_out_of_the_metrics() {
        let metrics = "\
# TYPE martlet_live_reruns_total counter
martlet_live_reruns_total{result=\"changed\"} 70
martlet_live_reruns_total{result=\"same\"} 3
martlet_live_frames_total 7000
martlet_realtime_delivery_seconds_bucket{kind=\"answer\",le=\"0.025\"} 10
martlet_realtime_delivery_seconds_bucket{kind=\"answer\",le=\"0.05\"} 90
martlet_realtime_delivery_seconds_count{kind=\"answer\"} 100
";
        let reruns = Reruns::told(metrics);
        assert_eq!((reruns.changed, reruns.same, reruns.failed), (70, 3, 0));
        assert_eq!((reruns.in_time, reruns.written), (90, 100));
        let later = Reruns { changed: 75, ..reruns }.since(reruns);
        assert_eq!((later.changed, later.all()), (5, 5));
    }
}
