//! What a call brings: `:name`, `:step.column`, and who asks. Each place becomes a placeholder on PostgreSQL.

use super::{Resolved, Resolver};
use crate::ir::{Expr, ExprKind, Replacement};
use crate::nearest::nearest;
use crate::{Bind, Span, Volatility};
use martlet_core::{ParamType, Type, Value};

impl Resolver<'_> {
    /// `:name` or `:step.column` as a value.
    pub(super) fn placeholder(&mut self, text: &str, span: Span) -> Resolved<Expr> {
        self.require_call(text, span)?;
        let name = text.strip_prefix(':').unwrap_or(text);
        if let Some((step, column)) = name.split_once('.') {
            return self.step_column(step, column, span);
        }
        let index = self.param_index(name, span)?;
        let param = &self.env.params[index];
        if param.ty.is_list {
            return self.fail(
                "list_as_value",
                span,
                format!("`:{name}` is a list of {}", param.ty.base),
                format!("write x = any(:{name}), or from unnest(:{name}) as u(x)"),
            );
        }
        let is_nullable = param.is_optional && matches!(param.default, None | Some(Value::Null));
        let ty = param.ty;
        self.replace(span, Bind::Parameter(index), ty);
        Ok(Expr::new(ExprKind::Parameter(index), ty.base, is_nullable, span))
    }

    /// `:name` where only a list may stand: its index and the type of its items.
    pub(super) fn list_placeholder(&mut self, text: &str, span: Span) -> Resolved<(usize, Type)> {
        self.require_call(text, span)?;
        let name = text.strip_prefix(':').unwrap_or(text);
        let index = self.param_index(name, span)?;
        let ty = self.env.params[index].ty;
        if !ty.is_list {
            return self.fail(
                "value_as_list",
                span,
                format!("`:{name}` is one value, not a list"),
                format!("declare it as {}[]", ty.base),
            );
        }
        self.replace(span, Bind::Parameter(index), ty);
        Ok((index, ty.base))
    }

    fn require_call(&mut self, text: &str, span: Span) -> Resolved<()> {
        if self.env.context.has_call() && self.view.is_none() {
            return Ok(());
        }
        let place = self.env.context.name();
        self.fail(
            "no_arguments",
            span,
            format!("{text} is not known in {place}"),
            "it belongs to a query or an action; write it there",
        )
    }

    fn param_index(&mut self, name: &str, span: Span) -> Resolved<usize> {
        if let Some(index) = self.env.params.iter().position(|param| param.name == name) {
            self.params_used.insert(index);
            return Ok(index);
        }
        let hint = match nearest(name, self.env.params.iter().map(|param| param.name.as_str())) {
            Some(near) => format!("did you mean `:{near}`?"),
            None if self.step_named(name).is_some() => format!("write `:{name}.column` for a column of that statement"),
            None => format!("declare it above the statement: `-- @param {name} bigint`"),
        };
        self.fail("unknown_parameter", span, format!("there is no parameter `{name}`"), hint)
    }

    fn step_named(&self, name: &str) -> Option<usize> {
        self.env.steps.iter().position(|step| step.name == Some(name))
    }

    fn step_column(&mut self, step: &str, column: &str, span: Span) -> Resolved<Expr> {
        let Some(index) = self.step_named(step) else {
            let names = self.env.steps.iter().filter_map(|step| step.name);
            let hint = match nearest(step, names) {
                Some(near) => format!("did you mean `:{near}.{column}`?"),
                None => format!("write `-- @name {step}` above an earlier statement"),
            };
            return self.fail("unknown_step", span, format!("no earlier statement is named `{step}`"), hint);
        };
        let columns = self.env.steps[index].columns;
        let Some(position) = columns.iter().position(|known| known.name == column) else {
            let names = || columns.iter().map(|column| column.name.as_str());
            let hint = match nearest(column, names()) {
                Some(near) => format!("did you mean `:{step}.{near}`?"),
                None if columns.is_empty() => "add `returning` to that statement".to_owned(),
                None => format!("it gives {}", names().collect::<Vec<_>>().join(", ")),
            };
            return self.fail("unknown_column", span, format!("`{step}` has no column `{column}`"), hint);
        };
        let ty = columns[position].ty;
        let bind = Bind::StepColumn { step: index, column: position };
        self.replace(span, bind, ParamType { base: ty, is_list: false });
        // The statement may have given no row.
        Ok(Expr::new(ExprKind::StepColumn { step: index, column: position }, ty, true, span))
    }

    /// `auth.uid()`, `auth.role()`, `auth.jwt()`.
    pub(super) fn caller(&mut self, name: &str, span: Span) -> Resolved<Expr> {
        let (bind, kind, ty, is_nullable) = match name {
            "uid" => (Bind::UserId, ExprKind::UserId, Type::Uuid, true),
            "role" => (Bind::Role, ExprKind::Role, Type::Text, false),
            "jwt" => (Bind::Claims, ExprKind::Claims, Type::Jsonb, true),
            "email" => {
                return self.unsupported(span, "auth.email()", "write auth.jwt() ->> 'email'");
            }
            _ => {
                return self.fail(
                    "unknown_function",
                    span,
                    format!("there is no function auth.{name}()"),
                    "the caller is auth.uid(), auth.role() and auth.jwt() ->> 'claim'",
                );
            }
        };
        self.require_caller(span)?;
        self.replace(span, bind, ParamType { base: ty, is_list: false });
        Ok(Expr::new(kind, ty, is_nullable, span))
    }

    /// `auth.jwt() ->> 'name'`: one claim.
    pub(super) fn claim(&mut self, name: &str, span: Span) -> Resolved<Expr> {
        self.require_caller(span)?;
        self.replace(span, Bind::Claim(name.to_owned()), ParamType { base: Type::Text, is_list: false });
        Ok(Expr::new(ExprKind::Claim(name.to_owned()), Type::Text, true, span))
    }

    fn require_caller(&mut self, span: Span) -> Resolved<()> {
        if self.env.context.has_call() && self.view.is_none() {
            return Ok(());
        }
        let place = self.env.context.name();
        self.fail(
            "no_caller",
            span,
            format!("{place} does not know who asks"),
            "use auth.uid() in the queries and actions, for instance where user_id = auth.uid()",
        )
    }

    fn replace(&mut self, span: Span, bind: Bind, ty: ParamType) {
        self.replacements.push(Replacement { span, bind, ty });
    }

    /// Notes that the statement calls something that is not the same each time.
    pub(super) fn note_volatility(&mut self, volatility: Volatility) {
        self.volatility = self.volatility.max(volatility);
    }
}
