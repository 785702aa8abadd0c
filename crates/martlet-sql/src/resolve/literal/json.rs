//! Whether a text is JSON, and JSON that jsonb can hold.

use martlet_core::limits::JSON_DEPTH_MAX;

/// Checks a text; a refusal says why it is none.
pub(super) fn check(text: &str) -> Result<(), &'static str> {
    let mut reader = Reader { rest: text.as_bytes() };
    reader.value(0)?;
    reader.blanks();
    if reader.rest.is_empty() { Ok(()) } else { Err(NOT_JSON) }
}

const NOT_JSON: &str = "the text is not JSON";

struct Reader<'a> {
    rest: &'a [u8],
}

impl Reader<'_> {
    fn blanks(&mut self) {
        while let [b' ' | b'\t' | b'\n' | b'\r', rest @ ..] = self.rest {
            self.rest = rest;
        }
    }

    /// Takes a byte after blanks, if it comes next.
    fn take(&mut self, byte: u8) -> bool {
        self.blanks();
        match self.rest {
            [first, rest @ ..] if *first == byte => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    fn value(&mut self, depth: usize) -> Result<(), &'static str> {
        if depth > JSON_DEPTH_MAX {
            return Err("the JSON is nested too deep");
        }
        if self.take(b'{') {
            return self.list(b'}', |reader| {
                reader.blanks();
                reader.string()?;
                if !reader.take(b':') {
                    return Err(NOT_JSON);
                }
                reader.value(depth + 1)
            });
        }
        if self.take(b'[') {
            return self.list(b']', |reader| reader.value(depth + 1));
        }
        match self.rest {
            [b'"', ..] => self.string(),
            [b'-' | b'0'..=b'9', ..] => self.number(),
            _ => {
                let word = [&b"true"[..], b"false", b"null"].into_iter().find(|word| self.rest.starts_with(word));
                self.rest = &self.rest[word.ok_or(NOT_JSON)?.len()..];
                Ok(())
            }
        }
    }

    fn list(
        &mut self,
        end: u8,
        mut item: impl FnMut(&mut Self) -> Result<(), &'static str>,
    ) -> Result<(), &'static str> {
        if self.take(end) {
            return Ok(());
        }
        loop {
            item(self)?;
            if self.take(end) {
                return Ok(());
            }
            if !self.take(b',') {
                return Err(NOT_JSON);
            }
        }
    }

    fn string(&mut self) -> Result<(), &'static str> {
        let [b'"', rest @ ..] = self.rest else { return Err(NOT_JSON) };
        self.rest = rest;
        let mut wants_low_surrogate = false;
        loop {
            let [first, rest @ ..] = self.rest else { return Err(NOT_JSON) };
            self.rest = rest;
            let mut is_high_surrogate = false;
            match first {
                b'"' if wants_low_surrogate => return Err("the JSON has half of a surrogate pair"),
                b'"' => return Ok(()),
                0..0x20 => return Err("a JSON string has a control character; write it as \\u00XX"),
                b'\\' => match self.escape()? {
                    Some(0) => return Err("JSON here cannot hold the character \\u0000"),
                    Some(0xD800..=0xDBFF) if !wants_low_surrogate => is_high_surrogate = true,
                    Some(0xDC00..=0xDFFF) if wants_low_surrogate => {}
                    Some(0xD800..=0xDFFF) => return Err("the JSON has half of a surrogate pair"),
                    _ if wants_low_surrogate => return Err("the JSON has half of a surrogate pair"),
                    _ => {}
                },
                _ if wants_low_surrogate => return Err("the JSON has half of a surrogate pair"),
                _ => {}
            }
            wants_low_surrogate = is_high_surrogate;
        }
    }

    /// What follows a backslash; the code unit of `\uXXXX`.
    fn escape(&mut self) -> Result<Option<u32>, &'static str> {
        match self.rest {
            [b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', rest @ ..] => {
                self.rest = rest;
                Ok(None)
            }
            [b'u', a, b, c, d, rest @ ..] => {
                self.rest = rest;
                let digits = [a, b, c, d].map(|byte| char::from(*byte).to_digit(16));
                let unit = digits.into_iter().try_fold(0, |unit, digit| digit.map(|digit| unit * 16 + digit));
                unit.map(Some).ok_or(NOT_JSON)
            }
            _ => Err(NOT_JSON),
        }
    }

    fn number(&mut self) -> Result<(), &'static str> {
        if let [b'-', rest @ ..] = self.rest {
            self.rest = rest;
        }
        let starts_with_zero = self.rest.first() == Some(&b'0');
        let whole = self.digits();
        if whole == 0 || (starts_with_zero && whole > 1) {
            return Err(NOT_JSON);
        }
        if let [b'.', rest @ ..] = self.rest {
            self.rest = rest;
            if self.digits() == 0 {
                return Err(NOT_JSON);
            }
        }
        if let [b'e' | b'E', rest @ ..] = self.rest {
            self.rest = rest;
            if let [b'+' | b'-', rest @ ..] = self.rest {
                self.rest = rest;
            }
            // Longer exponents leave the range of jsonb's numbers.
            if !(1..=4).contains(&self.digits()) {
                return Err(NOT_JSON);
            }
        }
        Ok(())
    }

    fn digits(&mut self) -> usize {
        let count = self.rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.rest = &self.rest[count..];
        count
    }
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn json_and_what_is_none() {
        for text in
            ["{}", " [1, -0.5e+3 , \"\\u00e4\\ud83e\\udd80\", null] ", "{\"a\":{\"b\":[true,false]}}", "\"x\"", "0"]
        {
            assert_eq!(check(text), Ok(()), "{text}");
        }
        for text in
            ["", "{", "{a:1}", "[1,]", "01", "1.", "-", "nul", "\"\n\"", "\"\\u0000\"", "\"\\ud800\"", "1 2", "1e99999"]
        {
            assert!(check(text).is_err(), "{text}");
        }
        assert!(check(&"[".repeat(100_000)).is_err());
    }
}
