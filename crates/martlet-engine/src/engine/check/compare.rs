//! Whether two answers are the same.

use martlet_store::Answer;
use serde_json::Value;

/// Whether two answers are the same, rows in another order apart: where the query leaves the order open, both are
/// right.
pub(super) fn is_same(one: &Answer, other: &Answer) -> bool {
    if one.body == other.body {
        return one.last == other.last;
    }
    let (Some(one_body), Some(other_body)) = (&one.body, &other.body) else { return false };
    let lines = |body: &[u8]| sorted(body.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect());
    one.rows == other.rows
        && match (rows(one_body), rows(other_body)) {
            (Some(one), Some(other)) => one == other,
            // CSV.
            _ => lines(one_body) == lines(other_body),
        }
}

fn rows(body: &[u8]) -> Option<Vec<String>> {
    let Ok(Value::Array(rows)) = serde_json::from_slice(body) else { return None };
    Some(sorted(rows.iter().map(Value::to_string).collect()))
}

fn sorted<T: Ord>(mut items: Vec<T>) -> Vec<T> {
    items.sort_unstable();
    items
}

#[cfg(test)]
mod tests {
    use super::*;
    use martlet_core::Position;

    #[test]
    fn rows_in_another_order_are_the_same_and_others_are_not() {
        let answer = |body: Option<&'static str>| Answer {
            body: body.map(Into::into),
            rows: 1,
            position: Position::default(),
            last: None,
            keys: None,
        };
        let of = |body| answer(Some(body));
        for (one, other, wanted) in [
            ("[1,2]", "[1,2]", true),
            ("[{\"a\":1},{\"a\":2}]", "[{\"a\":2},{\"a\":1}]", true),
            ("[{\"a\":1},{\"a\":1}]", "[{\"a\":1},{\"a\":2}]", false),
            ("[12]", "[21]", false),
            ("{\"a\":1}", "{\"a\":2}", false),
            ("a\n1\n2", "a\n2\n1", true),
            ("a\n12", "a\n21", false),
        ] {
            assert_eq!(is_same(&of(one), &of(other)), wanted, "{one} {other}");
        }
        assert!(!is_same(&of("[]"), &answer(None)));
    }
}
