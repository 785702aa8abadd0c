//! What waits for the database and for its turn.

use super::super::super::figures::Gathered;
use super::super::super::html::Html;
use super::super::super::words::{count, size, time};
use crate::front::Shared;
use martlet_engine::PoolFigures;

pub(super) fn figures(shared: &Shared, gathered: &Gathered) -> Html {
    let mut html = Html::new();
    let [writer, readers] = &gathered.figures.pools;
    html.raw("<div class=\"groups\">");
    group(&mut html, "Writer", &pool(writer));
    group(&mut html, "Readers", &pool(readers));
    let figures = &gathered.figures;
    let log = figures.wal_bytes.map_or("–".to_owned(), size);
    let checkpoints = figures.checkpoints.count();
    let mean_ns = figures.checkpoints.sum.checked_div(checkpoints).unwrap_or(0);
    let file = [
        ("Log of writes", log),
        ("Copied into the file", format!("{} times, {} each", count(checkpoints), time(mean_ns))),
        ("Slow statements", count(figures.slow)),
        ("Busy", count(figures.busy)),
        ("SQLite", figures.sqlite_version.to_owned()),
    ];
    group(&mut html, "File", &file);
    let admission = &gathered.admission;
    let mut rows = vec![
        ("May wait", admission.limit.map_or("all".to_owned(), |limit| count(limit as u64))),
        ("Wait now", count(admission.waiting as u64)),
        ("Being answered", count(admission.active)),
    ];
    let words = |reason: &str| match reason {
        "limit" => "Refused: too many waited",
        "queue_age" => "Refused: waited too long",
        _ => "Gone while waiting",
    };
    rows.extend(admission.shed.iter().map(|(reason, number)| (words(reason), count(*number))));
    rows.push(("Threads", count(shared.workers as u64)));
    group(&mut html, "Admission", &rows);
    html.raw("</div>");
    html
}

fn pool(pool: &PoolFigures) -> Vec<(&'static str, String)> {
    let waits = pool.wait.count();
    vec![
        ("Connections", count(pool.max as u64)),
        ("Wait now", count(pool.pending as u64)),
        ("Have waited", count(waits)),
        ("Mean wait", time(pool.wait.sum.checked_div(waits).unwrap_or(0))),
        ("Refused or too late", count(pool.timeouts)),
    ]
}

fn group(html: &mut Html, title: &'static str, rows: &[(&'static str, String)]) {
    html.raw("<div class=\"group\"><h3>").raw(title).raw("</h3><dl>");
    for (name, value) in rows {
        html.raw("<div><dt>").raw(name).raw("</dt><dd>").text(value).raw("</dd></div>");
    }
    html.raw("</dl></div>");
}
