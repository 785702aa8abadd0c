//! Live queries: followers are given the answer now, and again whenever it differs.
//!
//! All who follow the same answer (the same query, arguments and parts of the caller that it uses) are one group. A
//! commit marks the groups that it touches, and no more; one task, the driver, runs each of them again for all of its
//! followers, and wakes those who wait where the bytes are others. Nothing is queued for anybody: who is slow finds the
//! latest state when it looks. It knows no SQL and no HTTP: it reads by the way of every read.
//!
//! In reading order: what is followed, what followers are given, an answer that is followed, all of them, one who
//! follows, several answers at one moment; the driver, what it runs next and how often; figures.

mod driver;
mod figures;
mod follower;
mod frame;
mod group;
mod hub;
mod pace;
mod ready;
mod rules;
mod together;
mod what;

pub use figures::{DELIVERY_BOUNDS, LiveFigures};
pub use follower::Follower;
pub use frame::{Frame, FrameTag, ParseFrameTagError};
pub(crate) use hub::Hub;
pub use what::{Follow, FollowPart, OwnedArguments, Seen};

use crate::Engine;

impl Engine {
    /// What following has done.
    pub fn live_figures(&self) -> LiveFigures {
        self.live().figures()
    }
}
