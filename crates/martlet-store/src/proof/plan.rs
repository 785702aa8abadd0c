//! SQLite's plan, read: the words of EXPLAIN QUERY PLAN as accesses.

use crate::PlanLine;

/// One table, view or function of a plan and how it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// As in SQLite's text of the statement.
    pub alias: String,
    /// How.
    pub way: Way,
    /// The index, if one is used; none for the table's own order by its key.
    pub index: Option<String>,
    /// Whether the index holds all that is read.
    pub is_covering: bool,
    /// The line of the plan.
    pub detail: String,
    /// Whether it is the outermost loop of its SELECT.
    pub is_first: bool,
    /// Whether its SELECT sorts what it reads.
    pub is_sorted: bool,
}

/// How an access reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// From one end to the other.
    Scan,
    /// What the terms bound.
    Search(Vec<Term>),
    /// An index made for this run, from a full read.
    Automatic,
}

/// What bounds a search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Term {
    /// `a=?`.
    Equal(String),
    /// `a>?`: a lower bound.
    Above(String),
    /// `a<?`: an upper bound.
    Below(String),
    /// `ANY(a)`: every value of the column is gone through.
    Any(String),
}

/// The accesses of a plan, in its order.
pub(super) fn accesses(lines: &[PlanLine]) -> Vec<Access> {
    let mut found: Vec<Access> = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let Some(mut access) = access(&line.detail) else { continue };
        let is_loop = |other: &PlanLine| other.detail.starts_with("SCAN ") || other.detail.starts_with("SEARCH ");
        access.is_first = !lines[..at].iter().any(|other| other.parent == line.parent && is_loop(other));
        access.is_sorted = lines.iter().any(|other| {
            other.parent == line.parent
                && other.detail.starts_with("USE TEMP B-TREE FOR")
                && other.detail.contains("ORDER BY")
        });
        found.push(access);
    }
    found
}

/// The index of a line that is no access of its own: `USING INDEX i FOR IN-OPERATOR`.
pub(super) fn index_beside(line: &PlanLine) -> Option<&str> {
    let rest = line.detail.strip_prefix("USING ")?;
    rest.strip_prefix("COVERING ").unwrap_or(rest).strip_prefix("INDEX ")?.strip_suffix(" FOR IN-OPERATOR")
}

fn access(detail: &str) -> Option<Access> {
    let (is_scan, rest) = match (detail.strip_prefix("SCAN "), detail.strip_prefix("SEARCH ")) {
        (Some(rest), _) => (true, rest),
        (_, Some(rest)) => (false, rest),
        _ => return None,
    };
    if rest.contains("VIRTUAL TABLE INDEX") || rest.starts_with("CONSTANT ROW") || rest.starts_with('(') {
        return None;
    }
    let (alias, using) = rest.split_once(" USING ").unwrap_or((rest, ""));
    let alias = alias.trim_end_matches(" LEFT-JOIN").trim_end_matches(" EXISTS");
    let terms = match using.split_once(" (") {
        Some((_, terms)) => read_terms(terms.trim_end_matches(" LEFT-JOIN").trim_end_matches(')')),
        None => Vec::new(),
    };
    let way = match is_scan {
        _ if using.starts_with("AUTOMATIC") => Way::Automatic,
        true => Way::Scan,
        false => Way::Search(terms),
    };
    let index = using.split_once("INDEX ").map(|(_, rest)| rest.split(" (").next().unwrap_or(rest));
    let index = index.map(|name| name.trim_end_matches(" LEFT-JOIN")).filter(|_| way != Way::Automatic);
    Some(Access {
        alias: alias.to_owned(),
        way,
        index: index.map(str::to_owned),
        is_covering: using.starts_with("COVERING"),
        detail: detail.to_owned(),
        is_first: false,
        is_sorted: false,
    })
}

/// `a=? AND b>? AND b<?`; also `(a,b)>(?,?)`.
fn read_terms(text: &str) -> Vec<Term> {
    text.split(" AND ").filter_map(read_term).collect()
}

fn read_term(text: &str) -> Option<Term> {
    if let Some(any) = text.strip_prefix("ANY(") {
        return Some(Term::Any(any.trim_end_matches(')').to_owned()));
    }
    let at = text.find(['=', '<', '>'])?;
    // Of a row of columns the first decides how much is read.
    let column = text[..at].trim_matches(['(', ')']).split(',').next().unwrap_or_default().to_owned();
    Some(match text.as_bytes()[at] {
        b'=' => Term::Equal(column),
        b'>' => Term::Above(column),
        _ => Term::Below(column),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_sqlite_are_understood() {
        let read = |detail: &str| access(detail).unwrap();
        let closed = read("SEARCH b USING COVERING INDEX b_idx (a=? AND c>? AND c<?) LEFT-JOIN");
        assert_eq!((closed.alias.as_str(), closed.index.as_deref(), closed.is_covering), ("b", Some("b_idx"), true));
        let terms = vec![Term::Equal("a".into()), Term::Above("c".into()), Term::Below("c".into())];
        assert_eq!(closed.way, Way::Search(terms));
        assert_eq!(
            read("SEARCH p USING INTEGER PRIMARY KEY (rowid>?)").way,
            Way::Search(vec![Term::Above("rowid".into())])
        );
        assert_eq!(read("SEARCH p USING INDEX i ((a,b)<(?,?))").way, Way::Search(vec![Term::Below("a".into())]));
        assert_eq!(
            read("SEARCH p USING INDEX i (ANY(a) AND b=?)").way,
            Way::Search(vec![Term::Any("a".into()), Term::Equal("b".into())])
        );
        assert_eq!(read("SEARCH p USING AUTOMATIC COVERING INDEX (a=?)").way, Way::Automatic);
        assert_eq!(read("SCAN b").way, Way::Scan);
        assert_eq!(read("SCAN b USING INDEX i").index.as_deref(), Some("i"));
        assert_eq!(access("SCAN g VIRTUAL TABLE INDEX 1:"), None);
        assert_eq!(access("USE TEMP B-TREE FOR ORDER BY"), None);
    }
}
