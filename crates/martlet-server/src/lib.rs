//! HTTP: hyper's first stage in front, axum behind it.
//!
//! Owns: headers, bodies, limits of both, the mapping from `core::Kind` to a status, tokens' signatures, static files.
//! Must not know: SQL, tables. It calls the engine and nothing below it.
