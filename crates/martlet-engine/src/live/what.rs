//! What is followed, for whom.

use super::FrameTag;
use crate::Arguments;
use martlet_core::{Caller, Position};
use martlet_store::Demand;

/// What is followed: the answer of one query, or those of several together.
#[derive(Debug, Clone)]
pub struct Follow {
    /// For whom.
    pub caller: Caller,
    /// The queries: one, or those of a batch.
    pub parts: Vec<FollowPart>,
    /// What the caller has already.
    pub seen: Option<Seen>,
}

/// One query whose answer is followed.
#[derive(Debug, Clone)]
pub struct FollowPart {
    /// The declared name.
    pub name: String,
    /// As they came.
    pub arguments: OwnedArguments,
    /// What is demanded of each answer.
    pub demand: Demand,
}

/// The last frame that a caller got before it came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// Its position. Only told: whether the caller has the answer of now, the tag alone decides.
    pub position: Position,
    /// Its tag.
    pub tag: FrameTag,
}

/// [`Arguments`] that are kept: each time the app is reloaded they are read again.
#[derive(Debug, Clone)]
pub enum OwnedArguments {
    /// See [`Arguments::Url`].
    Url(Vec<(String, String)>),
    /// See [`Arguments::Json`].
    Json(Box<[u8]>),
    /// See [`Arguments::Routed`].
    Routed {
        /// Parameters and their parts of the path.
        path: Vec<(String, String)>,
        /// As [`Arguments::Json`].
        json: Box<[u8]>,
    },
}

impl OwnedArguments {
    /// For one reading.
    pub fn get(&self) -> Arguments<'_> {
        match self {
            Self::Url(pairs) => Arguments::Url(pairs),
            Self::Json(json) => Arguments::Json(json),
            Self::Routed { path, json } => Arguments::Routed { path, json },
        }
    }
}
