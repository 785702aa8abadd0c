//! JSON text as PostgreSQL has it: validated, compacted, or put into the form of `jsonb`.
//!
//! Works on text alone: no tree is built but for the keys of jsonb objects. Nesting is counted, not recursed on input.

mod compact;
mod escape;
mod jsonb;
mod scan;

pub use compact::{canonical, write_canonical};
pub use escape::write_string;
pub use jsonb::{jsonb, write_jsonb_number, write_jsonb_string};
pub use scan::{Event, Scanner, Text};

/// Levels of nesting in any JSON text that is stored, made or answered.
pub const NESTING_MAX: usize = 512;

/// Why a text is no JSON, or no jsonb.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// Not of JSON's grammar; the byte where it went wrong.
    #[error("invalid input syntax for type json")]
    Syntax(usize),
    /// A `\u0000` or a lone surrogate where decoded text is needed.
    #[error("unsupported Unicode escape sequence")]
    Unicode,
    /// Deeper than [`NESTING_MAX`].
    #[error("json is nested too deeply")]
    Depth,
    /// A number that `numeric` cannot hold.
    #[error("value overflows numeric format")]
    Number,
}
