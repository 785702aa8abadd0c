//! How the process ends: its exit codes, and failures that say what, why and what next.

use martlet_sql::Diagnostic;
use std::process::ExitCode;

/// The documented exit codes; 2 is clap's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done.
    Done = 0,
    /// Could not be done.
    Failed = 1,
    /// A bug in Martlet.
    Bug = 3,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}

/// Why a command could not be done.
#[derive(Debug, Default)]
pub(crate) struct Failure {
    /// What; empty where the findings say all.
    pub message: String,
    /// Why, outermost first.
    pub causes: Vec<String>,
    /// What next.
    pub hints: Vec<String>,
    /// Mistakes with places.
    pub diagnostics: Vec<Diagnostic>,
    /// The reader of our output has gone: no failure at all.
    pub is_broken_pipe: bool,
}

impl Failure {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), ..Self::default() }
    }

    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    #[must_use]
    pub(crate) fn cause(mut self, cause: impl Into<String>) -> Self {
        self.causes.push(cause.into());
        self
    }

    /// Puts what was being done before what went wrong.
    #[must_use]
    pub(crate) fn context(mut self, message: impl Into<String>) -> Self {
        let message = std::mem::replace(&mut self.message, message.into());
        if !message.is_empty() {
            self.causes.insert(0, message);
        }
        self
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        let is_broken_pipe = error.chain().any(|cause| {
            cause.downcast_ref::<std::io::Error>().is_some_and(|io| io.kind() == std::io::ErrorKind::BrokenPipe)
        });
        let mut chain = error.chain().map(ToString::to_string);
        let message = chain.next().unwrap_or_default();
        Self { message, causes: chain.collect(), is_broken_pipe, ..Self::default() }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        anyhow::Error::from(error).into()
    }
}

impl From<martlet_core::Error> for Failure {
    fn from(error: martlet_core::Error) -> Self {
        // On the command line the operator is the caller: both messages are for them.
        let causes = error.operator.into_iter().filter(|operator| *operator != error.message).collect();
        Self { message: error.message, causes, hints: error.hint.into_iter().collect(), ..Self::default() }
    }
}
