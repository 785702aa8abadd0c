//! The routes that the app declares: from a path's parts to a query or action.
//!
//! A tree of parts, made when an app is loaded and swapped with it. A plain part wins over a parameter in its place;
//! where that leads nowhere the parameter is tried. A node is reached by one way only, so a look-up never visits more
//! nodes than there are.

use martlet_core::Timestamp;
use martlet_sql::{App, Declaration, Route};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A declared route.
#[derive(Debug)]
pub struct RouteEntry {
    /// `GET`, or another of an action.
    pub method: String,
    /// As declared: `/api/events/{token}`.
    pub path: String,
    /// The query or action.
    pub name: String,
    /// Midnight (UTC) of the day after which callers must do without it.
    pub deprecated: Option<Timestamp>,
    /// Which parts of the path are which parameters.
    pub params: Vec<(usize, String)>,
    calls: AtomicU64,
}

impl RouteEntry {
    fn new(declaration: &Declaration, route: &Route, calls: u64) -> Self {
        let day = route.deprecated.as_deref().and_then(|day| martlet_core::Date::parse(day).ok());
        let params = parts(&route.path).enumerate();
        let params = params.filter_map(|(index, part)| Some((index, parameter(part)?.to_owned()))).collect();
        Self {
            method: route.method.clone(),
            path: route.path.clone(),
            name: declaration.name.clone(),
            deprecated: day.map(martlet_core::Date::midnight),
            params,
            calls: AtomicU64::new(calls),
        }
    }

    /// Counts a call.
    pub fn count(&self) {
        self.calls.fetch_add(1, Ordering::Relaxed);
    }
}

/// How often a route was called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteCount {
    /// `GET`, or another of an action.
    pub method: String,
    /// As declared.
    pub path: String,
    /// The query or action.
    pub name: String,
    /// Whether it is to go.
    pub is_deprecated: bool,
    /// Since the process started.
    pub calls: u64,
}

/// What a path leads to.
#[derive(Debug, Clone)]
pub enum RouteFound {
    /// No route has this path.
    No,
    /// A route.
    Entry(Arc<RouteEntry>),
    /// Routes have this path, but for other methods: these.
    OtherMethods(Vec<String>),
}

/// All routes of an app.
#[derive(Debug, Default)]
pub(crate) struct RouteTable {
    root: Node,
    /// By path and method.
    entries: BTreeMap<(String, String), Arc<RouteEntry>>,
}

#[derive(Debug, Default)]
struct Node {
    plain: BTreeMap<String, Node>,
    parameter: Option<Box<Node>>,
    ends: Vec<Arc<RouteEntry>>,
}

impl RouteTable {
    /// The routes of an app; those that were there before go on counting.
    pub(crate) fn new(app: &App, before: Option<&RouteTable>) -> Self {
        let queries = app.queries.values().map(|query| &query.declaration);
        let actions = app.actions.values().map(|action| &action.declaration);
        let mut table = Self::default();
        for declaration in queries.chain(actions) {
            for route in &declaration.routes {
                let key = (route.path.clone(), route.method.clone());
                let counted = before.and_then(|before| before.entries.get(&key));
                let calls = counted.map_or(0, |entry| entry.calls.load(Ordering::Relaxed));
                let entry = Arc::new(RouteEntry::new(declaration, route, calls));
                table.root.insert(parts(&route.path), Arc::clone(&entry));
                table.entries.insert(key, entry);
            }
        }
        table
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The route of a method and the decoded parts of a path. HEAD is taken as GET.
    pub(crate) fn find(&self, method: &str, path: &[&str]) -> RouteFound {
        let method = if method == "HEAD" { "GET" } else { method };
        if let Some(entry) = self.root.find(path, &|entry| entry.method == method) {
            return RouteFound::Entry(Arc::clone(entry));
        }
        let mut methods = Vec::new();
        self.root.each(path, &mut |entry| {
            if !methods.contains(&entry.method) {
                methods.push(entry.method.clone());
            }
        });
        if methods.is_empty() { RouteFound::No } else { RouteFound::OtherMethods(methods) }
    }

    pub(crate) fn counts(&self) -> Vec<RouteCount> {
        let count = |entry: &Arc<RouteEntry>| RouteCount {
            method: entry.method.clone(),
            path: entry.path.clone(),
            name: entry.name.clone(),
            is_deprecated: entry.deprecated.is_some(),
            calls: entry.calls.load(Ordering::Relaxed),
        };
        self.entries.values().map(count).collect()
    }
}

impl Node {
    fn insert<'a>(&mut self, mut path: impl Iterator<Item = &'a str>, entry: Arc<RouteEntry>) {
        match path.next() {
            None => self.ends.push(entry),
            Some(part) if parameter(part).is_some() => self.parameter.get_or_insert_default().insert(path, entry),
            Some(part) => self.plain.entry(part.to_owned()).or_default().insert(path, entry),
        }
    }

    fn find(&self, path: &[&str], is_wanted: &dyn Fn(&RouteEntry) -> bool) -> Option<&Arc<RouteEntry>> {
        let Some((part, rest)) = path.split_first() else {
            return self.ends.iter().find(|entry| is_wanted(entry));
        };
        let plain = self.plain.get(*part).and_then(|node| node.find(rest, is_wanted));
        plain.or_else(|| self.parameter_for(part)?.find(rest, is_wanted))
    }

    fn each(&self, path: &[&str], visit: &mut dyn FnMut(&RouteEntry)) {
        let Some((part, rest)) = path.split_first() else {
            self.ends.iter().for_each(|entry| visit(entry));
            return;
        };
        let nodes = [self.plain.get(*part), self.parameter_for(part)];
        nodes.into_iter().flatten().for_each(|node| node.each(rest, visit));
    }

    /// An empty part is no value.
    fn parameter_for(&self, part: &str) -> Option<&Node> {
        self.parameter.as_deref().filter(|_| !part.is_empty())
    }
}

/// The parts behind the first slash.
fn parts(path: &str) -> impl Iterator<Item = &str> {
    path.strip_prefix('/').unwrap_or(path).split('/')
}

fn parameter(part: &str) -> Option<&str> {
    part.strip_prefix('{')?.strip_suffix('}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use martlet_sql::{SourceFile, compile};

    fn app(files: &[(&str, &str)]) -> App {
        let file = |(path, text): &(&str, &str)| SourceFile { path: (*path).to_owned(), text: (*text).to_owned() };
        let compiled = compile(&files.iter().map(file).collect::<Vec<_>>());
        compiled.app.unwrap_or_else(|| panic!("{:?}", compiled.diagnostics))
    }

    fn found(table: &RouteTable, method: &str, path: &str) -> String {
        match table.find(method, &parts(path).collect::<Vec<_>>()) {
            RouteFound::No => "no".to_owned(),
            RouteFound::Entry(entry) => entry.path.clone(),
            RouteFound::OtherMethods(methods) => methods.join(" "),
        }
    }

    fn example() -> App {
        app(&[
            ("migrations/1_t.sql", "create table t (id bigint primary key);"),
            (
                "queries/a.sql",
                "-- @allow anyone\n-- @param id bigint\n-- @route GET /api/x/{id}\n-- @route GET /api/{id}/y\n\
                 -- @route GET /old/{id} deprecated 2027-01-31\nselect id from t where id = :id",
            ),
            ("queries/b.sql", "-- @allow anyone\n-- @route GET /api/x/latest\nselect max(id) as id from t"),
            (
                "actions/c.sql",
                "-- @allow anyone\n-- @param id bigint\n-- @route DELETE /api/x/{id}\n-- @route PUT /api/x/latest/{id}\n\
                 delete from t where id = :id",
            ),
        ])
    }

    #[test]
    fn a_plain_part_wins_and_a_parameter_is_tried_after_it() {
        let table = RouteTable::new(&example(), None);
        assert_eq!(found(&table, "GET", "/api/x/7"), "/api/x/{id}");
        assert_eq!(found(&table, "HEAD", "/api/x/latest"), "/api/x/latest");
        assert_eq!(found(&table, "DELETE", "/api/x/latest"), "/api/x/{id}");
        assert_eq!(found(&table, "GET", "/api/x/y"), "/api/x/{id}");
        assert_eq!(found(&table, "GET", "/api/z/y"), "/api/{id}/y");
        assert_eq!(found(&table, "POST", "/api/x/7"), "GET DELETE");
        assert_eq!(found(&table, "GET", "/api/x/latest/1"), "PUT");
        for nowhere in ["/", "/api", "/api/x/", "/api/x", "/api/x/7/", "/API/x/7", "/api//y", "/api/x/latest/1/2"] {
            assert_eq!(found(&table, "GET", nowhere), "no", "{nowhere}");
        }
    }

    #[test]
    fn counts_outlive_a_reload() {
        let first = RouteTable::new(&example(), None);
        let RouteFound::Entry(entry) = first.find("GET", &["old", "1"]) else { panic!("it is there") };
        assert_eq!(entry.deprecated.map(|at| at.to_string()), Some("2027-01-31T00:00:00+00:00".to_owned()));
        assert_eq!(entry.params, [(1, "id".to_owned())]);
        entry.count();
        entry.count();
        let second = RouteTable::new(&example(), Some(&first));
        let counts = second.counts();
        let old = counts.iter().find(|count| count.path == "/old/{id}").unwrap();
        assert_eq!((old.calls, old.is_deprecated, old.name.as_str()), (2, true, "a"));
        assert_eq!(counts.iter().map(|count| count.calls).sum::<u64>(), 2);
    }
}
