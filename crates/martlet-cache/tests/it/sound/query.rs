//! Queries within the accepted SQL, at random.
//!
//! Every query has an answer that its data alone decides, byte by byte: results are ordered by all of their columns,
//! what is cut off by a limit is so too, and sums of doubles are exact.

mod condition;
mod from;
mod select;

use super::random::Random;
use super::schema::{Column, type_name};
use martlet_core::Type;
use std::fmt::Write as _;

/// What a query may be made of, for tests that want less than all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Anything.
    Any,
    /// A plain SELECT, to whose WHERE a term can be added.
    Plain,
}

/// A declared query.
#[derive(Debug, Clone)]
pub(crate) struct Query {
    pub(crate) params: Vec<Param>,
    /// `@page`: how many rows, and the types of its keys.
    pub(crate) page: Option<(i64, Vec<Type>)>,
    pub(crate) sql: String,
    /// The same with one term more; only of [`Kind::Plain`].
    pub(crate) narrowed: Option<String>,
    header: String,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Param {
    pub(crate) ty: Type,
    pub(crate) is_list: bool,
}

impl Query {
    /// Any query.
    pub(crate) fn any(random: &mut Random, kind: Kind) -> Self {
        let mut maker =
            Maker { random, params: Vec::new(), ctes: Vec::new(), around: Vec::new(), aliases: 0, narrowing: None };
        let mut page = None;
        let mut header = String::new();
        let sql = match kind {
            Kind::Plain => maker.plain(),
            Kind::Any if maker.random.percent(10) => {
                let (sql, by, keys) = maker.paged();
                let size = 1 + maker.random.below(3) as i64;
                writeln!(header, "-- @page by {by} size {size}").expect("a string takes everything");
                page = Some((size + 1, keys));
                sql
            }
            Kind::Any => maker.whole(),
        };
        let narrowed = maker.narrowing.as_ref().map(|term| sql.replace(MARK, &format!(" and {term}")));
        let Maker { params, .. } = maker;
        Self { params, page, sql: sql.replace(MARK, ""), narrowed, header }
    }

    /// The text of a file; with `narrowed` that of the narrower query.
    pub(crate) fn file(&self, sql: &str) -> String {
        let mut text = format!("-- @allow anyone\n{}", self.header);
        for (index, param) in self.params.iter().enumerate() {
            let list = if param.is_list { "[]" } else { "" };
            writeln!(text, "-- @param p{index} {}{list} optional", type_name(param.ty)).expect("a string");
        }
        text + sql
    }
}

/// Where a term more would stand.
const MARK: &str = "/*more*/";

/// A relation that conditions and columns may name.
#[derive(Debug, Clone)]
struct Relation {
    alias: String,
    columns: Vec<Column>,
}

/// A query inside another.
struct Inner {
    sql: String,
    columns: Vec<Column>,
}

struct Maker<'r> {
    random: &'r mut Random,
    params: Vec<Param>,
    ctes: Vec<Relation>,
    /// What the conditions of joins may name besides: the relations of the query around.
    around: Vec<Relation>,
    aliases: usize,
    narrowing: Option<String>,
}

impl Maker<'_> {
    fn alias(&mut self) -> String {
        self.aliases += 1;
        format!("r{}", self.aliases)
    }

    /// A parameter, at times one that is there.
    fn param(&mut self, ty: Type, is_list: bool) -> String {
        let known: Vec<usize> = (0..self.params.len())
            .filter(|&index| self.params[index].ty == ty && self.params[index].is_list == is_list)
            .collect();
        if !known.is_empty() && self.random.percent(40) {
            return format!(":p{}", self.random.choose(&known));
        }
        self.params.push(Param { ty, is_list });
        format!(":p{}", self.params.len() - 1)
    }

    /// Any column of these relations.
    fn column(&mut self, relations: &[Relation]) -> (String, Column) {
        let relation = self.random.choose(relations);
        let column = self.random.choose(&relation.columns);
        (format!("{}.{}", relation.alias, column.name), column.clone())
    }

    /// A column of a type that passes a test, if there is one.
    fn column_where(&mut self, relations: &[Relation], test: impl Fn(Type) -> bool) -> Option<(String, Type)> {
        let all: Vec<(String, Type)> = relations
            .iter()
            .flat_map(|relation| {
                let named = |column: &Column| (format!("{}.{}", relation.alias, column.name), column.ty);
                relation.columns.iter().map(named).collect::<Vec<_>>()
            })
            .filter(|(_, ty)| test(*ty))
            .collect();
        (!all.is_empty()).then(|| self.random.choose(&all).clone())
    }
}

/// Whether there is an order.
fn is_ordered(ty: Type) -> bool {
    !matches!(ty, Type::Json | Type::Jsonb)
}

fn is_integer(ty: Type) -> bool {
    matches!(ty, Type::Integer | Type::Bigint)
}
