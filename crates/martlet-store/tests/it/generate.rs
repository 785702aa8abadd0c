//! Generated values: the same for the same seed, edges far more often than chance would give them.

/// A small generator of good quality (splitmix64).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    pub(crate) fn one_in(&mut self, count: u64) -> bool {
        self.below(count) == 0
    }

    pub(crate) fn choose<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len() as u64) as usize]
    }

    pub(crate) fn int4(&mut self) -> i64 {
        const EDGES: [i32; 9] = [0, 1, -1, 2, 10, i32::MAX, i32::MIN, i32::MAX - 1, 46_341];
        match self.below(4) {
            0 => i64::from(*self.choose(&EDGES)),
            1 => self.next() as i64 % 100,
            2 => self.next() as i64 % 100_000,
            _ => i64::from(self.next() as i32),
        }
    }

    pub(crate) fn int8(&mut self) -> i64 {
        const EDGES: [i64; 7] = [0, 1, -1, i64::MAX, i64::MIN, 3_037_000_500, 1 << 53];
        match self.below(4) {
            0 => *self.choose(&EDGES),
            1 => self.int4(),
            2 => self.next() as i64 % 1_000_000_000_000,
            _ => self.next() as i64,
        }
    }

    /// Never NaN or minus zero, which SQLite does not hold.
    pub(crate) fn double(&mut self) -> f64 {
        const EDGES: [f64; 22] = [
            0.0,
            1.0,
            -1.0,
            0.1,
            0.5,
            1.5,
            2.5,
            -2.5,
            1e20,
            1e-7,
            1e15,
            1e14,
            0.0001,
            0.00001,
            1e23,
            f64::MAX,
            f64::MIN,
            f64::MIN_POSITIVE,
            5e-324,
            f64::INFINITY,
            f64::NEG_INFINITY,
            9_007_199_254_740_993.0,
        ];
        let value = match self.below(5) {
            0 => *self.choose(&EDGES),
            1 => (self.next() as i64 % 2_000) as f64 / 8.0,
            2 => (self.next() as i64 % 1_000_000) as f64 / 1_000.0,
            3 => self.int8() as f64,
            _ => f64::from_bits(self.next()),
        };
        if value.is_nan() || value == 0.0 { 0.0 } else { value }
    }

    /// Without NUL; combining marks, emoji, quotes, blanks, LIKE's and JSON's own characters included.
    pub(crate) fn text(&mut self) -> String {
        const PIECES: [&str; 40] = [
            "a",
            "b",
            "A",
            "Z",
            "0",
            "7",
            " ",
            "  ",
            "ä",
            "Ä",
            "ß",
            "É",
            "e\u{301}",
            "İ",
            "ı",
            "ſ",
            "Σ",
            "ς",
            "ǆ",
            "ᾳ",
            "中",
            "\u{1f600}",
            "\u{1f468}\u{200d}\u{1f469}",
            "%",
            "_",
            "\\",
            "'",
            "\"",
            ",",
            ".",
            "\n",
            "\t",
            "\u{1}",
            "\u{7f}",
            "\u{a0}",
            "\u{feff}",
            "-",
            "null",
            "true",
            "\u{10ffff}",
        ];
        let len = if self.one_in(8) { 0 } else { self.below(9) };
        (0..len).map(|_| *self.choose(&PIECES)).collect()
    }

    /// `0001-01-01` to `9999-12-31`, leap days and ends of months often; at times an infinity.
    pub(crate) fn date(&mut self) -> String {
        const EDGES: [&str; 12] = [
            "0001-01-01",
            "9999-12-31",
            "2024-02-29",
            "2000-02-29",
            "1900-02-28",
            "1970-01-01",
            "1969-12-31",
            "2023-12-31",
            "2024-01-31",
            "0099-12-31",
            "infinity",
            "-infinity",
        ];
        match self.below(3) {
            0 => (*self.choose(&EDGES)).to_owned(),
            1 => martlet_core::Date::from_days(19_000 + self.below(2_000) as i64).unwrap().to_string(),
            _ => martlet_core::Date::from_days(self.below(3_652_059) as i64 - 719_162).unwrap().to_string(),
        }
    }

    pub(crate) fn timestamptz(&mut self) -> String {
        let date = self.date();
        if date.ends_with("infinity") {
            return date;
        }
        let clock = match self.below(4) {
            0 => 0,
            1 => 86_399_999_999,
            2 => self.below(86_400) * 1_000_000,
            _ => self.below(86_400_000_000),
        };
        let midnight = martlet_core::Timestamp::parse(&date).unwrap().micros();
        martlet_core::Timestamp::from_micros(midnight + clock as i64).to_string()
    }

    /// Months, days, microseconds.
    pub(crate) fn interval(&mut self) -> (i64, i64, i64) {
        let part = |random: &mut Self, size: u64| match random.below(3) {
            0 => 0,
            1 => random.next() as i64 % 13,
            _ => random.next() as i64 % size as i64,
        };
        (part(self, 500), part(self, 5_000), part(self, 200_000_000_000))
    }

    pub(crate) fn uuid(&mut self) -> String {
        let digits = format!("{:016x}{:016x}", self.next(), self.next());
        format!("{}-{}-{}-{}-{}", &digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..])
    }

    /// A JSON text, as an author or a client writes it: blanks, escapes, numbers in every form, equal keys.
    pub(crate) fn json(&mut self, depth: u64) -> String {
        let blank = |random: &mut Self| *random.choose(&["", "", " ", "\n\t"]);
        let kinds = if depth == 0 { 5 } else { 7 };
        match self.below(kinds) {
            0 => (*self.choose(&["true", "false", "null"])).to_owned(),
            1 | 2 => self.json_number(),
            3 | 4 => self.json_string(),
            5 => {
                let items: Vec<String> = (0..self.below(4)).map(|_| self.json(depth - 1)).collect();
                format!("[{}{}]", blank(self), items.join(&format!("{},", blank(self))))
            }
            _ => {
                let member = |random: &mut Self| {
                    let key = *random.choose(&["a", "b", "aa", "c", "\\u0061", "Z", "ä", ""]);
                    format!("{}\"{key}\"{}:{}", blank(random), blank(random), random.json(depth - 1))
                };
                let members: Vec<String> = (0..self.below(5)).map(|_| member(self)).collect();
                format!("{{{}}}", members.join(","))
            }
        }
    }

    fn json_number(&mut self) -> String {
        const EDGES: [&str; 16] = [
            "0",
            "-0",
            "-0.0",
            "1.0",
            "1e2",
            "1E+2",
            "1.50",
            "1e-3",
            "12345678901234567890",
            "0.00",
            "1.5e1",
            "100e-2",
            "0e5",
            "1.10e0",
            "-1e-10",
            "123.456e-5",
        ];
        if self.one_in(2) { (*self.choose(&EDGES)).to_owned() } else { self.int8().to_string() }
    }

    fn json_string(&mut self) -> String {
        let text = self.text();
        let escaped = serde_json::to_string(&text).unwrap();
        match self.below(4) {
            0 => escaped.replace('a', "\\u0061").replace('\u{1f600}', "\\ud83d\\uDE00"),
            1 => "\"\\/\\b\\f\\u00e4\"".to_owned(),
            _ => escaped,
        }
    }
}
