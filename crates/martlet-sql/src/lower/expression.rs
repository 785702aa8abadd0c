//! Expressions.

use super::select::Names;
use super::sql::{Level, Sql, call, literal, text};
use super::{Lowering, Place, cast, range};
use crate::Bind;
use crate::ir::{BinaryOperator, CompareOperator, Expr, ExprKind, Function, Select};
use martlet_core::{Type, Value};

impl Lowering {
    /// The expressions, with commas between.
    pub(super) fn list(&mut self, exprs: &[Expr]) -> String {
        let exprs: Vec<String> = exprs.iter().map(|expr| self.expr(expr).text).collect();
        exprs.join(", ")
    }

    fn exprs(&mut self, exprs: &[Expr]) -> Vec<Sql> {
        exprs.iter().map(|expr| self.expr(expr)).collect()
    }

    pub(super) fn expr(&mut self, expr: &Expr) -> Sql {
        match &expr.kind {
            ExprKind::Column { relation, column } => Sql::primary(self.column(*relation, *column)),
            // Only whole items of ORDER BY and DISTINCT ON are one, and those are seen to there.
            ExprKind::Output(index) => Sql::primary((index + 1).to_string()),
            ExprKind::Parameter(index) => self.bound(Bind::Parameter(*index)),
            ExprKind::StepColumn { step, column } => self.bound(Bind::StepColumn { step: *step, column: *column }),
            ExprKind::UserId => self.bound(Bind::UserId),
            ExprKind::Role => self.bound(Bind::Role),
            ExprKind::Claims => self.bound(Bind::Claims),
            ExprKind::Claim(claim) => self.bound(Bind::Claim(claim.clone())),
            ExprKind::Now if self.is_definition => call("now", []),
            ExprKind::Today if self.is_definition => call("timestamptz_date", [call("now", [])]),
            ExprKind::Now => self.bound(Bind::Now),
            ExprKind::Today => self.bound(Bind::Today),
            ExprKind::Literal(value) => literal(value),
            ExprKind::Cast(operand) if expr.ty == Type::Jsonb && operand.ty == Type::Text => self.jsonb(operand),
            ExprKind::Cast(operand) => {
                let lowered = self.expr(operand);
                cast::cast(lowered, operand.ty, expr.ty)
            }
            ExprKind::Negate(operand) => self.negate(operand),
            ExprKind::Binary { operator, left, right } => self.binary(*operator, left, right, expr.ty),
            ExprKind::Compare { operator, left, right } => self.compare(*operator, left, right),
            ExprKind::RowCompare { operator, left, right } => {
                let left = Sql::primary(format!("({})", self.list(left)));
                let right = Sql::primary(format!("({})", self.list(right)));
                Sql::binary(left, operator.name(), right, level_of(*operator))
            }
            ExprKind::And(terms) => self.chain(terms, " AND ", Level::And),
            ExprKind::Or(terms) => self.chain(terms, " OR ", Level::Or),
            ExprKind::Not(operand) => self.expr(operand).not(),
            ExprKind::IsNull { operand, is_negated } => {
                let operand = self.expr(operand).at(Level::Order);
                Sql::new(format!("{operand} IS {}", if *is_negated { "NOT NULL" } else { "NULL" }), Level::Equality)
            }
            ExprKind::IsDistinct { left, right, is_negated } => self.is_distinct(left, right, *is_negated),
            ExprKind::Between { operand, low, high, is_negated } => {
                self.between([operand.as_ref(), low.as_ref(), high.as_ref()], *is_negated)
            }
            ExprKind::Like { operand, pattern, ignores_case, is_negated } => {
                self.like(operand, pattern, *ignores_case, *is_negated)
            }
            ExprKind::InList { operand, list, is_negated } => self.in_list(operand, list, *is_negated),
            ExprKind::InSubquery { operands, query, is_negated } => self.in_subquery(operands, query, *is_negated),
            ExprKind::AnyList { operand, parameter, .. } => {
                let operand = self.expr(operand).at(Level::Order);
                let list = self.bind(Bind::Parameter(*parameter));
                // No list is an unknown answer, not an empty list's false.
                let list = if expr.is_nullable { format!("coalesce({list}, '[null]')") } else { list };
                Sql::new(format!("{operand} IN (SELECT \"value\" FROM json_each({list}))"), Level::Equality)
            }
            ExprKind::Exists(query) => self.exists(query),
            ExprKind::Scalar(query) => self.scalar(query),
            ExprKind::Case { operand, branches, otherwise } => {
                self.case(operand.as_deref(), branches, otherwise.as_deref())
            }
            ExprKind::Coalesce(args) => self.at_least_two("coalesce", args),
            ExprKind::NullIf(left, right) => self.null_if(left, right),
            ExprKind::Greatest(args) => self.extreme("max", "greatest", args),
            ExprKind::Least(args) => self.extreme("min", "least", args),
            ExprKind::Extract { field, operand } => {
                let function = match operand.ty {
                    Type::Date => "extract_date",
                    Type::Timestamp => "extract_timestamp",
                    Type::Interval => "extract_interval",
                    _ => "extract_timestamptz",
                };
                call(function, [text(field.name()), self.expr(operand)])
            }
            ExprKind::Call { function, args } => self.function(*function, args),
            ExprKind::JsonObject(pairs) => self.json_object(pairs, expr.ty),
            ExprKind::JsonArray(items) => self.json_array(items, expr.ty),
            ExprKind::Aggregate { function, args, is_distinct, filter, order_by } => {
                self.aggregate(*function, args, *is_distinct, filter.as_deref(), order_by)
            }
            ExprKind::Window { function, args, partition_by, order_by, frame } => {
                self.window(*function, args, partition_by, order_by, *frame)
            }
        }
    }

    fn bound(&mut self, bind: Bind) -> Sql {
        Sql::primary(self.bind(bind))
    }

    /// A constant document is put into its stored form here, once.
    fn jsonb(&mut self, operand: &Expr) -> Sql {
        match &operand.kind {
            ExprKind::Literal(Value::Text(written)) => match martlet_core::json::jsonb(written) {
                Ok(document) => text(&document),
                Err(_) => call("jsonb_in", [text(written)]),
            },
            _ => call("jsonb_in", [self.expr(operand)]),
        }
    }

    fn negate(&mut self, operand: &Expr) -> Sql {
        let lowered = self.expr(operand);
        let function = match operand.ty {
            Type::Double => "float8um",
            Type::Interval => "interval_um",
            Type::Integer if !range::is_plain_negation(operand) => "int4um",
            Type::Bigint if !range::is_plain_negation(operand) => "int8um",
            // A minus before a minus would begin a comment.
            _ => return Sql::new(format!("-{}", lowered.at(Level::Primary)), Level::Negate),
        };
        call(function, [lowered])
    }

    fn binary(&mut self, operator: BinaryOperator, left: &Expr, right: &Expr, ty: Type) -> Sql {
        use BinaryOperator as Op;
        let plain = match operator {
            Op::TextConcat => Some(("||", Level::Concat)),
            Op::IntegerAdd | Op::BigintAdd => Some(("+", Level::Add)),
            Op::IntegerSubtract | Op::BigintSubtract => Some(("-", Level::Add)),
            Op::IntegerMultiply | Op::BigintMultiply => Some(("*", Level::Multiply)),
            Op::IntegerDivide | Op::BigintDivide => Some(("/", Level::Multiply)),
            Op::IntegerModulo | Op::BigintModulo => Some(("%", Level::Multiply)),
            _ => None,
        };
        let is_plain = operator == Op::TextConcat || range::is_plain(operator, left, right, ty);
        let (left, right) = (self.expr(left), self.expr(right));
        match plain {
            Some((symbol, level)) if is_plain => Sql::binary(left, symbol, right, level),
            _ => call(operator.name(), [left, right]),
        }
    }

    fn compare(&mut self, operator: CompareOperator, left: &Expr, right: &Expr) -> Sql {
        let ty = left.ty;
        let (left, right) = (self.expr(left), self.expr(right));
        match ty {
            Type::Interval => {
                let order = call("interval_cmp", [left, right]);
                Sql::binary(order, operator.name(), Sql::primary("0"), level_of(operator))
            }
            Type::Jsonb => call("jsonb_eq", [left, right]).not_if(operator == CompareOperator::NotEqual),
            _ => Sql::binary(left, operator.name(), right, level_of(operator)),
        }
    }

    fn chain(&mut self, terms: &[Expr], between: &str, level: Level) -> Sql {
        let terms: Vec<String> = terms.iter().map(|term| self.expr(term).at(level.tighter())).collect();
        Sql::new(terms.join(between), level)
    }

    fn is_distinct(&mut self, left: &Expr, right: &Expr, is_negated: bool) -> Sql {
        let ty = left.ty;
        let (left, right) = (self.expr(left), self.expr(right));
        if matches!(ty, Type::Jsonb | Type::Interval) {
            let equal = match ty {
                Type::Jsonb => call("jsonb_eq", [left.clone(), right.clone()]).text,
                _ => format!("{} = 0", call("interval_cmp", [left.clone(), right.clone()]).text),
            };
            let are_null = format!("{} IS NULL AND {} IS NULL", left.at(Level::Order), right.at(Level::Order));
            return call("coalesce", [Sql::primary(equal), Sql::primary(are_null)]).not_if(!is_negated);
        }
        Sql::binary(left, if is_negated { "IS" } else { "IS NOT" }, right, Level::Equality)
    }

    fn between(&mut self, [operand, low, high]: [&Expr; 3], is_negated: bool) -> Sql {
        let ty = operand.ty;
        let (operand, low, high) = (self.expr(operand), self.expr(low), self.expr(high));
        if ty == Type::Interval {
            let low = format!("{} >= 0", call("interval_cmp", [operand.clone(), low]).text);
            let high = format!("{} <= 0", call("interval_cmp", [operand, high]).text);
            return Sql::new(format!("{low} AND {high}"), Level::And).not_if(is_negated);
        }
        let keyword = if is_negated { "NOT BETWEEN" } else { "BETWEEN" };
        let ends = format!("{} AND {}", low.at(Level::Add), high.at(Level::Add));
        Sql::new(format!("{} {keyword} {ends}", operand.at(Level::Order)), Level::Equality)
    }

    fn like(&mut self, operand: &Expr, pattern: &Expr, ignores_case: bool, is_negated: bool) -> Sql {
        let (operand, pattern) = (self.expr(operand), self.expr(pattern));
        if ignores_case {
            return call("ilike", [pattern, operand]).not_if(is_negated);
        }
        let keyword = if is_negated { "NOT LIKE" } else { "LIKE" };
        Sql::new(format!("{} {keyword} {}", operand.at(Level::Order), pattern.at(Level::Order)), Level::Equality)
    }

    fn in_list(&mut self, operand: &Expr, list: &[Expr], is_negated: bool) -> Sql {
        if matches!(operand.ty, Type::Jsonb | Type::Interval) {
            let terms: Vec<String> =
                list.iter().map(|item| self.compare(CompareOperator::Equal, operand, item).at(Level::And)).collect();
            return Sql::new(terms.join(" OR "), Level::Or).not_if(is_negated);
        }
        let operand = self.expr(operand).at(Level::Order);
        let keyword = if is_negated { "NOT IN" } else { "IN" };
        Sql::new(format!("{operand} {keyword} ({})", self.list(list)), Level::Equality)
    }

    fn in_subquery(&mut self, operands: &[Expr], query: &Select, is_negated: bool) -> Sql {
        let operand = match operands {
            [one] => self.expr(one).at(Level::Order),
            row => format!("({})", self.list(row)),
        };
        let keyword = if is_negated { "NOT IN" } else { "IN" };
        let query = self.query(query, Names::Unneeded, Place::Nested);
        Sql::new(format!("{operand} {keyword} ({})", query.text), Level::Equality)
    }

    fn case(&mut self, operand: Option<&Expr>, branches: &[(Expr, Expr)], otherwise: Option<&Expr>) -> Sql {
        let mut case = "CASE".to_owned();
        if let Some(operand) = operand {
            case.push_str(&format!(" {}", self.expr(operand).text));
        }
        for (condition, result) in branches {
            let condition = self.expr(condition).text;
            case.push_str(&format!(" WHEN {condition} THEN {}", self.expr(result).text));
        }
        if let Some(otherwise) = otherwise {
            case.push_str(&format!(" ELSE {}", self.expr(otherwise).text));
        }
        Sql::primary(case + " END")
    }

    /// SQLite's takes two arguments or more.
    fn at_least_two(&mut self, function: &str, args: &[Expr]) -> Sql {
        match args {
            [one] => self.expr(one),
            _ => call(function, self.exprs(args)),
        }
    }

    fn null_if(&mut self, left: &Expr, right: &Expr) -> Sql {
        if matches!(left.ty, Type::Jsonb | Type::Interval) {
            let equal = self.compare(CompareOperator::Equal, left, right).text;
            return Sql::primary(format!("CASE WHEN {equal} THEN NULL ELSE {} END", self.expr(left).text));
        }
        call("nullif", [self.expr(left), self.expr(right)])
    }

    /// SQLite's max and min are null as soon as one argument is.
    fn extreme(&mut self, of_not_null: &str, of_nullable: &str, args: &[Expr]) -> Sql {
        let has_null = args.iter().any(|arg| arg.is_nullable);
        self.at_least_two(if has_null { of_nullable } else { of_not_null }, args)
    }

    fn function(&mut self, function: Function, args: &[Expr]) -> Sql {
        let registered = match function {
            Function::Trim => "trim",
            Function::Sha256Hex => "sha256hex",
            Function::ToCharTimestamptz | Function::ToCharTimestamp => "to_char",
            _ => function.name(),
        };
        call(registered, self.exprs(args))
    }
}

fn level_of(operator: CompareOperator) -> Level {
    match operator {
        CompareOperator::Equal | CompareOperator::NotEqual => Level::Equality,
        _ => Level::Order,
    }
}
