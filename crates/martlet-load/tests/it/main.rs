//! Loads against a small server whose behaviour each test knows.

mod load;
mod streams;
mod support;
