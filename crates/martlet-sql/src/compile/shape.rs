//! The shapes of a statement's columns, read off the resolved tree.
//!
//! Whatever is not understood is open; a wrong shape would be a broken promise, an open one is only less help.

use crate::ir::{
    AggregateFunction, Body, Command, Cte, CteId, Expr, ExprKind, Output, Part, Relation, RelationId, Select, Source,
    Statement,
};
use crate::{Shape, ShapeKind};
use martlet_core::limits::JSON_DEPTH_MAX;
use martlet_core::{Type, Value};
use std::collections::HashMap;

/// One shape for each column of the statement's result.
pub(super) fn shapes(statement: &Statement) -> Vec<Shape> {
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
        _ => Shape::of_type(column.ty, column.is_nullable),
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

    fn returned(&mut self, ctes: &'a [Cte], returning: &'a [Output]) -> Vec<Shape> {
        for cte in ctes {
            self.ctes.insert(cte.id, &cte.query);
            self.learn(&cte.query);
        }
        returning.iter().for_each(|output| self.learn_part(Part::Expr(&output.expr)));
        returning.iter().map(|output| self.shape(&output.expr, 0)).collect()
    }

    /// The shape of a query's column, by position. `depth` counts how far it was looked for.
    fn column_of(&self, select: &Select, column: usize, depth: usize) -> Shape {
        let known = select.columns.get(column);
        let open = || known.map_or(OPEN, |known| Shape::of_type(known.ty, known.is_nullable));
        if depth > JSON_DEPTH_MAX {
            return open();
        }
        match &select.body {
            Body::Core(core) => {
                core.projection.get(column).map_or_else(open, |output| self.shape(&output.expr, depth + 1))
            }
            Body::SetOperation { left, right, .. } => {
                self.column_of(left, column, depth + 1).or(self.column_of(right, column, depth + 1))
            }
            Body::Values(rows) => {
                let cells = rows.iter().filter_map(|row| row.get(column));
                cells.map(|cell| self.shape(cell, depth + 1)).reduce(Shape::or).unwrap_or_else(open)
            }
        }
    }

    fn shape(&self, expr: &Expr, depth: usize) -> Shape {
        let plain = || Shape::of_type(expr.ty, expr.is_nullable);
        if depth > JSON_DEPTH_MAX || !matches!(expr.ty, Type::Json | Type::Jsonb) {
            return plain();
        }
        let sub = |expr: &Expr| self.shape(expr, depth + 1);
        let of = |kind| Shape { kind, is_nullable: expr.is_nullable };
        match &expr.kind {
            ExprKind::JsonObject(pairs) => object(pairs, sub).map_or_else(plain, of),
            ExprKind::JsonArray(items) => of(ShapeKind::Tuple(items.iter().map(sub).collect())),
            ExprKind::Aggregate {
                function: AggregateFunction::JsonAgg | AggregateFunction::JsonbAgg, args, ..
            } => args.first().map_or_else(plain, |item| of(ShapeKind::List(Box::new(sub(item))))),
            ExprKind::Coalesce(items) => {
                let covered = items.iter().map(sub).reduce(Shape::or).unwrap_or_else(plain);
                let is_open = covered.kind == ShapeKind::Open;
                Shape { is_nullable: expr.is_nullable || is_open, ..covered }
            }
            ExprKind::Case { branches, otherwise, .. } => {
                let results = branches.iter().map(|(_, result)| result).chain(otherwise.as_deref());
                // A null is of no shape of its own.
                let results = results.filter(|result| result.kind != ExprKind::Literal(Value::Null));
                let covered = results.map(sub).reduce(Shape::or).unwrap_or_else(plain);
                Shape { is_nullable: covered.is_nullable || expr.is_nullable, ..covered }
            }
            ExprKind::Cast(operand) => match operand.ty {
                Type::Json | Type::Jsonb => sub(operand),
                _ => literal(operand).map_or_else(plain, of),
            },
            ExprKind::Literal(_) => literal(expr).map_or_else(plain, of),
            ExprKind::Scalar(query) => {
                let inner = self.column_of(query, 0, depth + 1);
                Shape { is_nullable: inner.is_nullable || expr.is_nullable, ..inner }
            }
            ExprKind::Column { relation, column } => match self.query_of(*relation) {
                Some(query) => {
                    let inner = self.column_of(query, *column, depth + 1);
                    Shape { is_nullable: inner.is_nullable || expr.is_nullable, ..inner }
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

const OPEN: Shape = Shape { kind: ShapeKind::Open, is_nullable: true };

/// An object whose names are all written out; of a name that stands twice the last counts, as readers of JSON do.
fn object(pairs: &[(Expr, Expr)], sub: impl Fn(&Expr) -> Shape) -> Option<ShapeKind> {
    let mut members: Vec<(String, Shape)> = Vec::with_capacity(pairs.len());
    for (key, value) in pairs {
        let ExprKind::Literal(Value::Text(name)) = &key.kind else { return None };
        members.retain(|(other, _)| **other != **name);
        members.push((name.to_string(), sub(value)));
    }
    Some(ShapeKind::Object(members))
}

/// The empty list and the empty object, which stand for nothing found.
fn literal(expr: &Expr) -> Option<ShapeKind> {
    let ExprKind::Literal(Value::Text(text)) = &expr.kind else { return None };
    let plain: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    match plain.as_str() {
        "[]" => Some(ShapeKind::Empty),
        "{}" => Some(ShapeKind::Object(Vec::new())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{SourceFile, compile};

    /// The shapes of a query's columns, in a short form.
    fn told(select: &str) -> String {
        let file = |path: &str, text: String| SourceFile { path: path.to_owned(), text };
        let compiled = compile(&[
            file("migrations/1_t.sql", "create table t (id bigint primary key, name text, doc jsonb not null);".into()),
            file("queries/q.sql", format!("-- @allow anyone\n-- @scan t \"test\"\n{select}")),
        ]);
        let app = compiled.app.unwrap_or_else(|| panic!("{select}: {:?}", compiled.diagnostics));
        app.queries["q"].statement.shapes.iter().map(write).collect::<Vec<_>>().join(", ")
    }

    fn write(shape: &Shape) -> String {
        let list = |items: &[Shape]| items.iter().map(write).collect::<Vec<_>>().join(" ");
        let kind = match &shape.kind {
            ShapeKind::Scalar(ty) => ty.to_string(),
            ShapeKind::Object(members) => {
                let members = members.iter().map(|(name, shape)| format!("{name}: {}", write(shape)));
                format!("{{{}}}", members.collect::<Vec<_>>().join(" "))
            }
            ShapeKind::List(item) => format!("[{}*]", write(item)),
            ShapeKind::Empty => "[]".to_owned(),
            ShapeKind::Tuple(items) => format!("[{}]", list(items)),
            ShapeKind::Open => return "json".to_owned(),
        };
        format!("{kind}{}", if shape.is_nullable { "?" } else { "" })
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
    fn shapes_go_through_subqueries_ctes_views_and_choices() {
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
