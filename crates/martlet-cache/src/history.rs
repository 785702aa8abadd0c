//! What became of the answers under a key: whether anybody reads them, and whether they had to end.
//!
//! A key whose answers changes end before anybody has read them is not worth keeping. Two lives that end unread weigh
//! as much as one that was read; past a score the key is no longer kept. From then on each fill shows what would have
//! been: where no commit has touched the answer since the last one, it would have been read from memory, and the score
//! falls until the key is kept again.
//!
//! The same lives tell which keys are hot: those that are read more often than changes end them. The mean number of
//! reads of a life, the later lives weighing more, must be above one; a few lives that nobody reads end it. What ends
//! under a hot key is worth to be computed again before anybody asks.
//!
//! A fixed table: a key whose place another one takes is forgotten, and begins anew.

/// Keys that are remembered.
const CELLS: usize = 16_384;
/// From this score on a key is not kept.
const SCORE_STOP: u8 = 8;
/// At this score it is kept again.
const SCORE_RESUME: u8 = 4;
/// The most that a score grows to.
const SCORE_MAX: u8 = 12;
/// What a life that was read takes off.
const SCORE_READ: u8 = 2;

/// A life that was read once, at each end, brings the heat to this in the long run; above it a key is hot.
const HEAT_HOT: u8 = 16;
/// What each read of a life adds; a fourth is lost with each life.
const HEAT_READ: u8 = HEAT_HOT / 4;
/// The most that the heat grows to: after five lives that nobody has read a key is not hot.
const HEAT_MAX: u8 = 64;

/// The keys whose answers changes have ended.
#[derive(Debug)]
pub(crate) struct History {
    cells: Box<[Cell]>,
}

/// The last key of a place.
#[derive(Debug, Clone, Copy, Default)]
struct Cell {
    key: u64,
    /// Of the answer that was ended last.
    digest: Option<u64>,
    score: u8,
    heat: u8,
    /// The commit at which an answer was last not kept.
    refused_at: Option<u64>,
}

impl Default for History {
    fn default() -> Self {
        Self { cells: vec![Cell::default(); CELLS].into() }
    }
}

impl History {
    fn cell(&mut self, key: u64) -> &mut Cell {
        // The upper bits: the lower ones choose the place in other tables.
        &mut self.cells[(key >> 32) as usize % CELLS]
    }

    /// A change has ended the answer under a key, which was read so often; whether the key is hot.
    pub(crate) fn ended(&mut self, key: u64, digest: u64, reads: u32) -> bool {
        let cell = self.cell(key);
        if cell.key != key {
            *cell = Cell { key, ..Cell::default() };
        }
        cell.digest = Some(digest);
        cell.score = match reads {
            0 => (cell.score + 1).min(SCORE_MAX),
            _ => cell.score.saturating_sub(SCORE_READ),
        };
        let gained = u8::try_from(reads).unwrap_or(u8::MAX).saturating_mul(HEAT_READ);
        cell.heat = (cell.heat - cell.heat.div_ceil(4)).saturating_add(gained).min(HEAT_MAX);
        cell.heat > HEAT_HOT
    }

    /// Whether the answer under a key is the one that a change ended: once for each that was ended.
    pub(crate) fn is_as_before(&mut self, key: u64, digest: u64) -> bool {
        let cell = self.cell(key);
        cell.key == key && cell.digest.take() == Some(digest)
    }

    /// Whether an answer under this key is to be kept, at this commit. `is_untouched` tells whether no commit since the
    /// one it is given has touched the answer.
    pub(crate) fn admits(&mut self, key: u64, now: u64, is_untouched: impl FnOnce(u64) -> bool) -> bool {
        let cell = self.cell(key);
        if cell.key != key || (cell.score < SCORE_STOP && cell.refused_at.is_none()) {
            return true;
        }
        cell.score = match cell.refused_at {
            None => cell.score,
            Some(before) if is_untouched(before) => cell.score.saturating_sub(SCORE_READ),
            Some(_) => (cell.score + 1).min(SCORE_MAX),
        };
        let is_admitted = cell.score <= SCORE_RESUME;
        cell.refused_at = (!is_admitted).then_some(now);
        is_admitted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_nobody_reads_is_refused_until_it_is_read_again() {
        let mut history = History::default();
        let key = 7 << 32;
        assert!(history.admits(key, 0, |_| true));
        for life in 0..SCORE_STOP {
            assert!(history.admits(key, u64::from(life), |_| true), "after {life} lives");
            assert!(!history.ended(key, 1, 0));
        }
        assert!(!history.admits(key, 10, |_| unreachable!("it was not refused before")));
        // Touched between each two fills: as unread as before.
        (11..15).for_each(|now| assert!(!history.admits(key, now, |before| before + 1 != now)));
        // Read again and again with no change between: kept.
        let fills = (15..30).take_while(|now| !history.admits(key, *now, |_| true)).count();
        assert_eq!(fills, usize::from((SCORE_MAX - SCORE_RESUME) / SCORE_READ) - 1);
        assert!(history.admits(key, 30, |_| unreachable!("it is kept")));
    }

    #[test]
    fn a_key_that_is_read_in_every_third_life_is_kept() {
        let mut history = History::default();
        for life in 0..1_000u64 {
            assert!(history.admits(1, life, |_| false), "after {life} lives");
            history.ended(1, life, u32::from(life % 3 == 2));
        }
    }

    /// How hot a key is after lives of so many reads each.
    fn is_hot(lives: &[u32]) -> bool {
        let mut history = History::default();
        lives.iter().map(|reads| history.ended(1, 0, *reads)).last().unwrap_or(false)
    }

    #[test]
    fn a_key_is_hot_while_reads_outnumber_the_changes() {
        for (lives, expected) in [
            (&[1; 100][..], false),
            (&[0; 100], false),
            (&[2, 2], false),
            (&[2; 4], true),
            (&[1_000_000], true),
            (&[3, 0, 3, 0, 3, 0, 3, 0, 3], true),
            (&[1, 0, 1, 0, 1, 0, 1, 0, 1], false),
            (&[15, 15, 15, 0, 0, 0, 0], true),
            (&[15, 15, 15, 0, 0, 0, 0, 0], false),
        ] {
            assert_eq!(is_hot(lives), expected, "{lives:?}");
        }
    }

    #[test]
    fn an_answer_is_the_same_once() {
        let mut history = History::default();
        history.ended(3, 100, 1);
        assert!(!history.is_as_before(4, 100));
        assert!(history.is_as_before(3, 100));
        assert!(!history.is_as_before(3, 100));
        history.ended(3, 100, 1);
        assert!(!history.is_as_before(3, 101));
    }
}
