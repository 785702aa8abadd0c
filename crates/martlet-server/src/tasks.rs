//! The one way to start a task: bounded, owned, waited for.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::Instant;

/// Tasks of one owner. At most `max` run at once; [`Tasks::stop`] waits for them, then cuts those that are left.
#[derive(Debug)]
pub struct Tasks {
    running: Mutex<JoinSet<()>>,
    slots: Arc<Semaphore>,
}

/// The place of one task to come.
#[derive(Debug)]
pub struct Slot {
    _permit: OwnedSemaphorePermit,
}

/// As many tasks run as may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many tasks")]
pub struct TasksFull;

impl Tasks {
    /// An owner of at most so many tasks.
    pub fn new(max: usize) -> Self {
        let slots = Arc::new(Semaphore::new(max.min(Semaphore::MAX_PERMITS)));
        Self { running: Mutex::new(JoinSet::new()), slots }
    }

    /// Waits until there is a place. Safe to be dropped.
    pub async fn reserve(&self) -> Slot {
        let permit = Arc::clone(&self.slots).acquire_owned().await.expect("the semaphore is never closed");
        Slot { _permit: permit }
    }

    /// A place, if there is one now.
    pub fn try_reserve(&self) -> Result<Slot, TasksFull> {
        Arc::clone(&self.slots).try_acquire_owned().map(|permit| Slot { _permit: permit }).map_err(|_| TasksFull)
    }

    /// Starts a task in its place. A panic in it is logged and ends only it.
    pub fn spawn_in(&self, slot: Slot, task: impl Future<Output = ()> + Send + 'static) {
        let mut running = self.running();
        while let Some(ended) = running.try_join_next() {
            log_panic(ended);
        }
        running.spawn(async move {
            task.await;
            drop(slot);
        });
    }

    /// Starts a task, or refuses when there is no place.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) -> Result<(), TasksFull> {
        self.spawn_in(self.try_reserve()?, task);
        Ok(())
    }

    /// Waits for all tasks; cuts those that run longer than `grace` and tells how many they were.
    pub async fn stop(&self, grace: Duration) -> usize {
        let mut running = std::mem::take(&mut *self.running());
        let deadline = Instant::now() + grace;
        loop {
            match tokio::time::timeout_at(deadline, running.join_next()).await {
                Ok(Some(ended)) => log_panic(ended),
                Ok(None) => return 0,
                Err(_) => break,
            }
        }
        let mut cut = 0;
        running.abort_all();
        while let Some(ended) = running.join_next().await {
            cut += usize::from(ended.is_err());
        }
        cut
    }

    fn running(&self) -> MutexGuard<'_, JoinSet<()>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn log_panic(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        tracing::error!(%error, "a task panicked");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn tasks_are_bounded_waited_for_and_cut() {
        let tasks = Tasks::new(2);
        tasks.spawn(async {}).unwrap();
        tasks.spawn(std::future::pending()).unwrap();
        tokio::task::yield_now().await;
        let _place = tasks.reserve().await;
        assert_eq!(tasks.spawn(async {}), Err(TasksFull));
        assert_eq!(tasks.stop(Duration::from_millis(10)).await, 1);
    }
}
