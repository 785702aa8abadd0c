//! INSERT, UPDATE and DELETE.
//!
//! The target keeps its table's name, never an alias: SQLite's RETURNING knows no other.

use super::select::{Names, with_clause};
use super::sql::{Sql, call, name, text};
use super::{Lowering, Place, column_names};
use crate::ir::{
    Assignment, Body, Delete, Distinct, Expr, Insert, InsertSource, OnConflict, Output, Relation, RelationColumn,
    Select, Source, Update,
};
use martlet_core::Type;

impl Lowering {
    pub(super) fn insert(&mut self, insert: &Insert) -> String {
        let table = self.target(&insert.target);
        let with = self.with_items(&insert.ctes);
        let columns: Vec<String> =
            insert.columns.iter().map(|index| name(&column_name(&insert.target, *index))).collect();
        let mut clauses = vec![match columns.is_empty() {
            true => format!("INSERT INTO {}", name(&table)),
            false => format!("INSERT INTO {} ({})", name(&table), columns.join(", ")),
        }];
        clauses.push(match &insert.source {
            InsertSource::Default => "DEFAULT VALUES".to_owned(),
            // A row of defaults only: every column was written DEFAULT.
            InsertSource::Values(_) if columns.is_empty() => "DEFAULT VALUES".to_owned(),
            InsertSource::Values(rows) => {
                let rows: Vec<String> = rows.iter().map(|row| format!("({})", self.row(insert, row))).collect();
                format!("VALUES {}", rows.join(",\n       "))
            }
            InsertSource::Select(select) => self.insert_select(insert, select),
        });
        if let Some(on_conflict) = &insert.on_conflict {
            clauses.push(self.on_conflict(insert, on_conflict));
        }
        clauses.extend(self.returning(&insert.returning));
        self.with_around(with, clauses)
    }

    fn row(&mut self, insert: &Insert, row: &[Expr]) -> String {
        let values = row.iter().zip(&insert.columns);
        let values: Vec<String> =
            values.map(|(value, column)| self.assigned(&insert.target, *column, value).text).collect();
        values.join(", ")
    }

    fn insert_select(&mut self, insert: &Insert, select: &Select) -> String {
        let is_guarded = insert
            .columns
            .iter()
            .zip(&select.columns)
            .any(|(index, column)| column.is_nullable && makes_ids(&insert.target, *index));
        // Without a WHERE, SQLite would read ON CONFLICT as the ON of a join.
        let is_bracketed = is_guarded || (insert.on_conflict.is_some() && !has_where(select));
        let names = if is_guarded { Names::As(&select.columns) } else { Names::Unneeded };
        let query = self.query(select, names, if is_bracketed { Place::Nested } else { Place::Top });
        if !is_bracketed {
            return query.text;
        }
        let value = |((index, column), of): ((&usize, &String), &RelationColumn)| {
            let value = Sql::primary(name(column));
            let is_refused = of.is_nullable && makes_ids(&insert.target, *index);
            if is_refused { guarded(&insert.target, *index, value).text } else { value.text }
        };
        let values: Vec<String> = insert.columns.iter().zip(&query.names).zip(&select.columns).map(value).collect();
        let values = if is_guarded { values.join(", ") } else { "*".to_owned() };
        format!("SELECT {values}\nFROM ({})\nWHERE true", query.text)
    }

    fn on_conflict(&mut self, insert: &Insert, on_conflict: &OnConflict) -> String {
        let target: Vec<String> =
            on_conflict.target.iter().map(|index| name(&column_name(&insert.target, *index))).collect();
        let target = if target.is_empty() { String::new() } else { format!(" ({})", target.join(", ")) };
        let Some(update) = &on_conflict.update else {
            return format!("ON CONFLICT{target} DO NOTHING");
        };
        self.put_in_scope(update.excluded, "excluded", &column_names(&insert.target.columns));
        let assignments = self.assignments(&insert.target, &update.assignments);
        let filter = update.filter.as_ref().map(|filter| format!(" WHERE {}", self.expr(filter).text));
        format!("ON CONFLICT{target} DO UPDATE SET {assignments}{}", filter.unwrap_or_default())
    }

    pub(super) fn update(&mut self, update: &Update) -> String {
        let table = self.target(&update.target);
        let with = self.with_items(&update.ctes);
        let from = update.from.as_ref().map(|from| self.relations_of(from));
        let before = self.tables_met.len();
        let assignments = self.assignments(&update.target, &update.assignments);
        let reads_target = self.tables_met.iter().skip(before).any(|met| *met == table);
        let mut clauses = vec![format!("UPDATE {}", name(&table)), format!("SET {assignments}")];
        match from {
            Some(from) => clauses.push(format!("FROM {from}")),
            // With FROM, SQLite computes all new values before it writes the first; without, a subquery would see the
            // rows that are written already.
            None if reads_target => clauses.push("FROM (SELECT 1)".to_owned()),
            None => {}
        }
        if let Some(filter) = &update.filter {
            clauses.push(format!("WHERE {}", self.expr(filter).text));
        }
        clauses.extend(self.returning(&update.returning));
        self.with_around(with, clauses)
    }

    pub(super) fn delete(&mut self, delete: &Delete) -> String {
        let table = self.target(&delete.target);
        let with = self.with_items(&delete.ctes);
        let mut clauses = vec![format!("DELETE FROM {}", name(&table))];
        if let Some(filter) = &delete.filter {
            clauses.push(format!("WHERE {}", self.expr(filter).text));
        }
        clauses.extend(self.returning(&delete.returning));
        self.with_around(with, clauses)
    }

    fn target(&mut self, target: &Relation) -> String {
        let table = match &target.source {
            Source::Table(table) => table.clone(),
            _ => target.alias.clone(),
        };
        // `excluded` is taken too: in an upsert it is the row that was to be written.
        self.taken.insert("excluded".to_owned());
        self.taken.insert(table.to_ascii_lowercase());
        self.put_in_scope(target.id, &table, &column_names(&target.columns));
        table
    }

    fn assignments(&mut self, target: &Relation, assignments: &[Assignment]) -> String {
        let assignments: Vec<String> = assignments
            .iter()
            .map(|assignment| {
                let value = self.assigned(target, assignment.column, &assignment.value).text;
                format!("{} = {value}", name(&column_name(target, assignment.column)))
            })
            .collect();
        assignments.join(", ")
    }

    /// A value on its way into a column.
    fn assigned(&mut self, target: &Relation, column: usize, value: &Expr) -> Sql {
        let lowered = self.expr(value);
        if value.is_nullable && makes_ids(target, column) { guarded(target, column, lowered) } else { lowered }
    }

    fn returning(&mut self, outputs: &[Output]) -> Option<String> {
        let outputs: Vec<String> = outputs
            .iter()
            .map(|output| {
                let value = self.expr(&output.expr).text;
                let is_named = value.ends_with(&format!("\".{}", name(&output.name)));
                if is_named { value } else { format!("{value} AS {}", name(&output.name)) }
            })
            .collect();
        (!outputs.is_empty()).then(|| format!("RETURNING {}", outputs.join(", ")))
    }

    fn with_around(&mut self, mut with: Vec<String>, mut clauses: Vec<String>) -> String {
        with.append(&mut self.once);
        if !with.is_empty() {
            clauses.insert(0, with_clause(&with, Place::Top));
        }
        clauses.join("\n")
    }
}

fn column_name(target: &Relation, column: usize) -> String {
    target.columns.get(column).map(|column| column.name.clone()).unwrap_or_default()
}

/// Whether a null may become a new id instead of an error: SQLite's INTEGER PRIMARY KEY does that.
fn makes_ids(target: &Relation, column: usize) -> bool {
    target
        .columns
        .get(column)
        .is_some_and(|column| !column.is_nullable && matches!(column.ty, Type::Integer | Type::Bigint))
}

fn guarded(target: &Relation, column: usize, value: Sql) -> Sql {
    call("not_null", [value, text(&target.alias), text(&column_name(target, column))])
}

/// Whether the query as written for SQLite has a WHERE after its FROM.
fn has_where(select: &Select) -> bool {
    match &select.body {
        Body::Core(core) => core.filter.is_some() && !matches!(core.distinct, Distinct::On(_)),
        _ => false,
    }
}
