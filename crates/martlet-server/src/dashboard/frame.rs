//! What every page has around it, and the page of who has not said who they are.

use super::html::Html;
use super::words::span;
use crate::front::{Door, Shared};

pub(super) const FRONT: &str = "/_/";
pub(super) const PERFORMANCE: &str = "/_/performance";

/// A page: its title, which part of the navigation is current, and what stands in it.
pub(super) struct Page {
    pub(super) title: String,
    /// The path of the navigation's entry.
    pub(super) current: &'static str,
    pub(super) main: Html,
}

/// Everything before what tells pages apart. Nothing of it is the app's.
const HEAD: &str = "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"robots\" content=\"noindex\">\n\
<link rel=\"icon\" href=\"/_/icon.svg\" type=\"image/svg+xml\">\n<link rel=\"stylesheet\" href=\"/_/page.css\">\n\
<script src=\"/_/page.js\" defer></script>\n<title>";

/// What is sent to whoever opens a page and has no key: the same bytes whatever the path, and nothing of the app's.
///
/// A browser sends no key when it opens a page. The script takes it from where the form put it and asks again, with
/// the key in a header.
pub(super) fn sign_in() -> String {
    let mut html = Html::new();
    html.raw(HEAD).raw(
        "Martlet</title>\n</head>\n<body data-page=\"sign-in\">\n<main id=\"main\" class=\"sign-in\">\n\
<h1><img src=\"/_/icon.svg\" alt=\"\" width=\"28\" height=\"28\"> Martlet</h1>\n\
<form id=\"sign-in\" method=\"post\" hidden>\n\
<label for=\"key\">Service key</label>\n\
<input id=\"key\" name=\"key\" type=\"password\" autocomplete=\"off\" spellcheck=\"false\" required \
aria-describedby=\"key-help key-error\">\n\
<p id=\"key-help\">Print one with <code>martlet keys DIR</code>. \
It stays in this tab and is forgotten when the tab is closed.</p>\n\
<p id=\"key-error\" class=\"bad\" role=\"alert\"></p>\n\
<button>Open</button>\n</form>\n\
<noscript><p>This page needs JavaScript, to send the key in a header.</p></noscript>\n</main>\n</body>\n</html>\n",
    );
    html.finish()
}

/// A whole page.
pub(super) fn whole(shared: &Shared, door: Door, page: &Page) -> String {
    let mut html = Html::new();
    html.raw(HEAD).text(&page.title).raw(" · Martlet</title>\n</head>\n<body>\n");
    html.raw("<a class=\"skip\" href=\"#main\">Skip to the content</a>\n<header class=\"top\">\n");
    html.raw(
        "<a class=\"brand\" href=\"/_/\"><img src=\"/_/icon.svg\" alt=\"\" width=\"20\" height=\"20\">Martlet</a>\n",
    );
    html.raw("<nav aria-label=\"Pages\">");
    for (path, name) in [(FRONT, "Queries"), (PERFORMANCE, "Performance")] {
        html.raw("<a").attribute("href", path);
        if path == page.current {
            html.raw(" aria-current=\"page\"");
        }
        html.raw(">").text(name).raw("</a>");
    }
    html.raw("</nav>\n<p class=\"about\"><span class=\"tag\">");
    html.raw(match door {
        Door::Local => "dev",
        Door::Public => "service key",
        Door::Admin => "operator",
    });
    html.raw("</span> <span>").text(env!("CARGO_PKG_VERSION")).raw("</span> <span>up ");
    html.text(span(shared.started.elapsed().as_secs())).raw("</span>");
    if door == Door::Public {
        html.raw(" <button id=\"sign-out\" class=\"plain\">Sign out</button>");
    }
    html.raw("</p>\n</header>\n<main id=\"main\" tabindex=\"-1\">\n")
        .part(&page.main)
        .raw("</main>\n</body>\n</html>\n");
    html.finish()
}
