//! What the callers, the readers and the writer share.

use super::capture::{Capture, Captured};
use super::error::{self, ConstraintNames};
use super::statistics::Statistics;
use super::{Health, StoreSettings};
use crate::{Answer, Changes};
use martlet_core::{Clock, Error, Kind, Position, code};
use martlet_sql::App;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) settings: StoreSettings,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) database: PathBuf,
    pub(super) statistics: Statistics,
    /// What the writer's transaction has changed.
    pub(super) capture: Capture,
    epoch: AtomicU64,
    commits: AtomicU64,
    /// Rises when a COMMIT begins and when it has ended: odd while one is under way.
    commit_turns: AtomicU64,
    may_hold: AtomicBool,
    constraint_names: RwLock<Arc<ConstraintNames>>,
    is_closing: AtomicBool,
    can_read: AtomicBool,
    can_write: AtomicBool,
    /// The disk refused once to keep what was written: nothing is written any more until the store is opened anew.
    is_disk_lost: AtomicBool,
}

impl Shared {
    pub(super) fn new(settings: StoreSettings, clock: Arc<dyn Clock>, database: PathBuf) -> Result<Self, Error> {
        let epoch = random().map_err(|error| Error::internal(format!("no random numbers: {error}")))?;
        Ok(Self {
            settings,
            clock,
            database,
            statistics: Statistics::new(),
            capture: Capture::default(),
            epoch: AtomicU64::new(epoch),
            commits: AtomicU64::new(0),
            commit_turns: AtomicU64::new(0),
            may_hold: AtomicBool::new(true),
            constraint_names: RwLock::default(),
            is_closing: AtomicBool::new(false),
            can_read: AtomicBool::new(true),
            can_write: AtomicBool::new(true),
            is_disk_lost: AtomicBool::new(false),
        })
    }

    /// The last commit that is visible to every read that begins after this.
    pub(super) fn position(&self) -> Position {
        Position { epoch: self.epoch.load(Ordering::Acquire), number: self.commits.load(Ordering::Acquire) }
    }

    /// After COMMIT, before anybody is told of it. Only the holder of the writer's turn calls this.
    fn count_commit(&self) {
        self.commits.fetch_add(1, Ordering::Release);
    }

    /// Runs a COMMIT of the app's data and what counts it. Only the holder of the writer's turn calls this.
    pub(super) fn committing<R>(&self, commit: impl FnOnce() -> R) -> R {
        struct Turn<'a>(&'a AtomicU64);
        impl Drop for Turn<'_> {
            fn drop(&mut self) {
                self.0.fetch_add(1, Ordering::SeqCst);
            }
        }
        self.commit_turns.fetch_add(1, Ordering::SeqCst);
        let _ended = Turn(&self.commit_turns);
        commit()
    }

    /// Runs a COMMIT of the app's data, told to the observer with what it changes, and counts it where it works.
    pub(super) fn commit<R, E>(&self, captured: &Captured, commit: impl FnOnce() -> Result<R, E>) -> Result<R, E> {
        self.committing(|| {
            let number = self.commits.load(Ordering::Relaxed) + 1;
            let changes = match captured {
                Captured::Rows(changes) => Changes::Rows(changes),
                Captured::Everything => Changes::Everything,
            };
            if let Some(observer) = &self.settings.observer {
                observer.begins(number, changes);
            }
            let committed = commit().inspect(|_| self.count_commit());
            if let Some(observer) = &self.settings.observer {
                observer.ended(number);
            }
            committed
        })
    }

    /// Somebody else has written: what was known of the data is void, and so are the positions told so far.
    pub(super) fn forget_all(&self) {
        if let Ok(epoch) = random() {
            self.epoch.store(epoch, Ordering::Release);
        }
        let _: Result<(), ()> = self.commit(&Captured::Everything, || Ok(()));
    }

    /// Between which commits it is now; none while one is under way, which some may already see and others not yet.
    pub(super) fn turn(&self) -> Option<u64> {
        let turn = self.commit_turns.load(Ordering::SeqCst);
        turn.is_multiple_of(2).then_some(turn)
    }

    /// As [`Shared::turn`]; none while no snapshot may be held.
    pub(super) fn commit_turn(&self) -> Option<u64> {
        self.turn().filter(|_| self.may_hold.load(Ordering::Relaxed))
    }

    /// Whether snapshots may be held, which keep the log from being copied.
    pub(super) fn let_hold(&self, may_hold: bool) {
        note(&self.may_hold, may_hold);
    }

    pub(super) fn constraint_names(&self) -> Arc<ConstraintNames> {
        Arc::clone(&self.constraint_names.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn set_constraint_names(&self, app: &App) {
        let names = Arc::new(ConstraintNames::of(app));
        *self.constraint_names.write().unwrap_or_else(PoisonError::into_inner) = names;
    }

    pub(super) fn check_open(&self) -> Result<(), Error> {
        if self.is_closing.load(Ordering::Acquire) { Err(super::closed()) } else { Ok(()) }
    }

    /// True for the first who asks.
    pub(super) fn begin_closing(&self) -> bool {
        !self.is_closing.swap(true, Ordering::AcqRel)
    }

    pub(super) fn health(&self, queue_depth: usize) -> Health {
        let is_open = !self.is_closing.load(Ordering::Acquire);
        let works = |flag: &AtomicBool| is_open && flag.load(Ordering::Relaxed);
        Health {
            can_read: works(&self.can_read),
            can_write: works(&self.can_write) && !self.is_disk_lost(),
            queue_depth,
        }
    }

    pub(super) fn note_reads(&self, answers: &[Result<Answer, Error>]) {
        // A full disk stops a sort that needs files, not reading.
        let failed = answers.iter().any(|answer| matches!(answer, Err(error) if error.code == code::READ_ONLY.code));
        note(&self.can_read, !failed);
    }

    /// Looks at a failure of the writer's: after one of a sync nothing may be acknowledged any more (decision 6).
    pub(super) fn note_failure(&self, failure: &rusqlite::Error) {
        if error::is_sync_failure(failure) && !self.is_disk_lost.swap(true, Ordering::AcqRel) {
            tracing::error!(
                error = %failure,
                "the disk did not keep what was written; nothing is written any more until the server is started anew"
            );
        }
    }

    pub(super) fn is_disk_lost(&self) -> bool {
        self.is_disk_lost.load(Ordering::Acquire)
    }

    /// Whether the last write worked, as far as the database is concerned.
    pub(super) fn note_write(&self, works: bool) {
        note(&self.can_write, works);
    }
}

/// For an epoch.
fn random() -> Result<u64, getrandom::Error> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes)?;
    Ok(u64::from_le_bytes(bytes))
}

/// Whether an error tells of the database rather than of the call.
pub(super) fn is_of_database(error: &Error) -> bool {
    error.code == code::READ_ONLY.code || error.kind == Kind::StorageFull
}

/// Stores only what changed: the flag's cache line is shared by all readers.
fn note(flag: &AtomicBool, works: bool) {
    if flag.load(Ordering::Relaxed) != works {
        flag.store(works, Ordering::Relaxed);
    }
}
