//! What an operator is told of a wrong answer, so that whoever reads it can find the fault: how it came to be kept, what
//! it rests on, and what was written since. No argument's value and no row's: the log is not the place for them.

use super::super::Engine;
use super::super::read::Cached;
use crate::KeptAnswer;
use crate::answer_cache::FillRecord;
use martlet_cache::CommitTold;
use martlet_sql::Query;
use martlet_sql::dependency::Tracked;
use martlet_store::Answer;
use std::sync::atomic::Ordering;

impl Engine {
    /// Counts a wrong answer, drops all of its query, and tells of it.
    pub(super) fn violated(
        &self,
        cached: Cached<'_>,
        query: &Query,
        kept: &KeptAnswer,
        right: &Answer,
        is_one_position: bool,
    ) {
        self.checks.violations.fetch_add(1, Ordering::Relaxed);
        let app = self.loaded.load().app.clone();
        let tracked = Tracked::of(&app);
        let page = query.page.as_ref().map(|page| &page.after_dependencies);
        let shapes: Vec<_> = [&query.dependencies].into_iter().chain(page).flat_map(|it| &it.shapes).collect();
        let mut rests_on: Vec<String> =
            shapes.iter().map(|shape| shape.words(&app.catalogue, &query.declaration)).collect();
        rests_on.dedup();
        let tables: Vec<usize> = shapes.iter().filter_map(|shape| tracked.index(&shape.table)).collect();
        // Before they are dropped.
        let record = cached.cache.record_of(kept, &tables);
        let dropped = cached.cache.clear_plans(std::iter::once(cached.plan));
        let FillRecord { position, age, keys, rows, commits, commit_count } = record;
        tracing::error!(
            query = %query.declaration.name,
            dropped,
            fill.position = position,
            fill.ms_ago = u64::try_from(age.as_millis()).unwrap_or(u64::MAX),
            fill.keys = keys,
            fill.rows = rows,
            right.position = right.position.number,
            right.rows = right.rows,
            is_alive = kept.is_alive(),
            is_one_position,
            rests_on = rests_on.join("; "),
            commits = told(&commits, &tracked),
            commits.count = commit_count,
            "an answer from memory was not what the database gives, and nothing had told the cache of a change; \
             all answers of this query are dropped, please report it with this record"
        );
    }
}

/// `41: bookings +1, rooms ~2; 43: bookings -1`: what was inserted, updated, deleted by each commit.
fn told(commits: &[CommitTold], tracked: &Tracked) -> String {
    let of_table = |(table, counts): &(usize, [usize; 3])| {
        let name = tracked.tables.get(*table).map_or("?", |table| table.name.as_str());
        let counts = ["+", "~", "-"].into_iter().zip(counts).filter(|(_, count)| **count > 0);
        let counts: Vec<String> = counts.map(|(sign, count)| format!("{sign}{count}")).collect();
        format!("{name} {}", counts.join(" "))
    };
    let of_commit = |commit: &CommitTold| {
        let tables: Vec<String> = commit.tables.iter().map(of_table).collect();
        format!("{}: {}", commit.number, tables.join(", "))
    };
    commits.iter().map(of_commit).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use martlet_sql::dependency::TrackedTable;

    #[test]
    fn commits_are_told_by_number_table_and_what_was_done() {
        let table = |name: &str| TrackedTable { name: name.into(), columns: Vec::new(), types: Vec::new() };
        let tracked = Tracked { tables: vec![table("bookings"), table("rooms")] };
        let commits = [
            CommitTold { number: 41, tables: vec![(0, [1, 0, 0]), (1, [0, 2, 0])] },
            CommitTold { number: 43, tables: vec![(0, [0, 1, 12]), (7, [1, 0, 0])] },
        ];
        assert_eq!(told(&commits, &tracked), "41: bookings +1, rooms ~2; 43: bookings ~1 -12, ? +1");
    }
}
