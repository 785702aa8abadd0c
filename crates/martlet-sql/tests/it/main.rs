//! The compiler through its public surface: folders of cases, each with the files that it must give.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod constructs;
mod dependencies;
mod mistakes;
