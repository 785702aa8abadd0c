//! Operators and functions, each with its types decided.

/// Declares an enumeration whose members have a PostgreSQL name.
macro_rules! named {
    ($(#[$doc:meta])* $name:ident { $($(#[$member_doc:meta])* $member:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$member_doc])* $member,)*
        }

        impl $name {
            /// PostgreSQL's name for it.
            pub fn name(self) -> &'static str {
                match self {
                    $($name::$member => $text,)*
                }
            }
        }
    };
}

named! {
    /// A binary operator; the name is that of PostgreSQL's function behind it (`pg_operator.oprcode`).
    BinaryOperator {
        /// integer + integer.
        IntegerAdd = "int4pl",
        /// integer - integer.
        IntegerSubtract = "int4mi",
        /// integer * integer.
        IntegerMultiply = "int4mul",
        /// integer / integer, towards zero.
        IntegerDivide = "int4div",
        /// integer % integer, the sign of the left side.
        IntegerModulo = "int4mod",
        /// bigint + bigint.
        BigintAdd = "int8pl",
        /// bigint - bigint.
        BigintSubtract = "int8mi",
        /// bigint * bigint.
        BigintMultiply = "int8mul",
        /// bigint / bigint, towards zero.
        BigintDivide = "int8div",
        /// bigint % bigint, the sign of the left side.
        BigintModulo = "int8mod",
        /// double + double.
        DoubleAdd = "float8pl",
        /// double - double.
        DoubleSubtract = "float8mi",
        /// double * double.
        DoubleMultiply = "float8mul",
        /// double / double.
        DoubleDivide = "float8div",
        /// text || text.
        TextConcat = "textcat",
        /// jsonb || jsonb.
        JsonbConcat = "jsonb_concat",
        /// date + integer is a date.
        DateAddDays = "date_pli",
        /// date - integer is a date.
        DateSubtractDays = "date_mii",
        /// date - date is an integer.
        DateSubtract = "date_mi",
        /// date + interval is a timestamp.
        DateAddInterval = "date_pl_interval",
        /// date - interval is a timestamp.
        DateSubtractInterval = "date_mi_interval",
        /// timestamp + interval.
        TimestampAddInterval = "timestamp_pl_interval",
        /// timestamp - interval.
        TimestampSubtractInterval = "timestamp_mi_interval",
        /// timestamp - timestamp is an interval.
        TimestampSubtract = "timestamp_mi",
        /// timestamptz + interval.
        TimestamptzAddInterval = "timestamptz_pl_interval",
        /// timestamptz - interval.
        TimestamptzSubtractInterval = "timestamptz_mi_interval",
        /// timestamptz - timestamptz is an interval.
        TimestamptzSubtract = "timestamptz_mi",
        /// interval + interval.
        IntervalAdd = "interval_pl",
        /// interval - interval.
        IntervalSubtract = "interval_mi",
        /// interval * double.
        IntervalMultiply = "interval_mul",
        /// json -> text.
        JsonField = "json_object_field",
        /// json ->> text.
        JsonFieldText = "json_object_field_text",
        /// json -> integer.
        JsonElement = "json_array_element",
        /// json ->> integer.
        JsonElementText = "json_array_element_text",
        /// jsonb -> text.
        JsonbField = "jsonb_object_field",
        /// jsonb ->> text.
        JsonbFieldText = "jsonb_object_field_text",
        /// jsonb -> integer.
        JsonbElement = "jsonb_array_element",
        /// jsonb ->> integer.
        JsonbElementText = "jsonb_array_element_text",
    }
}

named! {
    /// A comparison; the name is the operator.
    CompareOperator {
        /// Equal.
        Equal = "=",
        /// Not equal.
        NotEqual = "<>",
        /// Less.
        Less = "<",
        /// Less or equal.
        LessOrEqual = "<=",
        /// Greater.
        Greater = ">",
        /// Greater or equal.
        GreaterOrEqual = ">=",
    }
}

named! {
    /// A function of the closed list. Several signatures of one name are several members.
    Function {
        /// lower(text).
        Lower = "lower",
        /// upper(text).
        Upper = "upper",
        /// length(text) is an integer: characters.
        Length = "length",
        /// substr(text, integer) and substr(text, integer, integer).
        Substr = "substr",
        /// trim(text), trim(both from text), btrim(text), and these with the characters to remove: (text, text).
        Trim = "btrim",
        /// trim(leading ..), ltrim: (text) or (text, text).
        TrimLeft = "ltrim",
        /// trim(trailing ..), rtrim: (text) or (text, text).
        TrimRight = "rtrim",
        /// replace(text, text, text).
        Replace = "replace",
        /// concat(text, ...): never null; nulls are passed over.
        Concat = "concat",
        /// md5(text) is text.
        Md5 = "md5",
        /// encode(sha256(convert_to(text, 'UTF8')), 'hex') is text.
        Sha256Hex = "sha256_hex",
        /// gen_random_uuid().
        GenRandomUuid = "gen_random_uuid",
        /// random() is a double.
        Random = "random",
        /// random_int(bigint, bigint) is a bigint, both ends included.
        RandomInt = "random_int",
        /// abs(integer).
        AbsInteger = "int4abs",
        /// abs(bigint).
        AbsBigint = "int8abs",
        /// abs(double).
        AbsDouble = "float8abs",
        /// floor(double).
        Floor = "floor",
        /// ceil(double), ceiling(double).
        Ceil = "ceil",
        /// round(double): half to even.
        Round = "round",
        /// floor(numeric).
        FloorNumeric = "numeric_floor",
        /// ceil(numeric).
        CeilNumeric = "numeric_ceil",
        /// round(numeric) and round(numeric, integer): half away from zero; always called with both arguments.
        RoundNumeric = "numeric_round",
        /// date_trunc(unit, timestamptz), in UTC; the unit is an argument, a text literal of `DateUnit::name`.
        DateTruncTimestamptz = "timestamptz_trunc",
        /// date_trunc(unit, timestamp).
        DateTruncTimestamp = "timestamp_trunc",
        /// to_char(timestamptz, pattern); the pattern is a text literal of `ToCharPattern::name`. A date is cast.
        ToCharTimestamptz = "timestamptz_to_char",
        /// to_char(timestamp, pattern).
        ToCharTimestamp = "timestamp_to_char",
    }
}

named! {
    /// An aggregate. Several signatures of one name are several members.
    AggregateFunction {
        /// count(*).
        CountRows = "count",
        /// count(x).
        Count = "count",
        /// sum(integer) is a bigint.
        SumInteger = "sum_int4",
        /// sum(bigint) is a numeric.
        SumBigint = "sum_int8",
        /// sum(double).
        SumDouble = "sum_float8",
        /// avg(integer) and avg(bigint) are numeric; the argument is a bigint.
        AvgBigint = "avg_int8",
        /// avg(double).
        AvgDouble = "avg_float8",
        /// min(x) of any type with an order.
        Min = "min",
        /// max(x) of any type with an order.
        Max = "max",
        /// bool_and(boolean).
        BoolAnd = "bool_and",
        /// bool_or(boolean).
        BoolOr = "bool_or",
        /// string_agg(text, text).
        StringAgg = "string_agg",
        /// json_agg(x) of any storable type.
        JsonAgg = "json_agg",
        /// jsonb_agg(x) of any storable type.
        JsonbAgg = "jsonb_agg",
    }
}

named! {
    /// A window function.
    WindowFunction {
        /// row_number().
        RowNumber = "row_number",
        /// rank().
        Rank = "rank",
        /// lag(x), lag(x, integer), lag(x, integer, default).
        Lag = "lag",
        /// lead(x), lead(x, integer), lead(x, integer, default).
        Lead = "lead",
        /// sum(integer) is a bigint.
        SumInteger = "sum_int4",
        /// sum(bigint) is a numeric.
        SumBigint = "sum_int8",
        /// sum(double).
        SumDouble = "sum_float8",
    }
}

named! {
    /// A field of `extract`.
    DateField {
        /// Seconds since 1970.
        Epoch = "epoch",
        /// The year.
        Year = "year",
        /// 1 to 4.
        Quarter = "quarter",
        /// 1 to 12.
        Month = "month",
        /// ISO week, 1 to 53.
        Week = "week",
        /// Day of the month.
        Day = "day",
        /// 0 is Sunday.
        DayOfWeek = "dow",
        /// 1 is Monday, 7 Sunday.
        IsoDayOfWeek = "isodow",
        /// Day of the year, from 1.
        DayOfYear = "doy",
        /// The year of the ISO week.
        IsoYear = "isoyear",
        /// 0 to 23.
        Hour = "hour",
        /// 0 to 59.
        Minute = "minute",
        /// 0 to 59.999999.
        Second = "second",
    }
}

named! {
    /// A unit of `date_trunc`.
    DateUnit {
        /// The year.
        Year = "year",
        /// Three months.
        Quarter = "quarter",
        /// The month.
        Month = "month",
        /// From Monday.
        Week = "week",
        /// The day.
        Day = "day",
        /// The hour.
        Hour = "hour",
        /// The minute.
        Minute = "minute",
        /// The second.
        Second = "second",
    }
}

named! {
    /// A pattern of `to_char`.
    ToCharPattern {
        /// 2026.
        Year = "YYYY",
        /// 01 to 12.
        Month = "MM",
        /// 2026-01.
        YearMonth = "YYYY-MM",
        /// 2026-01-31.
        Date = "YYYY-MM-DD",
    }
}
