//! The rules without which an answer could be stale. Tests switch one off to show that they would notice.
//!
//! Without the feature `mutants` every rule holds, and asking costs nothing.

/// One rule of the protocol.
#[allow(unreachable_pub, reason = "with the feature it is public")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rule {
    /// What a commit touches ends before the commit can be seen, not after.
    EndsBeforeCommit,
    /// An answer that a later commit has overtaken is not kept.
    ValidatesFills,
    /// An answer of another version of the app is not kept.
    ChecksGeneration,
    /// After a commit that may have changed everything no older answer is kept.
    EverythingResetsFloor,
    /// An entry that has ended is not given, whoever still holds it.
    DeadNotGiven,
}

#[cfg(any(test, feature = "mutants"))]
impl Rule {
    /// All of them, with their names.
    pub const ALL: [(Rule, &str); 5] = [
        (Rule::EndsBeforeCommit, "ends-before-commit"),
        (Rule::ValidatesFills, "validates-fills"),
        (Rule::ChecksGeneration, "checks-generation"),
        (Rule::EverythingResetsFloor, "everything-resets-floor"),
        (Rule::DeadNotGiven, "dead-not-given"),
    ];
}

/// Which rules hold.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Rules {
    #[cfg(any(test, feature = "mutants"))]
    off: Option<Rule>,
    /// Whether the moments in which the missing rule matters are made long: for tests over a real server.
    #[cfg(any(test, feature = "mutants"))]
    is_slow: bool,
}

#[cfg(not(any(test, feature = "mutants")))]
impl Rules {
    pub(crate) const fn holds(self, _: Rule) -> bool {
        true
    }

    pub(crate) const fn linger(self, _: &[Rule]) {}
}

#[cfg(any(test, feature = "mutants"))]
impl Rules {
    pub(crate) fn without(rule: Option<Rule>) -> Self {
        Self { off: rule, is_slow: false }
    }

    pub(crate) fn holds(self, rule: Rule) -> bool {
        self.off != Some(rule)
    }

    /// Waits where one of these is missing. Never with a lock held.
    pub(crate) fn linger(self, rules: &[Rule]) {
        if self.is_slow && self.off.is_some_and(|off| rules.contains(&off)) {
            std::thread::sleep(std::time::Duration::from_millis(3));
        }
    }
}

#[cfg(feature = "mutants")]
impl Rules {
    /// Switched by the environment variable `MARTLET_TEST_RULE_OFF`, for servers that a test runs.
    #[expect(clippy::disallowed_methods, reason = "a switch of tests; the product does not have this feature")]
    pub(crate) fn of_environment() -> Self {
        let Ok(name) = std::env::var("MARTLET_TEST_RULE_OFF") else { return Self::default() };
        let rule = Rule::ALL.iter().find(|(_, known)| *known == name).map(|(rule, _)| *rule);
        assert!(rule.is_some(), "MARTLET_TEST_RULE_OFF names no rule: {name}");
        Self { off: rule, is_slow: true }
    }
}
