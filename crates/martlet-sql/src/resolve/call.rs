//! Calls of functions: those of the table, and the forms with rules of their own.

use super::expr::text_of;
use super::functions::{self, FORMS, SIGNATURES, Signature};
use super::{Resolved, Resolver, coerce};
use crate::ir::{DateField, DateUnit, Expr, ExprKind, Function, ToCharPattern};
use crate::nearest::nearest;
use crate::{Span, catalogue};
use martlet_core::{Type, Value};
use sqlparser::ast;

/// A call taken apart.
pub(super) struct Call<'e> {
    pub(super) name: String,
    pub(super) args: Vec<&'e ast::Expr>,
    /// `f(*)`.
    pub(super) is_star: bool,
    pub(super) is_distinct: bool,
    pub(super) order_by: &'e [ast::OrderByExpr],
    pub(super) filter: Option<&'e ast::Expr>,
    pub(super) span: Span,
}

impl Resolver<'_> {
    pub(super) fn function(&mut self, function: &ast::Function, span: Span) -> Resolved<Expr> {
        let call = self.call(function, span)?;
        if let Some(over) = &function.over {
            return self.window(&call, over);
        }
        if self.is_aggregate(&call.name) {
            return self.aggregate(&call);
        }
        if call.is_distinct || !call.order_by.is_empty() || call.filter.is_some() || call.is_star {
            let what = "distinct, order by, filter or * in a function that is no aggregate";
            return self.unsupported(span, what, "leave it out");
        }
        self.named_function(&call)
    }

    /// Takes a call apart; refuses what no function has.
    fn call<'e>(&mut self, function: &'e ast::Function, span: Span) -> Resolved<Call<'e>> {
        let name = self.function_name(&function.name, span)?;
        let mut call =
            Call { name, args: Vec::new(), is_star: false, is_distinct: false, order_by: &[], filter: None, span };
        if !matches!(function.parameters, ast::FunctionArguments::None)
            || function.uses_odbc_syntax
            || function.null_treatment.is_some()
            || !function.within_group.is_empty()
        {
            return self.unsupported(span, "this form of call", "write f(a, b)");
        }
        call.filter = function.filter.as_deref();
        let list = match &function.args {
            ast::FunctionArguments::None => return Ok(call),
            ast::FunctionArguments::Subquery(_) => {
                return self.unsupported(span, "a query as the argument", "write it in brackets: f((select ..))");
            }
            ast::FunctionArguments::List(list) => list,
        };
        call.is_distinct = matches!(list.duplicate_treatment, Some(ast::DuplicateTreatment::Distinct));
        for clause in &list.clauses {
            match clause {
                ast::FunctionArgumentClause::OrderBy(items) if call.order_by.is_empty() => call.order_by = items,
                _ => return self.unsupported(span, "this clause in a call", "only order by may stand there"),
            }
        }
        for arg in &list.args {
            match arg {
                ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(expr)) => call.args.push(expr),
                ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Wildcard) if list.args.len() == 1 => {
                    // The parser takes f((*)) for it too.
                    let written = self.env.source.slice(span).split_once('(').map_or("", |(_, args)| args.trim_start());
                    if self.view.is_none() && written.starts_with('(') {
                        return self.unsupported(span, "* in brackets", "write count(*)");
                    }
                    call.is_star = true;
                }
                ast::FunctionArg::Unnamed(_) => {
                    return self.unsupported(span, "t.* as an argument", "name the columns");
                }
                _ => return self.unsupported(span, "a named argument", "give the arguments in order"),
            }
        }
        Ok(call)
    }

    /// The name; `auth.uid`, `martlet.random_int` keep what stands behind the schema in their own way.
    fn function_name(&mut self, name: &ast::ObjectName, span: Span) -> Resolved<String> {
        let parts: Option<Vec<String>> = name.0.iter().map(|part| part.as_ident().map(catalogue::ident)).collect();
        match parts.as_deref() {
            Some([name]) => Ok(name.clone()),
            Some([schema, name]) if schema == "auth" => Ok(format!("auth.{name}")),
            Some([schema, name]) if schema == "martlet" && name == "random_int" => Ok(name.clone()),
            _ => self.unsupported(span, "a schema before a function's name", "write the name alone"),
        }
    }

    fn named_function(&mut self, call: &Call<'_>) -> Resolved<Expr> {
        let (span, count) = (call.span, call.args.len());
        if let Some(name) = call.name.strip_prefix("auth.") {
            if count > 0 {
                return self.arguments(&call.name, "it takes none", span);
            }
            return self.caller(name, span);
        }
        match call.name.as_str() {
            "now" if count == 0 => Ok(self.clock(ExprKind::Now, Type::Timestamptz, span)),
            "current_date" if count == 0 => Ok(self.clock(ExprKind::Today, Type::Date, span)),
            "coalesce" | "greatest" | "least" => self.choice(call),
            "nullif" => self.nullif(call),
            "concat" => self.concat(call),
            "encode" => self.encode(call),
            "date_trunc" => self.date_trunc(call),
            "to_char" => self.format_time(call),
            "json_build_object" | "jsonb_build_object" | "json_build_array" | "jsonb_build_array" => {
                self.build_json(call)
            }
            "ceiling" => self.listed_function("ceil", &call.args, span),
            "substring" => self.listed_function("substr", &call.args, span),
            "row_number" | "rank" | "lag" | "lead" => {
                let hint = format!("write {}(..) over (order by ..)", call.name);
                self.fail("no_over", span, format!("{} needs OVER", call.name), hint)
            }
            "generate_series" | "unnest" | "jsonb_array_elements" | "jsonb_to_recordset" => {
                let hint = format!("write: from {}(..) as x(value)", call.name);
                self.unsupported(span, &format!("{} outside FROM", call.name), hint)
            }
            name => self.listed_function(name, &call.args, span),
        }
    }

    /// A function of the table.
    pub(super) fn listed_function(&mut self, name: &str, args: &[&ast::Expr], span: Span) -> Resolved<Expr> {
        if !SIGNATURES.iter().any(|signature| signature.name == name) {
            return self.unknown_function(name, span);
        }
        let args = self.each(args.iter().copied(), Self::expr)?;
        let Some(signature) = choose(name, &args) else {
            return self.no_signature(name, &args, span);
        };
        let wanted = signature.args.iter().copied();
        let mut args = self.each(args.into_iter().zip(wanted), |this, (arg, ty)| this.coerce(arg, ty))?;
        if signature.function == Function::RoundNumeric && args.len() == 1 {
            args.push(Expr::literal(Value::Integer(0), Type::Integer, span));
        }
        self.note_volatility(signature.volatility);
        let is_nullable = !signature.is_never_null && args.iter().any(|arg| arg.is_nullable);
        let kind = ExprKind::Call { function: signature.function, args };
        Ok(Expr::new(kind, signature.result, is_nullable, span))
    }

    fn unknown_function(&mut self, name: &str, span: Span) -> Resolved<Expr> {
        let hint = match functions::instead(name) {
            Some(hint) => hint.to_owned(),
            None => match nearest(name, functions::names()) {
                Some(near) => format!("did you mean {near}(..)?"),
                None => "docs/sql.md has the functions".to_owned(),
            },
        };
        self.fail("unknown_function", span, format!("the function {name} is not in the portable subset"), hint)
    }

    fn no_signature(&mut self, name: &str, args: &[Expr], span: Span) -> Resolved<Expr> {
        let given: Vec<&str> = args.iter().map(|arg| arg.ty.name()).collect();
        let candidates: Vec<&Signature> = SIGNATURES.iter().filter(|signature| signature.name == name).collect();
        // One argument of one candidate is usually what is wrong: then that argument is told.
        let single = candidates.iter().filter(|candidate| candidate.args.len() == args.len()).collect::<Vec<_>>();
        if let [only] = single.as_slice() {
            for (arg, ty) in args.iter().zip(only.args) {
                self.coerce(arg.clone(), *ty)?;
            }
        }
        let known: Vec<String> = candidates.iter().map(|candidate| signature_text(candidate)).collect();
        let message = format!("there is no {name}({})", given.join(", "));
        let hint = match (name, given.as_slice()) {
            ("round", ["double precision", _]) => "write round(x::numeric, 2)::double precision".to_owned(),
            _ => format!("there is {}", known.join(", ")),
        };
        self.fail("no_signature", span, message, hint)
    }

    /// Refuses a call with the wrong number or kind of arguments; without a hint its usage is told.
    pub(super) fn arguments<T>(&mut self, name: &str, hint: &str, span: Span) -> Resolved<T> {
        let usage = FORMS.iter().find(|form| form.name == name).map_or("", |form| form.usage);
        let hint = if hint.is_empty() { usage } else { hint };
        self.fail("arguments", span, format!("{name} does not take these arguments"), hint)
    }

    /// `coalesce`, `greatest`, `least`.
    fn choice(&mut self, call: &Call<'_>) -> Resolved<Expr> {
        if call.args.is_empty() {
            return self.arguments(&call.name, "", call.span);
        }
        let args = self.each(call.args.iter().copied(), Self::expr)?;
        let (ty, args) = self.unify(args, &format!("the arguments of {}", call.name))?;
        let is_nullable = args.iter().all(|arg| arg.is_nullable);
        if call.name != "coalesce" {
            self.require_ordered(&args[0], &call.name)?;
        }
        let kind = match call.name.as_str() {
            "coalesce" => ExprKind::Coalesce(args),
            "greatest" => ExprKind::Greatest(args),
            _ => ExprKind::Least(args),
        };
        Ok(Expr::new(kind, ty, is_nullable, call.span))
    }

    fn nullif(&mut self, call: &Call<'_>) -> Resolved<Expr> {
        if call.args.len() != 2 {
            return self.arguments("nullif", "", call.span);
        }
        let args = self.each(call.args.iter().copied(), Self::expr)?;
        // PostgreSQL's result has the type of the first argument, so a wider second one must not widen it.
        let first = args[0].ty;
        let (ty, args) = self.unify(args, "the arguments of nullif")?;
        self.require_ordered(&args[0], "nullif")?;
        if first != Type::Unknown && first != ty {
            let hint = self.cast_hint(&args[0], ty);
            return self.fail("type_mismatch", args[0].span, "nullif compares two different types", hint);
        }
        let [left, right] = <[Expr; 2]>::try_from(args).map_err(|_| super::Reported)?;
        Ok(Expr::new(ExprKind::NullIf(Box::new(left), Box::new(right)), ty, true, call.span))
    }

    fn concat(&mut self, call: &Call<'_>) -> Resolved<Expr> {
        if call.args.is_empty() {
            return self.arguments("concat", "", call.span);
        }
        let args = self.each(call.args.iter().copied(), |this, arg| {
            let arg = this.expr(arg)?;
            match arg.ty {
                // concat writes booleans as t and f, a cast as true and false: the author says which.
                Type::Boolean => {
                    let hint = this.cast_hint(&arg, Type::Text);
                    this.fail("type_mismatch", arg.span, "concat writes a boolean as t or f", hint)
                }
                Type::Unknown | Type::Text => this.coerce(arg, Type::Text),
                ty if coerce::is_castable(ty, Type::Text) && ty.is_storable() => Ok(coerce::cast(arg, Type::Text)),
                ty => {
                    let hint = this.cast_hint(&arg, Type::Text);
                    this.fail("type_mismatch", arg.span, format!("concat cannot take {}", coerce::article(ty)), hint)
                }
            }
        })?;
        let kind = ExprKind::Call { function: Function::Concat, args };
        Ok(Expr::new(kind, Type::Text, false, call.span))
    }

    /// `encode(sha256(convert_to(x, 'UTF8')), 'hex')`.
    fn encode(&mut self, call: &Call<'_>) -> Resolved<Expr> {
        let Some(text) = hashed_text(&call.args) else {
            let hint = "the one form is encode(sha256(convert_to(x, 'UTF8')), 'hex')";
            return self.unsupported(call.span, "this use of encode", hint);
        };
        let text = self.expr_as(text, Type::Text)?;
        let is_nullable = text.is_nullable;
        let kind = ExprKind::Call { function: Function::Sha256Hex, args: vec![text] };
        Ok(Expr::new(kind, Type::Text, is_nullable, call.span))
    }

    fn date_trunc(&mut self, call: &Call<'_>) -> Resolved<Expr> {
        let [unit, operand] = call.args.as_slice() else {
            return self.arguments("date_trunc", "write date_trunc('month', x)", call.span);
        };
        let units = [
            DateUnit::Year,
            DateUnit::Quarter,
            DateUnit::Month,
            DateUnit::Week,
            DateUnit::Day,
            DateUnit::Hour,
            DateUnit::Minute,
            DateUnit::Second,
        ];
        let written = literal_text(unit).map(str::to_lowercase);
        let Some(unit) = units.into_iter().find(|unit| written.as_deref() == Some(unit.name())) else {
            let names: Vec<&str> = units.into_iter().map(DateUnit::name).collect();
            return self.arguments("date_trunc", &format!("the unit is one of '{}'", names.join("', '")), call.span);
        };
        let operand = self.expr(operand)?;
        self.require_typed(&operand)?;
        let (ty, function) = match operand.ty {
            Type::Timestamp => (Type::Timestamp, Function::DateTruncTimestamp),
            _ => (Type::Timestamptz, Function::DateTruncTimestamptz),
        };
        let operand = self.coerce(operand, ty)?;
        let is_nullable = operand.is_nullable;
        let unit = Expr::literal(Value::Text(unit.name().into()), Type::Text, call.span);
        Ok(Expr::new(ExprKind::Call { function, args: vec![unit, operand] }, ty, is_nullable, call.span))
    }

    /// Refuses a literal where PostgreSQL could not choose among several types.
    pub(super) fn require_typed(&mut self, operand: &Expr) -> Resolved<()> {
        match operand.is_unknown() {
            true => {
                self.fail("untyped", operand.span, "this literal needs a type", "write it in front: date '2026-01-31'")
            }
            false => Ok(()),
        }
    }

    /// `substr(x, 1, 2)`, `substring(x, 1, 2)`, `substring(x from 1 for 2)`; the parser mixes them.
    pub(super) fn substring(&mut self, args: &[&ast::Expr], is_shorthand: bool, span: Span) -> Resolved<Expr> {
        if self.view.is_none() {
            let words: Vec<String> = args
                .windows(2)
                .map(|pair| {
                    let between = Span { start: self.expr_span(pair[0]).end, end: self.expr_span(pair[1]).start };
                    self.env.source.slice(between).trim().to_lowercase()
                })
                .collect();
            let is_plain = words.iter().all(|word| word == ",");
            let is_spelt = !is_shorthand && words.iter().zip(["from", "for"]).all(|(word, wanted)| word == wanted);
            if !is_plain && !is_spelt {
                return self.unsupported(span, "this form of substring", "write substr(text, start, length)");
            }
        }
        self.listed_function("substr", args, span)
    }

    fn format_time(&mut self, call: &Call<'_>) -> Resolved<Expr> {
        let [operand, pattern] = call.args.as_slice() else {
            return self.arguments("to_char", "write to_char(x, 'YYYY-MM-DD')", call.span);
        };
        let patterns = [ToCharPattern::Year, ToCharPattern::Month, ToCharPattern::YearMonth, ToCharPattern::Date];
        let written = literal_text(pattern);
        let Some(pattern) = patterns.into_iter().find(|known| written == Some(known.name())) else {
            return self.arguments("to_char", "", call.span);
        };
        let operand = self.expr(operand)?;
        self.require_typed(&operand)?;
        let (ty, function) = match operand.ty {
            Type::Timestamp => (Type::Timestamp, Function::ToCharTimestamp),
            _ => (Type::Timestamptz, Function::ToCharTimestamptz),
        };
        let operand = self.coerce(operand, ty)?;
        let pattern = Expr::literal(Value::Text(pattern.name().into()), Type::Text, call.span);
        // An infinity has no text.
        Ok(Expr::new(ExprKind::Call { function, args: vec![operand, pattern] }, Type::Text, true, call.span))
    }

    pub(super) fn extract(
        &mut self,
        field: &ast::DateTimeField,
        syntax: &ast::ExtractSyntax,
        operand: &ast::Expr,
        span: Span,
    ) -> Resolved<Expr> {
        let Some(field) = date_field(field).filter(|_| *syntax == ast::ExtractSyntax::From) else {
            let hint = "write extract(field from x): epoch, year, quarter, month, week, day, dow, isodow, doy, isoyear, \
                        hour, minute, second";
            return self.unsupported(span, &format!("extract of {field}"), hint);
        };
        let operand = self.expr(operand)?;
        let is_of_day = matches!(field, DateField::Hour | DateField::Minute | DateField::Second);
        let is_of_calendar = matches!(
            field,
            DateField::Week
                | DateField::DayOfWeek
                | DateField::IsoDayOfWeek
                | DateField::DayOfYear
                | DateField::IsoYear
                | DateField::Quarter
        );
        let hint = match operand.ty {
            Type::Date if is_of_day => "a date has no time of day".to_owned(),
            Type::Interval if is_of_calendar => "an interval has no place in the calendar".to_owned(),
            Type::Date | Type::Timestamptz | Type::Timestamp | Type::Interval => {
                // Of an infinity these are infinite, all others null.
                let is_ever_growing = matches!(field, DateField::Epoch | DateField::Year | DateField::IsoYear);
                let is_nullable = operand.is_nullable || !is_ever_growing;
                let kind = ExprKind::Extract { field, operand: Box::new(operand) };
                return Ok(Expr::new(kind, Type::Numeric, is_nullable, span));
            }
            _ => self.cast_hint(&operand, Type::Timestamptz),
        };
        let message = format!("{} cannot be extracted from {}", field.name(), coerce::article(operand.ty));
        self.fail("type_mismatch", operand.span, message, hint)
    }

    /// `ceil(x)` and `floor(x)`, which the parser knows.
    pub(super) fn rounding(
        &mut self,
        name: &str,
        operand: &ast::Expr,
        field: &ast::CeilFloorKind,
        span: Span,
    ) -> Resolved<Expr> {
        if !matches!(field, ast::CeilFloorKind::DateTimeField(ast::DateTimeField::NoDateTime)) {
            return self.arguments(name, "it takes one number", span);
        }
        self.listed_function(name, &[operand], span)
    }
}

/// The signature that the arguments choose: all fit, as many as possible exactly.
fn choose(name: &str, args: &[Expr]) -> Option<&'static Signature> {
    let fits = |arg: &Expr, ty: Type| arg.is_unknown() || coerce::is_implicit(arg.ty, ty) || is_integral(arg.ty, ty);
    let mut best: Option<(usize, &Signature)> = None;
    for signature in SIGNATURES.iter().filter(|signature| signature.name == name) {
        let pairs = || args.iter().zip(signature.args.iter().copied());
        if signature.args.len() == args.len() && pairs().all(|(arg, ty)| fits(arg, ty)) {
            let exact = pairs().filter(|(arg, ty)| arg.ty == *ty).count();
            if best.is_none_or(|(most, _)| exact > most) {
                best = Some((exact, signature));
            }
        }
    }
    best.map(|(_, signature)| signature)
}

fn is_integral(ty: Type, wanted: Type) -> bool {
    wanted == Type::Numeric && matches!(ty, Type::Integer | Type::Bigint)
}

fn signature_text(signature: &Signature) -> String {
    let args: Vec<&str> = signature.args.iter().map(|ty| ty.name()).collect();
    format!("{}({})", signature.name, args.join(", "))
}

fn literal_text(expr: &ast::Expr) -> Option<&str> {
    match expr {
        ast::Expr::Value(value) => text_of(&value.value),
        _ => None,
    }
}

/// `x` of `sha256(convert_to(x, 'UTF8')), 'hex'`.
fn hashed_text<'e>(args: &[&'e ast::Expr]) -> Option<&'e ast::Expr> {
    let [hash, format] = args else { return None };
    let [bytes] = plain_call(hash, "sha256")?[..] else { return None };
    let [text, encoding] = plain_call(bytes, "convert_to")?[..] else { return None };
    let is_hex = literal_text(format).is_some_and(|format| format.eq_ignore_ascii_case("hex"));
    let is_utf8 = literal_text(encoding).is_some_and(|name| matches!(name, "UTF8" | "utf8" | "UTF-8" | "utf-8"));
    (is_hex && is_utf8).then_some(text)
}

/// The arguments of a call of this name without anything else.
fn plain_call<'e>(expr: &'e ast::Expr, name: &str) -> Option<Vec<&'e ast::Expr>> {
    let ast::Expr::Function(function) = expr else { return None };
    let [part] = function.name.0.as_slice() else { return None };
    let ast::FunctionArguments::List(list) = &function.args else { return None };
    let is_plain = part.as_ident().is_some_and(|ident| catalogue::ident(ident) == name)
        && function.over.is_none()
        && function.filter.is_none()
        && list.clauses.is_empty()
        && list.duplicate_treatment.is_none();
    let args = list.args.iter().map(|arg| match arg {
        ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(expr)) => Some(expr),
        _ => None,
    });
    if is_plain { args.collect() } else { None }
}

fn date_field(field: &ast::DateTimeField) -> Option<DateField> {
    use ast::DateTimeField as F;
    Some(match field {
        F::Epoch => DateField::Epoch,
        F::Year => DateField::Year,
        F::Quarter => DateField::Quarter,
        F::Month => DateField::Month,
        F::Week(None) => DateField::Week,
        F::Day => DateField::Day,
        F::Dow => DateField::DayOfWeek,
        F::Isodow => DateField::IsoDayOfWeek,
        F::Doy => DateField::DayOfYear,
        F::Isoyear => DateField::IsoYear,
        F::Hour => DateField::Hour,
        F::Minute => DateField::Minute,
        F::Second => DateField::Second,
        _ => return None,
    })
}
