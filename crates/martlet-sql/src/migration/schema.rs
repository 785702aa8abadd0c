//! What the migrations have made so far, with all that is needed to write a table's DDL again.
//!
//! The catalogue is the part of it that queries see; it is derived, one table at a time.

use crate::Catalogue;
use crate::catalogue::{ForeignKey, Place, Table, TableColumn};
use martlet_core::Type;
use std::collections::{BTreeMap, BTreeSet};

/// PostgreSQL cuts longer names; we refuse them.
pub(super) const IDENT_SIZE_MAX: usize = 63;

#[derive(Debug, Default)]
pub(super) struct Schema {
    pub(super) catalogue: Catalogue,
    pub(super) tables: BTreeMap<String, TableState>,
    /// In the order in which they were made: a later one may use an earlier one.
    pub(super) views: Vec<ViewState>,
    pub(super) indexes: BTreeMap<String, IndexState>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct TableState {
    pub(super) name: String,
    pub(super) columns: Vec<ColumnState>,
    pub(super) primary_key: Option<Key>,
    pub(super) uniques: Vec<Key>,
    pub(super) foreign_keys: Vec<ForeignKeyState>,
    pub(super) checks: Vec<Check>,
    pub(super) is_small: bool,
    pub(super) place: Place,
    /// Declared by `@table`: made by an engine's own file, so that we cannot write its DDL.
    pub(super) is_foreign: bool,
}

#[derive(Debug, Clone)]
pub(super) struct ColumnState {
    pub(super) name: String,
    pub(super) ty: Type,
    pub(super) is_nullable: bool,
    pub(super) is_identity: bool,
    pub(super) default: Option<Expression>,
}

/// A primary key or a unique constraint.
#[derive(Debug, Clone)]
pub(super) struct Key {
    pub(super) name: String,
    pub(super) columns: Vec<String>,
}

#[derive(Debug, Clone)]
pub(super) struct ForeignKeyState {
    pub(super) name: String,
    pub(super) columns: Vec<String>,
    pub(super) table: String,
    pub(super) referenced: Vec<String>,
    /// As SQL writes it; empty: no action.
    pub(super) on_delete: &'static str,
}

#[derive(Debug, Clone)]
pub(super) struct Check {
    pub(super) name: String,
    /// Columns that it names.
    pub(super) columns: BTreeSet<String>,
    pub(super) expression: Expression,
}

/// An expression as written, and for SQLite.
#[derive(Debug, Clone)]
pub(super) struct Expression {
    pub(super) text: String,
    pub(super) sqlite: String,
}

#[derive(Debug, Clone)]
pub(super) struct ViewState {
    pub(super) name: String,
    /// Every word in it: what it may use. A few too many names only mean that a view must be dropped first.
    pub(super) words: BTreeSet<String>,
    pub(super) has_wildcard: bool,
    pub(super) sqlite: String,
}

#[derive(Debug, Clone)]
pub(super) struct IndexState {
    pub(super) index: crate::catalogue::Index,
    pub(super) predicate: Option<Expression>,
    /// Columns that the predicate names.
    pub(super) predicate_columns: BTreeSet<String>,
}

impl TableState {
    pub(super) fn column(&self, name: &str) -> Option<&ColumnState> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Whether a foreign key may point to these columns.
    pub(super) fn is_key(&self, columns: &[String]) -> bool {
        let wanted: BTreeSet<&String> = columns.iter().collect();
        self.primary_key.iter().chain(&self.uniques).any(|key| key.columns.iter().collect::<BTreeSet<_>>() == wanted)
    }

    pub(super) fn constraint_names(&self) -> impl Iterator<Item = &str> {
        let keys = self.primary_key.iter().chain(&self.uniques).map(|key| key.name.as_str());
        let foreign = self.foreign_keys.iter().map(|key| key.name.as_str());
        keys.chain(foreign).chain(self.checks.iter().map(|check| check.name.as_str()))
    }

    fn to_table(&self, indexes: &BTreeMap<String, IndexState>) -> Table {
        let position = |name: &String| self.columns.iter().position(|column| column.name == *name);
        let positions = |names: &[String]| names.iter().filter_map(position).collect::<Vec<usize>>();
        let unique_indexes = indexes
            .values()
            .map(|state| &state.index)
            .filter(|index| index.table == self.name && index.is_unique && !index.is_partial)
            .map(|index| index.columns.iter().filter_map(|(name, _)| position(name)).collect::<Vec<usize>>());
        let mut unique_keys: Vec<Vec<usize>> = self.uniques.iter().map(|key| positions(&key.columns)).collect();
        for key in unique_indexes {
            if !unique_keys.contains(&key) {
                unique_keys.push(key);
            }
        }
        Table {
            name: self.name.clone(),
            columns: self
                .columns
                .iter()
                .map(|column| TableColumn {
                    name: column.name.clone(),
                    ty: column.ty,
                    is_nullable: column.is_nullable,
                    has_default: column.default.is_some() || column.is_identity,
                    is_identity: column.is_identity,
                })
                .collect(),
            primary_key: self.primary_key.as_ref().map(|key| positions(&key.columns)).unwrap_or_default(),
            unique_keys,
            foreign_keys: self
                .foreign_keys
                .iter()
                .map(|key| ForeignKey {
                    name: key.name.clone(),
                    columns: positions(&key.columns),
                    table: key.table.clone(),
                    referenced: key.referenced.clone(),
                })
                .collect(),
            is_small: self.is_small,
            place: self.place.clone(),
        }
    }
}

impl Schema {
    /// Brings the catalogue's table up to date.
    pub(super) fn refresh(&mut self, table: &str) {
        match self.tables.get(table) {
            Some(state) => {
                let table = state.to_table(&self.indexes);
                self.catalogue.tables.insert(table.name.clone(), table);
            }
            None => {
                self.catalogue.tables.remove(table);
            }
        }
    }

    pub(super) fn add_index(&mut self, state: IndexState) {
        let (name, table) = (state.index.name.clone(), state.index.table.clone());
        self.catalogue.indexes.insert(name.clone(), state.index.clone());
        self.indexes.insert(name, state);
        self.refresh(&table);
    }

    pub(super) fn remove_index(&mut self, name: &str) {
        self.catalogue.indexes.remove(name);
        if let Some(state) = self.indexes.remove(name) {
            self.refresh(&state.index.table);
        }
    }

    /// What already has this name: PostgreSQL keeps tables, views and indexes, also those of keys, in one space.
    ///
    /// Case is passed over, as SQLite does.
    pub(super) fn relation(&self, name: &str) -> Option<&'static str> {
        let is_it = |other: &String| other.eq_ignore_ascii_case(name);
        if self.tables.keys().any(is_it) {
            return Some("table");
        }
        if self.views.iter().any(|view| is_it(&view.name)) {
            return Some("view");
        }
        if self.indexes.keys().any(is_it) {
            return Some("index");
        }
        let mut keys = self.tables.values().flat_map(|table| table.primary_key.iter().chain(&table.uniques));
        keys.any(|key| is_it(&key.name)).then_some("constraint")
    }

    /// The first view that may use all of these names.
    pub(super) fn view_using(&self, names: &[&str]) -> Option<&ViewState> {
        self.views.iter().find(|view| names.iter().all(|name| view.words.contains(*name)))
    }
}

/// PostgreSQL's name for what has none: `{one}_{two}_{label}`, cut to 63 bytes, with a number where it is taken.
pub(super) fn choose_name(one: &str, two: &str, label: &str, is_taken: impl Fn(&str) -> bool) -> String {
    for pass in 0_u32.. {
        let label = if pass == 0 { label.to_owned() } else { format!("{label}{pass}") };
        let name = make_name(one, two, &label);
        if !is_taken(&name) {
            return name;
        }
    }
    unreachable!("a number is found before they run out")
}

fn make_name(one: &str, two: &str, label: &str) -> String {
    let overhead = 1 + label.len() + usize::from(!two.is_empty());
    let available = IDENT_SIZE_MAX.saturating_sub(overhead);
    let (mut one_size, mut two_size) = (one.len(), two.len());
    while one_size + two_size > available {
        if one_size > two_size {
            one_size -= 1;
        } else {
            two_size -= 1;
        }
    }
    let (one, two) = (cut(one, one_size), cut(two, two_size));
    if two.is_empty() { format!("{one}_{label}") } else { format!("{one}_{two}_{label}") }
}

fn cut(text: &str, size: usize) -> &str {
    let end = (0..=size.min(text.len())).rev().find(|&end| text.is_char_boundary(end));
    &text[..end.unwrap_or(0)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_postgresql_s() {
        assert_eq!(choose_name("t", "", "pkey", |_| false), "t_pkey");
        assert_eq!(choose_name("t", "a_b", "fkey", |_| false), "t_a_b_fkey");
        assert_eq!(choose_name("t", "a", "check", |name| name == "t_a_check"), "t_a_check1");
        let long = choose_name(&"t".repeat(60), &"c".repeat(60), "key", |_| false);
        assert_eq!(long, format!("{}_{}_key", "t".repeat(29), "c".repeat(29)));
    }
}
