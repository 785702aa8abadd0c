//! Rules of the table of abuse in `docs/security.md`: every case once, every named test there, no test unnamed.
//!
//! The ids are fixed: a test's name carries its own (`abuse_http_07_bodies`), and people look for them.

use super::Finding;
use std::collections::{BTreeMap, BTreeSet};

const FILE: &str = "docs/security.md";

/// Families of cases and how many each has.
const FAMILIES: &[(&str, usize)] = &[
    ("AUTH", 48),
    ("SQL", 23),
    ("HTTP", 21),
    ("CACHE", 13),
    ("WS", 15),
    ("FILE", 19),
    ("BAK", 15),
    ("CFG", 11),
    ("OPS", 12),
];

/// `tests` are the names of all tests of the project.
pub(crate) fn check(document: &str, tests: &BTreeSet<String>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut named: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for (index, line) in document.lines().enumerate() {
        let Some((id, state)) = row(line) else { continue };
        let mut tell = |what: String| findings.push(format!("{FILE}:{}: {id}: {what}", index + 1));
        let names: BTreeSet<&str> = state.split('`').skip(1).step_by(2).collect();
        if !is_state(state, !names.is_empty()) {
            tell("a state is `shown: TESTS`, `part: TESTS; what waits`, `with SOMETHING (later)` or `open`".to_owned());
        }
        for name in names.iter().filter(|name| !tests.contains(**name)) {
            tell(format!("there is no test `{name}`"));
        }
        if named.insert(id.to_owned(), names).is_some() {
            tell("stands twice".to_owned());
        }
    }
    let wanted: BTreeSet<String> = all_ids().collect();
    findings.extend(wanted.iter().filter(|id| !named.contains_key(*id)).map(|id| format!("{FILE}: {id} has no row")));
    findings.extend(named.keys().filter(|id| !wanted.contains(*id)).map(|id| format!("{FILE}: there is no {id}")));
    for test in tests {
        let Some(id) = id_of(test).filter(|id| wanted.contains(id)) else { continue };
        if named.get(&id).is_some_and(|names| !names.contains(test.as_str())) {
            findings.push(format!("{FILE}: the row of {id} does not name its test `{test}`"));
        }
    }
    findings
}

/// The names of the functions in a Rust file that are tests.
pub(crate) fn tests_of(text: &str) -> impl Iterator<Item = &str> {
    let mut is_test = false;
    text.lines().filter_map(move |line| {
        let line = line.trim();
        if line.starts_with("#[") {
            is_test |= line == "#[test]" || line.starts_with("#[tokio::test");
            return None;
        }
        if !is_test || line.starts_with("//") {
            return None;
        }
        is_test = false;
        line.strip_prefix("async ").unwrap_or(line).strip_prefix("fn ")?.split('(').next()
    })
}

fn all_ids() -> impl Iterator<Item = String> {
    FAMILIES.iter().flat_map(|(family, count)| (1..=*count).map(move |number| format!("{family}-{number:02}")))
}

/// Id and state of a row of the table.
fn row(line: &str) -> Option<(&str, &str)> {
    let mut cells = line.strip_prefix("| ")?.strip_suffix(" |")?.splitn(3, " | ");
    let (id, _, state) = (cells.next()?, cells.next()?, cells.next()?);
    let (family, number) = id.split_once('-')?;
    let is_id =
        family.bytes().all(|byte| byte.is_ascii_uppercase()) && number.bytes().all(|byte| byte.is_ascii_digit());
    is_id.then_some((id, state))
}

fn is_state(state: &str, names_tests: bool) -> bool {
    match state.split_once(": ") {
        Some(("shown", _)) => names_tests && !state.contains(';'),
        Some(("part", _)) => names_tests && state.contains("; "),
        _ => !names_tests && (state == "open" || (state.starts_with("with ") && state.ends_with(" (later)"))),
    }
}

/// `HTTP-07` of `abuse_http_07_bodies`.
fn id_of(test: &str) -> Option<String> {
    let mut parts = test.strip_prefix("abuse_")?.split('_');
    let (family, number) = (parts.next()?, parts.next()?);
    (number.len() == 2 && number.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| format!("{}-{number}", family.to_ascii_uppercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(row: &str) -> Vec<Finding> {
        let others = all_ids().filter(|id| id != "HTTP-07").map(|id| format!("| {id} | a case | open |\n"));
        let tests = ["abuse_http_07_bodies", "other"].map(str::to_owned).into();
        check(&(others.collect::<String>() + row), &tests)
    }

    #[test]
    fn a_row_names_the_tests_that_there_are() {
        assert_eq!(all_ids().count(), 177);
        assert!(told("| HTTP-07 | a case | shown: `abuse_http_07_bodies`, `other` |").is_empty());
        assert!(told("| HTTP-07 | a case | part: `abuse_http_07_bodies`; files come later |").is_empty());
        for (row, finding) in [
            ("", "HTTP-07 has no row"),
            ("| HTTP-07 | a case | open |", "does not name its test `abuse_http_07_bodies`"),
            ("| HTTP-07 | a case | shown: `abuse_http_07_bodies`, `none` |", "there is no test `none`"),
            ("| HTTP-07 | a case | part: `abuse_http_07_bodies` |", "a state is"),
            ("| HTTP-07 | a case | with files |", "a state is"),
            ("| HTTP-07 | a | open |\n| HTTP-07 | a | open |", "stands twice"),
            ("| HTTP-22 | a case | open |", "there is no HTTP-22"),
        ] {
            let findings = told(row);
            assert!(findings.iter().any(|told| told.contains(finding)), "{row}: {findings:?}");
        }
    }

    #[test]
    fn tests_are_found_by_their_attribute() {
        let text = "#[test]\n#[expect(x)]\nfn one() {}\nfn two() {}\n#[tokio::test]\n/// Says.\nasync fn three() {}";
        assert_eq!(tests_of(text).collect::<Vec<_>>(), ["one", "three"]);
    }
}
