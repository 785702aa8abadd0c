//! What the cache has done: in all, and by query.

use std::time::{Duration, Instant};

/// Why an answer was not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unkept {
    /// Another version of the app is served since, or is about to be.
    Replaced,
    /// A commit since the answer was read has touched what it rests on.
    Overtaken,
    /// It is older than the commits that are remembered.
    TooOld,
    /// A value that it rests on is not known.
    Unbound,
    /// It is larger than what is kept.
    TooLarge,
    /// Changes end the answers under its key more often than anybody reads them.
    Unread,
}

impl Unkept {
    /// Every reason.
    pub const ALL: [Unkept; 6] =
        [Unkept::Replaced, Unkept::Overtaken, Unkept::TooOld, Unkept::Unbound, Unkept::TooLarge, Unkept::Unread];

    /// Its name where it is a label.
    pub fn name(self) -> &'static str {
        match self {
            Unkept::Replaced => "replaced",
            Unkept::Overtaken => "overtaken",
            Unkept::TooOld => "too_old",
            Unkept::Unbound => "unbound",
            Unkept::TooLarge => "too_large",
            Unkept::Unread => "unread",
        }
    }
}

/// What the cache has done since it was made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CacheFigures {
    /// Entries now.
    pub entries: usize,
    /// Bytes now, with what entries cost beside their answers.
    pub bytes: u64,
    /// Entries that commits have ended.
    pub invalidated: u64,
    /// Of them those whose answer was computed again and was the same.
    pub useless: u64,
    /// Entries that had to make room.
    pub evicted: u64,
    /// Times that everything was dropped.
    pub cleared: u64,
    /// Answers that were not kept.
    pub unkept: u64,
    /// Answers that someone follows now.
    pub groups: usize,
}

/// What the cache has done for one query since the app was loaded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct QueryFigures {
    /// Entries now.
    pub entries: usize,
    /// Bytes now, with what entries cost beside their answers.
    pub bytes: u64,
    /// The mean age of the entries.
    pub age_mean: Duration,
    /// Entries that commits have ended.
    pub invalidated: u64,
    /// Of them those whose answer was computed again and was the same.
    pub useless: u64,
    /// Entries that had to make room.
    pub evicted: u64,
    unkept: [u64; Unkept::ALL.len()],
}

impl QueryFigures {
    /// Answers that were not kept for this reason.
    pub fn unkept(&self, reason: Unkept) -> u64 {
        self.unkept[reason as usize]
    }
}

/// Counters of one query. Under the apply lock.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct QueryCounters {
    figures: QueryFigures,
    /// When its entries were made, summed: since the cache was.
    filled: Duration,
}

impl QueryCounters {
    pub(crate) fn entries(&self) -> usize {
        self.figures.entries
    }

    pub(crate) fn added(&mut self, weight: usize, filled: Duration) {
        self.figures.entries += 1;
        self.figures.bytes += weight as u64;
        self.filled += filled;
    }

    pub(crate) fn removed(&mut self, weight: usize, filled: Duration) {
        self.figures.entries -= 1;
        self.figures.bytes -= weight as u64;
        self.filled -= filled;
    }

    pub(crate) fn reweighed(&mut self, before: usize, after: usize) {
        self.figures.bytes = self.figures.bytes + after as u64 - before as u64;
    }

    pub(crate) fn count(&mut self, gone: Gone) {
        match gone {
            Gone::Invalidated => self.figures.invalidated += 1,
            Gone::Evicted => self.figures.evicted += 1,
            Gone::Cleared => {}
        }
    }

    pub(crate) fn count_useless(&mut self) {
        self.figures.useless += 1;
    }

    pub(crate) fn count_unkept(&mut self, reason: Unkept) {
        self.figures.unkept[reason as usize] += 1;
    }

    pub(crate) fn figures(&self, born: Instant, now: Instant) -> QueryFigures {
        let entries = u32::try_from(self.figures.entries).unwrap_or(u32::MAX);
        let age_mean = match entries {
            0 => Duration::ZERO,
            _ => now.saturating_duration_since(born).saturating_sub(self.filled / entries),
        };
        QueryFigures { age_mean, ..self.figures }
    }
}

/// Why an entry is no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gone {
    /// A commit touches it.
    Invalidated,
    /// It had to make room.
    Evicted,
    /// It was dropped with others, or another answer is under its key.
    Cleared,
}
