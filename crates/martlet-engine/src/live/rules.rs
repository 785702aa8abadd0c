//! The rules without which a stream would tell what is not so. Tests switch one off to show that they would notice.
//!
//! Without the feature `mutants` every rule holds, and asking costs nothing.

/// One rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    /// What a commit touches while it is read is read again.
    RunsAgain,
    /// Several answers are told together only where they hold together.
    HoldsTogether,
    /// Who comes back with the state of now is not given it again.
    KnowsSeen,
}

#[cfg(not(feature = "mutants"))]
impl Rule {
    pub(super) const fn holds(self) -> bool {
        true
    }

    #[expect(clippy::unused_async, reason = "it waits where a rule may be off")]
    pub(super) async fn linger(_: &[Self]) {}
}

#[cfg(feature = "mutants")]
impl Rule {
    const ALL: [(Self, &str); 3] =
        [(Self::RunsAgain, "runs-again"), (Self::HoldsTogether, "holds-together"), (Self::KnowsSeen, "knows-seen")];

    pub(super) fn holds(self) -> bool {
        off() != Some(self)
    }

    /// Waits where one of these is missing, so that the moments in which it matters are long.
    pub(super) async fn linger(rules: &[Self]) {
        if off().is_some_and(|off| rules.contains(&off)) {
            tokio::time::sleep(std::time::Duration::from_millis(3)).await;
        }
    }
}

/// Named by the environment variable `MARTLET_TEST_LIVE_RULE_OFF`, for servers that a test runs.
#[cfg(feature = "mutants")]
#[expect(clippy::disallowed_methods, reason = "a switch of tests; the product does not have this feature")]
fn off() -> Option<Rule> {
    static OFF: std::sync::OnceLock<Option<Rule>> = std::sync::OnceLock::new();
    *OFF.get_or_init(|| {
        let name = std::env::var("MARTLET_TEST_LIVE_RULE_OFF").ok()?;
        let rule = Rule::ALL.iter().find(|(_, known)| *known == name).map(|(rule, _)| *rule);
        assert!(rule.is_some(), "MARTLET_TEST_LIVE_RULE_OFF names no rule: {name}");
        rule
    })
}
