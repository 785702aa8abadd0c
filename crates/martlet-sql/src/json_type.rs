//! What the JSON of a result's column looks like, as far as the statement's text says it.
//!
//! The type of a column says `json` and no more; the text often says which members an object has and what a list
//! holds. Descriptions and types for clients are made from it; nothing at run time depends on it.

use martlet_core::Type;

/// What a value looks like in an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonType {
    /// Its form where it is not null.
    pub kind: JsonKind,
    /// Whether it may be null.
    pub is_nullable: bool,
}

/// The form of a value that is not null.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JsonKind {
    /// A value of a type that is not JSON.
    Scalar(Type),
    /// An object with exactly these members, in written order; a name stands once.
    Object(Vec<(String, JsonType)>),
    /// A list of such items.
    List(Box<JsonType>),
    /// A list that never has an item.
    Empty,
    /// A list of exactly these items.
    Tuple(Vec<JsonType>),
    /// Any JSON: the text does not say.
    Open,
}

impl JsonType {
    /// A column of which only the type is known.
    pub fn of_type(ty: Type, is_nullable: bool) -> Self {
        match ty {
            // The JSON `null` is a value that is not null.
            Type::Json | Type::Jsonb => Self { kind: JsonKind::Open, is_nullable: true },
            ty => Self { kind: JsonKind::Scalar(ty), is_nullable },
        }
    }

    /// What covers both.
    pub(crate) fn or(self, other: Self) -> Self {
        let kind = match (self.kind, other.kind) {
            (a, b) if a == b => a,
            (JsonKind::Empty, list @ (JsonKind::List(_) | JsonKind::Empty))
            | (list @ JsonKind::List(_), JsonKind::Empty) => list,
            (JsonKind::List(a), JsonKind::List(b)) => JsonKind::List(Box::new(a.or(*b))),
            _ => JsonKind::Open,
        };
        let is_nullable = self.is_nullable || other.is_nullable || kind == JsonKind::Open;
        Self { kind, is_nullable }
    }
}
