//! A bounded queue between the callers and a thread.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Why nothing could be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// The queue holds as much as it may.
    Full,
    /// The store is closing.
    Closed,
}

/// What waiting for work brought.
#[derive(Debug)]
pub(super) enum Taken<T> {
    /// Work, in order.
    Items(Vec<T>),
    /// None for as long as was asked.
    Idle,
    /// Nothing is left and nothing comes any more.
    Closed,
}

#[derive(Debug)]
pub(super) struct Queue<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
    max: usize,
}

#[derive(Debug)]
struct State<T> {
    items: VecDeque<T>,
    is_closed: bool,
}

impl<T> Queue<T> {
    pub(super) fn new(max: usize) -> Self {
        let state = State { items: VecDeque::new(), is_closed: false };
        Self { state: Mutex::new(state), changed: Condvar::new(), max }
    }

    /// Adds work, or says why not.
    pub(super) fn push(&self, item: T) -> Result<(), Refused> {
        self.push_below(item, self.max)
    }

    /// Adds work of our own, which may wait even where a caller's may not.
    pub(super) fn push_always(&self, item: T) -> Result<(), Refused> {
        self.push_below(item, usize::MAX)
    }

    fn push_below(&self, item: T, max: usize) -> Result<(), Refused> {
        let mut state = self.lock();
        if state.is_closed {
            return Err(Refused::Closed);
        }
        if state.items.len() >= max {
            return Err(Refused::Full);
        }
        state.items.push_back(item);
        drop(state);
        self.changed.notify_one();
        Ok(())
    }

    /// Waits for work: up to `max` items that may be taken together, in order.
    pub(super) fn take(&self, max: usize, idle: Duration, is_together: impl Fn(&T) -> bool) -> Taken<T> {
        let mut state = self.lock();
        while state.items.is_empty() {
            if state.is_closed {
                return Taken::Closed;
            }
            let (next, waited) = self.changed.wait_timeout(state, idle).unwrap_or_else(PoisonError::into_inner);
            state = next;
            if waited.timed_out() && state.items.is_empty() && !state.is_closed {
                return Taken::Idle;
            }
        }
        let together = state.items.iter().take(max).take_while(|item| is_together(item)).count().max(1);
        Taken::Items(state.items.drain(..together).collect())
    }

    /// Removes what nobody waits for any more.
    pub(super) fn remove(&self, is_unwanted: impl Fn(&T) -> bool) {
        self.lock().items.retain(|item| !is_unwanted(item));
    }

    pub(super) fn len(&self) -> usize {
        self.lock().items.len()
    }

    /// Takes no more work; what waits is still handed out.
    pub(super) fn close(&self) {
        self.lock().is_closed = true;
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
