//! The second writer: forms of an answer that few ask for, without nulls and CSV, straight from the row.
//!
//! A value is written as in the canonical answer; in CSV without a JSON string's quotes, null as nothing. So the
//! first writer, which is on every request's way, knows nothing of them.

use crate::answer::Form;
use crate::canonical::{AnswerLayout, AnswerLimits, AnswerWriter, Cell, too_large, too_many_rows, write_cell};
use bytes::Bytes;
use martlet_core::{Error, Type, code, json};
use martlet_sql::{Column, Returns};

/// Writes an answer in the form that is asked for.
pub(crate) enum FormWriter<'l> {
    Canonical(AnswerWriter<'l>),
    Other(OtherWriter<'l>),
}

impl<'l> FormWriter<'l> {
    pub(crate) fn new(form: Form, layout: &'l AnswerLayout, columns: &'l [Column], limits: AnswerLimits) -> Self {
        match form {
            Form::Canonical => Self::Canonical(AnswerWriter::new(layout, limits)),
            Form::WithoutNulls | Form::Csv => Self::Other(OtherWriter::new(form, layout.returns(), columns, limits)),
        }
    }

    /// As [`AnswerWriter::row`].
    pub(crate) fn row<'c>(&mut self, cell: impl FnMut(usize) -> Cell<'c>) -> Result<(), Error> {
        match self {
            Self::Canonical(writer) => writer.row(cell),
            Self::Other(writer) => writer.row(cell),
        }
    }

    /// As [`AnswerWriter::finish`], without the count.
    pub(crate) fn finish(self) -> Result<Option<Bytes>, Error> {
        match self {
            Self::Canonical(writer) => Ok(writer.finish()?.0),
            Self::Other(writer) => writer.finish(),
        }
    }
}

pub(crate) struct OtherWriter<'l> {
    is_csv: bool,
    returns: Returns,
    columns: &'l [Column],
    limits: AnswerLimits,
    out: Vec<u8>,
    /// One JSON value, before it is written as a field of CSV.
    value: Vec<u8>,
    rows: usize,
}

impl<'l> OtherWriter<'l> {
    fn new(form: Form, returns: Returns, columns: &'l [Column], limits: AnswerLimits) -> Self {
        let is_csv = form == Form::Csv;
        let columns = if returns == Returns::Value { &columns[..1.min(columns.len())] } else { columns };
        let mut out = Vec::new();
        if is_csv {
            for (index, column) in columns.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write_field(&mut out, column.name.as_bytes());
            }
        } else if returns == Returns::Rows {
            out.push(b'[');
        }
        Self { is_csv, returns, columns, limits, out, value: Vec::new(), rows: 0 }
    }

    fn row<'c>(&mut self, mut cell: impl FnMut(usize) -> Cell<'c>) -> Result<(), Error> {
        self.rows += 1;
        match self.returns {
            Returns::Nothing => return Ok(()),
            Returns::Row | Returns::Value if self.rows > 1 => {
                return Err(Error::new(&code::TOO_MANY_ROWS, "the query gave several rows"));
            }
            Returns::Rows if self.rows > self.limits.rows_max => return Err(too_many_rows(self.limits.rows_max)),
            Returns::Rows | Returns::Row | Returns::Value => {}
        }
        let columns = self.columns;
        if self.is_csv {
            self.line(columns, &mut cell)?;
        } else {
            self.object(columns, &mut cell)?;
        }
        if self.out.len() > self.limits.size_max { Err(too_large(self.limits.size_max)) } else { Ok(()) }
    }

    fn line<'c>(&mut self, columns: &[Column], cell: &mut impl FnMut(usize) -> Cell<'c>) -> Result<(), Error> {
        self.out.push(b'\n');
        for (index, column) in columns.iter().enumerate() {
            if index > 0 {
                self.out.push(b',');
            }
            match cell(index) {
                Cell::Null => {}
                // Its own bytes: JSON's escapes mean nothing in CSV.
                Cell::Text(text) if is_text(column.ty) && std::str::from_utf8(text).is_ok() => {
                    write_field(&mut self.out, text);
                }
                cell => {
                    self.value.clear();
                    write_cell(&mut self.value, cell, column.ty)?;
                    // "NaN" and the infinities are strings in JSON.
                    let value = self.value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\""));
                    let is_named_double = column.ty == Type::Double;
                    write_field(&mut self.out, value.filter(|_| is_named_double).unwrap_or(&self.value));
                }
            }
        }
        Ok(())
    }

    fn object<'c>(&mut self, columns: &[Column], cell: &mut impl FnMut(usize) -> Cell<'c>) -> Result<(), Error> {
        if self.returns == Returns::Value {
            return self.value_without_nulls(cell(0), columns[0].ty);
        }
        if self.rows > 1 {
            self.out.push(b',');
        }
        self.out.push(b'{');
        let mut needs_comma = false;
        for (index, column) in columns.iter().enumerate() {
            let cell = cell(index);
            if cell == Cell::Null {
                continue;
            }
            if needs_comma {
                self.out.push(b',');
            }
            needs_comma = true;
            json::write_string(&mut self.out, &column.name);
            self.out.push(b':');
            self.value_without_nulls(cell, column.ty)?;
        }
        self.out.push(b'}');
        Ok(())
    }

    fn value_without_nulls(&mut self, cell: Cell<'_>, ty: Type) -> Result<(), Error> {
        let start = self.out.len();
        write_cell(&mut self.out, cell, ty)?;
        if matches!(ty, Type::Json | Type::Jsonb) {
            self.value.clear();
            self.value.extend_from_slice(&self.out[start..]);
            self.out.truncate(start);
            let text = std::str::from_utf8(&self.value).map_err(|_| Error::internal("an answer is not UTF-8"))?;
            let written = json::write_without_nulls(&mut self.out, text);
            written.map_err(|error| Error::internal(format!("the canonical writer made no json: {error}")))?;
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Option<Bytes>, Error> {
        match self.returns {
            Returns::Nothing => return Ok(None),
            Returns::Row if self.rows == 0 => return Err(Error::new(&code::NO_ROW, "no row found")),
            Returns::Rows if !self.is_csv => self.out.push(b']'),
            Returns::Value if self.rows == 0 && !self.is_csv => self.out.extend_from_slice(b"null"),
            Returns::Rows | Returns::Row | Returns::Value => {}
        }
        Ok(Some(Bytes::from(self.out)))
    }
}

fn is_text(ty: Type) -> bool {
    matches!(ty, Type::Text | Type::Date | Type::Timestamptz | Type::Uuid)
}

/// RFC 4180: in quotes where it must be, and where it is empty, since nothing is null.
fn write_field(out: &mut Vec<u8>, field: &[u8]) {
    if !field.is_empty() && !field.iter().any(|byte| b",\"\r\n".contains(byte)) {
        out.extend_from_slice(field);
        return;
    }
    out.push(b'"');
    for byte in field {
        if *byte == b'"' {
            out.push(b'"');
        }
        out.push(*byte);
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: AnswerLimits = AnswerLimits { rows_max: 3, size_max: 100 };

    fn columns() -> Vec<Column> {
        let column = |name: &str, ty| Column { name: name.into(), ty, is_nullable: true };
        vec![column("id", Type::Bigint), column("a,b", Type::Text), column("doc", Type::Jsonb)]
    }

    fn write(form: Form, returns: Returns, rows: &[[Cell<'_>; 3]]) -> Result<Option<String>, Error> {
        let columns = columns();
        let layout = AnswerLayout::new(returns, &columns);
        let mut writer = FormWriter::new(form, &layout, &columns, LIMITS);
        for row in rows {
            writer.row(|index| row[index])?;
        }
        Ok(writer.finish()?.map(|body| String::from_utf8(body.into()).unwrap()))
    }

    const FULL: [Cell<'_>; 3] = [Cell::Integer(1), Cell::Text(b"x"), Cell::Text(b"{\"k\": null, \"l\": [1, null]}")];
    const EMPTY: [Cell<'_>; 3] = [Cell::Null; 3];

    #[test]
    fn csv_is_quoted_where_it_must_be() {
        let csv = |returns, rows: &[[Cell<'_>; 3]]| write(Form::Csv, returns, rows).unwrap();
        assert_eq!(csv(Returns::Rows, &[]).unwrap(), "id,\"a,b\",doc");
        let odd = [Cell::Integer(-2), Cell::Text("é \"q\"\nz".as_bytes()), Cell::Text(b"[]")];
        assert_eq!(
            csv(Returns::Rows, &[FULL, EMPTY, odd]).unwrap(),
            "id,\"a,b\",doc\n1,x,\"{\"\"k\"\":null,\"\"l\"\":[1,null]}\"\n,,\n-2,\"é \"\"q\"\"\nz\",[]"
        );
        let blank = [Cell::Integer(1), Cell::Text(b""), Cell::Null];
        assert_eq!(csv(Returns::Row, &[blank]).unwrap(), "id,\"a,b\",doc\n1,\"\",");
        assert_eq!(csv(Returns::Value, &[FULL]).unwrap(), "id\n1");
        assert_eq!(csv(Returns::Nothing, &[FULL]), None);
    }

    #[test]
    fn nulls_are_left_out_at_every_depth() {
        let json = |returns, rows: &[[Cell<'_>; 3]]| write(Form::WithoutNulls, returns, rows).unwrap().unwrap();
        assert_eq!(json(Returns::Rows, &[FULL, EMPTY]), r#"[{"id":1,"a,b":"x","doc":{"l":[1,null]}},{}]"#);
        assert_eq!(json(Returns::Row, &[FULL]), r#"{"id":1,"a,b":"x","doc":{"l":[1,null]}}"#);
        assert_eq!(json(Returns::Rows, &[]), "[]");
        assert_eq!(json(Returns::Value, &[]), "null");
        assert_eq!(json(Returns::Value, &[EMPTY]), "null");
    }

    #[test]
    fn limits_and_types_hold_as_in_the_canonical_form() {
        for form in [Form::Csv, Form::WithoutNulls] {
            let code = |returns, rows: &[[Cell<'_>; 3]]| write(form, returns, rows).unwrap_err().code;
            assert_eq!(code(Returns::Rows, &[EMPTY; 4]), "54000");
            let long = [Cell::Null, Cell::Text(&[b'x'; 101]), Cell::Null];
            assert_eq!(code(Returns::Rows, &[long]), "54000");
            assert_eq!(code(Returns::Row, &[EMPTY; 2]), "MRT006");
            assert_eq!(code(Returns::Row, &[]), "PGRST116");
            assert_eq!(code(Returns::Rows, &[[Cell::Text(b"1"), Cell::Null, Cell::Null]]), "22003");
            assert_eq!(code(Returns::Rows, &[[Cell::Null, Cell::Text(b"\xff"), Cell::Null]]), "22003");
            assert_eq!(code(Returns::Rows, &[[Cell::Null, Cell::Null, Cell::Text(b"{")]]), "22003");
        }
    }
}
