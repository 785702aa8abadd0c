//! A finding with a place, a label and a hint.

/// A place in a file: bytes from `start` to before `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// Something to know, such as a tag that is not yet in effect.
    Note,
    /// The app runs; somebody should look.
    Warning,
    /// The app cannot be loaded.
    Error,
}

/// What is wrong in a file, where, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad.
    pub severity: Severity,
    /// A stable word for machines, such as `unknown_column`.
    pub code: &'static str,
    /// Path relative to the app folder, with `/`.
    pub file: String,
    /// Where.
    pub span: Span,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// A few words under the marked excerpt; may be empty.
    pub label: String,
    /// What to write instead.
    pub hint: Option<String>,
    /// The marked excerpt: the whole source line of `line`.
    pub excerpt: String,
}
