//! From the written forms of a surface to typed, checked values.

/// Arguments as they came.
#[derive(Debug, Clone, Copy)]
pub enum Arguments<'a> {
    /// A JSON object's bytes; empty bytes are an empty object.
    Json(&'a [u8]),
    /// Decoded pairs of a query string, in order, repeated names included. Lists are `{a,b}`.
    Url(&'a [(String, String)]),
}
