//! Aggregates: exact sums and averages, lists, JSON, and the guard of scalar subqueries.

use super::arithmetic::overflow_checked;
use super::json::{Form, finish, letter, null_key, write_value};
use super::{DETERMINISTIC, Raise, Registry, integer_of, numeric, text_of};
use martlet_core::{code, json};
use rusqlite::functions::{Aggregate, Context, WindowAggregate};
use rusqlite::types::{Value, ValueRef};
use std::borrow::Cow;
use std::collections::VecDeque;

pub(super) fn register(registry: &Registry<'_>) -> rusqlite::Result<()> {
    let connection = registry.connection;
    connection.create_window_function("sum_int8", 1, DETERMINISTIC, Integers { is_average: false })?;
    connection.create_window_function("avg_int8", 1, DETERMINISTIC, Integers { is_average: true })?;
    connection.create_window_function("sum_float8", 1, DETERMINISTIC, Doubles { is_average: false })?;
    connection.create_window_function("avg_float8", 1, DETERMINISTIC, Doubles { is_average: true })?;
    connection.create_aggregate_function("string_agg", 2, DETERMINISTIC, StringAgg)?;
    connection.create_aggregate_function("text_agg", 1, DETERMINISTIC, TextAgg)?;
    connection.create_aggregate_function("single_value", 1, DETERMINISTIC, SingleValue)?;
    for (form, prefix) in Form::BOTH {
        let array = |letter| JsonAgg { form, letter };
        connection.create_aggregate_function(format!("{prefix}_agg").as_str(), 2, DETERMINISTIC, array(None))?;
        for one in ['i', 'd', 'b', 't', 'j', 'J'] {
            // SQLite tells names apart without regard to case.
            let name = if one == 'J' { format!("{prefix}_agg_jsonb") } else { format!("{prefix}_agg_{one}") };
            connection.create_aggregate_function(name.as_str(), 1, DETERMINISTIC, array(Some(one as u8)))?;
        }
        let name = format!("{prefix}_object_agg");
        connection.create_aggregate_function(name.as_str(), 3, DETERMINISTIC, JsonObjectAgg { form })?;
    }
    Ok(())
}

/// Sum and average of integers, exact: PostgreSQL adds bigints as numeric.
struct Integers {
    is_average: bool,
}

#[derive(Default)]
struct IntegerSum {
    sum: i128,
    count: u64,
}

impl Integers {
    fn result(&self, sum: Option<&IntegerSum>) -> Option<String> {
        let sum = sum.filter(|sum| sum.count > 0)?;
        Some(if self.is_average { numeric::average(sum.sum, sum.count) } else { sum.sum.to_string() })
    }
}

impl Aggregate<IntegerSum, Option<String>> for Integers {
    fn init(&self, _: &mut Context<'_>) -> rusqlite::Result<IntegerSum> {
        Ok(IntegerSum::default())
    }

    fn step(&self, context: &mut Context<'_>, sum: &mut IntegerSum) -> rusqlite::Result<()> {
        if context.get_raw(0) != ValueRef::Null {
            sum.sum += i128::from(integer_of(context.get_raw(0))?);
            sum.count += 1;
        }
        Ok(())
    }

    fn finalize(&self, _: &mut Context<'_>, sum: Option<IntegerSum>) -> rusqlite::Result<Option<String>> {
        Ok(self.result(sum.as_ref()))
    }
}

impl WindowAggregate<IntegerSum, Option<String>> for Integers {
    fn value(&self, sum: Option<&mut IntegerSum>) -> rusqlite::Result<Option<String>> {
        Ok(self.result(sum.as_deref()))
    }

    fn inverse(&self, context: &mut Context<'_>, sum: &mut IntegerSum) -> rusqlite::Result<()> {
        if context.get_raw(0) != ValueRef::Null {
            sum.sum -= i128::from(integer_of(context.get_raw(0))?);
            sum.count -= 1;
        }
        Ok(())
    }
}

/// Sum and average of doubles, added in the order of the rows as PostgreSQL does, without compensation.
struct Doubles {
    is_average: bool,
}

/// The values of the frame: taking one away again is no subtraction, for doubles do not associate.
#[derive(Default)]
struct DoubleFrame {
    values: VecDeque<f64>,
    state: DoubleSum,
    is_stale: bool,
}

#[derive(Default, Clone, Copy)]
struct DoubleSum {
    count: f64,
    sum: f64,
    /// Of the squares of the differences: unused in the result, but PostgreSQL's avg overflows with it.
    squares: f64,
}

impl DoubleSum {
    fn add(&mut self, value: f64, is_average: bool) -> Result<(), Raise> {
        let before = *self;
        self.count += 1.0;
        if before.count == 0.0 {
            self.sum = value;
            return Ok(());
        }
        let may_be_infinite = before.sum.is_infinite() || value.is_infinite();
        self.sum = overflow_checked(before.sum + value, may_be_infinite)?;
        if is_average {
            let difference = value * self.count - self.sum;
            self.squares += difference * difference / (self.count * before.count);
            if self.squares.is_infinite() {
                if !may_be_infinite {
                    return Err(super::arithmetic::overflow());
                }
                self.squares = f64::NAN;
            }
        }
        Ok(())
    }
}

impl Doubles {
    fn result(&self, frame: Option<&mut DoubleFrame>) -> Result<Option<f64>, Raise> {
        let Some(frame) = frame.filter(|frame| !frame.values.is_empty()) else { return Ok(None) };
        if frame.is_stale {
            frame.state = DoubleSum::default();
            for value in &frame.values {
                frame.state.add(*value, self.is_average)?;
            }
            frame.is_stale = false;
        }
        let state = frame.state;
        Ok(Some(if self.is_average { state.sum / state.count } else { state.sum }))
    }
}

impl Aggregate<DoubleFrame, Option<f64>> for Doubles {
    fn init(&self, _: &mut Context<'_>) -> rusqlite::Result<DoubleFrame> {
        Ok(DoubleFrame::default())
    }

    fn step(&self, context: &mut Context<'_>, frame: &mut DoubleFrame) -> rusqlite::Result<()> {
        if context.get_raw(0) == ValueRef::Null {
            return Ok(());
        }
        let value = super::double_of(context.get_raw(0))?;
        frame.values.push_back(value);
        if !frame.is_stale {
            frame.state.add(value, self.is_average)?;
        }
        Ok(())
    }

    fn finalize(&self, _: &mut Context<'_>, frame: Option<DoubleFrame>) -> rusqlite::Result<Option<f64>> {
        let mut frame = frame;
        Ok(self.result(frame.as_mut())?)
    }
}

impl WindowAggregate<DoubleFrame, Option<f64>> for Doubles {
    fn value(&self, frame: Option<&mut DoubleFrame>) -> rusqlite::Result<Option<f64>> {
        Ok(self.result(frame)?)
    }

    fn inverse(&self, context: &mut Context<'_>, frame: &mut DoubleFrame) -> rusqlite::Result<()> {
        if context.get_raw(0) != ValueRef::Null {
            frame.values.pop_front();
            frame.is_stale = true;
        }
        Ok(())
    }
}

/// `string_agg(text, separator)`: nulls are passed over; each separator stands before its own text.
struct StringAgg;

impl Aggregate<Option<String>, Option<String>> for StringAgg {
    fn init(&self, _: &mut Context<'_>) -> rusqlite::Result<Option<String>> {
        Ok(None)
    }

    fn step(&self, context: &mut Context<'_>, all: &mut Option<String>) -> rusqlite::Result<()> {
        if context.get_raw(0) == ValueRef::Null {
            return Ok(());
        }
        let text = text_of(context.get_raw(0))?;
        match all {
            None => *all = Some(text.to_owned()),
            Some(all) => {
                if context.get_raw(1) != ValueRef::Null {
                    all.push_str(text_of(context.get_raw(1))?);
                }
                all.push_str(text);
                super::check_size(all.len())?;
            }
        }
        Ok(())
    }

    fn finalize(&self, _: &mut Context<'_>, all: Option<Option<String>>) -> rusqlite::Result<Option<String>> {
        Ok(all.flatten())
    }
}

/// A JSON array of the texts that are not null, for `array_to_string`.
struct TextAgg;

impl Aggregate<Vec<u8>, Option<String>> for TextAgg {
    fn init(&self, _: &mut Context<'_>) -> rusqlite::Result<Vec<u8>> {
        Ok(Vec::new())
    }

    fn step(&self, context: &mut Context<'_>, out: &mut Vec<u8>) -> rusqlite::Result<()> {
        if context.get_raw(0) == ValueRef::Null {
            return Ok(());
        }
        out.push(if out.is_empty() { b'[' } else { b',' });
        json::write_string(out, text_of(context.get_raw(0))?);
        super::check_size(out.len())?;
        Ok(())
    }

    fn finalize(&self, _: &mut Context<'_>, out: Option<Vec<u8>>) -> rusqlite::Result<Option<String>> {
        let Some(mut out) = out.filter(|out| !out.is_empty()) else { return Ok(None) };
        out.push(b']');
        Ok(Some(finish(out)?))
    }
}

/// The guard of a subquery that is used as a value: the second row is an error.
struct SingleValue;

impl Aggregate<Option<Value>, Option<Value>> for SingleValue {
    fn init(&self, _: &mut Context<'_>) -> rusqlite::Result<Option<Value>> {
        Ok(None)
    }

    fn step(&self, context: &mut Context<'_>, value: &mut Option<Value>) -> rusqlite::Result<()> {
        if value.is_some() {
            let message = "more than one row returned by a subquery used as an expression";
            return Err(Raise::new(&code::CARDINALITY, message).into());
        }
        *value = Some(context.get(0)?);
        Ok(())
    }

    fn finalize(&self, _: &mut Context<'_>, value: Option<Option<Value>>) -> rusqlite::Result<Option<Value>> {
        Ok(value.flatten())
    }
}

/// `json_agg(signature, value)`, or of one type by name, which DISTINCT needs: SQLite takes it with one argument only.
struct JsonAgg {
    form: Form,
    letter: Option<u8>,
}

impl Aggregate<Vec<u8>, Option<String>> for JsonAgg {
    fn init(&self, _: &mut Context<'_>) -> rusqlite::Result<Vec<u8>> {
        Ok(Vec::new())
    }

    fn step(&self, context: &mut Context<'_>, out: &mut Vec<u8>) -> rusqlite::Result<()> {
        let (letter, value) = match self.letter {
            Some(letter) => (letter, context.get_raw(0)),
            None => (letter(text_of(context.get_raw(0))?, 0)?, context.get_raw(1)),
        };
        out.extend_from_slice(if out.is_empty() { b"[" } else { b", " });
        write_value(out, self.form, letter, value)?;
        Ok(())
    }

    fn finalize(&self, _: &mut Context<'_>, out: Option<Vec<u8>>) -> rusqlite::Result<Option<String>> {
        let Some(mut out) = out else { return Ok(None) };
        out.push(b']');
        Ok(Some(finish(out)?))
    }
}

/// `json_object_agg(signature, key, value)`.
struct JsonObjectAgg {
    form: Form,
}

#[derive(Default)]
struct Members {
    members: Vec<(String, Vec<u8>)>,
    size: usize,
}

impl Aggregate<Members, Option<String>> for JsonObjectAgg {
    fn init(&self, _: &mut Context<'_>) -> rusqlite::Result<Members> {
        Ok(Members::default())
    }

    fn step(&self, context: &mut Context<'_>, members: &mut Members) -> rusqlite::Result<()> {
        if context.get_raw(1) == ValueRef::Null {
            return Err(match self.form {
                Form::Json => Raise::new(&code::INVALID_PARAMETER, "field name must not be null"),
                Form::Jsonb => null_key(self.form, 1),
            }
            .into());
        }
        let key = text_of(context.get_raw(1))?.to_owned();
        let mut value = Vec::new();
        write_value(&mut value, self.form, letter(text_of(context.get_raw(0))?, 0)?, context.get_raw(2))?;
        members.size += key.len() + value.len();
        super::check_size(members.size)?;
        members.members.push((key, value));
        Ok(())
    }

    fn finalize(&self, _: &mut Context<'_>, members: Option<Members>) -> rusqlite::Result<Option<String>> {
        let Some(members) = members else { return Ok(None) };
        let mut out = Vec::with_capacity(members.size);
        if self.form == Form::Jsonb {
            let members = members.members.into_iter().map(|(key, value)| (Cow::Owned(key), value)).collect();
            json::write_jsonb_members(&mut out, members);
            return Ok(Some(finish(out)?));
        }
        for (key, value) in &members.members {
            out.extend_from_slice(if out.is_empty() { b"{ " } else { b", " });
            json::write_string(&mut out, key);
            out.extend_from_slice(b" : ");
            out.extend_from_slice(value);
        }
        out.extend_from_slice(b" }");
        Ok(Some(finish(out)?))
    }
}
