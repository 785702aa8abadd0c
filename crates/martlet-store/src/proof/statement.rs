//! One statement: its accesses judged, and the index that mends what is not proven.

use super::judge::{Judged, Verdict, candidates, judge};
use super::plan::{Way, accesses, index_beside};
use super::text::Text;
use crate::{PlanLine, Scratch};
use martlet_core::Error;
use martlet_sql::{Catalogue, Statement};
use std::collections::BTreeSet;

/// PostgreSQL cuts longer names.
const NAME_SIZE_MAX: usize = 63;

/// What is known about a statement's plan.
#[derive(Debug, Clone)]
pub struct Proof {
    /// SQLite's words.
    pub lines: Vec<PlanLine>,
    /// Accesses to the app's tables.
    pub accesses: Vec<Judged>,
    /// Names of the indexes that the plan uses.
    pub indexes: BTreeSet<String>,
    /// For each access that is not proven or is sorted, the `create index` that was tried and mends it.
    pub mends: Vec<Option<String>>,
    pub(super) text: Text,
}

/// Plans a statement on the scratch database and judges each access.
pub fn prove(scratch: &Scratch, catalogue: &Catalogue, statement: &Statement) -> Result<Proof, Error> {
    let sql = &statement.sqlite.text;
    let mut proof = judge_plan(scratch.explain(sql)?, catalogue, statement);
    proof.mends = proof.accesses.iter().map(|judged| mend(scratch, catalogue, &proof.text, sql, judged)).collect();
    Ok(proof)
}

/// Judges each access of a plan, wherever it was made; tries no index that would mend one.
pub fn judge_plan(lines: Vec<PlanLine>, catalogue: &Catalogue, statement: &Statement) -> Proof {
    let text = Text::read(&statement.sqlite.text);
    let accesses = judged(catalogue, &text, &lines);
    let mut indexes: BTreeSet<String> = accesses.iter().filter_map(|judged| judged.access.index.clone()).collect();
    indexes.extend(lines.iter().filter_map(index_beside).map(str::to_owned));
    let mends = vec![None; accesses.len()];
    Proof { lines, accesses, indexes, mends, text }
}

fn judged(catalogue: &Catalogue, text: &Text, lines: &[PlanLine]) -> Vec<Judged> {
    accesses(lines).into_iter().filter_map(|access| judge(catalogue, text, access)).collect()
}

/// Whether an order by index would end a sort that a LIMIT cuts off.
pub(super) fn is_needless_sort(text: &Text, judged: &Judged) -> bool {
    let is_outermost = text.aliases.get(&judged.access.alias).is_some_and(|(_, scope)| *scope == 0);
    let scope = text.scope_of(&judged.access.alias);
    is_outermost
        && judged.access.is_first
        && judged.access.is_sorted
        && judged.verdict == Verdict::Closed
        && scope.is_some_and(|scope| scope.has_limit && !scope.reads_all)
}

/// The first candidate with which the access is proven (and no longer sorted, where that was the finding).
fn mend(scratch: &Scratch, catalogue: &Catalogue, text: &Text, sql: &str, judged_now: &Judged) -> Option<String> {
    let is_sort = is_needless_sort(text, judged_now);
    if judged_now.verdict.is_proven() && !is_sort {
        return None;
    }
    let alias = &judged_now.access.alias;
    let table = catalogue.tables.get(&judged_now.table)?;
    for columns in candidates(text, alias) {
        if columns.iter().any(|(column, _)| table.column(column).is_none()) {
            continue;
        }
        let name = free_name(catalogue, &table.name, &columns);
        let create = create_index(&name, &table.name, &columns);
        let Ok(lines) = scratch.explain_with(&create, sql) else { continue };
        let after = judged(catalogue, text, &lines);
        let is_mended = after.iter().any(|after| {
            let is_used = after.access.index.as_deref() == Some(name.as_str());
            let is_by_index = after.access.way != Way::Automatic;
            is_used
                && is_by_index
                && after.access.alias == *alias
                && after.verdict.is_proven()
                && !(is_sort && after.access.is_sorted)
        });
        if is_mended {
            return Some(create);
        }
    }
    None
}

fn free_name(catalogue: &Catalogue, table: &str, columns: &[(String, bool)]) -> String {
    let columns: Vec<&str> = columns.iter().map(|(column, _)| column.as_str()).collect();
    let mut name = format!("{table}_{}", columns.join("_"));
    while name.len() > NAME_SIZE_MAX - 6 {
        name.pop();
    }
    let is_taken = |name: &str| catalogue.indexes.contains_key(name) || catalogue.tables.contains_key(name);
    let numbered = (2..).map(|number| format!("{name}_idx{number}"));
    std::iter::once(format!("{name}_idx")).chain(numbered).find(|name| !is_taken(name)).expect("numbers do not end")
}

/// A name as SQL takes it: in quotes where it is not a plain word.
pub(super) fn sql_name(name: &str) -> String {
    let is_plain = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        && !name.starts_with(|c: char| c.is_ascii_digit());
    if is_plain { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

pub(super) fn create_index(name: &str, table: &str, columns: &[(String, bool)]) -> String {
    let column = |(column, is_descending): &(String, bool)| {
        format!("{}{}", sql_name(column), if *is_descending { " desc" } else { "" })
    };
    let columns: Vec<String> = columns.iter().map(column).collect();
    format!("create index {} on {} ({});", sql_name(name), sql_name(table), columns.join(", "))
}
