//! What the JSON of a result's column looks like, as far as the statement's text says it.
//!
//! The type of a column says `json` and no more; the text often says which members an object has and what a list
//! holds. Descriptions and types for clients are made from it; nothing at run time depends on it.

use martlet_core::Type;

/// What a value looks like in an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    /// Its form where it is not null.
    pub kind: ShapeKind,
    /// Whether it may be null.
    pub is_nullable: bool,
}

/// The form of a value that is not null.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ShapeKind {
    /// A value of a type that is not JSON.
    Scalar(Type),
    /// An object with exactly these members, in written order; a name stands once.
    Object(Vec<(String, Shape)>),
    /// A list of such items.
    List(Box<Shape>),
    /// A list that never has an item.
    Empty,
    /// A list of exactly these items.
    Tuple(Vec<Shape>),
    /// Any JSON: the text does not say.
    Open,
}

impl Shape {
    /// A column of which only the type is known.
    pub fn of_type(ty: Type, is_nullable: bool) -> Self {
        match ty {
            // The JSON `null` is a value that is not null.
            Type::Json | Type::Jsonb => Self { kind: ShapeKind::Open, is_nullable: true },
            ty => Self { kind: ShapeKind::Scalar(ty), is_nullable },
        }
    }

    /// What covers both.
    pub(crate) fn or(self, other: Self) -> Self {
        let kind = match (self.kind, other.kind) {
            (a, b) if a == b => a,
            (ShapeKind::Empty, list @ (ShapeKind::List(_) | ShapeKind::Empty))
            | (list @ ShapeKind::List(_), ShapeKind::Empty) => list,
            (ShapeKind::List(a), ShapeKind::List(b)) => ShapeKind::List(Box::new(a.or(*b))),
            _ => ShapeKind::Open,
        };
        let is_nullable = self.is_nullable || other.is_nullable || kind == ShapeKind::Open;
        Self { kind, is_nullable }
    }
}
