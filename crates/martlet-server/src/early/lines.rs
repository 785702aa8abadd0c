//! Lines of a head that is written by hand.

use hyper::header::HeaderMap;

/// Writes fields as lines.
pub(crate) fn write_fields(fields: &HeaderMap, head: &mut Vec<u8>) {
    for (name, value) in fields {
        write_line(name.as_str(), value.as_bytes(), head);
    }
}

/// Writes one field as a line.
pub(crate) fn write_line(name: &str, value: &[u8], head: &mut Vec<u8>) {
    for part in [name.as_bytes(), b": ", value, b"\r\n"] {
        head.extend_from_slice(part);
    }
}

/// Writes a number, in decimal digits and at least so many.
pub(crate) fn write_number(mut number: u64, digits_min: usize, head: &mut Vec<u8>) {
    let mut digits = [b'0'; 20];
    let mut at = digits.len();
    while number > 0 || digits.len() - at < digits_min {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
    }
    head.extend_from_slice(&digits[at..]);
}

/// Writes a number, in hexadecimal digits and at least so many.
pub(crate) fn write_hex(number: u64, digits_min: usize, head: &mut Vec<u8>) {
    let count = (16 - number.leading_zeros() as usize / 4).max(digits_min);
    let digit = |place: usize| b"0123456789abcdef"[(number >> (4 * place)) as usize & 15];
    head.extend((0..count).rev().map(digit));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_the_formatter_does() {
        for number in [0, 1, 9, 10, 15, 16, 999, 1000, 0xabcdef, u64::from(u32::MAX), u64::MAX] {
            let mut text = Vec::new();
            write_number(number, 1, &mut text);
            text.push(b' ');
            write_number(number, 3, &mut text);
            text.push(b' ');
            write_hex(number, 1, &mut text);
            text.push(b' ');
            write_hex(number, 16, &mut text);
            let expected = format!("{number} {number:03} {number:x} {number:016x}");
            assert_eq!(String::from_utf8(text).unwrap(), expected);
        }
    }
}
