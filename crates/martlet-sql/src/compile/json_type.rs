//! What JSON a statement's columns hold, read off the resolved tree.
//!
//! Whatever is not understood is open; a wrong one would be a broken promise, an open one is only less help.

use crate::ir::{
    AggregateFunction, Body, Command, Cte, CteId, Expr, ExprKind, Output, Part, Relation, RelationId, Select, Source,
    Statement,
};
use crate::{JsonKind, JsonType};
use martlet_core::limits::JSON_DEPTH_MAX;
use martlet_core::{Type, Value};
use std::collections::HashMap;

/// What each column looks like, one for each of the statement's result.
pub(super) fn json_types(statement: &Statement) -> Vec<JsonType> {
    let mut scope = Scope::default();
    let found = match &statement.command {
        Command::Select(select) => {
            scope.learn(select);
            (0..select.columns.len()).map(|column| scope.column_of(select, column, 0)).collect()
        }
        Command::Insert(insert) => scope.returned(&insert.ctes, &insert.returning),
        Command::Update(update) => scope.returned(&update.ctes, &update.returning),
        Command::Delete(delete) => scope.returned(&delete.ctes, &delete.returning),
    };
    let told = statement.columns.iter().zip(found.into_iter().map(Some).chain(std::iter::repeat(None)));
    told.map(|(column, found)| match found {
        Some(found) if matches!(column.ty, Type::Json | Type::Jsonb) => found,
        _ => JsonType::of_type(column.ty, column.is_nullable),
    })
    .collect()
}

/// The queries behind the names of a statement.
#[derive(Default)]
struct Scope<'a> {
    relations: HashMap<RelationId, &'a Source>,
    ctes: HashMap<CteId, &'a Select>,
}

impl<'a> Scope<'a> {
    fn learn(&mut self, select: &'a Select) {
        for cte in &select.ctes {
            self.ctes.insert(cte.id, &cte.query);
        }
        if let Body::Core(core) = &select.body
            && let Some(from) = &core.from
        {
            from.relations(&mut |relation: &'a Relation| {
                self.relations.insert(relation.id, &relation.source);
            });
        }
        select.parts(&mut |part| self.learn_part(part));
    }

    fn learn_part(&mut self, part: Part<'a>) {
        match part {
            Part::Select(select) => self.learn(select),
            Part::Expr(expr) => expr.parts(&mut |part| self.learn_part(part)),
        }
    }

    fn returned(&mut self, ctes: &'a [Cte], returning: &'a [Output]) -> Vec<JsonType> {
        for cte in ctes {
            self.ctes.insert(cte.id, &cte.query);
            self.learn(&cte.query);
        }
        returning.iter().for_each(|output| self.learn_part(Part::Expr(&output.expr)));
        returning.iter().map(|output| self.json_type(&output.expr, 0)).collect()
    }

    /// What a query's column looks like, by position. `depth` counts how far it was looked for.
    fn column_of(&self, select: &Select, column: usize, depth: usize) -> JsonType {
        let known = select.columns.get(column);
        let open = || known.map_or(OPEN, |known| JsonType::of_type(known.ty, known.is_nullable));
        if depth > JSON_DEPTH_MAX {
            return open();
        }
        match &select.body {
            Body::Core(core) => {
                core.projection.get(column).map_or_else(open, |output| self.json_type(&output.expr, depth + 1))
            }
            Body::SetOperation { left, right, .. } => {
                self.column_of(left, column, depth + 1).or(self.column_of(right, column, depth + 1))
            }
            Body::Values(rows) => {
                let cells = rows.iter().filter_map(|row| row.get(column));
                cells.map(|cell| self.json_type(cell, depth + 1)).reduce(JsonType::or).unwrap_or_else(open)
            }
        }
    }

    fn json_type(&self, expr: &Expr, depth: usize) -> JsonType {
        let plain = || JsonType::of_type(expr.ty, expr.is_nullable);
        if depth > JSON_DEPTH_MAX || !matches!(expr.ty, Type::Json | Type::Jsonb) {
            return plain();
        }
        let sub = |expr: &Expr| self.json_type(expr, depth + 1);
        let of = |kind| JsonType { kind, is_nullable: expr.is_nullable };
        match &expr.kind {
            ExprKind::JsonObject(pairs) => object(pairs, sub).map_or_else(plain, of),
            ExprKind::JsonArray(items) => of(JsonKind::Tuple(items.iter().map(sub).collect())),
            ExprKind::Aggregate {
                function: AggregateFunction::JsonAgg | AggregateFunction::JsonbAgg, args, ..
            } => args.first().map_or_else(plain, |item| of(JsonKind::List(Box::new(sub(item))))),
            ExprKind::Coalesce(items) => {
                let covered = items.iter().map(sub).reduce(JsonType::or).unwrap_or_else(plain);
                let is_open = covered.kind == JsonKind::Open;
                JsonType { is_nullable: expr.is_nullable || is_open, ..covered }
            }
            ExprKind::Case { branches, otherwise, .. } => {
                let results = branches.iter().map(|(_, result)| result).chain(otherwise.as_deref());
                // A null has no members of its own.
                let results = results.filter(|result| result.kind != ExprKind::Literal(Value::Null));
                let covered = results.map(sub).reduce(JsonType::or).unwrap_or_else(plain);
                JsonType { is_nullable: covered.is_nullable || expr.is_nullable, ..covered }
            }
            ExprKind::Cast(operand) => match operand.ty {
                Type::Json | Type::Jsonb => sub(operand),
                _ => literal(operand).map_or_else(plain, of),
            },
            ExprKind::Literal(_) => literal(expr).map_or_else(plain, of),
            ExprKind::Scalar(query) => {
                let inner = self.column_of(query, 0, depth + 1);
                JsonType { is_nullable: inner.is_nullable || expr.is_nullable, ..inner }
            }
            ExprKind::Column { relation, column } => match self.query_of(*relation) {
                Some(query) => {
                    let inner = self.column_of(query, *column, depth + 1);
                    JsonType { is_nullable: inner.is_nullable || expr.is_nullable, ..inner }
                }
                None => plain(),
            },
            _ => plain(),
        }
    }

    fn query_of(&self, relation: RelationId) -> Option<&'a Select> {
        match self.relations.get(&relation)? {
            Source::Subquery { query, .. } => Some(query),
            Source::Cte(id) => self.ctes.get(id).copied(),
            Source::Table(_) | Source::Function(_) => None,
        }
    }
}

const OPEN: JsonType = JsonType { kind: JsonKind::Open, is_nullable: true };

/// An object whose names are all written out; of a name that stands twice the last counts, as readers of JSON do.
fn object(pairs: &[(Expr, Expr)], sub: impl Fn(&Expr) -> JsonType) -> Option<JsonKind> {
    let mut members: Vec<(String, JsonType)> = Vec::with_capacity(pairs.len());
    for (key, value) in pairs {
        let ExprKind::Literal(Value::Text(name)) = &key.kind else { return None };
        members.retain(|(other, _)| **other != **name);
        members.push((name.to_string(), sub(value)));
    }
    Some(JsonKind::Object(members))
}

/// The empty list and the empty object, which stand for nothing found.
fn literal(expr: &Expr) -> Option<JsonKind> {
    let ExprKind::Literal(Value::Text(text)) = &expr.kind else { return None };
    let plain: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    match plain.as_str() {
        "[]" => Some(JsonKind::Empty),
        "{}" => Some(JsonKind::Object(Vec::new())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{SourceFile, compile};

    /// What the columns of a query look like, in a short form.
    fn told(select: &str) -> String {
        let file = |path: &str, text: String| SourceFile { path: path.to_owned(), text };
        let compiled = compile(&[
            file("migrations/1_t.sql", "create table t (id bigint primary key, name text, doc jsonb not null);".into()),
            file("queries/q.sql", format!("-- @allow anyone\n-- @scan t \"test\"\n{select}")),
        ]);
        let app = compiled.app.unwrap_or_else(|| panic!("{select}: {:?}", compiled.diagnostics));
        app.queries["q"].statement.json.iter().map(write).collect::<Vec<_>>().join(", ")
    }

    fn write(ty: &JsonType) -> String {
        let list = |items: &[JsonType]| items.iter().map(write).collect::<Vec<_>>().join(" ");
        let kind = match &ty.kind {
            JsonKind::Scalar(ty) => ty.to_string(),
            JsonKind::Object(members) => {
                let members = members.iter().map(|(name, ty)| format!("{name}: {}", write(ty)));
                format!("{{{}}}", members.collect::<Vec<_>>().join(" "))
            }
            JsonKind::List(item) => format!("[{}*]", write(item)),
            JsonKind::Empty => "[]".to_owned(),
            JsonKind::Tuple(items) => format!("[{}]", list(items)),
            JsonKind::Open => return "json".to_owned(),
        };
        format!("{kind}{}", if ty.is_nullable { "?" } else { "" })
    }

    #[test]
    fn what_the_text_says_is_known() {
        assert_eq!(told("select id, name, doc from t"), "bigint, text?, json");
        assert_eq!(
            told(
                "select json_build_object('id', id, 'n', name, 'd', doc, 'in', json_build_array(1, name)) as x from t"
            ),
            "{id: bigint n: text? d: json in: [integer text?]}"
        );
        assert_eq!(told("select json_agg(json_build_object('id', id)) as x from t"), "[{id: bigint}*]?");
        assert_eq!(told("select (select coalesce(jsonb_agg(name order by id), '[]'::jsonb) from t) as x"), "[text?*]");
        assert_eq!(told("select '[]'::json as a, '{}'::jsonb as b, '[1]'::json as c"), "[], {}, json");
    }

    #[test]
    fn they_go_through_subqueries_ctes_views_and_choices() {
        let inner = "select id, json_build_object('id', id) as x from t";
        assert_eq!(told(&format!("select s.x from ({inner}) as s")), "{id: bigint}");
        assert_eq!(told(&format!("with s as ({inner}) select x, x as y from s")), "{id: bigint}, {id: bigint}");
        assert_eq!(told(&format!("select s.x from t left join ({inner}) as s on s.id = t.id + 1")), "{id: bigint}?");
        let choice = "select case when id = 1 then json_build_object('a', 1) end as x from t";
        assert_eq!(told(choice), "{a: integer}?");
        let mixed = "select case when id = 1 then json_build_object('a', 1) else json_build_array() end as x from t";
        assert_eq!(told(mixed), "json");
    }

    #[test]
    fn what_is_not_written_out_is_open() {
        assert_eq!(told("select json_build_object(coalesce(name, ''), 1) as x from t"), "json");
        assert_eq!(told("select doc -> 'a' as x from t"), "json");
        assert_eq!(told("select json_build_object('a', 1, 'a', name) as x from t"), "{a: text?}");
    }
}
