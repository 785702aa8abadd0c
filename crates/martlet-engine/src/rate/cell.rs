//! What is known of one caller under one limit.

use super::{Rate, Standing};

/// Slices of a window in which calls are counted.
const SLICES: usize = 20;

/// One caller's count. Times are microseconds since 1970.
#[derive(Debug, Clone)]
pub(super) enum Cell {
    /// GCRA: when the allowance is whole again, in microseconds times calls, so that nothing is rounded.
    Rate(i128),
    /// Calls in the slices of the last window; `last` is the number of the newest.
    Count(Box<Slices>),
}

#[derive(Debug, Clone, Default)]
pub(super) struct Slices {
    last: i64,
    /// The slice of number n stands at n modulo their number.
    calls: [u32; SLICES + 1],
}

impl Cell {
    pub(super) fn new(rate: Rate) -> Self {
        if rate.is_count { Cell::Count(Box::default()) } else { Cell::Rate(0) }
    }

    pub(super) fn look(&mut self, rate: Rate, now: i64) -> Standing {
        match self {
            Cell::Rate(whole_at) => {
                let scaled = Scaled::new(rate, now);
                let whole_at = scaled.clamp(*whole_at);
                let free = scaled.end() - whole_at;
                let wait = scaled.step - free;
                Standing {
                    is_allowed: wait <= 0,
                    remaining: u64::try_from(free / scaled.step).unwrap_or(0),
                    reset_us: scaled.micros(whole_at - scaled.now),
                    retry_us: scaled.micros(wait),
                }
            }
            Cell::Count(slices) => slices.look(rate, now),
        }
    }

    pub(super) fn take(&mut self, rate: Rate, now: i64) {
        match self {
            Cell::Rate(whole_at) => {
                let scaled = Scaled::new(rate, now);
                *whole_at = scaled.clamp(*whole_at) + scaled.step;
            }
            Cell::Count(slices) => slices.take(rate, now),
        }
    }

    /// Whether forgetting the caller changes nothing.
    pub(super) fn is_whole(&mut self, rate: Rate, now: i64) -> bool {
        self.look(rate, now).reset_us == 0
    }
}

/// Times of a rate in microseconds times its calls.
struct Scaled {
    calls: i128,
    now: i128,
    /// What one call costs.
    step: i128,
}

impl Scaled {
    fn new(rate: Rate, now: i64) -> Self {
        let calls = i128::from(rate.calls.max(1));
        Self { calls, now: i128::from(now) * calls, step: i128::from(window_us(rate)) }
    }

    /// The latest time at which the allowance may be whole again.
    fn end(&self) -> i128 {
        self.now + self.step * self.calls
    }

    /// A time that has passed is now; one too far off is of a clock that was set back.
    fn clamp(&self, whole_at: i128) -> i128 {
        whole_at.clamp(self.now, self.end())
    }

    fn micros(&self, scaled: i128) -> u64 {
        u64::try_from((scaled.max(0) + self.calls - 1) / self.calls).unwrap_or(u64::MAX)
    }
}

impl Slices {
    fn look(&mut self, rate: Rate, now: i64) -> Standing {
        self.forget(rate, now);
        let slice = slice_us(rate);
        let taken: u64 = self.calls.iter().map(|calls| u64::from(*calls)).sum();
        let remaining = rate.calls.saturating_sub(taken);
        // The slices from the oldest to the newest, and when each is behind the window.
        let ends = |back: i64| {
            let number = self.last - back;
            let end = (number + SLICES as i64 + 1).saturating_mul(slice);
            (self.calls[index(number)], u64::try_from(end.saturating_sub(now)).unwrap_or(0))
        };
        let mut freed = remaining;
        let (mut retry_us, mut reset_us) = (0, 0);
        for (calls, end) in (0..=SLICES as i64).rev().map(ends).filter(|(calls, _)| *calls > 0) {
            if freed == 0 {
                retry_us = end;
            }
            freed += u64::from(calls);
            reset_us = end;
        }
        Standing { is_allowed: remaining > 0, remaining, reset_us, retry_us }
    }

    fn take(&mut self, rate: Rate, now: i64) {
        self.forget(rate, now);
        let calls = &mut self.calls[index(self.last)];
        *calls = calls.saturating_add(1);
    }

    /// Moves on to now. A clock that is set back a little stands still; by more than a window, it begins again.
    fn forget(&mut self, rate: Rate, now: i64) {
        let number = now.div_euclid(slice_us(rate));
        let moved = number - self.last;
        if moved.unsigned_abs() > SLICES as u64 {
            *self = Self { last: number, ..Self::default() };
            return;
        }
        for _ in 0..moved {
            self.last += 1;
            self.calls[index(self.last)] = 0;
        }
    }
}

fn index(number: i64) -> usize {
    usize::try_from(number.rem_euclid(SLICES as i64 + 1)).unwrap_or(0)
}

fn window_us(rate: Rate) -> i64 {
    i64::try_from(rate.window_ms.max(1)).unwrap_or(i64::MAX / 1_000_000).saturating_mul(1_000)
}

fn slice_us(rate: Rate) -> i64 {
    (window_us(rate) / SLICES as i64).max(1)
}
