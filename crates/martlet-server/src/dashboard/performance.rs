//! The performance page. It is made of parts with names: the stream sends those anew that have changed.

mod charts;
mod tables;

use super::figures::Gathered;
use super::frame::{PERFORMANCE, Page};
use super::html::Html;
use crate::front::Shared;

/// A part of the page that is sent anew when it has changed.
pub(super) struct Part {
    /// The id of its element.
    pub(super) id: &'static str,
    pub(super) html: Html,
}

/// All parts, in the order of the page.
pub(super) fn parts(shared: &Shared, gathered: &Gathered) -> Vec<Part> {
    let mut parts = charts::parts(gathered);
    parts.extend(tables::parts(shared, gathered));
    parts
}

/// `/_/performance`
pub(super) fn page(shared: &Shared, gathered: &Gathered) -> Page {
    let parts = parts(shared, gathered);
    let mut main = Html::new();
    main.raw("<div class=\"title\">\n<h1>Performance</h1>\n<p class=\"live\"><span id=\"live\" role=\"status\">Not live</span> ");
    main.raw("<button id=\"pause\" class=\"plain\" hidden>Pause</button></p>\n</div>\n");
    main.raw("<section aria-labelledby=\"hour\">\n<h2 id=\"hour\">The last hour</h2>\n<div class=\"cards\">\n");
    charts::cards(&mut main, &parts);
    main.raw("</div>\n</section>\n");
    tables::sections(&mut main, &parts);
    Page { title: "Performance".to_owned(), current: PERFORMANCE, main }
}

/// Puts a part into its element.
fn put(main: &mut Html, parts: &[Part], id: &str) {
    if let Some(part) = parts.iter().find(|part| part.id == id) {
        main.part(&part.html);
    }
}
