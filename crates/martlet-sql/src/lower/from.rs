//! FROM: tables, subqueries, `with` items and functions that give rows.

use super::select::Names;
use super::sql::{Sql, call, name, text};
use super::{CteNames, Lowering, Place, cast, column_names, distinct_names, range};
use crate::Bind;
use crate::ir::{Cte, Expr, ExprKind, From, JoinKind, Relation, RelationColumn, Select, Source, TableFunction};
use martlet_core::{Type, Value};

/// Up to here the virtual table's own sums cannot overflow.
const SERIES_STOP_MAX: i64 = (1 << 62) - 1;

impl Lowering {
    /// The clause without its keyword. Puts its relations in scope.
    pub(super) fn relations_of(&mut self, from: &From) -> String {
        match from {
            From::Relation(relation) => self.relation(relation),
            From::Join { kind, left, right, on } => {
                let left = self.relations_of(left);
                let is_nested = matches!(**right, From::Join { .. });
                let right = self.relations_of(right);
                let right = if is_nested { format!("({right})") } else { right };
                let keyword = match (kind, on) {
                    (JoinKind::Left, _) => "LEFT JOIN",
                    // SQLite never reorders around CROSS JOIN.
                    (JoinKind::Inner, _) => "JOIN",
                };
                match on {
                    Some(on) => format!("{left} {keyword} {right} ON {}", self.expr(on).text),
                    None => format!("{left} {keyword} {right}"),
                }
            }
        }
    }

    fn relation(&mut self, relation: &Relation) -> String {
        match &relation.source {
            Source::Table(table) => {
                self.tables_met.push(table.clone());
                let alias = self.alias(&relation.alias);
                self.put_in_scope(relation.id, &alias, &column_names(&relation.columns));
                aliased(table, &alias)
            }
            Source::Cte(id) => {
                let Some(item) = self.ctes.get_mut(id) else {
                    debug_assert!(false, "a `with` item is met before its use");
                    return "(SELECT NULL)".to_owned();
                };
                // Its name is taken by itself: the first use under it needs no alias.
                let is_own_name = relation.alias == item.name && !std::mem::replace(&mut item.is_used, true);
                let item = item.clone();
                self.tables_met.extend(item.tables);
                let alias = if is_own_name { item.name.clone() } else { self.alias(&relation.alias) };
                self.put_in_scope(relation.id, &alias, &item.columns);
                aliased(&item.name, &alias)
            }
            Source::Subquery { query, is_materialized } => {
                let lowered = self.query(query, Names::As(&relation.columns), Place::Nested);
                if *is_materialized {
                    let item = self.cte_alias(&relation.alias);
                    self.put_in_scope(relation.id, &item, &lowered.names);
                    self.once.push(format!("{} AS MATERIALIZED ({})", name(&item), lowered.text));
                    return name(&item);
                }
                let alias = self.alias(&relation.alias);
                self.put_in_scope(relation.id, &alias, &lowered.names);
                format!("({}) AS {}", lowered.text, name(&alias))
            }
            Source::Function(function) => self.table_function(relation, function),
        }
    }

    fn table_function(&mut self, relation: &Relation, function: &TableFunction) -> String {
        // Arguments come first: they may use relations at the left, never this one.
        let rows = match function {
            TableFunction::GenerateSeries { start, stop, step } => self.series(start, stop, step.as_deref()),
            TableFunction::Unnest(parameter) => {
                call("json_each", [Sql::primary(self.bind(Bind::Parameter(*parameter)))])
            }
            TableFunction::JsonbArrayElements(document) => self.json_rows("jsonb_array_elements", document),
            TableFunction::JsonbToRecordset(document) => self.json_rows("jsonb_to_recordset", document),
        };
        let alias = self.alias(&relation.alias);
        let value = || Sql::primary(format!("{}.\"value\"", name(&alias)));
        let columns = match function {
            TableFunction::JsonbToRecordset(_) => {
                relation.columns.iter().map(|column| recordset_column(value(), column).text).collect()
            }
            // A list of doubles may hold 1, which JSON has as an integer.
            _ if relation.columns.first().is_some_and(|column| column.ty == Type::Double) => {
                vec![cast::cast(value(), Type::Bigint, Type::Double).text]
            }
            _ => vec![value().text],
        };
        self.relations.insert(relation.id, columns);
        format!("{} AS {}", rows.text, name(&alias))
    }

    fn json_rows(&mut self, function: &str, document: &Expr) -> Sql {
        let document = self.expr(document);
        call("json_each", [call(function, [document])])
    }

    /// SQLite's own virtual table where it does what PostgreSQL does: upwards, by a constant, far from the ends of the
    /// numbers. It gives a row at a time; the functions make the whole list first.
    fn series(&mut self, start: &Expr, stop: &Expr, step: Option<&Expr>) -> Sql {
        let lowered_start = self.expr(start);
        let lowered_stop = self.expr(stop);
        let steps_up = match step.map(uncast) {
            None => Some(1),
            Some(ExprKind::Literal(Value::Integer(step))) if 0 < *step && *step <= i64::from(i32::MAX) => Some(*step),
            Some(_) => None,
        };
        let (least, most) = range::of(start);
        let far = i128::from(SERIES_STOP_MAX);
        if let (Some(step), true) = (steps_up, start.ty != Type::Timestamptz && -far <= least && most <= far) {
            // From such a start nobody waits for a number above the bound.
            let bound = Sql::primary(SERIES_STOP_MAX.to_string());
            let is_bounded = range::of(stop).1 <= far;
            let stop = if is_bounded { lowered_stop } else { call("min", [lowered_stop, bound]) };
            return call("generate_series", [lowered_start, stop, Sql::primary(step.to_string())]);
        }
        let step = step.map_or_else(|| Sql::primary("1"), |step| self.expr(step));
        let of_times = start.ty == Type::Timestamptz;
        let function = if of_times { "generate_series_timestamptz" } else { "generate_series_int8" };
        call("json_each", [call(function, [lowered_start, lowered_stop, step])])
    }

    /// `name("a", "b") AS (...)`, for every `with` item.
    pub(super) fn with_items(&mut self, ctes: &[Cte]) -> Vec<String> {
        ctes.iter().map(|cte| self.with_item(cte)).collect()
    }

    fn with_item(&mut self, cte: &Cte) -> String {
        let before = self.tables_met.len();
        let lowered = self.query(&cte.query, Names::Unneeded, Place::Nested);
        let tables = self.tables_met.split_off(before);
        let item = self.cte_alias(&cte.name);
        let columns = distinct_names(cte.columns.iter().map(|column| column.name.as_str()));
        let header = columns.iter().map(|column| name(column)).collect::<Vec<_>>().join(", ");
        let hint = if cte.is_materialized { "AS MATERIALIZED" } else { "AS" };
        let text = format!("{}({header}) {hint} ({})", name(&item), lowered.text);
        self.ctes.insert(cte.id, CteNames { name: item, columns, tables, is_used: false });
        text
    }

    /// Whether a query gives at most one row by its own text.
    pub(super) fn is_single(query: &Select) -> bool {
        query.rows_max.is_some_and(|rows| rows <= 1)
    }
}

/// `"table"`, or `"table" AS "alias"` where they differ.
fn aliased(table: &str, alias: &str) -> String {
    if table == alias { name(table) } else { format!("{} AS {}", name(table), name(alias)) }
}

fn uncast(expr: &Expr) -> &ExprKind {
    match &expr.kind {
        ExprKind::Cast(operand) if matches!(expr.ty, Type::Integer | Type::Bigint) => uncast(operand),
        kind => kind,
    }
}

/// A column of jsonb_to_recordset: the element's field, read as its type is read from text.
fn recordset_column(element: Sql, column: &RelationColumn) -> Sql {
    let key = text(&column.name);
    match column.ty {
        Type::Json | Type::Jsonb => call("jsonb_object_field", [element, key]),
        ty => cast::cast(call("jsonb_object_field_text", [element, key]), Type::Text, ty),
    }
}
