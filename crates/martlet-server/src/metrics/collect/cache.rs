//! What the cache of answers has done. Labels are from closed sets: the app's queries, and words of ours.

use super::super::family as f;
use super::super::page::{Label, Page, Shown};
use martlet_engine::{CacheOverview, Cause, QueryCacheFigures, Renewed};
use std::iter::once;

/// What is kept there.
const ANSWERS: &str = "answers";
/// Where: this process. Another store that processes share would be another level.
const MEMORY: &str = "memory";
/// The reason of an answer that a commit had overtaken.
const OVERTAKEN: &str = "overtaken";

pub(super) fn answers(page: &mut Page, overview: &CacheOverview) {
    let CacheOverview { settings, figures, queries, renewals, .. } = overview;
    let with = |labels: &[Label<'static>], count: u64| {
        let all = [("cache", ANSWERS.into()), ("level", MEMORY.into())].into_iter().chain(labels.iter().cloned());
        (all.collect::<Vec<_>>(), Shown::Count(count))
    };
    let one = |count: u64| once(with(&[], count));
    page.family(&f::CACHE_REQUESTS, queries.iter().flat_map(requests));
    page.family(&f::CACHE_ENTRIES, one(figures.entries as u64));
    page.family(&f::CACHE_SIZE, one(figures.bytes));
    page.family(&f::CACHE_LIMIT, one(settings.bytes_max));
    let reasons = [("invalidated", figures.invalidated), ("size", figures.evicted)];
    page.family(&f::CACHE_EVICTIONS, reasons.map(|(reason, count)| with(&[("reason", reason.into())], count)));
    let sources = [("sql", figures.invalidated), ("all", figures.cleared)];
    page.family(&f::CACHE_INVALIDATIONS, sources.map(|(source, count)| with(&[("source", source.into())], count)));
    page.family(&f::CACHE_USELESS, one(figures.useless));
    let unkept = |index: usize| queries.iter().map(|query| query.unkept_for[index].1).sum::<u64>();
    let names = queries.first().map(|query| query.unkept_for.map(|(name, _)| name)).unwrap_or_default();
    let reasons = names.iter().enumerate().filter(|(_, name)| !name.is_empty());
    page.family(&f::CACHE_UNKEPT, reasons.map(|(index, name)| with(&[("reason", (*name).into())], unkept(index))));
    let overtaken = names.iter().position(|name| *name == OVERTAKEN);
    page.family(&f::CACHE_LATE, one(overtaken.map_or(0, unkept)));
    let renewed = Cause::ALL.iter().flat_map(|cause| Renewed::ALL.iter().map(move |renewed| (*cause, *renewed)));
    let renewed = renewed.map(|(cause, renewed)| {
        let labels = [("cause", cause.name().into()), ("result", renewed.name().into())];
        with(&labels, renewals.count(cause, renewed))
    });
    page.family(&f::CACHE_RENEWALS, renewed);
    page.family(&f::CACHE_RENEWALS_WAITING, one(renewals.waiting as u64));
}

/// Where the answers of one query came from; nothing of a query that nobody has called.
fn requests(query: &QueryCacheFigures) -> Vec<(Vec<Label<'_>>, Shown)> {
    let results = [
        ("hit", query.hits),
        ("miss", query.misses.saturating_sub(query.coalesced)),
        ("coalesced", query.coalesced),
        ("bypass", query.bypassed),
        ("stale", query.stale),
    ];
    let is_called = results.iter().any(|(_, count)| *count > 0);
    let series = |(result, count): (&'static str, u64)| {
        let name = query.name.as_str();
        let labels = [("cache", ANSWERS), ("level", MEMORY), ("martlet_name", name), ("result", result)];
        (labels.map(|(label, text)| (label, text.into())).to_vec(), Shown::Count(count))
    };
    results.into_iter().filter(|_| is_called).map(series).collect()
}
