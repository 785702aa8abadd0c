//! Who is told of commits: before they can be seen, and when they can.

use martlet_core::Change;
use std::fmt::Debug;

/// What a commit changes.
#[derive(Debug, Clone, Copy)]
pub enum Changes<'a> {
    /// These rows of tracked tables, no others.
    Rows(&'a [Change]),
    /// Perhaps everything: the schema, another process's write, another file.
    Everything,
}

/// Told of every commit, on the writer's thread, in commit order.
///
/// Between [`begins`](CommitObserver::begins) and [`ended`](CommitObserver::ended) the commit becomes visible to
/// readers. Both must be quick: every writer waits for them.
pub trait CommitObserver: Debug + Send + Sync {
    /// A commit of this number is about to begin: nobody can see it yet. Numbers ascend by one.
    fn begins(&self, number: u64, changes: Changes<'_>);

    /// It is visible, or it failed; nobody has been told of it yet.
    fn ended(&self, number: u64);
}
