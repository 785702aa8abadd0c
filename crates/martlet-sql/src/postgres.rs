//! The text for PostgreSQL: the author's own, with placeholders in place of what only Martlet knows.
//!
//! Nothing is parsed and printed again here: what the author wrote is what PostgreSQL reads. Replaced, by their place,
//! are `:name`, `:step.column` and the `auth.*()` calls; each becomes `$n` under a cast to its declared type, so that
//! PostgreSQL never has to guess a parameter's type.

use crate::ir::Replacement;
use crate::{Bind, EngineText, Span};

/// The statement at `statement` of `source` for PostgreSQL. Equal binds share a placeholder.
pub(crate) fn text(source: &str, statement: Span, replacements: &[Replacement]) -> EngineText {
    let mut replacements: Vec<&Replacement> = replacements.iter().collect();
    replacements.sort_by_key(|replacement| replacement.span.start);
    let mut text = String::new();
    let mut binds: Vec<Bind> = Vec::new();
    let mut done = statement.start;
    for replacement in replacements {
        let Some(kept) = source.get(done..replacement.span.start) else {
            continue;
        };
        text.push_str(kept);
        // `select:x` would become the one identifier `select$1`.
        if text.ends_with(|last: char| last.is_alphanumeric() || matches!(last, '_' | '$')) {
            text.push(' ');
        }
        let number = match binds.iter().position(|bind| *bind == replacement.bind) {
            Some(index) => index + 1,
            None => {
                binds.push(replacement.bind.clone());
                binds.len()
            }
        };
        text.push_str(&format!("${number}::{}", replacement.ty));
        done = replacement.span.end;
    }
    text.push_str(source.get(done..statement.end).unwrap_or_default());
    let end = text.trim_end().trim_end_matches(';').trim_end().len();
    text.truncate(end);
    EngineText { text, binds }
}

#[cfg(test)]
mod tests {
    use super::*;
    use martlet_core::{ParamType, Type};

    fn replaced(source: &str, wanted: &[(&str, Bind, Type, bool)]) -> EngineText {
        let mut replacements = Vec::new();
        for (part, bind, base, is_list) in wanted {
            for (start, _) in source.match_indices(part) {
                let span = Span { start, end: start + part.len() };
                let ty = ParamType { base: *base, is_list: *is_list };
                replacements.push(Replacement { span, bind: bind.clone(), ty });
            }
        }
        text(source, Span { start: 0, end: source.len() }, &replacements)
    }

    #[test]
    fn placeholders_are_typed_and_shared() {
        let from = ":from";
        let got = replaced(
            "select:from + 1 from t where id = any(:ids) and a > :from and u = auth.uid();\n",
            &[
                (from, Bind::Parameter(0), Type::Date, false),
                (":ids", Bind::Parameter(1), Type::Integer, true),
                ("auth.uid()", Bind::UserId, Type::Uuid, false),
            ],
        );
        assert_eq!(
            got.text,
            "select $1::date + 1 from t where id = any($2::integer[]) and a > $1::date and u = $3::uuid"
        );
        assert_eq!(got.binds, [Bind::Parameter(0), Bind::Parameter(1), Bind::UserId]);
    }
}
