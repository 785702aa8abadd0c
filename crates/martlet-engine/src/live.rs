//! Live queries: followers are given the answer now, and again whenever it differs.
//!
//! In reading order: what is followed, what followers are given, the follower, figures.

mod figures;
mod follower;
mod frame;
mod what;

pub use figures::{DELIVERY_BOUNDS, LiveFigures};
pub use follower::Follower;
pub use frame::{Frame, FrameTag, ParseFrameTagError};
pub use what::{Follow, FollowPart, OwnedArguments, Seen};

use figures::Counters;
use std::sync::atomic::AtomicUsize;

/// All who follow answers of one engine.
#[derive(Debug, Default)]
pub(crate) struct Hub {
    counters: Counters,
    followers: AtomicUsize,
}
