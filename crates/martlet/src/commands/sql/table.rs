//! Rows as a table for people: columns as wide as the first rows need.

use crate::output;
use martlet_core::Value;
use std::fmt::Write;
use std::io;

/// Rows that settle the widths; later rows stand as they come.
const ROWS_MEASURED: usize = 1_000;
/// Characters of a cell that are shown.
const CELL_MAX: usize = 60;

/// Gathers rows and writes them out.
#[derive(Debug, Default)]
pub(super) struct Table {
    rows: Vec<Vec<(String, bool)>>,
    widths: Option<Vec<usize>>,
    count: u64,
}

impl Table {
    /// Takes a row; writes once the widths are settled.
    pub(super) fn add(&mut self, columns: &[String], cells: Vec<Value>) -> io::Result<()> {
        self.count += 1;
        self.rows.push(cells.iter().map(shown).collect());
        if self.rows.len() >= ROWS_MEASURED { self.write(columns) } else { Ok(()) }
    }

    /// Writes what is left and makes ready for the next statement.
    pub(super) fn finish(&mut self, columns: &[String]) -> io::Result<()> {
        if columns.is_empty() {
            return Ok(());
        }
        self.write(columns)?;
        output::note(&format!("({} {})", self.count, if self.count == 1 { "row" } else { "rows" }));
        *self = Self::default();
        Ok(())
    }

    fn write(&mut self, columns: &[String]) -> io::Result<()> {
        let mut text = String::new();
        let rows = std::mem::take(&mut self.rows);
        let widths = self.widths.get_or_insert_with(|| {
            let widths = widths(columns, &rows);
            let titles: Vec<(String, bool)> = columns.iter().map(|name| (cut(name), false)).collect();
            write_row(&mut text, &titles, &widths);
            text.push_str(&widths.iter().map(|width| "-".repeat(*width)).collect::<Vec<_>>().join("  "));
            text.push('\n');
            widths
        });
        for row in &rows {
            write_row(&mut text, row, widths);
        }
        if text.is_empty() { Ok(()) } else { output::data(&text) }
    }
}

fn widths(columns: &[String], rows: &[Vec<(String, bool)>]) -> Vec<usize> {
    let width = |(column, name): (usize, &String)| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|(text, _)| text.chars().count());
        cells.max().unwrap_or(0).max(cut(name).chars().count())
    };
    columns.iter().enumerate().map(width).collect()
}

fn write_row(text: &mut String, cells: &[(String, bool)], widths: &[usize]) {
    let start = text.len();
    for (place, ((cell, is_number), width)) in cells.iter().zip(widths).enumerate() {
        let gap = if place == 0 { "" } else { "  " };
        let _ = if *is_number { write!(text, "{gap}{cell:>width$}") } else { write!(text, "{gap}{cell:width$}") };
    }
    text.truncate(start + text[start..].trim_end().len());
    text.push('\n');
}

/// The text of a cell and whether it is a number, which stands to the right.
fn shown(value: &Value) -> (String, bool) {
    match value {
        Value::Null => ("null".into(), false),
        Value::Boolean(value) => (value.to_string(), false),
        Value::Integer(value) => (value.to_string(), true),
        Value::Double(value) => (value.to_string(), true),
        Value::Text(text) => (cut(text), false),
        Value::List(items) => (format!("{} items", items.len()), false),
    }
}

/// One line, of bounded length, that cannot steer a terminal.
fn cut(text: &str) -> String {
    let mut shown: String =
        text.chars().take(CELL_MAX).map(|character| if character.is_control() { ' ' } else { character }).collect();
    if text.chars().nth(CELL_MAX).is_some() {
        shown.push_str("...");
    }
    shown
}
