//! The nearest name, for hints.

/// Longer names are not compared.
const NAME_CHARS_MAX: usize = 64;

/// The name that was probably meant: the one that fewest edits lead to, if they are few for its length.
pub fn nearest<'a>(wanted: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted: Vec<char> = wanted.to_lowercase().chars().take(NAME_CHARS_MAX + 1).collect();
    if wanted.is_empty() || wanted.len() > NAME_CHARS_MAX {
        return None;
    }
    let allowed = (wanted.len() / 3).max(1);
    names
        .into_iter()
        .filter_map(|name| {
            let candidate: Vec<char> = name.to_lowercase().chars().take(NAME_CHARS_MAX + 1).collect();
            let is_comparable = candidate.len() <= NAME_CHARS_MAX && candidate.len().abs_diff(wanted.len()) <= allowed;
            let edits = if is_comparable { edit_distance(&wanted, &candidate) } else { usize::MAX };
            (edits <= allowed && edits < candidate.len()).then_some((edits, name))
        })
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, name)| name)
}

/// "did you mean `x`?", or another hint where nothing is near.
pub(crate) fn did_you_mean<'a>(
    wanted: &str,
    names: impl IntoIterator<Item = &'a str>,
    otherwise: impl FnOnce() -> Option<String>,
) -> Option<String> {
    nearest(wanted, names).map(|name| format!("did you mean `{name}`?")).or_else(otherwise)
}

/// Insertions, deletions, replacements and swaps of neighbours.
fn edit_distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 0..a.len() {
        let mut row = vec![i + 1];
        for j in 0..b.len() {
            let replaced = last[j] + usize::from(a[i] != b[j]);
            let mut edits = replaced.min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j] {
                edits = edits.min(before[j - 1] + 1);
            }
            row.push(edits);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn finds_what_was_meant_and_nothing_else() {
        let names = ["check_in", "check_out", "room_type_id"];
        assert_eq!(nearest("chekc_in", names), Some("check_in"));
        assert_eq!(nearest("checkout", names), Some("check_out"));
        assert_eq!(nearest("room_type", names), Some("room_type_id"));
        assert_eq!(nearest("price", names), None);
        assert_eq!(nearest("", names), None);
        assert_eq!(nearest("x", ["y"]), None);
    }
}
