//! What event streams have done.

use super::super::family as f;
use super::super::page::{NANOS, Page, Shown};
use crate::front::Shared;
use crate::streams::Closed;
use std::iter::once;

pub(super) fn streams(page: &mut Page, shared: &Shared) {
    let one = |count: u64| once((Vec::new(), Shown::Count(count)));
    let figures = shared.engine.live_figures();
    page.family(&f::LIVE_STREAMS, one(shared.streams.open() as u64));
    page.family(&f::LIVE_GROUPS, one(figures.groups as u64));
    page.family(&f::LIVE_FRAMES, one(shared.streams.frames()));
    let results =
        [("changed", figures.reruns_changed), ("same", figures.reruns_same), ("failed", figures.reruns_failed)];
    let runs = results.map(|(result, count)| (vec![("result", result.into())], Shown::Count(count)));
    page.family(&f::LIVE_RERUNS, runs);
    let delivery = Shown::Histogram(shared.streams.delivery().counts(), NANOS);
    page.family(&f::LIVE_DELIVERY, once((vec![("kind", "answer".into())], delivery)));
    let dropped =
        Closed::ALL.map(|why| (vec![("reason", why.name().into())], Shown::Count(shared.streams.closed(why))));
    page.family(&f::LIVE_DROPPED, dropped);
}
