//! Key figures for the history: looked at once a minute, on a thread of their own, and kept by
//! [`martlet_engine::history`].
//!
//! Requests count as ever and know nothing of it: a look reads the counters, and what was counted since the look before
//! are the figures of the time between. A look is ended by the clock's minute, so that a row is a minute; its length is
//! measured by the time that never jumps.

mod look;
#[cfg(test)]
mod tests;

use crate::front::Shared;
use look::look;
use martlet_core::{Clock, Timestamp};
use martlet_engine::history::{Figure, History, ItemFigure, Period};
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;
use tokio::sync::oneshot;

/// How long the end of a server waits for the last figures to be written.
const LAST_WRITE: Duration = Duration::from_secs(2);
const MINUTE_MICROS: i64 = 60_000_000;

/// A history, and how often it is written.
#[derive(Debug, Clone)]
pub struct HistorySettings {
    /// Where figures are kept.
    pub history: Arc<History>,
    /// How often they are taken and written: a kill loses no more than this. A minute at most counts.
    pub every: Duration,
}

/// The thread that takes figures and has them written.
pub(crate) struct Keeper {
    stop: Sender<()>,
    done: oneshot::Receiver<()>,
}

impl Keeper {
    /// Starts it. None: the system gives no thread, and there is no history.
    pub(crate) fn start(shared: Arc<Shared>, settings: HistorySettings) -> Option<Self> {
        let (stop, stopped) = channel::<()>();
        let (tell_done, done) = oneshot::channel();
        let run = move || {
            let clock = Arc::clone(&shared.clock);
            let mut differences = Differences::begin(&*clock);
            settings.history.begin();
            loop {
                let pause = until_next(clock.now(), settings.every);
                let is_over = !matches!(stopped.recv_timeout(pause), Err(RecvTimeoutError::Timeout));
                settings.history.record(differences.next(look(&shared), &*clock));
                if is_over {
                    break;
                }
            }
            let _ = tell_done.send(());
        };
        match std::thread::Builder::new().name("history".to_owned()).spawn(run) {
            Ok(_) => Some(Self { stop, done }),
            Err(error) => {
                tracing::warn!(%error, "no thread for the history of figures: none is kept");
                None
            }
        }
    }

    /// Has the last figures written, and waits for that, but not for long.
    pub(crate) async fn stop(self) {
        let _ = self.stop.send(());
        if tokio::time::timeout(LAST_WRITE, self.done).await.is_err() {
            tracing::warn!("the last figures of the history are not written: the disk takes too long");
        }
    }
}

/// Until the next look: the end of a minute by the clock, or sooner.
fn until_next(now: Timestamp, every: Duration) -> Duration {
    let every = i64::try_from(every.as_micros()).unwrap_or(MINUTE_MICROS).clamp(1, MINUTE_MICROS);
    let within = now.micros().rem_euclid(MINUTE_MICROS);
    let next = ((within / every + 1) * every).min(MINUTE_MICROS);
    Duration::from_micros(u64::try_from(next - within).unwrap_or(1))
}

/// From looks to what lies between them.
struct Differences {
    before: Period,
    /// By the time that never jumps.
    looked_at: Timestamp,
}

impl Differences {
    /// Counters begin at 0 with the server: what they say at the first look is all of now on.
    fn begin(clock: &dyn Clock) -> Self {
        Self { before: Period::empty(clock.now()), looked_at: clock.steady() }
    }

    /// What was counted since the last look. It belongs to the minute of its middle: the end is in the next one by a
    /// hair, and the clock may have been set in between.
    fn next(&mut self, now: Period, clock: &dyn Clock) -> Period {
        let steady = clock.steady();
        let passed = steady.micros().saturating_sub(self.looked_at.micros()).max(0);
        let mut between = now.since(&self.before);
        between.at = Timestamp::from_micros(clock.now().micros().saturating_sub(passed / 2));
        between.observed = Duration::from_micros(u64::try_from(passed).unwrap_or(0));
        // Of the queries, and not of their sums: a reload takes queries away, and a sum that falls has not begun anew.
        for (figure, of_item) in [
            (Figure::Hits, ItemFigure::Hits),
            (Figure::Misses, ItemFigure::Misses),
            (Figure::Coalesced, ItemFigure::Coalesced),
            (Figure::Bypassed, ItemFigure::Bypassed),
        ] {
            let sum = between.items.iter().fold(0_u64, |sum, item| sum.saturating_add(item.get(of_item)));
            between.counts.set(figure, sum);
        }
        (self.before, self.looked_at) = (now, steady);
        between
    }
}
