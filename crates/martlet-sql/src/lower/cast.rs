//! Conversions by static types: what PostgreSQL does for a cast, as SQLite text.

use super::sql::{Level, Sql, call};
use martlet_core::Type;

/// `operand`, of type `from`, as `to`.
pub(super) fn cast(operand: Sql, from: Type, to: Type) -> Sql {
    if from == to {
        return operand;
    }
    match function(from, to) {
        Conversion::None => operand,
        Conversion::Call(function) => call(function, [operand]),
        Conversion::Real => Sql::primary(format!("CAST({} AS REAL)", operand.text)),
        Conversion::Digits => Sql::primary(format!("CAST({} AS TEXT)", operand.text)),
        Conversion::IsNotZero => Sql::binary(operand, "<>", Sql::primary("0"), Level::Equality),
    }
}

enum Conversion {
    /// Both types are stored alike.
    None,
    Call(&'static str),
    Real,
    Digits,
    IsNotZero,
}

fn function(from: Type, to: Type) -> Conversion {
    use Conversion::Call;
    use Type::{
        Bigint, Boolean, Date, Double, Integer, Interval, Json, Jsonb, Numeric, Text, Timestamp, Timestamptz, Uuid,
    };
    match (from, to) {
        (Bigint, Integer) => Call("int84"),
        (Double, Integer) => Call("dtoi4"),
        (Double, Bigint) => Call("dtoi8"),
        (Integer | Bigint, Double) => Conversion::Real,
        (Integer, Boolean) => Conversion::IsNotZero,
        (Integer | Bigint, Numeric) => Call("int8_numeric"),
        (Double, Numeric) => Call("float8_numeric"),
        (Numeric, Integer) => Call("numeric_int4"),
        (Numeric, Bigint) => Call("numeric_int8"),
        (Numeric, Double) => Call("numeric_float8"),
        (Date, Timestamptz) => Call("date_timestamptz"),
        (Date, Timestamp) => Call("date_timestamp"),
        (Timestamptz, Date) => Call("timestamptz_date"),
        (Timestamptz, Timestamp) => Call("timestamptz_timestamp"),
        (Timestamp, Date) => Call("timestamp_date"),
        (Timestamp, Timestamptz) => Call("timestamp_timestamptz"),
        (Integer | Bigint, Text) => Conversion::Digits,
        (Boolean, Text) => Call("booltext"),
        (Double, Text) => Call("float8out"),
        (Timestamptz, Text) => Call("timestamptz_out"),
        (Timestamp, Text) => Call("timestamp_out"),
        (Interval, Text) => Call("interval_out"),
        (Text, Integer) => Call("int4in"),
        (Text, Bigint) => Call("int8in"),
        (Text, Double) => Call("float8in"),
        (Text, Numeric) => Call("numeric_in"),
        (Text, Boolean) => Call("boolin"),
        (Text, Date) => Call("date_in"),
        (Text, Timestamptz) => Call("timestamptz_in"),
        (Text, Timestamp) => Call("timestamp_in"),
        (Text, Interval) => Call("interval_in"),
        (Text, Uuid) => Call("uuid_in"),
        (Text, Json) => Call("json_in"),
        (Text | Json, Jsonb) => Call("jsonb_in"),
        // Of what is left, the stored forms are alike: integer to bigint, boolean to integer, jsonb to json, and
        // date, uuid, json, jsonb and numeric to text.
        _ => Conversion::None,
    }
}
