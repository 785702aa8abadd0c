//! What `check` tells of each query and action.

use super::judge::{Judged, Verdict};
use super::plan::Way;
use super::source::Files;
use super::statement::{Proof, is_needless_sort, prove, sql_name};
use super::text::{Form, Token};
use crate::Scratch;
use martlet_core::Value;
use martlet_sql::{
    Action, App, Bind, Bound, Declaration, Diagnostic, Query, Returns, Rule, Severity, Span, Statement, StatementKind,
};
use std::collections::BTreeSet;

/// Rows that OFFSET may pass over.
const OFFSET_MAX: i64 = 1_000;

/// What is needed to judge an app, and what is found.
pub(super) struct Judging<'a> {
    pub(super) app: &'a App,
    pub(super) files: Files<'a>,
    pub(super) scratch: &'a Scratch,
    /// Indexes that a plan uses.
    pub(super) used: &'a mut BTreeSet<String>,
    pub(super) sink: &'a mut Vec<Diagnostic>,
}

/// A statement with its file's header.
#[derive(Clone, Copy)]
struct Place<'a> {
    file: &'a str,
    declaration: &'a Declaration,
    statement: &'a Statement,
}

impl Judging<'_> {
    pub(super) fn query(&mut self, query: &Query) {
        let place = Place { file: &query.file, declaration: &query.declaration, statement: &query.statement };
        let mut scanned = BTreeSet::new();
        self.statement(place, true, &mut scanned);
        if let Some(page) = &query.page {
            let told = self.sink.len();
            self.statement(Place { statement: &page.after, ..place }, false, &mut scanned);
            // What is wrong with the first page is told once.
            let after = self.sink.split_off(told);
            let new: Vec<Diagnostic> = after.into_iter().filter(|found| !self.sink.contains(found)).collect();
            self.sink.extend(new);
        }
        self.needless_scans(&query.file, &query.declaration, &scanned);
    }

    pub(super) fn action(&mut self, action: &Action) {
        let mut scanned = BTreeSet::new();
        for (index, step) in action.steps.iter().enumerate() {
            let place = Place { file: &action.file, declaration: &action.declaration, statement: &step.statement };
            self.statement(place, index == action.answer, &mut scanned);
        }
        self.needless_scans(&action.file, &action.declaration, &scanned);
    }

    fn statement(&mut self, place: Place<'_>, is_answer: bool, scanned: &mut BTreeSet<String>) {
        let proof = match prove(self.scratch, &self.app.catalogue, place.statement) {
            Ok(proof) => proof,
            Err(error) => {
                let message = error.operator.unwrap_or(error.message);
                self.tell(place, Severity::Error, "not_planned", place.statement.span, message, None);
                return;
            }
        };
        self.used.extend(proof.indexes.iter().cloned());
        for (judged, mend) in proof.accesses.iter().zip(&proof.mends) {
            let is_allowed = place.declaration.scans.iter().any(|scan| scan.table == judged.table);
            if is_allowed && !judged.verdict.is_proven() {
                scanned.insert(judged.table.clone());
                continue;
            }
            match &judged.verdict {
                Verdict::Full => self.full_read(place, &proof, judged, mend.as_deref()),
                Verdict::Open { column, is_upper_missing } => self.open_range(place, judged, column, *is_upper_missing),
                _ if is_needless_sort(&proof.text, judged) => self.needless_sort(place, judged, mend.as_deref()),
                _ => {}
            }
        }
        if is_answer && place.declaration.page.is_none() {
            self.without_limit(place, &proof);
        }
        self.deep_offset(place, &proof);
    }

    fn tell(
        &mut self,
        place: Place<'_>,
        severity: Severity,
        code: &'static str,
        span: Span,
        message: String,
        hint: Option<String>,
    ) {
        let found = self.files.finding(place.file, severity, code, span, message);
        self.sink.extend(found.map(|found| match hint {
            Some(hint) => found.hint(hint),
            None => found,
        }));
    }

    fn full_read(&mut self, place: Place<'_>, proof: &Proof, judged: &Judged, mend: Option<&str>) {
        let (table, alias) = (&judged.table, &judged.access.alias);
        let span = self.files.table(place.file, place.statement.span, table, alias);
        let is_automatic = judged.access.way == Way::Automatic;
        let verb = match place.statement.kind {
            StatementKind::Update | StatementKind::Delete if alias == table => "goes through",
            _ => "reads",
        };
        let (code, message) = if is_automatic {
            (
                "p09_automatic_index",
                format!("each call reads all of `{table}`, which grows, to build an index that it throws away"),
            )
        } else {
            ("p08_full_read", format!("this {verb} all of `{table}`, a table that grows"))
        };
        let allow = format!("-- @scan {} \"why this may read all of it\"", sql_name(table));
        let hint = match mend {
            Some(create) => format!(
                "add to a migration: {create}\nor, where the full read is meant, allow it in the header: {allow}"
            ),
            None => format!(
                "give a condition that an index serves, or `limit` in an index's order\nor, where the full read is meant, allow it in the header: {allow}"
            ),
        };
        self.tell(place, Severity::Error, code, span, message, Some(hint));
        self.unserved(place, proof, judged);
    }

    /// A condition whose column stands inside a function, so that no index finds it.
    fn unserved(&mut self, place: Place<'_>, proof: &Proof, judged: &Judged) {
        let inside = proof.text.conditions.iter().find_map(|condition| match &condition.form {
            Form::Inside(function) if condition.alias == judged.access.alias => Some((function, &condition.column)),
            _ => None,
        });
        let Some((function, column)) = inside else { return };
        let is_pattern = function == "like" || function == "ilike";
        let wanted = [function.as_str(), column.as_str()];
        let span = self.files.word(place.file, place.statement.span, &wanted[..1]);
        let span = span.or_else(|| self.files.word(place.file, place.statement.span, &wanted[1..]));
        let hint = if is_pattern {
            format!("for a beginning compare `{column}` itself with a range: {column} >= 'abc' and {column} < 'abd'")
        } else {
            format!(
                "compare `{column}` itself, and calculate on the other side; or keep the calculated value in a column of its own with an index"
            )
        };
        let what =
            if is_pattern { format!("a pattern on `{column}`") } else { format!("`{column}` inside a calculation") };
        let message = format!("no index serves {what}: every row is looked at");
        self.tell(
            place,
            Severity::Warning,
            "p14_unserved_condition",
            span.unwrap_or(place.statement.span),
            message,
            Some(hint),
        );
    }

    fn open_range(&mut self, place: Place<'_>, judged: &Judged, column: &str, is_upper_missing: bool) {
        let table = &judged.table;
        // SQLite's name of a single integer key.
        let column = match self.app.catalogue.tables.get(table) {
            Some(table) if column == "rowid" => {
                table.primary_key.first().and_then(|&at| table.columns.get(at)).map_or(column, |column| &column.name)
            }
            _ => column,
        };
        let statement = place.statement.span;
        let span = self.files.comparison(place.file, statement, column);
        let span = span.unwrap_or_else(|| self.files.table(place.file, statement, table, &judged.access.alias));
        let (end, bound) = if is_upper_missing { ("upper", "<=") } else { ("lower", ">=") };
        let message = format!("the range of `{column}` has no {end} end: the read grows with `{table}`");
        let hint =
            format!("add `and {} {bound} ...`, or end it by `limit` in the order of `{column}`", sql_name(column));
        self.tell(place, Severity::Warning, "open_range", span, message, Some(hint));
    }

    fn needless_sort(&mut self, place: Place<'_>, judged: &Judged, mend: Option<&str>) {
        let Some(create) = mend else { return };
        let statement = place.statement.span;
        let span = self.files.word(place.file, statement, &["order"]).unwrap_or(statement);
        let message = format!("all rows found in `{}` are sorted, and LIMIT gives only some of them", judged.table);
        let hint = format!("an index in this order ends the read early: {create}");
        self.tell(place, Severity::Note, "p10_needless_sort", span, message, Some(hint));
    }

    fn without_limit(&mut self, place: Place<'_>, proof: &Proof) {
        let statement = place.statement;
        let gives_rows = statement.kind == StatementKind::Select
            && place.declaration.returns == Returns::Rows
            && statement.rows_max.is_none();
        let is_bounded = proof.text.scopes.first().is_none_or(|scope| scope.has_limit || scope.reads_all);
        let outermost = proof.accesses.iter().find(|judged| {
            judged.access.is_first && proof.text.aliases.get(&judged.access.alias).is_some_and(|(_, scope)| *scope == 0)
        });
        let Some(outermost) = outermost.filter(|_| gives_rows && !is_bounded) else { return };
        if matches!(outermost.verdict, Verdict::Small | Verdict::OneRow | Verdict::Ended) {
            return;
        }
        let message = format!("the answer has as many rows as are found in `{}`, which grows", outermost.table);
        let hint = "end the statement by `limit`, or declare pages: -- @page by ...".to_owned();
        self.tell(place, Severity::Note, "p11_no_limit", statement.span, message, Some(hint));
    }

    fn deep_offset(&mut self, place: Place<'_>, proof: &Proof) {
        let is_deep = proof.text.scopes.iter().filter_map(|scope| scope.offset.as_ref()).any(|token| match token {
            Token::Word(word) if word.starts_with('?') => {
                let number = word[1..].parse::<usize>().ok().and_then(|number| number.checked_sub(1));
                match number.and_then(|number| place.statement.sqlite.binds.get(number)) {
                    Some(Bind::Parameter(parameter)) => !is_bounded(place.declaration, *parameter),
                    _ => true,
                }
            }
            Token::Word(word) => word.parse::<i64>().is_ok_and(|rows| rows > OFFSET_MAX),
            _ => false,
        });
        if is_deep {
            let span = self.files.word(place.file, place.statement.span, &["offset"]).unwrap_or(place.statement.span);
            let message = "a deep `offset` reads every row that it passes over".to_owned();
            let hint = format!(
                "declare pages instead, which cost the same at any depth: -- @page by ... ; or bound the parameter: 0..{OFFSET_MAX}"
            );
            self.tell(place, Severity::Note, "p12_deep_offset", span, message, Some(hint));
        }
    }

    fn needless_scans(&mut self, file: &str, declaration: &Declaration, scanned: &BTreeSet<String>) {
        for scan in declaration.scans.iter().filter(|scan| !scanned.contains(&scan.table)) {
            let message = format!("nothing here reads all of `{}`: this `@scan` is not needed", scan.table);
            let found = self.files.finding(file, Severity::Note, "needless_scan", scan.span, message);
            self.sink.extend(found.map(|found| found.hint("leave it out: it would hide a later mistake")));
        }
    }
}

/// Whether a parameter is a number that its rules keep low.
fn is_bounded(declaration: &Declaration, parameter: usize) -> bool {
    let rules = declaration.params.get(parameter).map(|param| param.rules.as_slice()).unwrap_or_default();
    rules.iter().any(|rule| {
        matches!(rule, Rule::Range { high: Some(Bound::Literal(Value::Integer(high))), .. } if *high <= OFFSET_MAX)
    })
}
