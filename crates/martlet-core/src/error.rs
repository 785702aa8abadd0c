//! One error for every crate below the surface: what the caller can do, a stable code, and two messages.

use crate::Code;

/// What the caller can do about an error; the surface turns it into a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The input is wrong: correct it.
    Invalid,
    /// The input is well-formed but cannot be carried out: correct its meaning.
    Unprocessable,
    /// Nobody is known to ask: sign in.
    Unauthenticated,
    /// The caller may not do this.
    Forbidden,
    /// There is no such thing, as far as this caller may know.
    NotFound,
    /// The thing exists but not this way of using it.
    MethodNotAllowed,
    /// The state of the data is against it: look again, perhaps retry.
    Conflict,
    /// Too many bytes or parts.
    TooLarge,
    /// Too many calls: wait.
    RateLimited,
    /// The deadline passed; the work was stopped.
    Timeout,
    /// A part is down or full for now: retry later.
    Unavailable,
    /// The disk is full; nothing was written.
    StorageFull,
    /// A fault of Martlet or of the app: the operator's message says more.
    Internal,
}

/// One wrong argument among several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detail {
    /// The parameter's declared name.
    pub parameter: String,
    /// A stable word, such as `missing`, `type`, `range`, `length`, `choice`, `format`, `unknown`, `duplicate`.
    pub code: &'static str,
    /// What is wrong and what would be right; safe to show.
    pub message: String,
}

/// An error with a message for the client and, apart from it, one for the operator.
///
/// The operator's message has no `Display`, so that it cannot leak into an answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// What the caller can do.
    pub kind: Kind,
    /// The stable code: one of the registry, or the one that an author's `@expect ... else` names.
    pub code: std::borrow::Cow<'static, str>,
    /// For the client.
    pub message: String,
    /// Every wrong argument, in declared order; empty for other errors.
    pub details: Vec<Detail>,
    /// What is the case, for the client: `details` of those errors of PostgREST where it is a text.
    pub details_text: Option<String>,
    /// What to do instead, for the client.
    pub hint: Option<String>,
    /// For the operator's log only.
    pub operator: Option<String>,
    /// The HTTP status that an author chose by `@expect ... else STATUS`, 400 to 499; none for all others.
    pub status: Option<u16>,
}

impl Error {
    /// An error of the registry with a message for the client.
    pub fn new(code: &'static Code, message: impl Into<String>) -> Self {
        Self {
            kind: code.kind,
            code: std::borrow::Cow::Borrowed(code.code),
            message: message.into(),
            details: Vec::new(),
            details_text: None,
            hint: None,
            operator: None,
            status: None,
        }
    }

    /// A fault of ours: the client sees a constant, the log the reason.
    pub fn internal(operator: impl Into<String>) -> Self {
        Self::new(&crate::code::INTERNAL, "internal error").operator(operator)
    }

    /// Adds what is the case.
    #[must_use]
    pub fn details_text(mut self, text: impl Into<String>) -> Self {
        self.details_text = Some(text.into());
        self
    }

    /// Adds what the client should do instead.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds what only the log may tell.
    #[must_use]
    pub fn operator(mut self, operator: impl Into<String>) -> Self {
        self.operator = Some(operator.into());
        self
    }
}
