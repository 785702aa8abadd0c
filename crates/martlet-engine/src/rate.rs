//! `@limit`: how often a caller may call.
//!
//! Two ways of counting, chosen by how the limit is written. `10/s` is a rate (GCRA): a burst of 10, then one every
//! 100 ms. `1000/15m` is a count: at most 1,000 in any 15 minutes, which are counted in slices, the oldest one whole,
//! so that a limit is never passed and is free again a slice late at most.
//!
//! The state is bounded. When it is full, callers that have their whole allowance are forgotten, which changes nothing
//! for them; when nobody has, newcomers share what is left. Nobody's count is ever given up to make room, so filling
//! the table never resets a limit.

mod cell;

use cell::Cell;
use martlet_core::{Timestamp, limits};
use std::collections::HashMap;
use std::hash::{BuildHasher as _, Hash, RandomState};
use std::str::FromStr;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Callers that came when the table was full share so many counts.
const SHARED_CELLS: usize = 1_024;
/// How often a full table is looked through at most, in microseconds.
const SWEEP_EVERY: i64 = 1_000_000;

/// So many calls in so long a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Calls; also the burst.
    pub calls: u64,
    /// In so many milliseconds.
    pub window_ms: u64,
    /// Counted in the window, or else a rate.
    pub is_count: bool,
}

/// The text is no rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a rate: write such as `100/s` or `1000/15m`")]
pub struct ParseRateError;

impl FromStr for Rate {
    type Err = ParseRateError;

    /// As in `@limit`: `100/s` is a rate, `1000/15m` a count in any such window.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (calls, window) = text.split_once('/').ok_or(ParseRateError)?;
        let unit_at = window.len() - window.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let number = |digits: &str| match digits.len() {
            1..=9 => digits.parse::<u64>().ok().filter(|number| *number > 0 && !digits.starts_with('+')),
            _ => None,
        };
        let (digits, unit) = window.split_at(unit_at);
        let count = if digits.is_empty() { Some(1) } else { number(digits) };
        let unit_ms = match unit {
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return Err(ParseRateError),
        };
        let window_ms = count.ok_or(ParseRateError)? * unit_ms;
        Ok(Self { calls: number(calls).ok_or(ParseRateError)?, window_ms, is_count: !digits.is_empty() })
    }
}

/// How a limit stands for one caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Whether the call may go on.
    pub is_allowed: bool,
    /// Calls that may follow at once.
    pub remaining: u64,
    /// Until all of the limit is free again, in microseconds.
    pub reset_us: u64,
    /// Until the next call is allowed, in microseconds; 0: at once.
    pub retry_us: u64,
}

/// Counts the calls of many callers against one limit.
#[derive(Debug)]
pub struct RateLimiter {
    rate: Rate,
    hasher: RandomState,
    subjects_max: usize,
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    cells: HashMap<u64, Cell>,
    /// Empty until the table was full for the first time.
    shared: Vec<Cell>,
    swept_at: i64,
}

impl RateLimiter {
    /// Nobody has called yet.
    pub fn new(rate: Rate) -> Self {
        Self::with_room(rate, limits::LIMIT_SUBJECTS_MAX)
    }

    fn with_room(rate: Rate, subjects_max: usize) -> Self {
        Self { rate, hasher: RandomState::new(), subjects_max, table: Mutex::default() }
    }

    /// What is counted.
    pub fn rate(&self) -> Rate {
        self.rate
    }

    /// Counts a call of this subject, if the limit allows it.
    pub fn take(&self, subject: &impl Hash, now: Timestamp) -> Standing {
        let mut taking = self.taking(subject, now);
        let standing = taking.look();
        if standing.is_allowed { taking.take() } else { standing }
    }

    /// A look at how a subject stands, which nobody else changes meanwhile.
    pub(crate) fn taking(&self, subject: &impl Hash, now: Timestamp) -> Taking<'_> {
        let key = self.hasher.hash_one(subject);
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = table.slot(key, self.rate, self.subjects_max, now.micros());
        Taking { table, slot, rate: self.rate, now: now.micros() }
    }
}

/// One subject's count, held.
pub(crate) struct Taking<'a> {
    table: MutexGuard<'a, Table>,
    slot: Slot,
    rate: Rate,
    now: i64,
}

#[derive(Clone, Copy)]
enum Slot {
    Own(u64),
    Shared(usize),
}

impl Taking<'_> {
    /// How the subject stands before a call; nothing is counted.
    pub(crate) fn look(&mut self) -> Standing {
        let (rate, now) = (self.rate, self.now);
        self.cell().look(rate, now)
    }

    /// Counts a call and tells how the subject stands after it.
    pub(crate) fn take(mut self) -> Standing {
        let (rate, now) = (self.rate, self.now);
        let cell = self.cell();
        cell.take(rate, now);
        Standing { is_allowed: true, retry_us: 0, ..cell.look(rate, now) }
    }

    fn cell(&mut self) -> &mut Cell {
        let rate = self.rate;
        match self.slot {
            Slot::Own(key) => self.table.cells.entry(key).or_insert_with(|| Cell::new(rate)),
            Slot::Shared(index) => &mut self.table.shared[index],
        }
    }
}

impl Table {
    fn slot(&mut self, key: u64, rate: Rate, subjects_max: usize, now: i64) -> Slot {
        if self.cells.len() < subjects_max || self.cells.contains_key(&key) {
            return Slot::Own(key);
        }
        if now.saturating_sub(self.swept_at).unsigned_abs() >= SWEEP_EVERY.unsigned_abs() {
            self.swept_at = now;
            self.cells.retain(|_, cell| !cell.is_whole(rate, now));
            if self.cells.len() < subjects_max {
                return Slot::Own(key);
            }
        }
        if self.shared.is_empty() {
            self.shared.resize_with(SHARED_CELLS, || Cell::new(rate));
        }
        Slot::Shared(usize::try_from(key % SHARED_CELLS as u64).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests;
