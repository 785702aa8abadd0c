//! The store through its public face, with plans made by hand: plain data, so that no compiler stands between.

mod reads;
mod support;
mod writes;
