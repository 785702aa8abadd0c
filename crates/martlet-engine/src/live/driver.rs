//! The driver: the one task that runs what is followed, again and again, for all who follow it.
//!
//! A commit marks the groups that it touches, and the driver takes the marks. A group is run so long after its first
//! mark that other commits may come, and later where the share of the runs is used up. While it runs it may be marked
//! again: then it is run again. Those who wait are woken a few at a time, so that thousands of them do not stand before
//! a read.

use super::figures::Rerun;
use super::group::{Group, Stage};
use super::hub::{Hub, News};
use super::pace::Pace;
use super::ready::{Chunk, Ready};
use super::rules::Rule;
use crate::Engine;
use crate::engine::{Reading, not_followed};
use martlet_cache::Told;
use martlet_core::Position;
use std::collections::{BTreeMap, VecDeque};
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

/// Commits within this time are shown by one run.
const COALESCE: Duration = Duration::from_millis(5);
/// Followers that are woken before others have their turn.
const WOKEN_AT_ONCE: usize = 64;
/// Runs in vain, because nothing tells what they rest on, before an answer is taken to be one that cannot be followed.
const IN_VAIN_MAX: u32 = 8;
/// After the first run that fails the next comes so much later, after each other one twice as late.
const RETRY_MIN: Duration = Duration::from_millis(100);
const RETRY_MAX: Duration = Duration::from_secs(10);
/// Tokens are looked at so often: the clock may be set.
const TOKENS_LOOK: Duration = Duration::from_millis(500);
/// As often it is looked which queries nobody follows any more.
const FORGET_EVERY: Duration = Duration::from_secs(60);

type Run = Pin<Box<dyn Future<Output = Ran> + Send>>;

impl Engine {
    /// Runs what is followed, when it is followed and when commits touch it. To be run as one task for as long as
    /// anybody may follow; it never ends, and when it is dropped whoever follows is told that the server stops.
    pub fn drive(self: Arc<Self>) -> impl Future<Output = ()> + Send {
        // Now, and not when it is polled first: whoever asks to follow meanwhile is not refused.
        let seat = Taken::new(&self);
        async move {
            if let Some(seat) = seat {
                drive(&seat.0).await;
            }
        }
    }
}

/// The seat, which is left when this is dropped.
struct Taken(Arc<Engine>);

impl Taken {
    fn new(engine: &Arc<Engine>) -> Option<Self> {
        let is_taken = engine.live().take_seat();
        if !is_taken {
            tracing::error!("a second task was to run what is followed: it ends");
        }
        is_taken.then(|| Self(Arc::clone(engine)))
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.0.live().leave_seat();
    }
}

/// What a run gave.
struct Ran {
    chunk: Chunk,
    readings: Vec<Reading>,
    /// Since when what each of them shows could be seen.
    touched_at: Vec<Option<Instant>>,
    position: Position,
    generation: u64,
    took: Duration,
}

/// Followers who are still to be woken.
enum Woken {
    /// Of a group, from a place on; all, or those who wait for a run's end.
    OfGroup {
        group: Arc<Group>,
        from: usize,
        all: bool,
    },
    These(Vec<Waker>),
}

struct Driver {
    engine: Arc<Engine>,
    /// Groups by when they are due.
    due: BTreeMap<(Instant, u64), Weak<Group>>,
    ready: Ready,
    runs: Vec<Run>,
    runs_max: usize,
    pace: Pace,
    woken: VecDeque<Woken>,
    snapshots: u64,
    forget_at: Instant,
}

async fn drive(engine: &Arc<Engine>) {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let now = Instant::now();
    let mut driver = Driver {
        engine: Arc::clone(engine),
        due: BTreeMap::new(),
        ready: Ready::default(),
        runs: Vec::new(),
        // The readers are twice as many.
        runs_max: processors,
        pace: Pace::new(processors, now),
        woken: VecDeque::new(),
        snapshots: 0,
        forget_at: now + FORGET_EVERY,
    };
    loop {
        driver.take_news();
        driver.take_due(Instant::now());
        driver.begin_run(Instant::now());
        for ran in driver.ended().await {
            driver.end_run(ran);
        }
        driver.wake_some();
        if driver.has_more(Instant::now()) {
            tokio::task::yield_now().await;
        } else {
            driver.wait().await;
        }
    }
}

impl Driver {
    fn hub(&self) -> &Hub {
        self.engine.live()
    }

    fn take_news(&mut self) {
        let now = Instant::now();
        let News { asked, replaced, wakers } = self.hub().take_news(self.engine.now());
        self.woken.extend(replaced.into_iter().map(|group| Woken::OfGroup { group, from: 0, all: true }));
        if !wakers.is_empty() {
            self.woken.push_back(Woken::These(wakers));
        }
        asked.iter().for_each(|group| self.schedule(group, now));
        let told = self.engine.answer_cache().map_or_else(Told::default, |cache| cache.take_told());
        for (group, at) in self.hub().of_numbers(&told.touched) {
            group.lock().touched(at);
            self.schedule(&group, at + COALESCE);
        }
        if now >= self.forget_at {
            self.forget_at = now + FORGET_EVERY;
            self.ready.forget();
            self.due.retain(|_, group| group.strong_count() > 0);
        }
    }

    /// The group is to be run at this time, or before if it is to be already.
    fn schedule(&mut self, group: &Arc<Group>, at: Instant) {
        let mut shared = group.lock();
        let is_asked = shared.is_asked();
        let schedule = &mut shared.schedule;
        match schedule.stage {
            // It may have read before.
            Stage::Running if !Rule::RunsAgain.holds() => {}
            Stage::Running => schedule.again = Some(schedule.again.map_or(at, |again| again.min(at))),
            Stage::Ready if is_asked => self.ready.push(Arc::clone(group), true),
            Stage::Ready => {}
            Stage::Idle if schedule.due.is_some_and(|due| due <= at) => {}
            Stage::Idle => {
                if let Some(due) = schedule.due.replace(at) {
                    self.due.remove(&(due, group.number()));
                }
                self.due.insert((at, group.number()), Arc::downgrade(group));
            }
        }
    }

    fn take_due(&mut self, now: Instant) {
        while let Some(first) = self.due.first_entry()
            && first.key().0 <= now
        {
            let Some(group) = first.remove().upgrade() else { continue };
            let mut shared = group.lock();
            shared.schedule.due = None;
            if shared.is_left() || shared.is_ended() {
                continue;
            }
            shared.schedule.stage = Stage::Ready;
            let is_first = shared.is_asked();
            drop(shared);
            self.ready.push(group, is_first);
        }
    }

    /// Begins one run: most are over when they are polled first, and what it cost is to be known before the next.
    fn begin_run(&mut self, now: Instant) {
        if self.may_run(now)
            && let Some(chunk) = self.ready.take(self.pace.free_at(now) > now)
        {
            self.runs.push(Box::pin(run(Arc::clone(&self.engine), chunk)));
        }
    }

    /// Whether a run may begin now: one that a follower waits for costs what any read costs, and is begun at once.
    fn may_run(&self, now: Instant) -> bool {
        let has_one = self.ready.has_first() || (!self.ready.is_empty() && self.pace.free_at(now) <= now);
        has_one && self.runs.len() < self.runs_max
    }

    /// The runs that have ended by now.
    async fn ended(&mut self) -> Vec<Ran> {
        let mut ended = Vec::new();
        std::future::poll_fn(|context| {
            self.poll_runs(context, &mut ended);
            Poll::Ready(())
        })
        .await;
        ended
    }

    fn poll_runs(&mut self, context: &mut Context<'_>, ended: &mut Vec<Ran>) {
        self.runs.retain_mut(|run| match run.as_mut().poll(context) {
            Poll::Ready(ran) => {
                ended.push(ran);
                false
            }
            Poll::Pending => true,
        });
    }

    fn end_run(&mut self, ran: Ran) {
        let Ran { chunk, readings, touched_at, position, generation, took } = ran;
        let now = Instant::now();
        self.pace.spent(took, now);
        self.ready.ran(&chunk, readings.iter().any(|reading| reading.is_run).then_some(took));
        self.snapshots += 1;
        let snapshot = self.snapshots;
        for ((group, reading), touched_at) in chunk.groups.iter().zip(readings).zip(touched_at) {
            // What is kept was read in a snapshot that nobody knows.
            self.snapshots += u64::from(!reading.is_run);
            let snapshot = if reading.is_run { snapshot } else { self.snapshots };
            let at = self.end_reading(group, reading, touched_at, (position, snapshot), now);
            let again = {
                let schedule = &mut group.lock().schedule;
                schedule.stage = Stage::Idle;
                schedule.again.take()
            };
            // Nobody looks at what another version of the app gave.
            if generation == self.hub().generation()
                && let Some(at) = at.into_iter().chain(again).min()
            {
                self.schedule(group, at);
            }
        }
    }

    /// Tells of what was read; when it is to be read again, whatever is told until then.
    fn end_reading(
        &mut self,
        group: &Arc<Group>,
        reading: Reading,
        touched_at: Option<Instant>,
        (position, snapshot): (Position, u64),
        now: Instant,
    ) -> Option<Instant> {
        let Reading { result, is_run, ends_in } = reading;
        let position = result.as_ref().map_or(position, |answer| answer.position);
        let is_covered = result.is_err() || group.watcher.covers(position.number);
        let mut shared = group.lock();
        let mut at = ends_in.map(|ends_in| now + ends_in);
        let (is_new, rerun) = if is_covered {
            let is_failure = result.is_err();
            shared.schedule.in_vain = 0;
            shared.schedule.failures = if is_failure { shared.schedule.failures.saturating_add(1) } else { 0 };
            if is_failure {
                at = Some(now + retry_after(shared.schedule.failures));
            }
            let is_new = shared.publish(result, position, snapshot, touched_at);
            let rerun = if is_new { Rerun::Changed } else { Rerun::Same };
            (is_new, if is_failure { Rerun::Failed } else { rerun })
        } else {
            shared.schedule.in_vain += 1;
            if shared.schedule.in_vain < IN_VAIN_MAX {
                // What it would have shown is shown by the next.
                touched_at.into_iter().for_each(|at| shared.touched(at));
                return Some(now);
            }
            shared.end(not_followed(group.followed.name(), "what it rests on cannot be told"));
            at = None;
            (true, Rerun::Failed)
        };
        drop(shared);
        // For who comes while a group runs it is looked once more: what is found in memory then was no run.
        if is_run || rerun != Rerun::Same {
            self.hub().counters.ran(rerun);
        }
        self.woken.push_back(Woken::OfGroup { group: Arc::clone(group), from: 0, all: is_new });
        at
    }

    /// Wakes as many as may be woken at once.
    fn wake_some(&mut self) {
        let mut left = WOKEN_AT_ONCE;
        while left > 0
            && let Some(first) = self.woken.front_mut()
        {
            let wakers = match first {
                Woken::These(wakers) => {
                    let wakers_now = wakers.split_off(wakers.len().saturating_sub(left));
                    if wakers.is_empty() {
                        self.woken.pop_front();
                    }
                    wakers_now
                }
                Woken::OfGroup { group, from, all } => {
                    let (wakers, next) = group.take_wakers(*from, left, *all);
                    match next {
                        Some(next) => *from = next,
                        None => _ = self.woken.pop_front(),
                    }
                    wakers
                }
            };
            // A group costs a little even where nobody waits.
            left = left.saturating_sub(wakers.len().max(1));
            wakers.into_iter().for_each(Waker::wake);
        }
    }

    /// Whether there is something to do at once.
    fn has_more(&self, now: Instant) -> bool {
        let is_due = self.due.first_key_value().is_some_and(|((at, _), _)| *at <= now);
        !self.woken.is_empty() || self.may_run(now) || is_due
    }

    /// Returns when there may be something to do.
    async fn wait(&mut self) {
        let now = Instant::now();
        let may_run = self.runs.len() < self.runs_max && !self.ready.is_empty();
        let run_at = may_run.then(|| self.pace.free_at(now));
        let due = self.due.first_key_value().map(|((at, _), _)| *at);
        let tokens = self.hub().has_tokens().then(|| now + TOKENS_LOOK);
        let until = [run_at, due, tokens].into_iter().flatten().fold(self.forget_at, Instant::min);
        let engine = Arc::clone(&self.engine);
        let told = async {
            match engine.answer_cache() {
                Some(cache) => cache.tells().await,
                None => std::future::pending().await,
            }
        };
        let mut ended = Vec::new();
        let runs = std::future::poll_fn(|context| {
            self.poll_runs(context, &mut ended);
            if ended.is_empty() { Poll::Pending } else { Poll::Ready(()) }
        });
        tokio::select! {
            biased;
            () = runs => {}
            () = told => {}
            () = engine.live().news() => {}
            () = tokio::time::sleep_until(until.into()) => {}
        }
        for ran in ended {
            self.end_run(ran);
        }
    }
}

/// Runs groups in one snapshot.
async fn run(engine: Arc<Engine>, chunk: Chunk) -> Ran {
    let began = Instant::now();
    let generation = engine.live().generation();
    let begin = |group: &Arc<Group>| {
        let touched_at = group.lock().begin();
        group.watcher.begin();
        touched_at
    };
    let touched_at = chunk.groups.iter().map(begin).collect();
    let position = engine.position();
    let followed: Vec<_> = chunk.groups.iter().map(|group| Arc::clone(&group.followed)).collect();
    let readings = engine.read_followed(&followed).await;
    let took = began.elapsed();
    Rule::linger(&[Rule::RunsAgain]).await;
    Ran { chunk, readings, touched_at, position, generation, took }
}

fn retry_after(failures: u32) -> Duration {
    (RETRY_MIN * 2u32.saturating_pow(failures.saturating_sub(1).min(16))).min(RETRY_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fails_is_tried_again_later_and_later() {
        let all: Vec<_> = [1, 2, 3, 7, 8, 100, u32::MAX].map(|failures| retry_after(failures).as_millis()).into();
        assert_eq!(all, [100, 200, 400, 6_400, 10_000, 10_000, 10_000]);
    }
}
