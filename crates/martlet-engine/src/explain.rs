//! A query or action explained: the SQL that runs, its plan and proof, what its answer rests on.
//!
//! `martlet explain` prints it, the front door of a running server shows it. Where the plan comes from is the caller's:
//! a scratch database there, the database that is served here.

mod words;

use martlet_sql::dependency::Dependencies;
use martlet_sql::{App, Declaration, Statement, StatementKind, Volatility};
use martlet_store::proof::{Judged, Proof};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use words::{bind_words, indented, use_words, verdict_words, write_lines};

/// A query or action of an app, with all that can be told of it.
#[derive(Debug)]
pub struct Explained<'a> {
    app: &'a App,
    /// `query` or `action`.
    pub kind: &'static str,
    /// The file that it stands in.
    pub file: &'a str,
    /// Its header.
    pub declaration: &'a Declaration,
    /// In order, with the names that `@name` gives.
    pub statements: Vec<(&'a Statement, Option<&'a str>)>,
    /// Of a query, by statement.
    dependencies: Vec<&'a Dependencies>,
}

/// One thing that is told of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// What it is about, or all that is to be said.
    pub title: String,
    /// Lines, each indented and ended; may be empty.
    pub body: String,
    /// What is said below.
    pub note: String,
}

impl Section {
    fn new(title: impl Into<String>, body: String) -> Self {
        Self { title: title.into(), body, note: String::new() }
    }
}

impl std::fmt::Display for Section {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "\n{}\n{}", self.title, self.body)?;
        if self.note.is_empty() { Ok(()) } else { writeln!(f, "{}", self.note) }
    }
}

impl<'a> Explained<'a> {
    /// The query or action of this name.
    pub fn find(app: &'a App, name: &str) -> Option<Self> {
        if let Some(query) = app.queries.get(name) {
            let after = query.page.as_ref().map(|page| (&page.after, Some("after_cursor")));
            let statements = std::iter::once((&query.statement, None)).chain(after).collect();
            let after = query.page.as_ref().map(|page| &page.after_dependencies);
            let dependencies = std::iter::once(&query.dependencies).chain(after).collect();
            let (file, declaration) = (&query.file, &query.declaration);
            return Some(Self { app, kind: "query", file, declaration, statements, dependencies });
        }
        let action = app.actions.get(name)?;
        let statements = action.steps.iter().map(|step| (&step.statement, step.name.as_deref())).collect();
        let (file, declaration) = (&action.file, &action.declaration);
        Some(Self { app, kind: "action", file, declaration, statements, dependencies: Vec::new() })
    }

    /// What it is, by its header.
    pub fn head(&self) -> String {
        let mut text = format!("{} {} ({})\n", self.kind, self.declaration.name, self.file);
        if !self.declaration.description.is_empty() {
            let _ = writeln!(text, "{}", self.declaration.description);
        }
        for scan in &self.declaration.scans {
            let _ = writeln!(text, "may read all of {}: {}", scan.table, scan.reason);
        }
        text
    }

    /// The statement's place and name where there are several.
    pub fn statement_title(&self, index: usize) -> Option<String> {
        let (_, name) = self.statements.get(index).filter(|_| self.statements.len() > 1)?;
        let name = name.map(|name| format!(" (:{name})")).unwrap_or_default();
        Some(format!("statement {} of {}{name}", index + 1, self.statements.len()))
    }

    /// All that is told of a statement, with the values of parameters where they are given.
    pub fn sections(&self, index: usize, values: &BTreeMap<String, &str>, proof: &Proof) -> Vec<Section> {
        let Some((statement, _)) = self.statements.get(index) else { return Vec::new() };
        let mut sections = vec![Section::new("SQL for SQLite", format!("{}\n", indented(&statement.sqlite.text)))];
        if !statement.sqlite.binds.is_empty() {
            let mut body = String::new();
            for (index, bind) in statement.sqlite.binds.iter().enumerate() {
                let _ = writeln!(body, "  ?{} {}", index + 1, bind_words(self, bind, values));
            }
            sections.push(Section::new("parameters", body));
        }
        for (title, uses) in [("reads", &statement.reads), ("writes", &statement.writes)] {
            if !uses.is_empty() {
                let lines = uses.iter().map(use_words).collect::<Vec<_>>().join("\n");
                sections.push(Section::new(title, format!("{lines}\n")));
            }
        }
        match statement.volatility {
            Volatility::Immutable => {}
            Volatility::Timed => {
                sections.push(Section::new("its answer depends on the time at which it is asked", String::new()));
            }
            Volatility::Volatile => sections.push(Section::new("its answer is another each time", String::new())),
        }
        let mut plan = String::new();
        if proof.lines.is_empty() {
            let what = if statement.kind == StatementKind::Insert { "writes the rows given" } else { "reads no table" };
            let _ = writeln!(plan, "  {what}");
        }
        write_lines(&mut plan, proof, 0, 1);
        sections.push(Section::new("plan", plan));
        if !proof.accesses.is_empty() {
            sections.push(Section::new("proof", self.proof(proof)));
        }
        sections.extend(self.dependencies.get(index).map(|dependencies| self.rests_on(dependencies)));
        sections
    }

    /// What of a plan is not proven and not allowed, in words.
    pub(crate) fn unproven(&self, proof: &Proof) -> Vec<String> {
        let is_allowed = |judged: &Judged| self.declaration.scans.iter().any(|scan| scan.table == judged.table);
        let unproven = proof.accesses.iter().filter(|judged| !judged.verdict.is_proven() && !is_allowed(judged));
        unproven.map(|judged| verdict_words(judged, false)).collect()
    }

    fn proof(&self, proof: &Proof) -> String {
        let mut body = String::new();
        for (judged, mend) in proof.accesses.iter().zip(&proof.mends) {
            let is_allowed = self.declaration.scans.iter().any(|scan| scan.table == judged.table);
            let _ = writeln!(body, "  {}", verdict_words(judged, is_allowed));
            if let Some(mend) = mend.as_ref().filter(|_| !is_allowed) {
                let _ = writeln!(body, "    mended by: {mend}");
            }
        }
        body
    }

    /// What can alter the answer: a change of any other row cannot.
    fn rests_on(&self, dependencies: &Dependencies) -> Section {
        let title = match dependencies.shapes.is_empty() {
            true => "its answer rests on no row",
            false => "its answer rests on",
        };
        let mut body = String::new();
        for shape in &dependencies.shapes {
            let _ = writeln!(body, "  {}", shape.words(&self.app.catalogue, self.declaration));
            for reason in &shape.coarse {
                let _ = writeln!(body, "    {reason}");
            }
        }
        Section { note: dependencies.kept_words(self.declaration), ..Section::new(title, body) }
    }
}
