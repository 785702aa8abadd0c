//! Floors to compare with, and load. Nothing here is part of the product.
//!
//! `bare_hyper` answers every request with the bytes of a file: what HTTP alone costs.
//! `actions` calls one action over and over from many connections and counts what was acknowledged.
//! `compare` measures Martlet beside other servers (`cargo xtask bench`).

pub mod compare;
pub mod connection;
