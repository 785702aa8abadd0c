//! The compiler through its public surface: folders of cases, each with the files that it must give.

mod constructs;
mod mistakes;
