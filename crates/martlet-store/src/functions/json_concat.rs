//! `jsonb || jsonb`: objects are merged, the right one's members win; everything else is appended as arrays.

use super::{Raise, Registry, check_size};
use martlet_core::json;

pub(super) fn register(registry: &Registry<'_>) -> rusqlite::Result<()> {
    registry.strict("jsonb_concat", 2, |arguments| concat(arguments.text(0)?, arguments.text(1)?))
}

// Both texts are canonical jsonb, so that their kind is told by their first byte.
fn concat(left: &str, right: &str) -> Result<String, Raise> {
    check_size(left.len() + right.len())?;
    match (inside(left, ['{', '}']), inside(right, ['{', '}'])) {
        (Some(left), Some(right)) => Ok(json::jsonb(&format!("{{{}}}", joined(left, right)))?),
        _ => {
            let left = inside(left, ['[', ']']).unwrap_or(left);
            let right = inside(right, ['[', ']']).unwrap_or(right);
            Ok(format!("[{}]", joined(left, right)))
        }
    }
}

fn inside(text: &str, [open, close]: [char; 2]) -> Option<&str> {
    text.strip_prefix(open)?.strip_suffix(close)
}

fn joined(left: &str, right: &str) -> String {
    let between = if left.is_empty() || right.is_empty() { "" } else { ", " };
    format!("{left}{between}{right}")
}

#[cfg(test)]
mod tests {
    use super::concat;

    #[test]
    fn objects_are_merged_and_all_else_is_appended() {
        for (left, right, both) in [
            (r#"{"a": 1, "b": 2}"#, r#"{"a": 3, "cc": 4}"#, r#"{"a": 3, "b": 2, "cc": 4}"#),
            ("{}", "{}", "{}"),
            ("[1]", "[2, 3]", "[1, 2, 3]"),
            ("[]", "[]", "[]"),
            (r#"{"a": 1}"#, "[]", r#"[{"a": 1}]"#),
            ("1", r#"{"a": 1}"#, r#"[1, {"a": 1}]"#),
            ("null", r#""x""#, r#"[null, "x"]"#),
        ] {
            assert_eq!(concat(left, right).unwrap(), both);
        }
    }
}
