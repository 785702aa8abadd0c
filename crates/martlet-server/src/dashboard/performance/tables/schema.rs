//! Tables, their rows, indexes and their use.

use super::super::super::figures::Gathered;
use super::super::super::html::Html;
use super::super::super::words::count;
use super::{ROWS_MAX, begin_table, end_table, nothing, number, number_or_dim};
use martlet_engine::RowCount;
use std::collections::BTreeSet;

pub(super) fn indexes(gathered: &Gathered) -> Html {
    let mut html = Html::new();
    let Some(look) = gathered.look.as_deref().filter(|look| !look.indexes.is_empty()) else {
        nothing(&mut html, "None are known.");
        return html;
    };
    begin_table(
        &mut html,
        "Indexes",
        &[("Index", false), ("Table", false), ("Columns", false), ("Used by", false), ("Uses", true)],
    );
    for index in look.indexes.iter().take(ROWS_MAX) {
        html.raw("<tr><th scope=\"row\">").text(&index.name);
        html.raw(if index.is_unique { " <small>unique</small></th><td>" } else { "</th><td>" }).text(&index.table);
        html.raw("</td><td><code>").text(&index.columns).raw("</code></td><td>");
        let names: BTreeSet<&str> = index.used_by.iter().map(|(name, _)| name.as_str()).collect();
        match (names.is_empty(), &index.keep) {
            (false, _) => html.text(names.into_iter().collect::<Vec<_>>().join(", ")),
            (true, Some(reason)) => html.raw("<span class=\"dim\">kept: ").text(reason).raw("</span>"),
            // A key holds even where nobody searches by it.
            (true, None) if index.is_unique => html.raw("<span class=\"dim\">none: it keeps values apart</span>"),
            (true, None) => html.raw("<span class=\"warn\">no query or action</span>"),
        };
        html.raw("</td>");
        number_or_dim(&mut html, gathered.uses(&index.used_by));
        html.raw("</tr>");
    }
    end_table(&mut html);
    html
}

pub(super) fn tables(gathered: &Gathered) -> Html {
    let mut html = Html::new();
    let Some(look) = gathered.look.as_deref().filter(|look| !look.tables.is_empty()) else {
        nothing(&mut html, "None are known.");
        return html;
    };
    begin_table(&mut html, "Tables", &[("Table", false), ("Rows", true), ("Columns", true), ("Indexes", true)]);
    for table in look.tables.iter().take(ROWS_MAX) {
        html.raw("<tr><th scope=\"row\">").text(&table.name);
        html.raw(if table.is_small { " <small>small</small></th>" } else { "</th>" });
        number(
            &mut html,
            match table.rows {
                RowCount::Exactly(rows) => count(rows),
                RowCount::More(_, Some(highest)) => format!("up to {}", count(highest)),
                RowCount::More(rows, None) => format!("over {}", count(rows)),
            },
        );
        number(&mut html, table.columns);
        let indexes = look.indexes.iter().filter(|index| index.table == table.name).count();
        number(&mut html, indexes);
        html.raw("</tr>");
    }
    end_table(&mut html);
    html
}
