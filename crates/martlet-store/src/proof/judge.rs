//! The verdict on one access.

use super::plan::{Access, Term, Way};
use super::text::{Form, Scope, Text};
use martlet_sql::Catalogue;
use std::collections::BTreeSet;

/// An access to a table of the app's and what it is worth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// The access.
    pub access: Access,
    /// The table behind its alias.
    pub table: String,
    /// The verdict.
    pub verdict: Verdict,
}

/// Whether an access stays small while its table grows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// `-- @small`: it needs no proof.
    Small,
    /// A search that finds at most one row: all columns of a key are given.
    OneRow,
    /// A search by equality, or by a range closed on both sides.
    Closed,
    /// It ends by LIMIT, in index order.
    Ended,
    /// A range with one end.
    Open {
        /// The column of the range.
        column: String,
        /// Whether the upper end is missing, else the lower.
        is_upper_missing: bool,
    },
    /// The table is read in full.
    Full,
}

impl Verdict {
    /// Whether nothing is to be asked for.
    pub fn is_proven(&self) -> bool {
        !matches!(self, Verdict::Open { .. } | Verdict::Full)
    }
}

/// Judges an access; none for what is no table of the app's: a CTE, a subquery, a function.
pub(super) fn judge(catalogue: &Catalogue, text: &Text, access: Access) -> Option<Judged> {
    let (name, _) = text.aliases.get(&access.alias)?;
    let table = catalogue.tables.get(name)?;
    let scope = text.scope_of(&access.alias)?;
    let verdict = if table.is_small { Verdict::Small } else { verdict(catalogue, text, scope, &access, name) };
    Some(Judged { access, table: name.clone(), verdict })
}

fn verdict(catalogue: &Catalogue, text: &Text, scope: &Scope, access: &Access, table: &str) -> Verdict {
    let is_ended = access.is_first && !scope.reads_all && (scope.is_exists || (scope.has_limit && !access.is_sorted));
    match &access.way {
        Way::Automatic => Verdict::Full,
        // LIMIT bounds what is given, not what is looked at: rows that a condition drops are read too.
        Way::Scan if is_ended && (!scope.has_where || is_by_partial_index(catalogue, text, access)) => Verdict::Ended,
        Way::Scan => Verdict::Full,
        // min and max: one end of an index.
        Way::Search(terms) if terms.is_empty() => Verdict::Ended,
        Way::Search(terms) if terms.iter().any(|term| matches!(term, Term::Any(_))) => Verdict::Full,
        Way::Search(terms) if is_one_row(catalogue, table, terms) => Verdict::OneRow,
        Way::Search(_) if is_ended => Verdict::Ended,
        Way::Search(terms) => of_range(terms),
    }
}

fn of_range(terms: &[Term]) -> Verdict {
    let above = terms.iter().find_map(|term| if let Term::Above(column) = term { Some(column) } else { None });
    let below = terms.iter().find_map(|term| if let Term::Below(column) = term { Some(column) } else { None });
    match (above, below) {
        (Some(column), None) => Verdict::Open { column: column.clone(), is_upper_missing: true },
        (None, Some(column)) => Verdict::Open { column: column.clone(), is_upper_missing: false },
        _ => Verdict::Closed,
    }
}

/// Whether all conditions on the table are those of the partial index that is read.
fn is_by_partial_index(catalogue: &Catalogue, text: &Text, access: &Access) -> bool {
    let Some(index) = access.index.as_ref().and_then(|name| catalogue.indexes.get(name)) else { return false };
    let Some(predicate) = &index.predicate else { return false };
    let mut conditions = text.conditions.iter().filter(|condition| condition.alias == access.alias);
    conditions.all(|condition| predicate.contains(&condition.column))
}

fn is_one_row(catalogue: &Catalogue, table: &str, terms: &[Term]) -> bool {
    let equal: BTreeSet<&str> = terms
        .iter()
        .filter_map(|term| if let Term::Equal(column) = term { Some(column.as_str()) } else { None })
        .collect();
    if equal.contains("rowid") {
        return true;
    }
    let Some(table) = catalogue.tables.get(table) else { return false };
    let keys = table.unique_keys.iter().chain(std::iter::once(&table.primary_key));
    keys.filter(|key| !key.is_empty()).any(|key| {
        let mut columns = key.iter().filter_map(|&at| table.columns.get(at));
        columns.all(|column| equal.contains(column.name.as_str()))
    })
}

/// Columns of indexes that would serve an access: those compared for equality, then an order or a range.
///
/// First without the columns that join it to another table: which of the two is read first is the planner's choice.
pub(super) fn candidates(text: &Text, alias: &str) -> Vec<Vec<(String, bool)>> {
    let mut found = Vec::new();
    for with_joins in [false, true] {
        for columns in candidates_of(text, alias, with_joins) {
            if !columns.is_empty() && !found.contains(&columns) {
                found.push(columns);
            }
        }
    }
    found
}

fn candidates_of(text: &Text, alias: &str, with_joins: bool) -> Vec<Vec<(String, bool)>> {
    let mut equal: Vec<(String, bool)> = Vec::new();
    let mut ranges: Vec<(String, bool)> = Vec::new();
    let of_alias = text.conditions.iter().filter(|condition| condition.alias == alias);
    for condition in of_alias.filter(|condition| with_joins || !condition.is_join) {
        let columns = match condition.form {
            Form::Equal => &mut equal,
            Form::Above | Form::Below => &mut ranges,
            Form::Inside(_) => continue,
        };
        let column = (condition.column.clone(), false);
        if !columns.contains(&column) {
            columns.push(column);
        }
    }
    ranges.retain(|column| !equal.contains(column));
    let mut order = order_of(text, alias);
    order.retain(|(column, _)| equal.iter().all(|(other, _)| other != column));
    let with = |more: &[(String, bool)]| equal.iter().chain(more).cloned().collect::<Vec<_>>();
    let ordered = if order.is_empty() { None } else { Some(with(&order)) };
    let ranged = ranges.iter().map(|range| with(std::slice::from_ref(range)));
    ordered.into_iter().chain(ranged).chain([equal.clone()]).collect()
}

/// The columns in whose order LIMIT cuts off, if all are of this alias.
fn order_of(text: &Text, alias: &str) -> Vec<(String, bool)> {
    let scope = text.scope_of(alias).filter(|scope| scope.has_limit && !scope.reads_all);
    let order = scope.and_then(|scope| scope.order.as_ref());
    let order = order.filter(|order| order.iter().all(|(of, _, _)| of == alias)).map_or(&[][..], Vec::as_slice);
    order.iter().map(|(_, column, is_descending)| (column.clone(), *is_descending)).collect()
}
