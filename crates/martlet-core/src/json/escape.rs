//! Strings escaped as serde_json does it: `"`, `\`, the short forms, `\u00xx` for other control characters.

const HEX: &[u8; 16] = b"0123456789abcdef";

/// Appends a text as a JSON string with its quotes.
pub fn write_string(out: &mut Vec<u8>, text: &str) {
    out.reserve(text.len() + 2);
    out.push(b'"');
    write_escaped(out, text.as_bytes());
    out.push(b'"');
}

/// Appends UTF-8 bytes, escaped, without quotes.
pub(super) fn write_escaped(out: &mut Vec<u8>, mut bytes: &[u8]) {
    loop {
        let run = plain_prefix(bytes);
        out.extend_from_slice(&bytes[..run]);
        let Some(byte) = bytes.get(run) else { return };
        write_escape(out, *byte);
        bytes = &bytes[run + 1..];
    }
}

/// How many leading bytes stand in a JSON string as they are.
pub(super) fn plain_prefix(bytes: &[u8]) -> usize {
    // Eight bytes at a time: most texts have nothing to escape.
    let mut at = 0;
    for chunk in bytes.chunks_exact(8) {
        let word = u64::from_le_bytes(chunk.try_into().expect("a chunk of exactly eight"));
        let found = bytes_below_blank(word) | bytes_equal(word, b'"') | bytes_equal(word, b'\\');
        if found != 0 {
            return at + found.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    let rest = &bytes[at..];
    at + rest.iter().position(|byte| *byte < b' ' || *byte == b'"' || *byte == b'\\').unwrap_or(rest.len())
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// The high bit of each byte below a blank. Exact for the lowest such byte, which is the one that counts.
fn bytes_below_blank(word: u64) -> u64 {
    word.wrapping_sub(ONES * 0x20) & !word & HIGHS
}

fn bytes_equal(word: u64, byte: u8) -> u64 {
    let zeroed = word ^ (ONES * u64::from(byte));
    zeroed.wrapping_sub(ONES) & !zeroed & HIGHS
}

fn write_escape(out: &mut Vec<u8>, byte: u8) {
    let short = match byte {
        b'"' => b'"',
        b'\\' => b'\\',
        0x08 => b'b',
        0x09 => b't',
        0x0a => b'n',
        0x0c => b'f',
        0x0d => b'r',
        _ => {
            out.extend_from_slice(b"\\u00");
            return out.extend_from_slice(&[HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}

/// Appends `\uxxxx`: for a surrogate that stands alone, which no text can hold.
pub(super) fn write_unit(out: &mut Vec<u8>, unit: u16) {
    out.extend_from_slice(b"\\u");
    for shift in [12, 8, 4, 0] {
        out.push(HEX[usize::from(unit >> shift & 15)]);
    }
}
