//! The header: comments that declare what SQL cannot say.

pub(crate) mod line;
