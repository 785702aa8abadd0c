//! JSON constructors: each value goes in with a letter for its static type, so that 1 and true, or a text and a document
//! in a text, are told apart.

use super::Lowering;
use super::sql::{Sql, call, text};
use crate::ir::Expr;
use martlet_core::Type;

impl Lowering {
    pub(super) fn json_object(&mut self, pairs: &[(Expr, Expr)], ty: Type) -> Sql {
        let mut args = vec![signature(pairs.iter().map(|(_, value)| value))];
        for (key, value) in pairs {
            args.push(self.expr(key));
            args.push(self.expr(value));
        }
        call(if ty == Type::Jsonb { "jsonb_build_object" } else { "json_build_object" }, args)
    }

    pub(super) fn json_array(&mut self, items: &[Expr], ty: Type) -> Sql {
        let mut args = vec![signature(items)];
        args.extend(items.iter().map(|item| self.expr(item)));
        call(if ty == Type::Jsonb { "jsonb_build_array" } else { "json_build_array" }, args)
    }
}

fn signature<'a>(values: impl IntoIterator<Item = &'a Expr>) -> Sql {
    text(&values.into_iter().map(|value| letter(value.ty)).collect::<String>())
}

/// The letter by which the store's JSON functions know the type of a value.
pub(super) fn letter(ty: Type) -> char {
    match ty {
        Type::Integer | Type::Bigint => 'i',
        Type::Double => 'd',
        Type::Boolean => 'b',
        Type::Json => 'j',
        Type::Jsonb => 'J',
        Type::Text
        | Type::Date
        | Type::Timestamptz
        | Type::Uuid
        | Type::Numeric
        | Type::Timestamp
        | Type::Interval
        | Type::Unknown => 't',
    }
}
