//! The front door: every query and action of the app, and a page for each with a form to try it.

use super::form;
use super::frame::{FRONT, Page};
use super::html::Html;
use super::words::{count, share, time};
use crate::front::{Door, Shared};
use martlet_engine::{Allow, Declaration, LimitPer, Look, PlanFigures, PlanLook, QueryCacheFigures, Section, paging};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// The sections of a statement that are shown at once; the others are behind a click.
const SHOWN: [&str; 2] = ["plan", "proof"];

/// What stands for itself in a path.
const IN_PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'_').remove(b'-');

/// Where a query or action is tried.
pub(super) fn try_path(name: &str) -> String {
    format!("/_/try/{}", utf8_percent_encode(name, IN_PATH))
}

/// `/_/`
pub(super) fn list(shared: &Shared, look: Option<&Look>) -> Page {
    let app = shared.engine.app();
    let figures = shared.engine.store().figures();
    let kept = shared.engine.cache_figures();
    let mut main = Html::new();
    main.raw("<h1>Queries and actions</h1>\n");
    if app.queries.is_empty() && app.actions.is_empty() {
        main.raw("<p>The app has none yet. A file in <code>queries/</code> or <code>actions/</code> makes one.</p>\n");
        return Page { title: "Queries".to_owned(), current: FRONT, main };
    }
    let queries = app.queries.values().map(|query| (&query.declaration, false));
    let actions = app.actions.values().map(|action| (&action.declaration, true));
    for (title, id, all) in
        [("Queries", "queries", queries.collect::<Vec<_>>()), ("Actions", "actions", actions.collect::<Vec<_>>())]
    {
        if all.is_empty() {
            continue;
        }
        main.raw("<section").attribute("aria-labelledby", id).raw(">\n<h2").attribute("id", id).raw(">").text(title);
        main.raw(" <span class=\"count\">").text(all.len()).raw("</span></h2>\n<ul class=\"list\">\n");
        for (declaration, is_action) in all {
            let plan = figures.plans.iter().find(|plan| plan.name == declaration.name);
            let kept = kept.iter().find(|query| !is_action && query.name == declaration.name);
            let looked = look.and_then(|look| look.plans.get(&declaration.name));
            entry(&mut main, declaration, plan, kept, looked);
        }
        main.raw("</ul>\n</section>\n");
    }
    Page { title: "Queries".to_owned(), current: FRONT, main }
}

fn entry(
    main: &mut Html,
    declaration: &Declaration,
    plan: Option<&PlanFigures>,
    kept: Option<&QueryCacheFigures>,
    looked: Option<&PlanLook>,
) {
    main.raw("<li>\n<div class=\"what\"><a class=\"name\"").attribute("href", try_path(&declaration.name)).raw(">");
    main.text(&declaration.name).raw("</a> <span class=\"params\">");
    for (index, param) in declaration.params.iter().enumerate() {
        main.raw(if index > 0 { ", " } else { "" }).text(&param.name).raw(if param.is_optional { "?" } else { "" });
    }
    main.raw("</span>\n<p>").text(first_sentence(&declaration.description)).raw("</p></div>\n<p class=\"facts\">");
    main.raw("<span>").text(who(declaration)).raw("</span>");
    let (hits, calls) = plan.map_or((0, 0), |plan| calls_of(plan, kept));
    match calls {
        0 => main.raw(" <span>not called yet</span>"),
        calls => main.raw(" <span>").text(count(calls)).raw(if calls == 1 { " call</span>" } else { " calls</span>" }),
    };
    if let Some(share) = share(hits, calls).filter(|_| kept.is_some()) {
        main.raw(" <span>").text(share).raw(" from memory</span>");
    }
    if let Some(plan) = plan.filter(|plan| plan.calls > 0) {
        main.raw(" <span>p95 ").text(time(plan.percentiles_ns[1].min(plan.max_ns))).raw("</span>");
    }
    if looked.is_some_and(|looked| looked.statements.iter().any(|statement| !statement.unproven.is_empty())) {
        main.raw(" <span class=\"warn\">plan not proven</span>");
    }
    main.raw("</p>\n</li>\n");
}

/// Answers from memory, and all calls. Some calls come to the database twice: what is compared, and what was stopped.
pub(super) fn calls_of(plan: &PlanFigures, kept: Option<&QueryCacheFigures>) -> (u64, u64) {
    kept.map_or((0, plan.calls), |kept| (kept.hits, kept.hits + kept.misses + kept.bypassed))
}

/// `/_/try/NAME`; none where there is no such query or action.
pub(super) fn one(shared: &Shared, door: Door, name: &str, look: Option<&Look>) -> Option<Page> {
    let app = shared.engine.app();
    let (declaration, is_action, page) = match (app.queries.get(name), app.actions.get(name)) {
        (Some(query), _) => (&query.declaration, false, query.page.as_ref().and(query.declaration.page.as_ref())),
        (None, Some(action)) => (&action.declaration, true, None),
        (None, None) => return None,
    };
    let params: Vec<_> = declaration.params.iter().cloned().chain(page.map(paging).into_iter().flatten()).collect();
    let mut main = Html::new();
    main.raw("<p class=\"crumb\"><a href=\"/_/\">Queries and actions</a></p>\n<h1>").text(name);
    main.raw(if is_action {
        " <span class=\"tag\">action</span></h1>\n"
    } else {
        " <span class=\"tag\">query</span></h1>\n"
    });
    for paragraph in declaration.description.split("\n\n").filter(|text| !text.trim().is_empty()) {
        main.raw("<p class=\"lead\">").text(paragraph).raw("</p>\n");
    }
    facts(&mut main, declaration, look.and_then(|look| look.plans.get(name)));
    main.raw("<div class=\"bench\">\n<section aria-labelledby=\"try\">\n<h2 id=\"try\">Try it</h2>\n");
    if door == Door::Admin {
        main.raw("<p>This listener takes no calls. Open the page on the server's own address to try it.</p>\n");
    } else {
        main.raw("<form id=\"call\" method=\"post\" novalidate").attribute("data-name", name);
        main.raw(if is_action { " data-action" } else { "" });
        main.raw(if declaration.is_idempotent { " data-idempotent>\n" } else { ">\n" });
        for param in &params {
            form::field(&mut main, param, &params);
        }
        caller(&mut main, declaration, door);
        main.raw(if is_action {
            "<p class=\"go\"><button class=\"danger\">Run the action…</button></p>\n"
        } else {
            "<p class=\"go\"><button>Run the query</button></p>\n"
        });
        main.raw("</form>\n");
    }
    main.raw("</section>\n<section aria-labelledby=\"answer\">\n<h2 id=\"answer\">Answer</h2>\n");
    main.raw("<p id=\"state\" role=\"status\" class=\"dim\">Nothing has been asked yet.</p>\n<dl id=\"told\" class=\"told\"></dl>\n");
    main.raw("<pre id=\"body\" class=\"json\" tabindex=\"0\" aria-label=\"The answer's text\" hidden></pre>\n</section>\n</div>\n");
    match look.and_then(|look| look.plans.get(name)) {
        Some(looked) => plans(&mut main, looked),
        None => drop(main.raw("<p>The database could not be asked for its plan: see the log.</p>\n")),
    }
    if is_action {
        main.raw("<dialog id=\"confirm\" aria-labelledby=\"confirm-title\">\n<h2 id=\"confirm-title\">Run ").text(name);
        main.raw("?</h2>\n<p>It writes to the database of this server. What it does cannot be undone from here.</p>\n");
        main.raw("<p class=\"go\"><button id=\"confirm-yes\" class=\"danger\">Run it</button> ");
        main.raw("<button id=\"confirm-no\" class=\"plain\" autofocus>Do not</button></p>\n</dialog>\n");
    }
    Some(Page { title: name.to_owned(), current: "", main })
}

/// Who may call it and how, at a glance.
fn facts(main: &mut Html, declaration: &Declaration, looked: Option<&PlanLook>) {
    main.raw("<dl class=\"facts\">\n<div><dt>May be called by</dt><dd>").text(who(declaration)).raw("</dd></div>\n");
    if let Some(looked) = looked {
        main.raw("<div><dt>File</dt><dd><code>").text(&looked.file).raw("</code></dd></div>\n");
    }
    for route in &declaration.routes {
        main.raw("<div><dt>Route</dt><dd><code>")
            .text(&route.method)
            .raw(" ")
            .text(&route.path)
            .raw("</code></dd></div>\n");
    }
    for limit in &declaration.limits {
        let per = match &limit.per {
            LimitPer::All => "all callers together".to_owned(),
            LimitPer::User => "a user".to_owned(),
            LimitPer::Address => "an address".to_owned(),
            LimitPer::Parameter(index) => {
                format!("a value of {}", declaration.params.get(*index).map_or("?", |param| param.name.as_str()))
            }
        };
        main.raw("<div><dt>Limit</dt><dd>").text(count(limit.calls)).raw(" in ");
        main.text(time(limit.window_ms.saturating_mul(1_000_000))).raw(", ").text(per).raw("</dd></div>\n");
    }
    main.raw("</dl>\n");
}

/// As whom it is called.
fn caller(main: &mut Html, declaration: &Declaration, door: Door) {
    let preferred = match () {
        () if declaration.allow.contains(&Allow::Anyone) => "nobody",
        () if door == Door::Local && declaration.allow.contains(&Allow::User) => "user",
        () => "service",
    };
    main.raw("<fieldset class=\"as\">\n<legend>As</legend>\n<label for=\"as\" class=\"unseen\">Who calls</label>\n<select id=\"as\">");
    let mut option = |value: &'static str, text: &'static str| {
        main.raw("<option").attribute("value", value).raw(if value == preferred { " selected>" } else { ">" });
        main.text(text).raw("</option>");
    };
    option("nobody", "nobody: without a token");
    option("service", "the service");
    if door == Door::Local {
        option("user", "a user, by id");
    }
    option("token", "the owner of a token");
    main.raw("</select>\n");
    main.raw("<div class=\"field\" id=\"as-user\" hidden><label for=\"user-id\">User id <span class=\"type\">uuid</span></label>");
    main.raw("<input id=\"user-id\" autocomplete=\"off\" spellcheck=\"false\" value=\"00000000-0000-4000-8000-000000000001\"></div>\n");
    main.raw("<div class=\"field\" id=\"as-token\" hidden><label for=\"token\">Token</label>");
    main.raw("<input id=\"token\" type=\"password\" autocomplete=\"off\"></div>\n</fieldset>\n");
}

/// What the answer rests on, and the plan of each statement.
fn plans(main: &mut Html, looked: &PlanLook) {
    main.raw("<section aria-labelledby=\"inside\">\n<h2 id=\"inside\">How it runs</h2>\n");
    for (index, statement) in looked.statements.iter().enumerate() {
        main.raw("<article class=\"statement\">\n");
        if let Some(title) = &statement.title {
            main.raw("<h3>").text(capital(title)).raw("</h3>\n");
        }
        let rests_on = |section: &&Section| section.title.starts_with("its answer rests on");
        main.raw("<div class=\"columns\">\n");
        let first = statement.sections.iter().filter(rests_on);
        for section in first.chain(statement.sections.iter().filter(|section| SHOWN.contains(&section.title.as_str())))
        {
            block(main, section);
        }
        for section in statement.sections.iter().filter(|section| section.body.is_empty() && !rests_on(section)) {
            main.raw("<p>").text(capital(&section.title)).raw(".</p>\n");
        }
        main.raw("</div>\n<details><summary>SQL, parameters, tables");
        if looked.statements.len() > 1 {
            main.raw("<span class=\"unseen\"> of statement ").text(index + 1).raw("</span>");
        }
        main.raw("</summary>\n");
        let is_hidden = |section: &&Section| {
            !rests_on(section) && !section.body.is_empty() && !SHOWN.contains(&section.title.as_str())
        };
        for section in statement.sections.iter().filter(is_hidden) {
            block(main, section);
        }
        main.raw("</details>\n</article>\n");
    }
    main.raw("</section>\n");
}

fn block(main: &mut Html, section: &Section) {
    main.raw("<div class=\"block\">\n<h4>").text(capital(&section.title)).raw("</h4>\n");
    if !section.body.is_empty() {
        main.raw("<pre tabindex=\"0\"").attribute("aria-label", capital(&section.title)).raw(">");
        main.text(without_indent(&section.body)).raw("</pre>\n");
    }
    for note in section.note.lines() {
        main.raw("<p>").text(capital(note)).raw(".</p>\n");
    }
    main.raw("</div>\n");
}

/// Lines as far to the left as they go.
pub(super) fn without_indent(body: &str) -> String {
    body.lines().map(|line| line.strip_prefix("  ").unwrap_or(line)).collect::<Vec<_>>().join("\n")
}

fn capital(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or(String::new(), |first| first.to_uppercase().chain(characters).collect())
}

fn first_sentence(text: &str) -> &str {
    let text = text.trim();
    let first = text.split_once(". ").map_or(text, |(first, _)| first);
    first.lines().next().unwrap_or_default().trim_end_matches('.')
}

fn who(declaration: &Declaration) -> String {
    let who = declaration.allow.iter().map(|allow| match allow {
        Allow::Anyone => "anyone".to_owned(),
        Allow::User => "signed-in users".to_owned(),
        Allow::Role(role) => format!("the role {role}"),
        Allow::Service => "the service".to_owned(),
    });
    let who: Vec<String> = who.collect();
    if who.is_empty() { "the service".to_owned() } else { who.join(", ") }
}
