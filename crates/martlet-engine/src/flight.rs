//! Single flight: what many ask for at once is computed once.
//!
//! For each key under way one caller computes (it leads) and the others wait. What a run gives, all are given who had
//! asked before it began: for them it is as fresh as a run of their own. Who came later looks at what was kept, and
//! else waits for the next run, or leads it. A leader that goes away, or whose run failed for reasons of its own,
//! leaves its place to another. No lock is held over an await.

use hashbrown::HashMap;
use martlet_core::{Error, code};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use tokio::sync::Notify;

/// All that is under way: nothing is remembered of what has ended.
#[derive(Debug)]
pub(crate) struct Flights<T>(Mutex<HashMap<Vec<u8>, Arc<Flight<T>>>>);

impl<T> Default for Flights<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

#[derive(Debug)]
struct Flight<T> {
    state: Mutex<State<T>>,
    /// Told when a run ends: all, or the one who is to lead next.
    ended: Notify,
}

#[derive(Debug)]
struct State<T> {
    /// Callers who lead or wait. Changed under the lock of the map.
    seats: usize,
    /// Runs that have begun.
    runs: u64,
    is_running: bool,
    /// What the last run gave that gave anything.
    given: Option<(u64, T)>,
}

/// A caller's place in a flight.
#[derive(Debug)]
pub(crate) struct Seat<'a, T> {
    flights: &'a Flights<T>,
    key: Vec<u8>,
    flight: Arc<Flight<T>>,
    /// The runs that had begun when it was taken.
    runs_before: u64,
}

/// What a caller is to do.
#[derive(Debug)]
pub(crate) enum Turn<'a, T, L> {
    /// To compute.
    Lead(Leading<'a, T>),
    /// Nothing: it was found.
    Found(L),
    /// Nothing: a run that began after it asked gave this.
    Given(T),
}

/// The right to compute. Dropped: another has it.
#[derive(Debug)]
pub(crate) struct Leading<'a, T> {
    flight: &'a Flight<T>,
    run: u64,
    has_given: bool,
}

enum Taken<'a, T> {
    Lead(Leading<'a, T>),
    Given(T),
    Busy,
}

impl<T: Clone> Flights<T> {
    /// Takes a place in the flight of a key.
    pub(crate) fn join(&self, key: &[u8]) -> Seat<'_, T> {
        let mut flights = self.lock();
        let flight = flights.entry_ref(key).or_insert_with(|| {
            let state = State { seats: 0, runs: 0, is_running: false, given: None };
            Arc::new(Flight { state: Mutex::new(state), ended: Notify::new() })
        });
        let flight = Arc::clone(flight);
        let mut state = flight.lock();
        state.seats += 1;
        let runs_before = state.runs;
        drop(state);
        drop(flights);
        Seat { flights: self, key: key.into(), flight, runs_before }
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.lock().len()
    }
}

impl<T> Flights<T> {
    fn lock(&self) -> MutexGuard<'_, HashMap<Vec<u8>, Arc<Flight<T>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Flight<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Clone> Seat<'_, T> {
    /// Waits until there is something, or it is this caller's turn to compute. `look`: what was kept meanwhile.
    ///
    /// Errors: 57014 when the deadline passes. Needs a runtime with time enabled where others compute.
    pub(crate) async fn turn<L>(
        &self,
        deadline: Instant,
        look: impl Fn() -> Option<L>,
    ) -> Result<Turn<'_, T, L>, Error> {
        loop {
            let mut ended = pin!(self.flight.ended.notified());
            // From here on no end is missed.
            ended.as_mut().enable();
            match self.take() {
                Taken::Given(given) => return Ok(Turn::Given(given)),
                // The last to lead may have kept it after this caller looked.
                Taken::Lead(leading) => {
                    return Ok(look().map_or(Turn::Lead(leading), Turn::Found));
                }
                Taken::Busy => {}
            }
            if tokio::time::timeout_at(deadline.into(), ended).await.is_err() {
                return Err(Error::new(&code::DEADLINE, "the deadline passed while another call computed the answer"));
            }
            if let Some(found) = look() {
                return Ok(Turn::Found(found));
            }
        }
    }

    fn take(&self) -> Taken<'_, T> {
        let mut state = self.flight.lock();
        match &state.given {
            Some((run, given)) if *run > self.runs_before => Taken::Given(given.clone()),
            _ if state.is_running => Taken::Busy,
            _ => {
                state.is_running = true;
                state.runs += 1;
                Taken::Lead(Leading { flight: &self.flight, run: state.runs, has_given: false })
            }
        }
    }
}

impl<T> Drop for Seat<'_, T> {
    fn drop(&mut self) {
        let mut flights = self.flights.lock();
        let mut state = self.flight.lock();
        state.seats -= 1;
        if state.seats == 0 {
            flights.remove(&self.key);
        } else if !state.is_running {
            // It may be the one who was woken to lead.
            self.flight.ended.notify_one();
        }
    }
}

impl<T> Leading<'_, T> {
    /// The run gave this, for all who had asked before it began.
    pub(crate) fn give(mut self, value: T) {
        self.flight.lock().given = Some((self.run, value));
        self.has_given = true;
    }
}

impl<T> Drop for Leading<'_, T> {
    fn drop(&mut self) {
        self.flight.lock().is_running = false;
        // With nothing to give one is enough, to lead next: a crowd would find nothing, and wait again.
        if self.has_given {
            self.flight.ended.notify_waiters();
        } else {
            self.flight.ended.notify_one();
        }
    }
}

#[cfg(test)]
mod tests;
