//! The figures of a stretch of time, and how two of them become one.

use hashbrown::HashMap;
use martlet_core::{Spread, Timestamp};
use std::sync::Arc;
use std::time::Duration;

/// Queries, actions and routes of one period that are told apart; what comes on top is counted together.
pub const ITEMS_MAX: usize = 200;
/// What all those on top are called.
pub const OTHERS: &str = "(others)";

/// How a figure of a longer time comes from those of its parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Merge {
    /// They add up.
    Sum,
    /// The greatest counts: it was seen at some moment.
    Greatest,
}

macro_rules! figures {
    ($(#[$of:meta])* $type:ident, $counts:ident: $($(#[doc = $doc:literal])* $id:ident = $name:literal, $merge:ident;)*) => {
        $(#[$of])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $type { $($(#[doc = $doc])* $id),* }

        impl $type {
            /// Every one, in order.
            pub const ALL: &[$type] = &[$($type::$id),*];

            /// Its name in files and in JSON.
            pub const fn name(self) -> &'static str {
                match self { $($type::$id => $name),* }
            }

            /// How it adds up.
            pub const fn merge(self) -> Merge {
                match self { $($type::$id => Merge::$merge),* }
            }
        }

        /// One number for each of its figures.
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
        pub struct $counts([u64; $type::ALL.len()]);

        impl $counts {
            /// This figure.
            pub const fn get(&self, figure: $type) -> u64 {
                self.0[figure as usize]
            }

            /// Sets this figure.
            pub const fn set(&mut self, figure: $type, value: u64) {
                self.0[figure as usize] = value;
            }

            /// Takes in those of another part of the time.
            pub fn merge(&mut self, other: &Self) {
                for figure in $type::ALL {
                    let (kept, more) = (&mut self.0[*figure as usize], other.get(*figure));
                    *kept = match figure.merge() {
                        Merge::Sum => kept.saturating_add(more),
                        Merge::Greatest => (*kept).max(more),
                    };
                }
            }

            /// What was counted since `before`. A count that is less than it was has begun anew: then all of it is
            /// new. Never negative.
            #[must_use]
            pub fn since(&self, before: &Self) -> Self {
                let mut since = *self;
                for figure in $type::ALL {
                    if figure.merge() == Merge::Sum {
                        let now = self.get(*figure);
                        since.set(*figure, now.checked_sub(before.get(*figure)).unwrap_or(now));
                    }
                }
                since
            }
        }
    };
}

figures! {
    /// A figure of the server as a whole.
    Figure, Counts:
    /// Requests answered.
    Requests = "requests", Sum;
    /// Of them those answered 4xx.
    ClientErrors = "client_errors", Sum;
    /// Of them those answered 5xx.
    Errors = "errors", Sum;
    /// Of them those that admission refused.
    Shed = "shed", Sum;
    /// Calls of queries answered from memory.
    Hits = "hits", Sum;
    /// Calls of queries whose answer was not there.
    Misses = "misses", Sum;
    /// Of the misses those that another call's run was waited for.
    Coalesced = "coalesced", Sum;
    /// Calls of queries whose answers are never kept.
    Bypassed = "bypassed", Sum;
    /// Kept answers that commits have ended.
    Invalidated = "invalidated", Sum;
    /// Of them those that were the same when computed again.
    Useless = "useless", Sum;
    /// Kept answers that had to make room.
    Evicted = "evicted", Sum;
    /// Slow statements.
    Slow = "slow", Sum;
    /// Writes that waited for the writer.
    WriterWaits = "writer_waits", Sum;
    /// Nanoseconds that they waited.
    WriterWaitNs = "writer_wait_ns", Sum;
    /// Writes that were refused for that.
    WriterTimeouts = "writer_timeouts", Sum;
    /// Reads that waited for a reader.
    ReaderWaits = "reader_waits", Sum;
    /// Nanoseconds that they waited.
    ReaderWaitNs = "reader_wait_ns", Sum;
    /// Reads that were refused for that.
    ReaderTimeouts = "reader_timeouts", Sum;
    /// Answers from memory that were compared.
    Checks = "checks", Sum;
    /// Of them those that were wrong.
    Violations = "violations", Sum;
    /// Milliseconds of processor time.
    CpuMs = "cpu_ms", Sum;
    /// Memory of the process.
    MemoryBytes = "memory_bytes", Greatest;
    /// Of it for kept answers.
    CacheBytes = "cache_bytes", Greatest;
    /// Kept answers.
    CacheEntries = "cache_entries", Greatest;
    /// Writes that wait.
    WriterQueue = "writer_queue", Greatest;
    /// Reads that wait.
    ReaderQueue = "reader_queue", Greatest;
    /// Open event streams.
    Streams = "streams", Greatest;
    /// Size of the write-ahead log.
    WalBytes = "wal_bytes", Greatest;
}

figures! {
    /// A figure of a query, an action or a route.
    ItemFigure, ItemCounts:
    /// Calls, wherever their answers came from.
    Calls = "calls", Sum;
    /// Calls that came to the database.
    Runs = "runs", Sum;
    /// Runs that failed; of a route: answers 5xx.
    Errors = "errors", Sum;
    /// Calls answered from memory.
    Hits = "hits", Sum;
    /// Calls whose answer was not there.
    Misses = "misses", Sum;
    /// Of the misses those that another call's run was waited for.
    Coalesced = "coalesced", Sum;
    /// Calls whose answers are never kept.
    Bypassed = "bypassed", Sum;
    /// Kept answers that commits have ended.
    Invalidated = "invalidated", Sum;
    /// Of them those that were the same when computed again.
    Useless = "useless", Sum;
    /// Rows answered.
    Rows = "rows", Sum;
    /// Rows stepped over by scans of whole tables.
    RowsScanned = "rows_scanned", Sum;
    /// Nanoseconds of all runs; of a route: of all requests.
    TotalNs = "total_ns", Sum;
    /// Nanoseconds waited for a connection.
    WaitNs = "wait_ns", Sum;
}

/// What an item is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ItemKind {
    /// A declared query; its times are those in the database.
    Query,
    /// A declared action; its times are those in the database, with the commit.
    Action,
    /// A method and a path's template; its times are those of its requests.
    Route,
}

impl ItemKind {
    /// Every one; a file keeps the place here.
    pub const ALL: [ItemKind; 3] = [ItemKind::Query, ItemKind::Action, ItemKind::Route];

    /// Its name in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            ItemKind::Query => "query",
            ItemKind::Action => "action",
            ItemKind::Route => "route",
        }
    }
}

/// A query, an action or a route in a stretch of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// What it is.
    pub kind: ItemKind,
    /// The declared name; of a route method and template.
    pub name: Arc<str>,
    /// What was counted.
    pub counts: ItemCounts,
    /// How the nanoseconds of its runs spread, or of its requests.
    pub durations: Spread,
}

impl Item {
    /// This figure.
    pub fn get(&self, figure: ItemFigure) -> u64 {
        self.counts.get(figure)
    }

    fn merge(&mut self, other: &Self) {
        self.counts.merge(&other.counts);
        self.durations.merge(&other.durations);
    }

    /// What was counted since `before`.
    fn since(&self, before: &Self) -> Self {
        Self {
            kind: self.kind,
            name: Arc::clone(&self.name),
            counts: self.counts.since(&before.counts),
            durations: self.durations.since(&before.durations).unwrap_or_else(|| self.durations.clone()),
        }
    }
}

/// The figures of a stretch of time: a minute, an hour, or all that a server has counted so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Period {
    /// Its beginning.
    pub at: Timestamp,
    /// How long a server ran in it. More than it is long where the clock was set back.
    pub observed: Duration,
    /// How the nanoseconds of all requests spread, from head to head.
    pub durations: Spread,
    /// What was counted.
    pub counts: Counts,
    /// By query, action and route; those that were not called are not there.
    pub items: Vec<Item>,
}

impl Period {
    /// One in which nothing was counted yet.
    pub fn empty(at: Timestamp) -> Self {
        Self {
            at,
            observed: Duration::ZERO,
            durations: Spread::default(),
            counts: Counts::default(),
            items: Vec::new(),
        }
    }

    /// This figure.
    pub fn get(&self, figure: Figure) -> u64 {
        self.counts.get(figure)
    }

    /// Takes in another part of the time. Items stay bounded.
    pub fn merge(&mut self, other: &Self) {
        self.observed = self.observed.saturating_add(other.observed);
        self.durations.merge(&other.durations);
        self.counts.merge(&other.counts);
        for item in &other.items {
            self.add(item);
        }
    }

    /// Takes in the figures of an item.
    pub fn add(&mut self, item: &Item) {
        let is_it = |known: &&mut Item, name: &str| known.kind == item.kind && *known.name == *name;
        if let Some(known) = self.items.iter_mut().find(|known| is_it(known, &item.name)) {
            return known.merge(item);
        }
        // A place is left for the others of each kind.
        if self.items.len() + ItemKind::ALL.len() < ITEMS_MAX {
            return self.items.push(item.clone());
        }
        match self.items.iter_mut().find(|known| is_it(known, OTHERS)) {
            Some(others) => others.merge(item),
            None => self.items.push(Item { name: OTHERS.into(), ..item.clone() }),
        }
    }

    /// What was counted since `before`, an earlier look at the same server: the figures of the time between them.
    /// What is less than before has begun anew. Items that nothing happened to are left out; the busiest come first.
    #[must_use]
    pub fn since(&self, before: &Self) -> Self {
        let known: HashMap<(ItemKind, &str), &Item> =
            before.items.iter().map(|item| ((item.kind, &*item.name), item)).collect();
        let of = |item: &Item| known.get(&(item.kind, &*item.name)).map_or_else(|| item.clone(), |it| item.since(it));
        let items = self.items.iter().map(of).filter(|item| item.counts != ItemCounts::default());
        let mut items: Vec<Item> = items.collect();
        items.sort_by_key(|item| std::cmp::Reverse(item.get(ItemFigure::Calls)));
        let durations = self.durations.since(&before.durations).unwrap_or_else(|| self.durations.clone());
        let mut since = Self { durations, counts: self.counts.since(&before.counts), ..Self::empty(self.at) };
        items.iter().for_each(|item| since.add(item));
        since
    }
}
