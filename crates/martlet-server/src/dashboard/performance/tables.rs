//! The tables below the cards.

mod database;
mod schema;

use super::super::figures::Gathered;
use super::super::front::{calls_of, try_path, without_indent};
use super::super::html::Html;
use super::super::words::{count, share, size, time};
use super::{Part, put};
use crate::front::Shared;
use martlet_engine::{CacheOverview, PlanFigures, QueryCacheFigures};
use std::cmp::Reverse;

/// The slowest that are shown with their plans.
const SLOWEST_SHOWN: usize = 5;
/// Rows of a table of routes or of indexes.
const ROWS_MAX: usize = 200;

/// A section of the page: its part, its heading, and what is said under it.
const SECTIONS: &[(&str, &str, &str)] = &[
    (
        "s-plans",
        "Queries and actions",
        "Times are of the database: an answer from memory takes some microseconds and is not among them. Ended: kept \
         answers that a write ended; in vain: those that were the same when computed again.",
    ),
    ("s-slow", "The slowest", "By the 99th percentile, with the plan that the database follows now."),
    ("s-routes", "Routes", "From a request's head to its answer's head, answers from memory included."),
    ("s-cache", "Kept answers", ""),
    ("s-database", "Database and admission", ""),
    ("s-indexes", "Indexes", "Uses are runs of the statements whose plan has the index, since the server began."),
    ("s-tables", "Tables", ""),
];

pub(super) fn parts(shared: &Shared, gathered: &Gathered) -> Vec<Part> {
    let made = [
        plans(gathered),
        slowest(gathered),
        routes(gathered),
        kept(gathered),
        database::figures(shared, gathered),
        schema::indexes(gathered),
        schema::tables(gathered),
    ];
    SECTIONS.iter().zip(made).map(|((id, ..), html)| Part { id, html }).collect()
}

/// The sections, with their parts in their places.
pub(super) fn sections(main: &mut Html, parts: &[Part]) {
    for (id, title, about) in SECTIONS {
        main.raw("<section").attribute("aria-labelledby", format_args!("{id}-title")).raw(">\n<h2");
        main.attribute("id", format_args!("{id}-title")).raw(">").text(title).raw("</h2>\n");
        if !about.is_empty() {
            main.raw("<p class=\"note\">").text(about).raw("</p>\n");
        }
        main.raw("<div data-live").attribute("id", id).raw(">");
        put(main, parts, id);
        main.raw("</div>\n</section>\n");
    }
}

/// A table that may be wider than the page. `columns` are headings, with whether they are of numbers.
pub(super) fn begin_table(html: &mut Html, label: &'static str, columns: &[(&'static str, bool)]) {
    html.raw("<div class=\"scroll\" role=\"region\" tabindex=\"0\"")
        .attribute("aria-label", label)
        .raw("><table><thead><tr>");
    for (column, is_number) in columns {
        html.raw(if *is_number { "<th scope=\"col\" class=\"n\">" } else { "<th scope=\"col\">" });
        html.text(column).raw("</th>");
    }
    html.raw("</tr></thead><tbody>");
}

pub(super) fn end_table(html: &mut Html) {
    html.raw("</tbody></table></div>");
}

pub(super) fn number(html: &mut Html, text: impl std::fmt::Display) {
    html.raw("<td class=\"n\">").text(text).raw("</td>");
}

/// A count that is dim where it is nothing.
pub(super) fn number_or_dim(html: &mut Html, some: u64) {
    html.raw(if some == 0 { "<td class=\"n dim\">" } else { "<td class=\"n\">" }).text(count(some)).raw("</td>");
}

fn nothing(html: &mut Html, text: &'static str) {
    html.raw("<p class=\"dim\">").raw(text).raw("</p>");
}

fn named(html: &mut Html, plan: &PlanFigures) {
    html.raw("<th scope=\"row\"><a").attribute("href", try_path(&plan.name)).raw(">").text(&plan.name).raw("</a>");
    html.raw(if plan.is_action { " <small>action</small></th>" } else { "</th>" });
}

fn of_cache<'a>(gathered: &'a Gathered, plan: &PlanFigures) -> Option<&'a QueryCacheFigures> {
    let queries = &gathered.cache.as_ref()?.queries;
    queries.iter().find(|query| !plan.is_action && query.name == plan.name)
}

fn plans(gathered: &Gathered) -> Html {
    let mut html = Html::new();
    if gathered.figures.plans.is_empty() {
        nothing(&mut html, "Nothing has been called yet.");
        return html;
    }
    let columns = [
        ("Name", false),
        ("Calls", true),
        ("From memory", true),
        ("p50", true),
        ("p95", true),
        ("p99", true),
        ("Failed", true),
        ("Rows", true),
        ("Ended", true),
        ("In vain", true),
        ("Kept now", true),
        ("Plan", false),
    ];
    begin_table(&mut html, "Queries and actions", &columns);
    for plan in &gathered.figures.plans {
        let kept = of_cache(gathered, plan);
        let (hits, calls) = calls_of(plan, kept);
        html.raw("<tr>");
        named(&mut html, plan);
        number(&mut html, count(calls));
        match kept.and_then(|_| share(hits, calls)) {
            Some(share) => number(&mut html, share),
            None => drop(html.raw("<td class=\"n dim\">–</td>")),
        }
        for ns in plan.percentiles_ns {
            number(&mut html, time(ns.min(plan.max_ns)));
        }
        failed(&mut html, plan.errors);
        number_or_dim(&mut html, plan.rows);
        number_or_dim(&mut html, kept.map_or(0, |kept| kept.invalidated));
        number_or_dim(&mut html, kept.map_or(0, |kept| kept.useless));
        number_or_dim(&mut html, kept.map_or(0, |kept| kept.entries as u64));
        html.raw("<td>");
        verdict(&mut html, gathered, plan);
        html.raw("</td></tr>");
    }
    end_table(&mut html);
    html
}

fn failed(html: &mut Html, errors: u64) {
    match errors {
        0 => number_or_dim(html, 0),
        errors => drop(html.raw("<td class=\"n bad\">").text(count(errors)).raw("</td>")),
    }
}

fn verdict(html: &mut Html, gathered: &Gathered, plan: &PlanFigures) {
    let looked = gathered.look.as_ref().and_then(|look| look.plans.get(&plan.name));
    let unproven = looked.map(|looked| looked.statements.iter().flat_map(|statement| &statement.unproven).count());
    match unproven {
        None => html.raw("<span class=\"dim\">–</span>"),
        Some(0) => html.raw("<span class=\"good\">proven</span>"),
        Some(_) => html.raw("<span class=\"warn\">not proven</span>"),
    };
    for (what, number) in [("scans", plan.full_scans), ("sorts", plan.sorts), ("own indexes", plan.auto_indexes)] {
        if number > 0 {
            html.raw(" <small>").text(count(number)).raw(" ").raw(what).raw("</small>");
        }
    }
}

fn slowest(gathered: &Gathered) -> Html {
    let mut html = Html::new();
    let mut plans: Vec<&PlanFigures> = gathered.figures.plans.iter().collect();
    plans.sort_by_key(|plan| Reverse(plan.percentiles_ns[2].min(plan.max_ns)));
    if plans.is_empty() {
        nothing(&mut html, "Nothing has been called yet.");
    }
    for plan in plans.into_iter().take(SLOWEST_SHOWN) {
        html.raw("<article class=\"slow\"><h3><a").attribute("href", try_path(&plan.name)).raw(">").text(&plan.name);
        html.raw("</a></h3><p><span>p99 ").text(time(plan.percentiles_ns[2].min(plan.max_ns)));
        html.raw("</span> <span>at most ").text(time(plan.max_ns)).raw("</span> <span>").text(count(plan.rows_scanned));
        html.raw(" rows scanned</span> <span>waited ").text(time(plan.wait_ns)).raw(" in all</span></p>");
        let looked = gathered.look.as_ref().and_then(|look| look.plans.get(&plan.name));
        for statement in looked.iter().flat_map(|looked| &looked.statements) {
            html.raw("<pre tabindex=\"0\"").attribute("aria-label", format_args!("Plan of {}", plan.name)).raw(">");
            if let Some(title) = &statement.title {
                html.raw("<b>").text(title).raw("</b>\n");
            }
            let plan = statement.sections.iter().find(|section| section.title == "plan");
            html.text(plan.map(|plan| without_indent(&plan.body)).unwrap_or_default());
            html.raw("</pre>");
            for unproven in &statement.unproven {
                html.raw("<p class=\"warn\">").text(unproven).raw("</p>");
            }
        }
        html.raw("</article>");
    }
    html
}

fn routes(gathered: &Gathered) -> Html {
    let mut html = Html::new();
    // Who looks at this page asks for it all the time.
    let is_of_pages = |route: &str| ["/_/", "/_dev/"].iter().any(|pages| route.starts_with(pages));
    let mut routes: Vec<_> = gathered.routes.iter().filter(|route| !is_of_pages(&route.route)).collect();
    if routes.is_empty() {
        nothing(&mut html, "Nothing has been asked yet.");
        return html;
    }
    routes.sort_by_key(|route| Reverse(route.total_ns));
    let columns = [("Route", false), ("Status", true), ("Requests", true), ("p50", true), ("p95", true), ("p99", true)];
    begin_table(&mut html, "Routes", &columns);
    for route in routes.into_iter().take(ROWS_MAX) {
        html.raw("<tr><th scope=\"row\"><small>").text(route.method).raw("</small> ").text(&route.route).raw("</th>");
        html.raw(if route.status >= 500 { "<td class=\"n bad\">" } else { "<td class=\"n\">" });
        html.text(route.status).raw("</td>");
        number(&mut html, count(route.calls));
        for ns in route.percentiles_ns {
            number(&mut html, time(ns));
        }
        html.raw("</tr>");
    }
    end_table(&mut html);
    html
}

fn kept(gathered: &Gathered) -> Html {
    let mut html = Html::new();
    let Some(CacheOverview { settings, figures, queries, named, .. }) = &gathered.cache else {
        nothing(&mut html, "Answers are not kept: <code>cache.mode</code> is off.");
        return html;
    };
    html.raw("<dl class=\"facts\">");
    let mut fact = |name: &'static str, value: String| {
        html.raw("<div><dt>").raw(name).raw("</dt><dd>").text(value).raw("</dd></div>");
    };
    fact("Answers", format!("{} of {}", count(figures.entries as u64), count(settings.entries_max as u64)));
    fact("Size", format!("{} of {}", size(figures.bytes), size(settings.bytes_max)));
    fact("Ended by writes", count(figures.invalidated));
    fact("Of them in vain", share(figures.useless, figures.invalidated).unwrap_or_else(|| "–".to_owned()));
    fact("Had to make room", count(figures.evicted));
    fact("All dropped", format!("{} times", count(figures.cleared)));
    fact("Compared with the database", count(gathered.checks.checked));
    fact("Of them different", count(gathered.checks.violations));
    html.raw("</dl>");
    if gathered.checks.violations > 0 {
        html.raw("<p class=\"bad\">A kept answer was another than the database's: see the log, and report it.</p>");
    }
    let columns = [
        ("Query", false),
        ("Kept", true),
        ("Size", true),
        ("Mean age", true),
        ("From memory", true),
        ("Computed", true),
        ("Waited for another", true),
        ("Ended", true),
        ("In vain", true),
        ("Made room", true),
        ("Not kept", false),
    ];
    let called = |query: &&QueryCacheFigures| query.hits + query.misses + query.bypassed > 0;
    let mut called: Vec<&QueryCacheFigures> = queries.iter().filter(called).collect();
    called.sort_by_key(|query| Reverse(query.bytes));
    if !called.is_empty() {
        begin_table(&mut html, "Kept answers by query", &columns);
        for query in called {
            of_query(&mut html, query);
        }
        end_table(&mut html);
    }
    if !named.is_empty() {
        html.raw("<dl class=\"facts\">");
        for cache in named {
            html.raw("<div><dt>Named ").text(&cache.name).raw("</dt><dd>");
            match cache.lives_for {
                Some(lives_for) => html.text(time(u64::try_from(lives_for.as_nanos()).unwrap_or(u64::MAX))),
                None => html.raw("no time set"),
            };
            html.raw("</dd></div>");
        }
        html.raw("</dl>");
    }
    html
}

fn of_query(html: &mut Html, query: &QueryCacheFigures) {
    html.raw("<tr><th scope=\"row\"><a").attribute("href", try_path(&query.name)).raw(">").text(&query.name);
    html.raw("</a></th>");
    number_or_dim(html, query.entries as u64);
    number(html, size(query.bytes));
    // To the second: an age that ticks would have the whole table sent anew.
    number(html, time(query.age_mean.as_secs().saturating_mul(1_000_000_000)));
    for some in [
        query.hits,
        query.misses.saturating_sub(query.coalesced),
        query.coalesced,
        query.invalidated,
        query.useless,
        query.evicted,
    ] {
        number_or_dim(html, some);
    }
    html.raw("<td>");
    match &query.unkept {
        Some(reason) => drop(html.raw("never: ").text(reason)),
        None => {
            for (reason, times) in query.unkept_for.iter().filter(|(_, times)| *times > 0) {
                html.raw("<small>").text(count(*times)).raw(" ").text(reason.replace('_', " ")).raw("</small> ");
            }
        }
    }
    html.raw("</td></tr>");
}
