//! Names that PostgreSQL gives result columns without `as`.

use super::expr::text_of;
use crate::{catalogue, types};
use martlet_core::Type;
use sqlparser::ast::{self, Expr as E};

/// The name of a column that has none; it must be given one at the top of a statement.
pub(super) const UNNAMED: &str = "?column?";

/// The name that an expression gives its column; none: `?column?`.
///
/// What becomes a placeholder on PostgreSQL has no name that both engines would give.
pub(super) fn of(expr: &E) -> Option<String> {
    figure(expr).map(|(name, _)| name)
}

/// The name, and whether it is a weak one that an enclosing CASE or cast replaces.
fn figure(expr: &E) -> Option<(String, bool)> {
    let strong = |name: &str| Some((name.to_owned(), false));
    match expr {
        E::Identifier(ident) => strong(&catalogue::ident(ident)),
        E::CompoundIdentifier(idents) => idents.last().and_then(|ident| strong(&catalogue::ident(ident))),
        E::Nested(inner) => figure(inner),
        E::Function(function) => {
            let parts: Option<Vec<String>> =
                function.name.0.iter().map(|part| part.as_ident().map(catalogue::ident)).collect();
            match parts?.as_slice() {
                [schema, _] if schema == "auth" => None,
                [.., name] => strong(name),
                [] => None,
            }
        }
        E::Cast { expr, data_type, .. } => match figure(expr) {
            Some((name, false)) => Some((name, false)),
            _ => type_name(data_type).map(|name| (name.to_owned(), true)),
        },
        E::TypedString(typed) if text_of(&typed.value.value).is_some() => {
            type_name(&typed.data_type).map(|name| (name.to_owned(), true))
        }
        E::Interval(_) => Some(("interval".to_owned(), true)),
        E::Case { else_result, .. } => match else_result.as_deref().and_then(figure) {
            Some((name, false)) => Some((name, false)),
            _ => Some(("case".to_owned(), true)),
        },
        E::Exists { negated: false, .. } => strong("exists"),
        E::Subquery(query) => first_name(query).map(|name| (name, false)),
        E::Extract { .. } => strong("extract"),
        E::Ceil { .. } => strong("ceil"),
        E::Floor { .. } => strong("floor"),
        E::Substring { shorthand, .. } => strong(if *shorthand { "substr" } else { "substring" }),
        E::Trim { trim_where, .. } => strong(match trim_where {
            None | Some(ast::TrimWhereField::Both) => "btrim",
            Some(ast::TrimWhereField::Leading) => "ltrim",
            Some(ast::TrimWhereField::Trailing) => "rtrim",
        }),
        _ => None,
    }
}

/// The name of a subquery's first column.
fn first_name(query: &ast::Query) -> Option<String> {
    let mut body = &*query.body;
    loop {
        body = match body {
            ast::SetExpr::Select(select) => {
                return match select.projection.first()? {
                    ast::SelectItem::ExprWithAlias { alias, .. } => Some(catalogue::ident(alias)),
                    ast::SelectItem::UnnamedExpr(expr) => of(expr),
                    _ => None,
                };
            }
            ast::SetExpr::Query(inner) => &inner.body,
            ast::SetExpr::SetOperation { left, .. } => left,
            _ => return None,
        }
    }
}

fn type_name(data_type: &ast::DataType) -> Option<&'static str> {
    Some(match types::of(data_type).ok()?.base {
        Type::Integer => "int4",
        Type::Bigint => "int8",
        Type::Double => "float8",
        Type::Boolean => "bool",
        other => other.name(),
    })
}
