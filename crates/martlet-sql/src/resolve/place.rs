//! Where a call ends: the parser keeps the place of a function's name and arguments, not of its brackets.

/// The byte behind the closing bracket of the call whose name begins at `start`.
pub(super) fn end_of_call(text: &str, start: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = start;
    let mut depth = 0_usize;
    while at < bytes.len() {
        match bytes[at] {
            b'(' => depth += 1,
            b')' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            quote @ (b'\'' | b'"') => at += 1 + bytes[at + 1..].iter().position(|byte| *byte == quote)?,
            b'-' if bytes[at..].starts_with(b"--") => {
                at += bytes[at..].iter().position(|byte| *byte == b'\n')?;
            }
            b'/' if bytes[at..].starts_with(b"/*") => at = end_of_comment(bytes, at)?,
            _ => {}
        }
        at += 1;
    }
    None
}

/// Whether every bracket has its partner: a place that the parser gives may begin or end inside brackets.
pub(super) fn is_balanced(text: &str) -> bool {
    let mut depth = 0_i32;
    for byte in text.bytes() {
        match byte {
            b'(' => depth += 1,
            b')' => depth -= 1,
            _ => {}
        }
        if depth < 0 {
            return false;
        }
    }
    depth == 0
}

/// The last byte of a comment that may hold others.
fn end_of_comment(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start;
    let mut depth = 0_usize;
    loop {
        match bytes.get(at..at + 2)? {
            b"/*" => {
                depth += 1;
                at += 2;
            }
            b"*/" => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    return Some(at - 1);
                }
            }
            _ => at += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::end_of_call;

    #[test]
    fn a_call_ends_at_its_own_bracket() {
        for text in
            ["auth.uid()", "f(a, (b), ')')", "f /* ( */ (x -- )\n)", "\"f(\"(1)", "f('it''s)')", "f(/* /* ) */ */ 1)"]
        {
            assert_eq!(end_of_call(&format!("{text} + 1)"), 0), Some(text.len()), "{text}");
        }
        for text in ["", "f", "f(", "f('", "f(/*", ")", "f --("] {
            assert_eq!(end_of_call(text, 0), None, "{text}");
        }
    }
}
