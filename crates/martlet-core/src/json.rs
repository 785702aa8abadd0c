//! JSON text as PostgreSQL has it: validated, compacted, or put into the form of `jsonb`.
//!
//! Works on text alone: no tree is built but for the keys of jsonb objects. Nesting is counted, not recursed on input.

mod compact;
mod escape;
mod jsonb;
mod scan;

pub use compact::{canonical, write_canonical, write_without_nulls};
pub use escape::write_string;
pub use jsonb::{jsonb, jsonb_equal, write_jsonb, write_jsonb_members, write_jsonb_number};
pub use scan::{Event, Scanner, Text};

/// Levels of nesting in any JSON text that is stored, made or answered.
pub const NESTING_MAX: usize = 512;

/// Why a text is no JSON, or no jsonb.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// Not of JSON's grammar; the byte where it went wrong.
    #[error("invalid input syntax for type json")]
    Syntax(usize),
    /// A surrogate that stands alone where decoded text is needed.
    #[error("invalid input syntax for type json")]
    Surrogate,
    /// A `\u0000` where decoded text is needed.
    #[error("unsupported Unicode escape sequence")]
    Nul,
    /// Deeper than [`NESTING_MAX`].
    #[error("json is nested too deeply")]
    Depth,
    /// Larger than any value that is stored: `1e131071` alone has 131,072 digits.
    #[error("json is larger than a stored value may be")]
    Size,
    /// A number that `numeric` cannot hold.
    #[error("value overflows numeric format")]
    Number,
}

impl JsonError {
    /// PostgreSQL's SQLSTATE for it.
    pub fn sqlstate(self) -> &'static str {
        match self {
            Self::Syntax(_) | Self::Surrogate => "22P02",
            Self::Nul => "22P05",
            Self::Depth => "54001",
            Self::Size => "54000",
            Self::Number => "22003",
        }
    }
}
