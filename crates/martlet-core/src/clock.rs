//! Where time comes from, so that tests control it.

use crate::Timestamp;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Instant;

/// A source of the time of day.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// The time now, UTC, to the microsecond.
    fn now(&self) -> Timestamp;

    /// A time that never jumps and never goes back, to measure intervals by; near the time of day at the start.
    fn steady(&self) -> Timestamp {
        self.now()
    }

    /// The same for a moment that has just been read, which it may save to read again.
    fn steady_at(&self, _moment: Instant) -> Timestamp {
        self.steady()
    }
}

/// The system's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the system's clock")]
    fn now(&self) -> Timestamp {
        let since_1970 = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_micros(i64::try_from(since_1970.as_micros()).unwrap_or(i64::MAX - 1))
    }

    fn steady(&self) -> Timestamp {
        self.steady_at(Instant::now())
    }

    fn steady_at(&self, moment: Instant) -> Timestamp {
        static START: OnceLock<(Instant, i64)> = OnceLock::new();
        let (start, micros) = START.get_or_init(|| (Instant::now(), self.now().micros()));
        let passed = i64::try_from(moment.saturating_duration_since(*start).as_micros()).unwrap_or(i64::MAX);
        Timestamp::from_micros(micros.saturating_add(passed))
    }
}

/// A clock that stands until it is set.
#[derive(Debug, Default)]
pub struct TestClock(AtomicI64);

impl TestClock {
    /// A clock that shows this time.
    pub fn at(now: Timestamp) -> Self {
        Self(AtomicI64::new(now.micros()))
    }

    /// Shows another time from now on.
    pub fn set(&self, now: Timestamp) {
        self.0.store(now.micros(), Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}
