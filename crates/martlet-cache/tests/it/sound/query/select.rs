//! Whole queries: plain, grouped, distinct, with windows, set operations, pages.

use super::super::schema::{Column, TABLES, Table};
use super::condition::filter;
use super::{Inner, MARK, Maker, Relation, is_integer, is_ordered};
use martlet_core::Type;

/// How deep subqueries nest.
const DEPTH: usize = 2;

impl Maker<'_> {
    /// A query at the top, with or without WITH.
    pub(super) fn whole(&mut self) -> String {
        let mut with = Vec::new();
        for _ in 0..*self.random.choose(&[0, 0, 0, 1, 1, 2]) {
            let Inner { sql, columns } = self.inner(&[], 1, None);
            let name = format!("c{}", self.ctes.len() + 1);
            let how = *self.random.choose(&["", "", "materialized "]);
            with.push(format!("{name} as {how}({sql})"));
            self.ctes.push(Relation { alias: name, columns });
        }
        let select = match self.random.below(20) {
            0..=2 => self.set_operation(),
            3..=5 => self.grouped(&[], DEPTH).sql,
            6 => self.distinct_on(),
            7 | 8 => self.windowed(),
            _ => self.plain_rows(),
        };
        let with = if with.is_empty() { String::new() } else { format!("with {} ", with.join(", ")) };
        with + &select
    }

    /// Rows of a join, in an order of their own; columns that are not shown may have a part in the order.
    fn plain_rows(&mut self) -> String {
        let (from, relations) = self.from(DEPTH);
        let conditions = self.conditions(&relations, &[], DEPTH);
        let columns = self.outputs(&relations, DEPTH);
        let list = list(&columns);
        let is_distinct = self.random.percent(10);
        let distinct = if is_distinct { "distinct " } else { "" };
        let mut order: Vec<String> = Vec::new();
        if !is_distinct && self.random.percent(40) {
            for _ in 0..1 + self.random.below(2) {
                order.extend(self.order_item(&relations));
            }
        }
        order.extend((1..=columns.len()).map(|place| place.to_string()));
        let filter = filter(&conditions);
        format!("select {distinct}{list} from {from}{filter} order by {}{}", order.join(", "), self.cut())
    }

    /// As [`Maker::plain_rows`], with a place for another condition.
    pub(super) fn plain(&mut self) -> String {
        let (from, relations) = self.from(1);
        let mut conditions = self.conditions(&relations, &[], 1);
        if conditions.is_empty() {
            conditions.push("true".to_owned());
        }
        let columns = self.outputs(&relations, 0);
        let order: Vec<String> = (1..=columns.len()).map(|place| place.to_string()).collect();
        let term = self.column_where(&relations, is_ordered).map(|(column, ty)| {
            let operator = *self.random.choose(&["=", "<", ">=", "<>"]);
            format!("{column} {operator} {}", super::super::schema::literal(ty, self.random))
        });
        self.narrowing = term;
        let filter = filter(&conditions);
        format!("select {} from {from}{filter}{MARK} order by {}", list(&columns), order.join(", "))
    }

    /// LIMIT, at times.
    fn cut(&mut self) -> String {
        match self.random.below(6) {
            0 => format!(" limit {}", self.random.below(4)),
            1 => format!(" limit {} offset 1", 1 + self.random.below(2)),
            2 => format!(" limit abs({})", self.param(Type::Integer, false)),
            _ => String::new(),
        }
    }

    fn order_item(&mut self, relations: &[Relation]) -> Option<String> {
        let (column, _) = self.column_where(relations, is_ordered)?;
        let direction = *self.random.choose(&["", " desc", " nulls first", " desc nulls last"]);
        Some(format!("{column}{direction}"))
    }

    /// The columns of a result, as (expression, type): one to four, all of which have an order.
    fn outputs(&mut self, relations: &[Relation], depth: usize) -> Vec<(String, Type)> {
        (0..1 + self.random.below(4)).map(|_| self.output(relations, depth)).collect()
    }

    fn output(&mut self, relations: &[Relation], depth: usize) -> (String, Type) {
        if depth > 0 && self.random.percent(12) {
            return self.scalar(relations, depth - 1);
        }
        let (column, Column { ty, .. }) = self.column(relations);
        match ty {
            Type::Jsonb => (format!("{column} ->> 'a'"), Type::Text),
            ty if is_integer(ty) && self.random.percent(10) => (format!("coalesce({column}, 0)"), ty),
            Type::Boolean if self.random.percent(10) => {
                (format!("({column} is true)").replace(" is true", " or false"), ty)
            }
            Type::Text if self.random.percent(10) => (format!("upper({column})"), ty),
            ty => (column, ty),
        }
    }

    /// A query inside another, of these types if that matters.
    pub(super) fn inner(&mut self, outer: &[Relation], depth: usize, types: Option<&[Type]>) -> Inner {
        if types.is_none() && self.random.percent(25) {
            return self.grouped(outer, depth);
        }
        let (from, relations) = self.from(depth);
        let conditions = self.conditions(&relations, outer, depth);
        let columns = match types {
            None => self.outputs(&relations, depth),
            Some(types) => types.iter().map(|ty| self.of_type(&relations, *ty)).collect(),
        };
        let distinct = if self.random.percent(12) { "distinct " } else { "" };
        let mut sql = format!("select {distinct}{} from {from}{}", list(&columns), filter(&conditions));
        if self.random.percent(15) {
            let order: Vec<String> = (1..=columns.len()).map(|place| place.to_string()).collect();
            sql.push_str(&format!(" order by {} limit {}", order.join(", "), 1 + self.random.below(3)));
        }
        Inner { sql, columns: named(&columns) }
    }

    /// An expression of a type: a column if there is one.
    fn of_type(&mut self, relations: &[Relation], ty: Type) -> (String, Type) {
        let found = self.column_where(relations, |other| other == ty);
        found.unwrap_or_else(|| (super::super::schema::literal(ty, self.random), ty))
    }

    fn grouped(&mut self, outer: &[Relation], depth: usize) -> Inner {
        let (from, relations) = self.from(depth);
        let conditions = self.conditions(&relations, outer, depth);
        let groups: Vec<(String, Type)> = (0..self.random.below(3))
            .filter_map(|_| self.column_where(&relations, |ty| is_ordered(ty) && ty != Type::Double))
            .collect();
        let mut columns = groups.clone();
        for _ in 0..1 + self.random.below(2) {
            columns.push(self.aggregate(&relations));
        }
        let mut sql = format!("select {} from {from}{}", list(&columns), filter(&conditions));
        if !groups.is_empty() {
            let places: Vec<String> = groups.iter().map(|(group, _)| group.clone()).collect();
            sql.push_str(&format!(" group by {}", places.join(", ")));
        }
        if self.random.percent(25) {
            sql.push_str(&format!(" having count(*) {} 1", self.random.choose(&[">", "=", "<>"])));
        }
        // Only those that have an order are columns for others.
        let order: Vec<String> = (1..=columns.len()).map(|place| place.to_string()).collect();
        sql.push_str(&format!(" order by {}", order.join(", ")));
        Inner { sql, columns: named(&columns) }
    }

    fn aggregate(&mut self, relations: &[Relation]) -> (String, Type) {
        let filter = if self.random.percent(20) {
            format!(" filter (where {})", self.condition(relations, &[], 0))
        } else {
            String::new()
        };
        let (column, Column { ty, .. }) = self.column(relations);
        match (self.random.below(5), ty) {
            (0, _) => (format!("count(*){filter}"), Type::Bigint),
            (1, ty) if is_ordered(ty) => (format!("count(distinct {column}){filter}"), Type::Bigint),
            (_, Type::Integer) => (format!("sum({column}){filter}"), Type::Bigint),
            (_, Type::Double) => (format!("sum({column}){filter}"), Type::Double),
            (2, Type::Bigint) => (format!("avg({column}){filter}::double precision"), Type::Double),
            (_, Type::Boolean) => (format!("bool_or({column}){filter}"), Type::Boolean),
            (3, Type::Text) => (format!("string_agg({column}, '+' order by {column}){filter}"), Type::Text),
            (4, Type::Date) => (format!("json_agg({column} order by {column}){filter}::text"), Type::Text),
            (_, Type::Bigint | Type::Date | Type::Text | Type::Timestamptz) => {
                (format!("{}({column}){filter}", self.random.choose(&["min", "max"])), ty)
            }
            _ => (format!("count({column}){filter}"), Type::Bigint),
        }
    }

    fn distinct_on(&mut self) -> String {
        let (from, relations) = self.from(DEPTH);
        let conditions = self.conditions(&relations, &[], DEPTH);
        let mut columns = self.outputs(&relations, 0);
        let (first, ty) = self.column_where(&relations, is_ordered).unwrap_or_else(|| columns[0].clone());
        columns.insert(0, (first.clone(), ty));
        let mut order = vec![first.clone()];
        if self.random.percent(60) {
            order.extend(self.order_item(&relations));
        }
        order.extend((2..=columns.len()).map(|place| place.to_string()));
        let filter = filter(&conditions);
        format!("select distinct on ({first}) {} from {from}{filter} order by {}", list(&columns), order.join(", "))
    }

    fn windowed(&mut self) -> String {
        let (from, relations) = self.from(1);
        let conditions = self.conditions(&relations, &[], 1);
        let mut columns = self.outputs(&relations, 0);
        let partition = match self.column_where(&relations, is_ordered) {
            Some((column, _)) if self.random.percent(60) => format!("partition by {column} "),
            _ => String::new(),
        };
        // Equal rows are peers, so that each has one value.
        let by = self.column_where(&relations, is_ordered).map_or_else(|| "1 + 1".to_owned(), |(column, _)| column);
        let window = match self.column_where(&relations, |ty| ty == Type::Integer) {
            Some((column, _)) if self.random.percent(60) => format!("sum({column}) over ({partition}order by {by})"),
            _ => format!("rank() over ({partition}order by {by} desc)"),
        };
        columns.push((window, Type::Bigint));
        let select = format!("select {} from {from}{}", list(&columns), filter(&conditions));
        let order: Vec<String> = (1..=columns.len()).map(|place| place.to_string()).collect();
        if self.random.percent(40) {
            // What stands around may not reach in.
            let columns = named(&columns);
            let relation = Relation { alias: "w".to_owned(), columns };
            let conditions = self.conditions(&[relation], &[], 0);
            return format!("select w.* from ({select}) w{} order by {}", filter(&conditions), order.join(", "))
                .replace("w.*", &(1..=order.len()).map(|place| format!("w.c{place}")).collect::<Vec<_>>().join(", "));
        }
        format!("{select} order by {}{}", order.join(", "), self.cut())
    }

    fn set_operation(&mut self) -> String {
        let types: Vec<Type> = (0..1 + self.random.below(2))
            .map(|_| *self.random.choose(&[Type::Bigint, Type::Text, Type::Date, Type::Integer]))
            .collect();
        let mut sql = self.arm(&types);
        for _ in 0..1 + self.random.below(2) {
            let operator = *self.random.choose(&["union", "union all", "intersect", "except"]);
            sql = format!("({sql}) {operator} ({})", self.arm(&types));
        }
        let order: Vec<String> = (1..=types.len()).map(|place| place.to_string()).collect();
        format!("{sql} order by {}{}", order.join(", "), self.cut())
    }

    fn arm(&mut self, types: &[Type]) -> String {
        self.inner(&[], 1, Some(types)).sql
    }

    /// A query with `@page`: its text, the page's columns and their types.
    pub(super) fn paged(&mut self) -> (String, String, Vec<Type>) {
        let single: Vec<&Table> = TABLES.iter().filter(|table| table.key == 1).collect();
        let table = *self.random.choose(&single);
        let alias = self.alias();
        let columns = table.columns();
        let own = Relation { alias: alias.clone(), columns: columns.clone() };
        let mut relations = vec![own];
        let mut from = format!("{} {alias}", table.name);
        // Joined by its key, so that no row comes twice.
        let link = columns.iter().find(|column| column.name == "team" || column.name == "person");
        if let Some(link) = link.filter(|_| self.random.percent(50)) {
            let name = if link.name == "team" { "teams" } else { "people" };
            let other = TABLES.iter().find(|table| table.name == name).expect("it is there");
            let second = self.alias();
            let kind = *self.random.choose(&["join", "left join"]);
            from.push_str(&format!(" {kind} {name} {second} on {second}.id = {alias}.{}", link.name));
            relations.push(Relation { alias: second, columns: other.columns() });
        }
        let conditions = self.conditions(&relations, &[], 1);
        let outputs = self.outputs(&relations, 1);
        let mut keys: Vec<Column> = columns[..table.key].to_vec();
        if self.random.percent(60) {
            let more: Vec<&Column> =
                columns[table.key..].iter().filter(|column| !column.is_nullable && is_ordered(column.ty)).collect();
            if !more.is_empty() {
                keys.insert(0, (*self.random.choose(&more)).clone());
            }
        }
        let direction = *self.random.choose(&["", " desc"]);
        let by: Vec<String> = keys.iter().map(|key| format!("{alias}.{}{direction}", key.name)).collect();
        let types = keys.iter().map(|key| key.ty).collect();
        (format!("select {} from {from}{}", list(&outputs), filter(&conditions)), by.join(", "), types)
    }
}

/// `a as c1, b as c2`.
fn list(columns: &[(String, Type)]) -> String {
    let item = |(index, (expression, _)): (usize, &(String, Type))| format!("{expression} as c{}", index + 1);
    columns.iter().enumerate().map(item).collect::<Vec<_>>().join(", ")
}

fn named(columns: &[(String, Type)]) -> Vec<Column> {
    let column = |(index, (_, ty)): (usize, &(String, Type))| Column {
        name: format!("c{}", index + 1),
        ty: *ty,
        is_nullable: true,
    };
    columns.iter().enumerate().map(column).collect()
}
