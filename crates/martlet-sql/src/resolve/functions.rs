//! Every function of the subset, with its signatures; docs/sql.md is written from these tables.

use crate::Volatility;
use crate::ir::Function;
use martlet_core::Type;
use std::collections::BTreeSet;

/// One signature of a function.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Signature {
    /// As it is written; in schema `martlet` too, where it is ours.
    pub(crate) name: &'static str,
    /// Types of its arguments.
    pub(crate) args: &'static [Type],
    /// Type of its result.
    pub(crate) result: Type,
    /// What it is in the tree.
    pub(crate) function: Function,
    /// Whether the result is never null; all others are null if and only if an argument is.
    pub(crate) is_never_null: bool,
    /// Whether it is the same each time.
    pub(crate) volatility: Volatility,
}

const fn strict(name: &'static str, args: &'static [Type], result: Type, function: Function) -> Signature {
    Signature { name, args, result, function, is_never_null: false, volatility: Volatility::Immutable }
}

const fn drawing(name: &'static str, args: &'static [Type], result: Type, function: Function) -> Signature {
    Signature { name, args, result, function, is_never_null: false, volatility: Volatility::Volatile }
}

/// Functions whose arguments are taken as they are. Of several signatures that fit equally the first is taken, which is
/// the one that PostgreSQL prefers.
pub(crate) static SIGNATURES: &[Signature] = &[
    strict("lower", &[Type::Text], Type::Text, Function::Lower),
    strict("upper", &[Type::Text], Type::Text, Function::Upper),
    strict("length", &[Type::Text], Type::Integer, Function::Length),
    strict("substr", &[Type::Text, Type::Integer], Type::Text, Function::Substr),
    strict("substr", &[Type::Text, Type::Integer, Type::Integer], Type::Text, Function::Substr),
    strict("btrim", &[Type::Text], Type::Text, Function::Trim),
    strict("btrim", &[Type::Text, Type::Text], Type::Text, Function::Trim),
    strict("ltrim", &[Type::Text], Type::Text, Function::TrimLeft),
    strict("ltrim", &[Type::Text, Type::Text], Type::Text, Function::TrimLeft),
    strict("rtrim", &[Type::Text], Type::Text, Function::TrimRight),
    strict("rtrim", &[Type::Text, Type::Text], Type::Text, Function::TrimRight),
    strict("replace", &[Type::Text, Type::Text, Type::Text], Type::Text, Function::Replace),
    strict("md5", &[Type::Text], Type::Text, Function::Md5),
    drawing("gen_random_uuid", &[], Type::Uuid, Function::GenRandomUuid),
    drawing("random", &[], Type::Double, Function::Random),
    drawing("random_int", &[Type::Bigint, Type::Bigint], Type::Bigint, Function::RandomInt),
    strict("abs", &[Type::Double], Type::Double, Function::AbsDouble),
    strict("abs", &[Type::Bigint], Type::Bigint, Function::AbsBigint),
    strict("abs", &[Type::Integer], Type::Integer, Function::AbsInteger),
    strict("floor", &[Type::Double], Type::Double, Function::Floor),
    strict("floor", &[Type::Numeric], Type::Numeric, Function::FloorNumeric),
    strict("ceil", &[Type::Double], Type::Double, Function::Ceil),
    strict("ceil", &[Type::Numeric], Type::Numeric, Function::CeilNumeric),
    strict("round", &[Type::Double], Type::Double, Function::Round),
    strict("round", &[Type::Numeric], Type::Numeric, Function::RoundNumeric),
    strict("round", &[Type::Numeric, Type::Integer], Type::Numeric, Function::RoundNumeric),
];

/// A function or form with a rule of its own.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Form {
    /// As it is written.
    pub(crate) name: &'static str,
    /// What it takes and gives, for the documentation.
    pub(crate) usage: &'static str,
}

/// Forms with a rule of their own.
pub(crate) static FORMS: &[Form] = &[
    Form { name: "now", usage: "now() -> timestamptz: when the action started or the query arrived" },
    Form { name: "current_date", usage: "current_date -> date: the day of now() in UTC" },
    Form { name: "coalesce", usage: "coalesce(x, ...) -> their common type" },
    Form { name: "nullif", usage: "nullif(x, y) -> the type of x" },
    Form { name: "greatest", usage: "greatest(x, ...) -> their common type; nulls are passed over" },
    Form { name: "least", usage: "least(x, ...) -> their common type; nulls are passed over" },
    Form { name: "concat", usage: "concat(x, ...) -> text; never null; any type but boolean, json and jsonb" },
    Form { name: "trim", usage: "trim([both | leading | trailing] [characters] from text) -> text" },
    Form { name: "ceiling", usage: "ceiling(x): as ceil(x)" },
    Form { name: "encode", usage: "encode(sha256(convert_to(text, 'UTF8')), 'hex') -> text: as one form only" },
    Form {
        name: "extract",
        usage: "extract(field from date, timestamptz, timestamp or interval): numeric, under a cast",
    },
    Form {
        name: "date_trunc",
        usage: "date_trunc('unit', timestamptz or date) -> timestamptz; of a timestamp -> timestamp",
    },
    Form { name: "to_char", usage: "to_char(date or timestamptz, 'YYYY' | 'MM' | 'YYYY-MM' | 'YYYY-MM-DD') -> text" },
    Form { name: "json_build_object", usage: "json_build_object('key', value, ...) -> json" },
    Form { name: "jsonb_build_object", usage: "jsonb_build_object('key', value, ...) -> jsonb" },
    Form { name: "json_build_array", usage: "json_build_array(value, ...) -> json" },
    Form { name: "jsonb_build_array", usage: "jsonb_build_array(value, ...) -> jsonb" },
    Form { name: "count", usage: "count(*), count(x), count(distinct x) -> bigint" },
    Form { name: "sum", usage: "sum(integer) -> bigint; sum(bigint) -> numeric, under a cast; sum(double precision)" },
    Form { name: "avg", usage: "avg(integer or bigint) -> numeric, under a cast; avg(double precision)" },
    Form { name: "min", usage: "min(x) -> the type of x: numbers, text, date, timestamptz, timestamp" },
    Form { name: "max", usage: "max(x) -> the type of x: numbers, text, date, timestamptz, timestamp" },
    Form { name: "bool_and", usage: "bool_and(boolean) -> boolean" },
    Form { name: "bool_or", usage: "bool_or(boolean) -> boolean" },
    Form { name: "string_agg", usage: "string_agg(text, separator [order by ..]) -> text" },
    Form { name: "json_agg", usage: "json_agg(x [order by ..]) -> json" },
    Form { name: "jsonb_agg", usage: "jsonb_agg(x [order by ..]) -> jsonb" },
    Form { name: "row_number", usage: "row_number() over (..) -> bigint" },
    Form { name: "rank", usage: "rank() over (..) -> bigint" },
    Form { name: "lag", usage: "lag(x [, offset [, default]]) over (..) -> the type of x" },
    Form { name: "lead", usage: "lead(x [, offset [, default]]) over (..) -> the type of x" },
    Form { name: "generate_series", usage: "from generate_series(start, stop [, step]) as g(i)" },
    Form { name: "unnest", usage: "from unnest(:list) as u(x)" },
    Form { name: "jsonb_array_elements", usage: "from jsonb_array_elements(jsonb) as e(value)" },
    Form { name: "jsonb_to_recordset", usage: "from jsonb_to_recordset(jsonb) as r(a integer, b text)" },
];

/// What to write instead of functions that are not on the list.
static INSTEAD: &[(&str, &str)] = &[
    ("array_agg", "use json_agg(x order by ..)"),
    ("array_length", "use jsonb, or count rows"),
    ("array_to_string", "use string_agg(x, ',')"),
    ("avg_over", "use avg(x)"),
    ("cardinality", "use jsonb, or count rows"),
    ("char_length", "write length(x)"),
    ("character_length", "write length(x)"),
    ("clock_timestamp", "write now()"),
    ("concat_ws", "write a || ', ' || b, or concat(a, ', ', b)"),
    ("convert_to", "write encode(sha256(convert_to(x, 'UTF8')), 'hex')"),
    ("cume_dist", "row_number, rank, lag, lead and sum have an OVER here"),
    ("current_time", "write now()"),
    ("current_timestamp", "write now()"),
    ("current_user", "write auth.uid()"),
    ("currval", "use the id that `returning id` gives: `:step.id`"),
    ("date", "write x::date"),
    ("date_part", "write extract(field from x)::integer"),
    ("datetime", "write x::timestamptz"),
    ("dense_rank", "row_number, rank, lag, lead and sum have an OVER here"),
    ("digest", "write encode(sha256(convert_to(x, 'UTF8')), 'hex')"),
    ("every", "write bool_and(x)"),
    ("exp", "compute it in the client"),
    ("first_value", "use lag or lead, or distinct on (..)"),
    ("format", "write a || b"),
    ("gen_salt", "keep passwords in accounts, not in tables"),
    ("group_concat", "write string_agg(x, ',')"),
    ("ifnull", "write coalesce(x, y)"),
    ("initcap", "write upper(substr(x, 1, 1)) || substr(x, 2)"),
    ("isnull", "write x is null"),
    ("json_array_elements", "write jsonb_array_elements(x)"),
    ("json_each", "write jsonb_array_elements(x), or take values out with ->> 'key'"),
    ("json_extract", "write x ->> 'key'"),
    ("json_extract_path_text", "write x -> 'a' ->> 'b'"),
    ("json_object_agg", "use json_agg(json_build_object('key', k, 'value', v))"),
    ("jsonb_each", "take values out with ->> 'key'"),
    ("jsonb_object_agg", "use jsonb_agg(jsonb_build_object('key', k, 'value', v))"),
    ("jsonb_set", "write x || jsonb_build_object('key', value)"),
    ("jsonb_array_elements_text", "write jsonb_array_elements(x)"),
    ("jsonb_array_length", "write (select count(*) from jsonb_array_elements(x))"),
    ("json_array_length", "write (select count(*) from jsonb_array_elements(x::jsonb))"),
    ("last_value", "use lag or lead, or distinct on (..)"),
    ("lastval", "use the id that `returning id` gives: `:step.id`"),
    ("left", "write substr(x, 1, n)"),
    ("len", "write length(x)"),
    ("ln", "compute it in the client"),
    ("localtimestamp", "write now()"),
    ("log", "compute it in the client"),
    ("lpad", "write substr('0000' || x, length(x) + 1)"),
    ("make_date", "write text::date"),
    ("make_interval", "write n * interval '1 day'"),
    ("mod", "write a % b"),
    ("nextval", "declare the column `bigint generated by default as identity`"),
    ("ntile", "row_number, rank, lag, lead and sum have an OVER here"),
    ("nvl", "write coalesce(x, y)"),
    ("octet_length", "write length(x), which counts characters"),
    ("percent_rank", "row_number, rank, lag, lead and sum have an OVER here"),
    ("percentile_cont", "order by x and take one row with limit 1 offset n"),
    ("pg_sleep", "nothing may wait inside a statement"),
    ("pow", "multiply: x * x"),
    ("power", "multiply: x * x"),
    ("regexp_match", "use like or ilike"),
    ("regexp_matches", "use like or ilike"),
    ("regexp_replace", "use replace(x, 'a', 'b')"),
    ("repeat", "write the text out"),
    ("reverse", "compute it in the client"),
    ("right", "write substr(x, length(x) - n + 1)"),
    ("row", "write (a, b)"),
    ("row_to_json", "write json_build_object('id', t.id, ...)"),
    ("session_user", "write auth.uid()"),
    ("setval", "identities need no care: `seed` and `migrate` move them on"),
    ("sha256", "write encode(sha256(convert_to(x, 'UTF8')), 'hex')"),
    ("sign", "write case when x < 0 then -1 when x > 0 then 1 else 0 end"),
    ("split_part", "store the parts in columns of their own"),
    ("sqrt", "compute it in the client"),
    ("statement_timestamp", "write now()"),
    ("strftime", "write to_char(x, 'YYYY-MM-DD') or extract(field from x)::integer"),
    ("string_to_array", "pass a list parameter"),
    ("strpos", "use like, or x <> replace(x, 'part', '')"),
    ("timeofday", "write now()"),
    ("to_date", "write x::date"),
    ("to_json", "write json_build_object('key', x)"),
    ("to_jsonb", "write jsonb_build_object('key', x)"),
    ("to_number", "write x::bigint"),
    ("to_timestamp", "write timestamptz '1970-01-01' + x * interval '1 second'"),
    ("total", "write sum(x)"),
    ("transaction_timestamp", "write now()"),
    ("translate", "use replace(x, 'a', 'b')"),
    ("trunc", "write floor(x), or x::bigint"),
    ("typeof", "types are static here"),
    ("unixepoch", "write extract(epoch from x)::bigint"),
    ("user", "write auth.uid()"),
    ("uuid_generate_v4", "write gen_random_uuid()"),
];

/// What to write instead of a function that is not on the list, if that is known.
pub(super) fn instead(name: &str) -> Option<&'static str> {
    INSTEAD.iter().find(|(known, _)| *known == name).map(|(_, hint)| *hint)
}

/// Every name of the list.
pub(crate) fn names() -> BTreeSet<&'static str> {
    SIGNATURES.iter().map(|signature| signature.name).chain(FORMS.iter().map(|form| form.name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_hint_is_for_a_function_of_the_list() {
        for (name, _) in INSTEAD {
            assert!(!names().contains(name), "{name} is on the list");
        }
    }
}
