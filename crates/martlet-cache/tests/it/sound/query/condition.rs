//! Conditions and values.

use super::super::schema::literal;
use super::{Maker, Relation, is_integer, is_ordered};
use martlet_core::Type;

impl Maker<'_> {
    /// A value of a type without a column of these relations; at times one of a query around.
    pub(super) fn value(&mut self, ty: Type, outer: &[Relation]) -> String {
        if !outer.is_empty()
            && self.random.percent(40)
            && let Some((column, _)) = self.column_where(outer, |other| other == ty)
        {
            return column;
        }
        match self.random.below(12) {
            0..=5 => self.param(ty, false),
            6 if ty == Type::Uuid => "auth.uid()".to_owned(),
            6 if ty == Type::Text => "(auth.jwt() ->> 'word')".to_owned(),
            7 if ty == Type::Text => format!("lower({})", self.param(ty, false)),
            7 if ty == Type::Timestamptz => format!("{} + interval '1 day'", self.param(ty, false)),
            7 if is_integer(ty) || ty == Type::Date => {
                let operator = self.random.choose(&["+", "-"]);
                let number = self.random.below(3);
                format!("{} {operator} {number}", self.param(ty, false))
            }
            8 if ty != Type::Jsonb => format!("coalesce({}, {})", self.param(ty, false), literal(ty, self.random)),
            9 if ty == Type::Integer => format!("({} + {})", self.param(ty, false), self.param(ty, false)),
            _ => literal(ty, self.random),
        }
    }

    /// Some conditions, all of which hold.
    pub(super) fn conditions(&mut self, own: &[Relation], outer: &[Relation], depth: usize) -> Vec<String> {
        let mut conditions = Vec::new();
        if self.random.percent(55) {
            conditions.push(self.key_equality(own, outer));
        }
        for _ in 0..*self.random.choose(&[0, 0, 0, 1, 1, 2]) {
            conditions.push(self.condition(own, outer, depth));
        }
        conditions
    }

    /// What mostly bounds a query: a column of the first relation is a value.
    fn key_equality(&mut self, own: &[Relation], outer: &[Relation]) -> String {
        let Some((column, ty)) = self.column_where(&own[..1], |ty| !matches!(ty, Type::Double | Type::Jsonb)) else {
            return self.condition(own, outer, 0);
        };
        match self.random.below(4) {
            0 => format!("{column} = any({})", self.param(ty, true)),
            1 => format!("{column} in ({}, {})", self.param(ty, false), literal(ty, self.random)),
            _ => format!("{column} = {}", self.value(ty, outer)),
        }
    }

    pub(super) fn condition(&mut self, own: &[Relation], outer: &[Relation], depth: usize) -> String {
        match self.random.below(if depth == 0 { 16 } else { 22 }) {
            0..=2 => self.compare(own, outer),
            3 => self.compare_columns(own),
            4 => self.between(own, outer),
            5 => self.in_list(own, outer),
            6 => {
                let (column, _) = self.column(own);
                format!("{column} is {}null", self.random.choose(&["", "not "]))
            }
            7 => {
                let Some((column, ty)) = self.column_where(own, is_ordered) else { return self.compare(own, outer) };
                let not = *self.random.choose(&["", "not "]);
                format!("{column} is {not}distinct from {}", self.value(ty, outer))
            }
            8 => match self.column_where(own, |ty| ty == Type::Boolean) {
                Some((column, _)) => format!("{}{column}", self.random.choose(&["", "not "])),
                None => self.compare(own, outer),
            },
            9 => self.row_compare(own, outer),
            10 => match self.column_where(own, |ty| ty == Type::Text) {
                Some((column, _)) => {
                    let not = *self.random.choose(&["", "not "]);
                    let pattern = *self.random.choose(&["'a%'", "'%'", "'_'"]);
                    let like = *self.random.choose(&["like", "ilike"]);
                    format!("{column} {not}{like} {pattern}")
                }
                None => self.compare(own, outer),
            },
            // What nulls do not fail.
            11 => {
                let Some((column, ty)) = self.column_where(own, is_ordered) else { return self.compare(own, outer) };
                format!("coalesce({column}, {}) = {}", literal(ty, self.random), self.value(ty, outer))
            }
            12 => format!("not ({})", self.condition(own, outer, depth.saturating_sub(1))),
            13 => self.junction(own, outer, depth, " or "),
            14 => {
                let inner = self.junction(own, outer, depth, " and ");
                format!("not {inner}")
            }
            15 => {
                let when = self.compare(own, outer);
                let then = self.compare(own, outer);
                format!("case when {when} then {then} else {} end", self.random.choose(&["true", "false", "null"]))
            }
            16 | 17 => {
                let exists = self.exists(own, depth - 1);
                format!("{}{exists}", self.random.choose(&["", "not "]))
            }
            18 | 19 => self.in_subquery(own, depth - 1),
            20 => {
                let (sql, ty) = self.scalar(own, depth - 1);
                let operator = *self.random.choose(&["=", "<", ">=", "<>"]);
                format!("{sql} {operator} {}", self.value(ty, outer))
            }
            _ => {
                let (sql, ty) = self.scalar(own, depth - 1);
                match self.column_where(own, |other| other == ty) {
                    Some((column, _)) => format!("{column} = {sql}"),
                    None => format!("{sql} is not null"),
                }
            }
        }
    }

    fn compare(&mut self, own: &[Relation], outer: &[Relation]) -> String {
        let Some((column, ty)) = self.column_where(own, is_ordered) else { return "true".to_owned() };
        let operator = *self.random.choose(&["=", "=", "<>", "<", "<=", ">", ">="]);
        let value = self.value(ty, outer);
        if self.random.percent(15) {
            format!("{value} {operator} {column}")
        } else {
            format!("{column} {operator} {value}")
        }
    }

    fn compare_columns(&mut self, own: &[Relation]) -> String {
        let Some((left, ty)) = self.column_where(own, is_ordered) else { return "true".to_owned() };
        let same = |other: Type| other == ty || (is_integer(ty) && is_integer(other));
        let right = self.column_where(own, same).map_or_else(|| left.clone(), |(right, _)| right);
        format!("{left} {} {right}", self.random.choose(&["=", "=", "<", ">=", "<>"]))
    }

    fn between(&mut self, own: &[Relation], outer: &[Relation]) -> String {
        let Some((column, ty)) = self.column_where(own, |ty| is_ordered(ty) && ty != Type::Boolean) else {
            return "true".to_owned();
        };
        let not = *self.random.choose(&["", "", "not "]);
        let (low, high) = (self.value(ty, outer), self.value(ty, outer));
        format!("{column} {not}between {low} and {high}")
    }

    fn in_list(&mut self, own: &[Relation], outer: &[Relation]) -> String {
        let Some((column, ty)) = self.column_where(own, is_ordered) else { return "true".to_owned() };
        let not = *self.random.choose(&["", "", "not "]);
        if ty != Type::Double && self.random.percent(40) {
            let list = self.param(ty, true);
            return if not.is_empty() {
                format!("{column} = any({list})")
            } else {
                format!("not {column} = any({list})")
            };
        }
        let mut items: Vec<String> = (0..1 + self.random.below(3)).map(|_| self.value(ty, outer)).collect();
        if self.random.percent(10) {
            items.push("null".to_owned());
        }
        format!("{column} {not}in ({})", items.join(", "))
    }

    fn row_compare(&mut self, own: &[Relation], outer: &[Relation]) -> String {
        let first = self.column_where(own, is_ordered);
        let second = self.column_where(own, is_ordered);
        let (Some((a, a_type)), Some((b, b_type))) = (first, second) else { return "true".to_owned() };
        let operator = *self.random.choose(&["=", "<>", "<", "<=", ">", ">="]);
        let (x, y) = (self.value(a_type, outer), self.value(b_type, outer));
        format!("({a}, {b}) {operator} ({x}, {y})")
    }

    fn junction(&mut self, own: &[Relation], outer: &[Relation], depth: usize, word: &str) -> String {
        let below = depth.saturating_sub(1);
        let mut items: Vec<String> = (0..2).map(|_| self.condition(own, outer, below)).collect();
        if self.random.percent(40) {
            items[0] = self.key_equality(own, outer);
        }
        format!("({})", items.iter().map(|item| format!("({item})")).collect::<Vec<_>>().join(word))
    }

    fn exists(&mut self, own: &[Relation], depth: usize) -> String {
        let (from, relations) = self.inner_from(own, depth);
        let mut conditions = self.conditions(&relations, own, depth);
        conditions.extend(self.correlation(&relations, own));
        format!("exists (select 1 from {from}{})", filter(&conditions))
    }

    /// A FROM clause inside a condition of a query over these relations.
    fn inner_from(&mut self, own: &[Relation], depth: usize) -> (String, Vec<Relation>) {
        let around = std::mem::replace(&mut self.around, own.to_vec());
        let from = self.from(depth);
        self.around = around;
        from
    }

    /// An equality with a column of the query around, mostly.
    fn correlation(&mut self, inner: &[Relation], outer: &[Relation]) -> Option<String> {
        if self.random.percent(25) {
            return None;
        }
        self.link(inner, outer)
    }

    /// An equality of a column here with one there: of numbers that name rows, if that goes.
    pub(super) fn link(&mut self, here: &[Relation], there: &[Relation]) -> Option<String> {
        let wanted = if self.random.percent(80) {
            Type::Bigint
        } else {
            *self.random.choose(&[Type::Text, Type::Date, Type::Uuid, Type::Integer])
        };
        let (left, _) = self.column_where(here, |ty| ty == wanted)?;
        let same = |other: Type| other == wanted || (is_integer(wanted) && is_integer(other));
        let (right, _) = self.column_where(there, same)?;
        Some(if self.random.percent(50) { format!("{left} = {right}") } else { format!("{right} = {left}") })
    }

    fn in_subquery(&mut self, own: &[Relation], depth: usize) -> String {
        let Some((column, ty)) = self.column_where(own, |ty| matches!(ty, Type::Bigint | Type::Text | Type::Date))
        else {
            return "true".to_owned();
        };
        let not = *self.random.choose(&["", "", "not "]);
        let (from, relations) = self.inner_from(own, depth);
        let Some((inner, _)) = self.column_where(&relations, |other| other == ty) else { return "true".to_owned() };
        let mut conditions = self.conditions(&relations, own, depth);
        if self.random.percent(30) {
            conditions.extend(self.correlation(&relations, own));
        }
        let filter = filter(&conditions);
        let cut = if self.random.percent(15) { " order by 1 limit 2" } else { "" };
        match self.random.below(9) {
            8 => match (self.column_where(own, is_ordered), self.column(&relations)) {
                (Some((second, second_ty)), (other, found)) if found.ty == second_ty => {
                    format!("({column}, {second}) {not}in (select {inner}, {other} from {from}{filter})")
                }
                _ => format!("{column} = any(select {inner} from {from}{filter})"),
            },
            0 => format!("{column} {not}in (select {inner} from {from}{filter} group by {inner} having count(*) > 1)"),
            1 => {
                let (more, relations) = self.from(0);
                match self.column_where(&relations, |other| other == ty) {
                    Some((second, _)) => format!(
                        "{column} {not}in (select {inner} from {from}{filter} union select {second} from {more})"
                    ),
                    None => format!("{column} {not}in (select {inner} from {from}{filter})"),
                }
            }
            _ => format!("{column} {not}in (select {inner} from {from}{filter}{cut})"),
        }
    }

    /// A subquery of one value, and its type.
    pub(super) fn scalar(&mut self, outer: &[Relation], depth: usize) -> (String, Type) {
        let (from, relations) = self.inner_from(outer, depth);
        let mut conditions = self.conditions(&relations, outer, depth);
        conditions.extend(self.correlation(&relations, outer));
        let filter = filter(&conditions);
        let column =
            self.column_where(&relations, |ty| matches!(ty, Type::Integer | Type::Bigint | Type::Date | Type::Text));
        let Some((column, ty)) = column else {
            return (format!("(select count(*) from {from}{filter})"), Type::Bigint);
        };
        match self.random.below(4) {
            0 => (format!("(select count(*) from {from}{filter})"), Type::Bigint),
            1 => (format!("(select max({column}) from {from}{filter})"), ty),
            2 => (format!("(select min({column}) from {from}{filter} having count(*) > 1)"), ty),
            _ => (format!("(select {column} from {from}{filter} order by 1 limit 1)"), ty),
        }
    }
}

/// WHERE, if there is anything to it.
pub(super) fn filter(conditions: &[String]) -> String {
    if conditions.is_empty() { String::new() } else { format!(" where {}", conditions.join(" and ")) }
}
