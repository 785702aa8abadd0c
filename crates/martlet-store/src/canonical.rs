//! The canonical answer writer: rows to JSON bytes, straight from the row.
//!
//! Both engines end here, so that equal rows are equal bytes: no blanks outside strings, columns in statement order,
//! doubles as PostgreSQL's float8 text, json compacted, strings escaped as serde_json does it. Nothing is kept
//! between cells and nothing is allocated but the answer itself.

use bytes::Bytes;
use martlet_core::json::{self, JsonError};
use martlet_core::{Error, Type, code, float8};
use martlet_sql::{Column, Returns};

/// A value as the database's row holds it, borrowed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cell<'a> {
    /// SQL's null.
    Null,
    /// An integer; a boolean as 0 or 1.
    Integer(i64),
    /// A double.
    Real(f64),
    /// Text in UTF-8, and all types that are written as text.
    Text(&'a [u8]),
    /// Bytes: of no type that Martlet knows.
    Blob,
}

impl<'a> From<rusqlite::types::ValueRef<'a>> for Cell<'a> {
    fn from(value: rusqlite::types::ValueRef<'a>) -> Self {
        match value {
            rusqlite::types::ValueRef::Null => Self::Null,
            rusqlite::types::ValueRef::Integer(value) => Self::Integer(value),
            rusqlite::types::ValueRef::Real(value) => Self::Real(value),
            rusqlite::types::ValueRef::Text(value) => Self::Text(value),
            rusqlite::types::ValueRef::Blob(_) => Self::Blob,
        }
    }
}

/// How the answers of one plan are written; made once a plan.
#[derive(Debug, Clone)]
pub struct AnswerLayout {
    returns: Returns,
    columns: Box<[LayoutColumn]>,
}

#[derive(Debug, Clone)]
struct LayoutColumn {
    /// What stands before the value: `{"id":` for the first column, `,"name":` for the others.
    key: Box<[u8]>,
    ty: Type,
}

impl AnswerLayout {
    /// Encodes the keys once. A statement without columns answers nothing, whatever is declared.
    pub fn new(returns: Returns, columns: &[Column]) -> Self {
        let returns = if columns.is_empty() { Returns::Nothing } else { returns };
        let encode = |(index, column): (usize, &Column)| {
            let mut key = vec![if index == 0 { b'{' } else { b',' }];
            json::write_string(&mut key, &column.name);
            key.push(b':');
            LayoutColumn { key: key.into(), ty: column.ty }
        };
        Self { returns, columns: columns.iter().enumerate().map(encode).collect() }
    }

    /// The answer's form, once it is known whether there are columns.
    pub(crate) fn returns(&self) -> Returns {
        self.returns
    }

    /// How many cells of a row are asked for.
    pub fn column_count(&self) -> usize {
        match self.returns {
            Returns::Rows | Returns::Row => self.columns.len(),
            Returns::Value => 1,
            Returns::Nothing => 0,
        }
    }
}

/// The bounds of one answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AnswerLimits {
    /// Rows.
    pub rows_max: usize,
    /// Bytes.
    pub size_max: usize,
}

/// Writes one answer.
#[derive(Debug)]
pub struct AnswerWriter<'l> {
    layout: &'l AnswerLayout,
    limits: AnswerLimits,
    out: Vec<u8>,
    rows: u64,
}

impl<'l> AnswerWriter<'l> {
    /// Starts an answer.
    pub fn new(layout: &'l AnswerLayout, limits: AnswerLimits) -> Self {
        let mut out = Vec::with_capacity(FIRST_CAPACITY);
        if layout.returns == Returns::Rows {
            out.push(b'[');
        }
        Self { layout, limits, out, rows: 0 }
    }

    /// Writes a row; `cell` gives the cell at an index below [`AnswerLayout::column_count`].
    ///
    /// Errors: 22003 where a cell is not of its column's type; 54000 past a limit; MRT006 for the second row
    /// of `row` and `value`.
    pub fn row<'c>(&mut self, mut cell: impl FnMut(usize) -> Cell<'c>) -> Result<(), Error> {
        self.rows += 1;
        match self.layout.returns {
            Returns::Rows => {
                if self.rows > self.limits.rows_max as u64 {
                    return Err(too_many_rows(self.limits.rows_max));
                }
                if self.rows > 1 {
                    self.out.push(b',');
                }
                self.object(&mut cell)?;
            }
            Returns::Row | Returns::Value if self.rows > 1 => {
                return Err(Error::new(&code::TOO_MANY_ROWS, "the query gave several rows"));
            }
            Returns::Row => self.object(&mut cell)?,
            Returns::Value => self.cell(cell(0), 0)?,
            Returns::Nothing => {}
        }
        Ok(())
    }

    /// Ends the answer: its body, none for `nothing`, and how many rows it has.
    ///
    /// Errors: PGRST116 for a `row` that is not there.
    pub fn finish(mut self) -> Result<(Option<Bytes>, u64), Error> {
        match self.layout.returns {
            Returns::Rows => self.out.push(b']'),
            Returns::Row if self.rows == 0 => return Err(Error::new(&code::NO_ROW, "no row found")),
            Returns::Value if self.rows == 0 => self.out.extend_from_slice(b"null"),
            Returns::Row | Returns::Value => {}
            Returns::Nothing => return Ok((None, self.rows)),
        }
        Ok((Some(Bytes::from(self.out)), self.rows))
    }

    fn object<'c>(&mut self, cell: &mut impl FnMut(usize) -> Cell<'c>) -> Result<(), Error> {
        for index in 0..self.layout.columns.len() {
            self.out.extend_from_slice(&self.layout.columns[index].key);
            self.cell(cell(index), index)?;
        }
        self.out.push(b'}');
        if self.out.len() > self.limits.size_max {
            return Err(too_large(self.limits.size_max));
        }
        Ok(())
    }

    fn cell(&mut self, cell: Cell<'_>, index: usize) -> Result<(), Error> {
        let ty = self.layout.columns[index].ty;
        write_fallible(&mut self.out, cell, ty).map_err(|fault| {
            let key = String::from_utf8_lossy(&self.layout.columns[index].key[1..]);
            fault.into_error(key.trim_end_matches(':'))
        })?;
        if self.out.len() > self.limits.size_max {
            return Err(too_large(self.limits.size_max));
        }
        Ok(())
    }
}

/// Most answers fit; longer ones grow by doubling.
const FIRST_CAPACITY: usize = 512;

/// Why a cell is not of its column's type.
#[derive(Debug, thiserror::Error)]
enum CellFault {
    #[error("is {found}, the column is {expected}")]
    Class { found: &'static str, expected: Type },
    #[error("is {value}, outside the column's type {expected}")]
    Range { value: i64, expected: Type },
    #[error("is not valid UTF-8")]
    Utf8,
    #[error("is no json")]
    Json(#[source] JsonError),
}

impl CellFault {
    fn into_error(self, column: &str) -> Error {
        let fault = format!("column {column} {self}");
        Error::new(&code::OUT_OF_RANGE, "a value is not of its column's type").operator(fault)
    }
}

/// Appends one value in its canonical form; 22003 where it is not of its type.
pub fn write_cell<'a>(out: &mut Vec<u8>, cell: impl Into<Cell<'a>>, ty: Type) -> Result<(), Error> {
    write_fallible(out, cell.into(), ty).map_err(|fault| fault.into_error("?"))
}

fn write_fallible(out: &mut Vec<u8>, cell: Cell<'_>, ty: Type) -> Result<(), CellFault> {
    match (cell, ty) {
        (Cell::Null, _) => out.extend_from_slice(b"null"),
        (Cell::Integer(value), Type::Bigint) => write_integer(out, value),
        (Cell::Integer(value), Type::Integer) if i32::try_from(value).is_ok() => write_integer(out, value),
        (Cell::Integer(0), Type::Boolean) => out.extend_from_slice(b"false"),
        (Cell::Integer(1), Type::Boolean) => out.extend_from_slice(b"true"),
        (Cell::Integer(value), Type::Integer | Type::Boolean) => {
            return Err(CellFault::Range { value, expected: ty });
        }
        (Cell::Real(value), Type::Double) if value.is_finite() => float8::write(out, value),
        (Cell::Real(value), Type::Double) => {
            out.push(b'"');
            float8::write(out, value);
            out.push(b'"');
        }
        (Cell::Text(text), Type::Json | Type::Jsonb) => {
            json::write_canonical(out, utf8(text)?).map_err(CellFault::Json)?;
        }
        (Cell::Text(text), Type::Text | Type::Date | Type::Timestamptz | Type::Uuid) => {
            json::write_string(out, utf8(text)?);
        }
        (cell, ty) => return Err(CellFault::Class { found: class_name(cell), expected: ty }),
    }
    Ok(())
}

fn utf8(text: &[u8]) -> Result<&str, CellFault> {
    std::str::from_utf8(text).map_err(|_| CellFault::Utf8)
}

fn class_name(cell: Cell<'_>) -> &'static str {
    match cell {
        Cell::Null => "null",
        Cell::Integer(_) => "an integer",
        Cell::Real(_) => "a double",
        Cell::Text(_) => "text",
        Cell::Blob => "bytes",
    }
}

fn write_integer(out: &mut Vec<u8>, value: i64) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    let mut rest = value.unsigned_abs();
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if value < 0 {
        out.push(b'-');
    }
    out.extend_from_slice(&digits[at..]);
}

pub(crate) fn too_many_rows(rows_max: usize) -> Error {
    Error::new(&code::ANSWER_TOO_LARGE, format!("the answer has more than {rows_max} rows"))
        .hint("ask for less, or add LIMIT to the query")
}

pub(crate) fn too_large(size_max: usize) -> Error {
    Error::new(&code::ANSWER_TOO_LARGE, format!("the answer has more than {size_max} bytes"))
        .hint("ask for less, or add LIMIT to the query")
}

/// Returns the canonical form of a JSON text, as the answer writer gives it.
///
/// Made for comparing answers with PostgreSQL's `row_to_json`.
pub fn canonical_json(text: &str) -> Result<String, JsonError> {
    json::canonical(text)
}

#[cfg(test)]
mod tests;
