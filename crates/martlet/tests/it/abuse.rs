//! Cases of abuse through the real binary, by the ids of docs/security.md.
//!
//! Each ends with [`watched::Watched::ends_as_before`]: what every case must also satisfy.

mod cache;
mod callers;
mod crowds;
mod endless;
mod messages;
mod requests;
mod settings;
mod watched;
