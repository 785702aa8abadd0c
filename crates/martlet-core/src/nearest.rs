//! The name that somebody meant, for hints.

/// Texts longer than this are not compared: a hint is not worth quadratic work.
const CHARACTERS_MAX: usize = 64;

/// The name nearest to a misspelt one, if one is near enough to be meant; the first of several equally near.
///
/// Near enough: at most a third of the wanted characters differ (at least one, at most three).
pub fn nearest<'a>(wanted: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted: Vec<char> = wanted.chars().take(CHARACTERS_MAX + 1).collect();
    if wanted.len() > CHARACTERS_MAX {
        return None;
    }
    let far_max = (wanted.len() / 3).clamp(1, 3);
    let near = names.into_iter().filter_map(|name| {
        let far = distance(&wanted, name)?;
        (far <= far_max).then_some((far, name))
    });
    near.min_by_key(|(far, _)| *far).map(|(_, name)| name)
}

/// Insertions, deletions, changes and swaps of neighbours between two texts, case aside.
fn distance(wanted: &[char], name: &str) -> Option<usize> {
    let name: Vec<char> = name.chars().take(CHARACTERS_MAX + 1).collect();
    if name.len() > CHARACTERS_MAX {
        return None;
    }
    let same = |a: char, b: char| a.eq_ignore_ascii_case(&b);
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=name.len()).collect();
    for (i, &a) in wanted.iter().enumerate() {
        let mut next = vec![i + 1];
        for (j, &b) in name.iter().enumerate() {
            let mut far = (row[j] + usize::from(!same(a, b))).min(row[j + 1] + 1).min(next[j] + 1);
            if i > 0 && j > 0 && same(a, name[j - 1]) && same(wanted[i - 1], b) {
                far = far.min(before[j - 1] + 1);
            }
            next.push(far);
        }
        before = std::mem::replace(&mut row, next);
    }
    row.last().copied()
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn the_name_that_was_meant() {
        let names = ["room_types", "availability", "my_bookings", "report"];
        assert_eq!(nearest("rom_types", names), Some("room_types"));
        assert_eq!(nearest("Avialability", names), Some("availability"));
        assert_eq!(nearest("reprot", names), Some("report"));
        assert_eq!(nearest("payments", names), None);
        assert_eq!(nearest("", names), None);
        assert_eq!(nearest("x", ["y"]), Some("y"));
        assert_eq!(nearest(&"a".repeat(100_000), names), None);
    }
}
