//! The tools themselves, tried on the real programs.

mod postgres;
