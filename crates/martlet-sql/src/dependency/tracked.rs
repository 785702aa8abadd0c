//! Which columns of which tables changes are captured of.

use crate::App;
use martlet_core::Type;
use std::collections::{BTreeMap, BTreeSet};

/// The tables and columns that any query of an app reads and keeps answers of. Changes of others matter to nobody.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tracked {
    /// By name, ascending.
    pub tables: Vec<TrackedTable>,
}

/// A tracked table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrackedTable {
    /// Its name.
    pub name: String,
    /// Indexes into the table's columns, ascending.
    pub columns: Vec<usize>,
    /// Their types.
    pub types: Vec<Type>,
}

impl Tracked {
    /// What the queries of an app need.
    pub fn of(app: &App) -> Self {
        let mut tables: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
        let pages = app.queries.values().filter_map(|query| query.page.as_ref()).map(|page| &page.after_dependencies);
        let all = app.queries.values().map(|query| &query.dependencies).chain(pages);
        let kept = all.filter(|dependencies| dependencies.unkept.is_none());
        for shape in kept.flat_map(|dependencies| &dependencies.shapes) {
            tables.entry(&shape.table).or_default().extend(&shape.reads);
        }
        let table = |(name, columns): (&str, BTreeSet<usize>)| {
            let known = app.catalogue.table(name).map_or(&[][..], |table| &table.columns);
            let types =
                columns.iter().map(|column| known.get(*column).map_or(Type::Text, |column| column.ty)).collect();
            TrackedTable { name: name.to_owned(), columns: columns.into_iter().collect(), types }
        };
        Self { tables: tables.into_iter().map(table).collect() }
    }

    /// The index of a table.
    pub fn index(&self, table: &str) -> Option<usize> {
        self.tables.binary_search_by(|tracked| tracked.name.as_str().cmp(table)).ok()
    }
}
