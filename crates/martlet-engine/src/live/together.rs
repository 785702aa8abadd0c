//! Frames of several answers: those that hold together, so that none shows a commit that another one lacks.
//!
//! Answers hold together where no commit that has begun may have touched any of them, which the cache tells for all
//! of them at one moment; or where those that one may have touched were read in one snapshot, and the others hold and
//! were read no later. Where commits come so fast that neither is ever so, a frame says that it is partial.

use super::follower::Shown;
use super::frame::{Frame, FrameTag};
use super::group::Latest;
use super::rules::Rule;
use crate::Engine;
use martlet_core::{Error, Position};
use std::sync::Arc;
use std::time::Duration;

/// How long a frame waits for its answers to hold together.
pub(super) const PARTIAL_AFTER: Duration = Duration::from_millis(50);

/// Where answers hold together; none: they may not.
pub(super) fn hold(engine: &Engine, shown: &[Shown<'_>]) -> Option<Position> {
    let cache = engine.answer_cache()?;
    // Read before the cache is asked: what holds then has held since it was read, and so at this position.
    let position = engine.position();
    let answered = || {
        shown.iter().filter_map(|shown| match shown {
            // An error is of no moment.
            Shown::Latest { latest, group, .. } if latest.answer().is_ok() => Some((latest, &group.watcher)),
            Shown::Latest { .. } | Shown::Refused(_) => None,
        })
    };
    let since = cache.hold(answered().map(|(latest, watcher)| (watcher, latest.position.number)));
    let parts: Vec<_> = answered().map(|(latest, _)| latest).zip(since).collect();
    let touched = || parts.iter().filter(|(_, since)| since.is_none()).map(|(latest, _)| latest);
    let Some(first) = touched().next() else { return Some(position) };
    let of_one_snapshot = touched().all(|latest| latest.snapshot == first.snapshot);
    let no_later = parts.iter().all(|(latest, _)| latest.position.number <= first.position.number);
    ((of_one_snapshot && no_later) || !Rule::HoldsTogether.holds()).then_some(first.position)
}

/// A frame of all of them, which hold together at a position, or may not.
pub(super) fn frame(
    engine: &Engine,
    shown: &[Shown<'_>],
    tag: FrameTag,
    hold: Option<Position>,
    last: Option<Position>,
) -> Frame {
    let answers: Box<[_]> = shown.iter().map(|shown| shown.give(engine)).collect();
    let latest = || {
        shown.iter().filter_map(|shown| match shown {
            Shown::Latest { latest, .. } => Some(latest),
            Shown::Refused(_) => None,
        })
    };
    let oldest = latest().map(|latest| latest.position).min_by_key(|position| position.number).unwrap_or_default();
    let position = hold.unwrap_or(oldest);
    // Another run of the store counts from the beginning.
    let last = last.filter(|last| last.epoch == position.epoch && last.number > position.number);
    let changed_at = latest().filter_map(|latest| latest.frame.changed_at).max();
    Frame::new(last.unwrap_or(position), answers, tag, hold.is_none(), changed_at)
}

/// What stands for an answer that cannot be followed.
pub(super) fn ended(error: Error) -> Latest {
    let result = Err(error);
    let tag = FrameTag::of(&result);
    let frame = Frame::new(Position::default(), [result].into(), tag, false, None);
    Latest { frame: Arc::new(frame), position: Position::default(), snapshot: 0 }
}
