//! What a query reads from.

use super::super::schema::{Column, TABLES, VIEWS};
use super::{Inner, Maker, Relation};
use martlet_core::Type;
use std::slice::from_ref;

impl Maker<'_> {
    /// A FROM clause and its relations.
    pub(super) fn from(&mut self, depth: usize) -> (String, Vec<Relation>) {
        let (mut sql, first) = self.source(depth);
        let mut relations = vec![first];
        let joins = *self.random.choose(if depth == 0 { &[0, 0, 0, 1] } else { &[0, 0, 1, 1, 2] });
        for _ in 0..joins {
            let (right, more) = if self.random.percent(15) {
                let (left, first) = self.source(0);
                let (right, second) = self.source(0);
                let on = self.on(from_ref(&second), from_ref(&first), depth);
                let kind = *self.random.choose(&["join", "left join"]);
                (format!("({left} {kind} {right} on {on})"), vec![first, second])
            } else {
                let (right, relation) = self.source(depth.saturating_sub(1));
                (right, vec![relation])
            };
            let join = match self.random.below(8) {
                0 => format!(" cross join {right}"),
                1..=3 => format!(" left join {right} on {}", self.on(&more, &relations, depth)),
                _ => format!(" join {right} on {}", self.on(&more, &relations, depth)),
            };
            sql.push_str(&join);
            relations.extend(more);
        }
        (sql, relations)
    }

    /// The condition of a join: mostly an equality, at times more, of either side.
    fn on(&mut self, right: &[Relation], left: &[Relation], depth: usize) -> String {
        let both: Vec<Relation> = left.iter().chain(right).cloned().collect();
        let mut terms = Vec::new();
        if self.random.percent(90) {
            terms.extend(self.link(right, left));
        }
        if !self.around.is_empty() && self.random.percent(25) {
            let around = self.around.clone();
            terms.extend(self.link(right, &around));
        }
        if terms.is_empty() || self.random.percent(35) {
            let of = if self.random.percent(50) { right } else { &both };
            terms.push(self.condition(of, &[], depth.saturating_sub(1).min(1)));
        }
        terms.join(" and ")
    }

    fn source(&mut self, depth: usize) -> (String, Relation) {
        let alias = self.alias();
        let relation = |columns| Relation { alias: alias.clone(), columns };
        match self.random.below(20) {
            0..=1 => {
                let view = self.random.choose(&VIEWS);
                (format!("{} {alias}", view.name), relation(view.columns()))
            }
            2..=4 if !self.ctes.is_empty() => {
                let cte = self.random.choose(&self.ctes).clone();
                (format!("{} {alias}", cte.alias), relation(cte.columns))
            }
            5..=7 if depth > 0 => {
                let around = std::mem::take(&mut self.around);
                let Inner { sql, columns } = self.inner(&[], depth - 1, None);
                self.around = around;
                (format!("({sql}) {alias}"), relation(columns))
            }
            8 => match self.random.below(4) {
                3 => {
                    let columns = vec![column("x", Type::Bigint), column("t", Type::Text)];
                    let rows = "'[{\"x\": 1, \"t\": \"a\"}, {\"x\": 3}]'::jsonb";
                    (format!("jsonb_to_recordset({rows}) as {alias}(x bigint, t text)"), relation(columns))
                }
                0 => {
                    let ty = *self.random.choose(&[Type::Bigint, Type::Text, Type::Date]);
                    let list = self.param(ty, true);
                    (format!("unnest({list}) as {alias}(x)"), relation(vec![column("x", ty)]))
                }
                1 => (format!("generate_series(1, 4) as {alias}(i)"), relation(vec![column("i", Type::Integer)])),
                _ => {
                    let columns = vec![column("k", Type::Integer), column("t", Type::Text)];
                    (format!("(values (1, 'a'), (3, 'b')) as {alias}(k, t)"), relation(columns))
                }
            },
            _ => {
                let table = self.random.choose(&TABLES);
                (format!("{} {alias}", table.name), relation(table.columns()))
            }
        }
    }
}

fn column(name: &str, ty: Type) -> Column {
    Column { name: name.to_owned(), ty, is_nullable: true }
}
