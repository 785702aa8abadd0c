//! All who follow answers of one engine: who is there, and what the driver is to know of them.
//!
//! A lock of the hub may be held when a group's or the cache's is taken, never the other way round.

use super::figures::{Counters, LiveFigures};
use super::group::Group;
use crate::Engine;
use crate::answer_cache::Unwatched;
use crate::engine::Followed;
use hashbrown::HashMap;
use martlet_core::{Timestamp, limits};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use tokio::sync::Notify;

/// All who follow answers of one engine.
#[derive(Debug, Default)]
pub(crate) struct Hub {
    state: Mutex<State>,
    /// There is something that the driver does not know of.
    tells: Notify,
    /// Which version of the app is served.
    generation: AtomicU64,
    followers: AtomicUsize,
    /// Of all followers.
    parts: AtomicUsize,
    pub(super) counters: Counters,
}

#[derive(Debug, Default)]
struct State {
    groups: HashMap<Box<[u8]>, Arc<Group>>,
    by_number: HashMap<u64, Arc<Group>>,
    /// Whose followers want a run.
    asked: Vec<Arc<Group>>,
    /// Of another version of the app: whoever follows them begins anew.
    replaced: Vec<Arc<Group>>,
    /// Of those who wait for a version of the app to be ready, and of those for whom it is.
    waiting: Vec<Waker>,
    ready: Vec<Waker>,
    /// When a caller's token ends; in the order of that.
    tokens: BTreeMap<(Timestamp, u64), Arc<Bell>>,
    last_bell: u64,
    seat: Seat,
}

/// Whether a driver runs.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seat {
    #[default]
    Empty,
    Taken,
    /// It has ended: nothing is run again.
    Left,
}

/// Wakes one follower when its token ends.
#[derive(Debug, Default)]
pub(super) struct Bell(Mutex<Option<Waker>>);

impl Bell {
    pub(super) fn set(&self, waker: &Waker) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !known.as_ref().is_some_and(|known| known.will_wake(waker)) {
            *known = Some(waker.clone());
        }
    }

    fn take(&self) -> Option<Waker> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// What the driver has not known of.
#[derive(Debug, Default)]
pub(super) struct News {
    pub(super) asked: Vec<Arc<Group>>,
    pub(super) replaced: Vec<Arc<Group>>,
    pub(super) wakers: Vec<Waker>,
}

impl Hub {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Another version of the app is served, or is not after all: all who follow begin anew.
    pub(crate) fn app_replaced(&self) {
        let mut state = self.lock();
        self.generation.fetch_add(1, Ordering::Release);
        state.by_number.clear();
        let groups = std::mem::take(&mut state.groups);
        state.replaced.extend(groups.into_values());
        let mut waiting = std::mem::take(&mut state.waiting);
        state.ready.append(&mut waiting);
        drop(state);
        self.tells.notify_one();
    }

    /// All answers are read again: what was set for them is another now.
    pub(crate) fn run_all(&self) {
        let mut state = self.lock();
        let groups: Vec<_> = state.groups.values().filter(|group| group.ask().1).map(Arc::clone).collect();
        state.asked.extend(groups);
        drop(state);
        self.tells.notify_one();
    }

    /// Which version of the app is served: to be read before anything of it.
    pub(super) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    pub(super) fn figures(&self) -> LiveFigures {
        let groups = self.lock().groups.len();
        self.counters.figures(groups, self.followers.load(Ordering::Relaxed))
    }

    /// Counts a follower of so many answers; false: they are too many.
    pub(super) fn admit(&self, parts: usize) -> bool {
        let before = self.parts.fetch_add(parts, Ordering::Relaxed);
        let is_let_in = before.saturating_add(parts) <= limits::FOLLOWED_MAX;
        if is_let_in {
            self.followers.fetch_add(1, Ordering::Relaxed);
        } else {
            self.parts.fetch_sub(parts, Ordering::Relaxed);
        }
        is_let_in
    }

    /// A follower that was let in has gone.
    pub(super) fn dismiss(&self, parts: usize) {
        self.parts.fetch_sub(parts, Ordering::Relaxed);
        self.followers.fetch_sub(1, Ordering::Relaxed);
    }

    /// Joins those who follow an answer; gives the place among them, and the run to wait for: 0 where the latest state
    /// is the one of now.
    pub(super) fn join(&self, engine: &Engine, followed: Followed) -> Result<(Arc<Group>, usize, u64), Unwatched> {
        let mut state = self.lock();
        let known = state.groups.get(&followed.key).map(Arc::clone);
        let group = match known {
            Some(group) => group,
            None => {
                let watcher = engine.watch(&followed)?;
                let (key, group) = (followed.key.clone(), Arc::new(Group::new(followed, watcher)));
                state.by_number.insert(group.number(), Arc::clone(&group));
                state.groups.insert(key, Arc::clone(&group));
                group
            }
        };
        let place = group.enter();
        drop(state);
        let run = if is_of_now(engine, &group) { 0 } else { self.ask(&group) };
        Ok((group, place, run))
    }

    /// One follows no more.
    pub(super) fn leave(&self, group: &Arc<Group>, place: usize) {
        let mut state = self.lock();
        let mut gone = None;
        if group.leave(place) {
            let is_there = state.by_number.get(&group.number()).is_some_and(|known| Arc::ptr_eq(known, group));
            if is_there {
                gone = state.by_number.remove(&group.number());
                state.groups.remove(&group.followed.key);
            }
        }
        drop(state);
        // Perhaps the last of it, which leaves the cache's groups.
        drop(gone);
    }

    /// Asks for a run; gives its number.
    fn ask(&self, group: &Arc<Group>) -> u64 {
        let (run, is_first) = group.ask();
        if is_first {
            self.lock().asked.push(Arc::clone(group));
            self.tells.notify_one();
        }
        run
    }

    /// Wakes who waits for a version of the app to be ready; false: one is, by now.
    pub(super) fn wait_for_app(&self, generation: u64, waker: &Waker) -> bool {
        let mut state = self.lock();
        let is_the_same = self.generation() == generation;
        if is_the_same && !state.waiting.iter().any(|known| known.will_wake(waker)) {
            state.waiting.push(waker.clone());
        }
        is_the_same
    }

    /// Rings when the time of day has come.
    pub(super) fn add_token(&self, ends_at: Timestamp) -> ((Timestamp, u64), Arc<Bell>) {
        let mut state = self.lock();
        state.last_bell += 1;
        let (key, bell) = ((ends_at, state.last_bell), Arc::<Bell>::default());
        state.tokens.insert(key, Arc::clone(&bell));
        drop(state);
        self.tells.notify_one();
        (key, bell)
    }

    pub(super) fn remove_token(&self, key: (Timestamp, u64)) {
        self.lock().tokens.remove(&key);
    }

    pub(super) fn has_tokens(&self) -> bool {
        !self.lock().tokens.is_empty()
    }

    /// Whether a driver runs.
    pub(super) fn seat(&self) -> Seat {
        self.lock().seat
    }

    /// The driver comes; false: there is one.
    pub(super) fn take_seat(&self) -> bool {
        let mut state = self.lock();
        let is_free = state.seat != Seat::Taken;
        if is_free {
            state.seat = Seat::Taken;
        }
        is_free
    }

    /// The driver goes: whoever follows is woken, and finds that nothing is run again.
    pub(super) fn leave_seat(&self) {
        let mut state = self.lock();
        state.seat = Seat::Left;
        let mut wakers = std::mem::take(&mut state.waiting);
        wakers.append(&mut state.ready);
        let groups: Vec<_> = state.groups.values().chain(&state.replaced).map(Arc::clone).collect();
        drop(state);
        for group in groups {
            wakers.append(&mut group.take_wakers(0, usize::MAX, true).0);
        }
        wakers.into_iter().for_each(Waker::wake);
    }

    /// For the driver: returns when there are news.
    pub(super) async fn news(&self) {
        self.tells.notified().await;
    }

    /// What there is that the driver does not know of, those whose token has ended by now among it.
    pub(super) fn take_news(&self, now: Timestamp) -> News {
        let mut state = self.lock();
        let mut wakers = std::mem::take(&mut state.ready);
        while let Some(first) = state.tokens.first_entry()
            && first.key().0 <= now
        {
            wakers.extend(first.remove().take());
        }
        let asked = std::mem::take(&mut state.asked);
        let replaced = std::mem::take(&mut state.replaced);
        News { asked, replaced, wakers }
    }

    /// The groups of these numbers that are still there.
    pub(super) fn of_numbers<T: Copy>(&self, numbers: &[(u64, T)]) -> Vec<(Arc<Group>, T)> {
        let state = self.lock();
        let group = |(number, with): &(u64, T)| Some((Arc::clone(state.by_number.get(number)?), *with));
        numbers.iter().filter_map(group).collect()
    }
}

/// Whether the latest state of a group is the one of now.
fn is_of_now(engine: &Engine, group: &Group) -> bool {
    let (Some(position), Some(cache)) = (group.position(), engine.answer_cache()) else { return false };
    cache.hold(std::iter::once((&group.watcher, position))).iter().all(Option::is_some)
}
