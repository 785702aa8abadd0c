//! The rules that the analysis is sound by, each with a switch for tests: with a rule off, the generated cases must find
//! answers that outlive their data.

/// A rule that keeps the analysis from claiming too much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// The condition of a left join tells nothing of the side whose rows stay.
    KeptSide,
    /// A condition above an outer join tells of the side that may be missing only if nulls fail it.
    Nulls,
    /// Under a negation nothing is left out of an AND.
    Negation,
    /// An OR counts only if each of its branches is understood.
    Branches,
    /// What is fixed outside does not reach into a query past a limit, a window, a group or a missing side.
    Reach,
    /// Columns that only decide the order are read too.
    Order,
    /// Only what must be in a subquery is found by it, not what must not be.
    Member,
    /// A limit cuts the rows that keys come from only where it cuts the same rows of the result.
    Cut,
}

/// Which of them hold: all, but in tests.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Rules(Option<Rule>);

impl Rules {
    pub(super) fn without(rule: Rule) -> Self {
        Self(Some(rule))
    }

    pub(super) fn hold(self, rule: Rule) -> bool {
        self.0 != Some(rule)
    }
}
