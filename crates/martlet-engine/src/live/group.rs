//! An answer that is followed, however many follow it.
//!
//! The driver writes the latest state here and wakes those who wait; each follower looks by itself. Nothing is queued:
//! one who is slow finds the latest, and one who does not wait is not woken.

use super::frame::{Frame, FrameTag};
use crate::answer_cache::Kept;
use crate::engine::Followed;
use martlet_cache::Watcher;
use martlet_core::{Error, Position};
use martlet_store::Answer;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Instant;

/// An answer that is followed.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) followed: Arc<Followed>,
    pub(super) watcher: Watcher<Kept>,
    shared: Mutex<Shared>,
}

/// What driver and followers agree on.
#[derive(Debug, Default)]
pub(super) struct Shared {
    latest: Option<Latest>,
    /// It cannot be followed.
    end: Option<Error>,
    /// Runs that have begun, and that have ended.
    begun: u64,
    ended: u64,
    /// A follower wants a run, and none has begun since.
    is_asked: bool,
    slots: Vec<Slot>,
    free: Vec<usize>,
    pub(super) schedule: Schedule,
}

/// When it is to be run again: the driver's alone.
#[derive(Debug, Default)]
pub(super) struct Schedule {
    pub(super) due: Option<Instant>,
    pub(super) stage: Stage,
    /// It runs, and is due once more from here on.
    pub(super) again: Option<Instant>,
    /// Since when the first commit can be seen that no run has shown.
    pub(super) touched_at: Option<Instant>,
    /// Runs in a row that failed; that were in vain, because nothing told what they rested on.
    pub(super) failures: u32,
    pub(super) in_vain: u32,
}

/// How far it has come.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    #[default]
    Idle,
    /// It is to be run.
    Ready,
    Running,
}

/// The place of a follower, for the time it is there.
#[derive(Debug, Default)]
struct Slot {
    waker: Option<Waker>,
    /// It waits for a run's end, whatever the run gives.
    awaits_run: bool,
}

/// The latest state.
#[derive(Debug, Clone)]
pub(super) struct Latest {
    pub(super) frame: Arc<Frame>,
    /// The last position at which it was read.
    pub(super) position: Position,
    /// In which snapshot: answers of one snapshot hold together.
    pub(super) snapshot: u64,
}

impl Latest {
    /// The answer, or why there is none.
    pub(super) fn answer(&self) -> &Result<Answer, Error> {
        &self.frame.answers[0]
    }
}

/// What a follower finds.
#[derive(Debug)]
pub(super) enum Look {
    /// It cannot be followed.
    End(Error),
    /// Nothing that is new enough: it is woken when there is.
    Wait,
    Latest(Latest),
}

impl Group {
    pub(super) fn new(followed: Followed, watcher: Watcher<Kept>) -> Self {
        Self { followed: Arc::new(followed), watcher, shared: Mutex::default() }
    }

    /// The same for as long as it is there, and no other's.
    pub(super) fn number(&self) -> u64 {
        self.watcher.number()
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One begins to follow; gives its place.
    pub(super) fn enter(&self) -> usize {
        let mut shared = self.lock();
        shared.free.pop().unwrap_or_else(|| {
            shared.slots.push(Slot::default());
            shared.slots.len() - 1
        })
    }

    /// One has gone; whether it was the last.
    pub(super) fn leave(&self, place: usize) -> bool {
        let mut shared = self.lock();
        shared.slots[place] = Slot::default();
        shared.free.push(place);
        shared.is_left()
    }

    /// The number of the first run that begins from now on, and whether nobody has asked for it yet.
    pub(super) fn ask(&self) -> (u64, bool) {
        let mut shared = self.lock();
        let is_first = !shared.is_asked;
        shared.is_asked = true;
        (shared.begun + 1, is_first)
    }

    /// The latest state, if the run of this number has ended. From here on the follower at this place is woken when
    /// there is another, or when the run has ended.
    pub(super) fn look(&self, place: usize, run: u64, waker: &Waker) -> Look {
        let mut shared = self.lock();
        if let Some(error) = &shared.end {
            return Look::End(error.clone());
        }
        let is_new_enough = run <= shared.ended;
        let slot = &mut shared.slots[place];
        slot.awaits_run = !is_new_enough;
        match &mut slot.waker {
            Some(known) if known.will_wake(waker) => {}
            known => *known = Some(waker.clone()),
        }
        match &shared.latest {
            Some(latest) if is_new_enough => Look::Latest(latest.clone()),
            _ => Look::Wait,
        }
    }

    /// The follower at this place is to be woken at the end of the next run, whatever that gives.
    pub(super) fn await_run(&self, place: usize) {
        self.lock().slots[place].awaits_run = true;
    }

    /// Takes the wakers of the places from `from` on, of so many places at most; and the place to go on from.
    pub(super) fn take_wakers(&self, from: usize, max: usize, all: bool) -> (Vec<Waker>, Option<usize>) {
        let mut shared = self.lock();
        let end = shared.slots.len().min(from.saturating_add(max));
        let slots = shared.slots.get_mut(from..end).unwrap_or_default();
        let wakers = slots.iter_mut().filter(|slot| all || slot.awaits_run).filter_map(|slot| slot.waker.take());
        let wakers = wakers.collect();
        (wakers, (end < shared.slots.len()).then_some(end))
    }

    /// How it was read last; none: it was not yet, or it is an error.
    pub(super) fn position(&self) -> Option<u64> {
        let shared = self.lock();
        let latest = shared.latest.as_ref()?;
        latest.answer().is_ok().then_some(latest.position.number)
    }
}

impl Shared {
    /// Nobody follows.
    pub(super) fn is_left(&self) -> bool {
        self.free.len() == self.slots.len()
    }

    /// A follower waits for a run that has not begun.
    pub(super) fn is_asked(&self) -> bool {
        self.is_asked
    }

    /// A commit has touched it, which can be seen since then.
    pub(super) fn touched(&mut self, at: Instant) {
        let touched_at = &mut self.schedule.touched_at;
        *touched_at = Some(touched_at.map_or(at, |known| known.min(at)));
    }

    /// A run begins; since when what it shows could be seen.
    pub(super) fn begin(&mut self) -> Option<Instant> {
        self.schedule.stage = Stage::Running;
        self.begun += 1;
        self.is_asked = false;
        self.schedule.touched_at.take()
    }

    /// A run has ended without a state to tell of.
    pub(super) fn end_run(&mut self) {
        self.ended = self.begun;
    }

    /// A run has ended with this; whether it is another state than before.
    pub(super) fn publish(
        &mut self,
        result: Result<Answer, Error>,
        position: Position,
        snapshot: u64,
        changed_at: Option<Instant>,
    ) -> bool {
        self.end_run();
        let tag = FrameTag::of(&result);
        match &mut self.latest {
            Some(latest) if latest.frame.tag == tag => {
                (latest.position, latest.snapshot) = (position, snapshot);
                false
            }
            latest => {
                let changed_at = changed_at.filter(|_| latest.is_some());
                let frame = Arc::new(Frame::new(position, [result].into(), tag, false, changed_at));
                *latest = Some(Latest { frame, position, snapshot });
                true
            }
        }
    }

    /// It cannot be followed: whoever does is told so.
    pub(super) fn end(&mut self, error: Error) {
        self.end_run();
        self.end = Some(error);
    }

    /// Whether it cannot be followed.
    pub(super) fn is_ended(&self) -> bool {
        self.end.is_some()
    }
}
