//! Dependencies in words, for authors: `bookings where status = 'confirmed' and check_in < :check_out`.

use super::keys::Link;
use super::{Dependencies, KEYS_SELECTED_MAX, Operand, Shape, Source, Term, Tuples};
use crate::catalogue::Table;
use crate::ir::{CompareOperator, Expr, ExprKind};
use crate::{Bind, Catalogue, Declaration, Warm};
use martlet_core::Value;

/// What stands for a part that has no short form.
const PART: &str = "...";

impl Shape {
    /// The rows that matter, in words.
    pub fn words(&self, catalogue: &Catalogue, declaration: &Declaration) -> String {
        let words = Words { shape: self, catalogue, declaration };
        let mut conditions = Vec::new();
        match &self.tuples {
            Tuples::Given(sources) => {
                for (column, source) in self.key.iter().zip(sources) {
                    conditions.push(words.among(*column, source));
                }
            }
            Tuples::Selected(_) => {
                let names: Vec<&str> = self.key.iter().map(|column| words.column(*column)).collect();
                conditions.push(format!("{} found by the rows before", names.join(", ")));
            }
        }
        conditions.extend(self.residual.iter().map(|term| words.term(term)));
        if conditions.is_empty() {
            return format!("any row of {}", self.table);
        }
        format!("{} where {}", self.table, conditions.join(" and "))
    }
}

struct Words<'a> {
    shape: &'a Shape,
    catalogue: &'a Catalogue,
    declaration: &'a Declaration,
}

impl<'a> Words<'a> {
    fn column(&self, column: usize) -> &'a str {
        let table = self.catalogue.table(&self.shape.table);
        table.and_then(|table| table.columns.get(column)).map_or(PART, |column| column.name.as_str())
    }

    fn operand(&self, operand: &Operand) -> String {
        match operand {
            Operand::Constant(value) => literal(value),
            Operand::Bind(bind) => self.bind(bind),
            Operand::Plus(base, number) if *number < 0 => format!("{} - {}", self.operand(base), number.unsigned_abs()),
            Operand::Plus(base, number) => format!("{} + {number}", self.operand(base)),
            Operand::Computed { text, .. } => text.clone(),
        }
    }

    fn bind(&self, bind: &Bind) -> String {
        match bind {
            Bind::Parameter(index) => match self.declaration.params.get(*index) {
                Some(param) => format!(":{}", param.name),
                None => "the cursor".to_owned(),
            },
            other => of_bind(other),
        }
    }

    fn source(&self, source: &Source) -> String {
        match source {
            Source::One(operand) => self.operand(operand),
            Source::Any(operands) => {
                let all: Vec<String> = operands.iter().map(|operand| self.operand(operand)).collect();
                format!("({})", all.join(", "))
            }
            Source::List(index) => self.bind(&Bind::Parameter(*index)),
        }
    }

    fn among(&self, column: usize, source: &Source) -> String {
        let word = match source {
            Source::One(_) => "=",
            Source::Any(_) | Source::List(_) => "in",
        };
        format!("{} {word} {}", self.column(column), self.source(source))
    }

    fn term(&self, term: &Term) -> String {
        match term {
            Term::Compare { column, operator, operand } => {
                format!("{} {} {}", self.column(*column), operator.name(), self.operand(operand))
            }
            Term::IsNull(column) => format!("{} is null", self.column(*column)),
            Term::Among { column, source } => self.among(*column, source),
            Term::And(terms) => self.all(terms, " and "),
            Term::Or(terms) => format!("({})", self.all(terms, " or ")),
            Term::Not(term) => match &**term {
                Term::IsNull(column) => format!("{} is not null", self.column(*column)),
                term => format!("not ({})", self.term(term)),
            },
        }
    }

    fn all(&self, terms: &[Term], word: &str) -> String {
        terms.iter().map(|term| self.term(term)).collect::<Vec<_>>().join(word)
    }
}

fn of_bind(bind: &Bind) -> String {
    match bind {
        Bind::UserId => "auth.uid()".to_owned(),
        Bind::Role => "auth.role()".to_owned(),
        Bind::Claims => "auth.jwt()".to_owned(),
        Bind::Claim(name) => format!("auth.jwt() ->> '{name}'"),
        Bind::Now => "now()".to_owned(),
        Bind::Today => "current_date".to_owned(),
        Bind::Parameter(_) | Bind::StepColumn { .. } => PART.to_owned(),
    }
}

fn literal(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Boolean(value) => value.to_string(),
        Value::Integer(value) => value.to_string(),
        Value::Double(value) => value.to_string(),
        Value::Text(text) => format!("'{}'", text.replace('\'', "''")),
        Value::List(_) => PART.to_owned(),
    }
}

/// A value without a column, as far as it is short.
pub(super) fn expression(expr: &Expr) -> String {
    match &expr.kind {
        ExprKind::Literal(value) => literal(value),
        ExprKind::UserId => of_bind(&Bind::UserId),
        ExprKind::Role => of_bind(&Bind::Role),
        ExprKind::Claims => of_bind(&Bind::Claims),
        ExprKind::Claim(name) => of_bind(&Bind::Claim(name.clone())),
        ExprKind::Cast(inner) => format!("({})::{}", expression(inner), expr.ty),
        ExprKind::Call { function, args } => {
            let args: Vec<String> = args.iter().map(expression).collect();
            format!("{}({})", function.name(), args.join(", "))
        }
        _ => PART.to_owned(),
    }
}

/// What makes a table's every row count, and what would help.
pub(super) fn coarse(table: &Table, links: &[Link]) -> String {
    if table.is_small {
        return "any change of it ends the answer; it is small, so that there are few".to_owned();
    }
    let key = table.foreign_keys.first().and_then(|key| key.columns.first()).or_else(|| table.primary_key.first());
    let column = key.and_then(|column| table.columns.get(*column)).map_or(PART, |column| column.name.as_str());
    let (name, operator) = (&table.name, CompareOperator::Equal.name());
    let why = if links.is_empty() { "" } else { ", for it is joined to rows that are not few themselves" };
    let or = if links.is_empty() { "" } else { ", or a condition on those," };
    format!("any change of it ends the answer{why}; `{name}.{column} {operator} :parameter`{or} would narrow that")
}

impl Dependencies {
    /// Whether answers are kept, for how long, and why not, in words.
    pub fn kept_words(&self, declaration: &Declaration) -> String {
        if let Some(reason) = &self.unkept {
            return format!("not kept in memory: {reason}");
        }
        let cache = declaration.cache.clone().unwrap_or_default();
        let mut words = match self.shapes.is_empty() {
            true => "kept in memory".to_owned(),
            false => "kept in memory until a commit changes one of these".to_owned(),
        };
        if let Some(for_ms) = cache.for_ms {
            words.push_str(&format!(", for {} at most", time(for_ms)));
        }
        if let Some(from_ms) = cache.from_ms {
            words.push_str(&format!(", and renewed from {} on the sooner the more it is read", time(from_ms)));
        }
        if let Some(name) = &cache.named {
            words.push_str(&format!(", for as long at most as the settings say of `{name}`"));
        }
        if let Some(stale_ms) = cache.stale_ms {
            words.push_str(&format!(
                "\nfor {} after its end it may still be given, and says so, while the next one is computed",
                time(stale_ms)
            ));
        }
        if !declaration.warm.is_empty() {
            words.push_str("\ncomputed before anybody asks, at the start and when it has ended, with\n");
            let lines = declaration.warm.iter().map(|warm| format!("  {}", arguments(declaration, warm)));
            words.push_str(&lines.collect::<Vec<_>>().join("\n"));
        }
        if !self.keys.is_empty() {
            words.push_str(&format!(
                "\nwhere more than {KEYS_SELECTED_MAX} values are found by the rows before, every row of the table counts"
            ));
        }
        words
    }
}

fn arguments(declaration: &Declaration, warm: &Warm) -> String {
    let named = warm
        .arguments
        .iter()
        .filter_map(|(index, value)| Some(format!("{} = {}", declaration.params.get(*index)?.name, literal(value))));
    let named = named.collect::<Vec<_>>().join(", ");
    if named.is_empty() { "no arguments".to_owned() } else { named }
}

/// As headers write it.
fn time(ms: u64) -> String {
    match ms {
        ms if ms % 60_000 == 0 => format!("{}m", ms / 60_000),
        ms if ms % 1_000 == 0 => format!("{}s", ms / 1_000),
        ms => format!("{ms}ms"),
    }
}
