//! Groups that are to be run, by query: what is cheap is run many at a time in one snapshot, what is dear alone. Those
//! that a follower waits for come first.

use super::group::{Group, Stage};
use hashbrown::HashMap;
use martlet_sql::Query;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

/// What groups of one run may be expected to cost together. A run that takes longer than the store reads at once is
/// begun again on a thread of its own.
const COST_MAX: Duration = Duration::from_micros(300);
/// Groups of one run.
pub(super) const CHUNK_MAX: usize = 64;

/// All that are to be run.
#[derive(Debug, Default)]
pub(super) struct Ready {
    queries: HashMap<usize, OfQuery>,
    /// Queries with groups to be run, none of which is running.
    order: VecDeque<usize>,
}

#[derive(Debug)]
struct OfQuery {
    /// While it is here no other has its address.
    query: Arc<Query>,
    first: VecDeque<Arc<Group>>,
    groups: VecDeque<Arc<Group>>,
    is_running: bool,
    /// Of one run, as it was of late; none: it has not been run.
    cost: Option<Duration>,
}

/// Groups that are run in one snapshot.
#[derive(Debug, Default)]
pub(super) struct Chunk {
    pub(super) groups: Vec<Arc<Group>>,
    queries: Vec<usize>,
    /// What they are expected to cost.
    expected: Duration,
}

impl OfQuery {
    fn is_empty(&self) -> bool {
        self.first.is_empty() && self.groups.is_empty()
    }

    /// The next that is still to be run and that anybody follows.
    fn pop(&mut self, only_first: bool) -> Option<Arc<Group>> {
        loop {
            let group = match self.first.pop_front() {
                Some(group) => group,
                None if only_first => return None,
                None => self.groups.pop_front()?,
            };
            let shared = group.lock();
            let is_wanted = shared.schedule.stage == Stage::Ready && !shared.is_left();
            drop(shared);
            if is_wanted {
                return Some(group);
            }
        }
    }
}

impl Ready {
    pub(super) fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// Whether a follower waits for one of them.
    pub(super) fn has_first(&self) -> bool {
        self.order.iter().filter_map(|id| self.queries.get(id)).any(|of_query| !of_query.first.is_empty())
    }

    pub(super) fn push(&mut self, group: Arc<Group>, is_first: bool) {
        let id = Arc::as_ptr(group.followed.query()).addr();
        let new = || OfQuery {
            query: Arc::clone(group.followed.query()),
            first: VecDeque::new(),
            groups: VecDeque::new(),
            is_running: false,
            cost: None,
        };
        let of_query = self.queries.entry(id).or_insert_with(new);
        if of_query.is_empty() && !of_query.is_running {
            self.order.push_back(id);
        }
        if is_first {
            of_query.first.push_back(group);
        } else {
            of_query.groups.push_back(group);
        }
    }

    /// Takes the next to be run together, perhaps only those that a follower waits for; none: there are none.
    pub(super) fn take(&mut self, only_first: bool) -> Option<Chunk> {
        let mut chunk = Chunk::default();
        for _ in 0..self.order.len() {
            let Some(id) = self.order.pop_front() else { break };
            let Some(of_query) = self.queries.get_mut(&id) else { continue };
            // What nobody has run yet may be dear.
            let cost = of_query.cost.unwrap_or(COST_MAX);
            let mut has_one = false;
            while chunk.groups.len() < CHUNK_MAX && (chunk.groups.is_empty() || chunk.expected + cost <= COST_MAX) {
                let Some(group) = of_query.pop(only_first) else { break };
                // Two runs of one group never overlap: an older state never comes after a newer one.
                chunk.groups.push(group);
                chunk.expected += cost;
                has_one = true;
            }
            if has_one {
                of_query.is_running = true;
                chunk.queries.push(id);
            } else if !of_query.is_empty() {
                self.order.push_back(id);
            }
        }
        (!chunk.groups.is_empty()).then_some(chunk)
    }

    /// Groups that were taken together have been run, so long it took; none: all of them were found.
    pub(super) fn ran(&mut self, chunk: &Chunk, took: Option<Duration>) {
        let ratio = took.map(|took| took.as_secs_f64() / chunk.expected.as_secs_f64().max(1e-9));
        for id in &chunk.queries {
            // Of another version of the app.
            let Some(of_query) = self.queries.get_mut(id) else { continue };
            of_query.is_running = false;
            if let Some(ratio) = ratio {
                let now = of_query.cost.unwrap_or(COST_MAX).mul_f64(ratio.min(1e6));
                let now = now.clamp(Duration::from_micros(1), Duration::from_secs(600));
                // What is dear is found out at once, what is cheap by and by.
                of_query.cost = Some(of_query.cost.map_or(now, |before| now.max((before * 3 + now) / 4)));
            }
            if !of_query.is_empty() {
                self.order.push_back(*id);
            }
        }
    }

    /// Forgets the queries of which nobody follows anything any more.
    pub(super) fn forget(&mut self) {
        self.queries.retain(|_, of_query| {
            of_query.is_running || !of_query.is_empty() || Arc::strong_count(&of_query.query) > 1
        });
    }
}
