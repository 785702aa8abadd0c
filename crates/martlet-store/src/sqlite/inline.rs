//! The connections on which reads run where they are asked, one for each processor.

use super::connection::Connection;
use rusqlite::Result;
use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Duration;

/// A connection; none after closing.
pub(super) type Slot = Mutex<Option<Connection>>;

/// Shared by the readers, which use them, and the writer, which ends the snapshots that idle ones hold.
#[derive(Debug)]
pub(super) struct Inline(Vec<Slot>);

impl Inline {
    pub(super) fn open(open: impl Fn() -> Result<Connection>) -> Result<Self> {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        (0..processors).map(|_| Ok(Mutex::new(Some(open()?)))).collect::<Result<_>>().map(Self)
    }

    pub(super) fn slots(&self) -> &[Slot] {
        &self.0
    }

    /// This thread's own connection or, if another thread has it, any that is free.
    pub(super) fn free(&self) -> Option<MutexGuard<'_, Option<Connection>>> {
        let own = thread_index() % self.0.len();
        let (before, after) = self.0.split_at(own);
        after.iter().chain(before).find_map(try_lock)
    }

    /// Ends the snapshots that are held. Waits for reads that are under way, but not for long ones: theirs end with the
    /// next read.
    pub(super) fn let_snapshots_go(&self) {
        for slot in &self.0 {
            let free = (0..TRIES_MAX).find_map(|tries| {
                if tries > 0 {
                    std::thread::sleep(BETWEEN_TRIES);
                }
                try_lock(slot)
            });
            if let Some(connection) = free.as_deref().and_then(Option::as_ref) {
                connection.let_snapshot_go();
            }
        }
    }
}

/// A read that keeps to its budget of steps has ended after these.
const TRIES_MAX: u32 = 20;
const BETWEEN_TRIES: Duration = Duration::from_micros(100);

fn try_lock(slot: &Slot) -> Option<MutexGuard<'_, Option<Connection>>> {
    match slot.try_lock() {
        Ok(guard) => Some(guard),
        Err(TryLockError::Poisoned(poisoned)) => Some(PoisonError::into_inner(poisoned)),
        Err(TryLockError::WouldBlock) => None,
    }
}

/// A number of this thread's own, so that each worker comes back to the same connection.
fn thread_index() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static INDEX: Cell<usize> = Cell::new(NEXT.fetch_add(1, Ordering::Relaxed));
    }
    INDEX.with(Cell::get)
}
