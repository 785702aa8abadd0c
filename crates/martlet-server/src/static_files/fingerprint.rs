//! Names that change with the content, as bundlers write them: `app.3f2a1b9c.js`, `app-3f2a1b9c.min.css`.
//!
//! Only hexadecimal digits count, and both a digit and a letter among them: `report-20260101.pdf` and
//! `Photo-Version2.jpg` change under the same name, and a browser that keeps one for a year cannot be told.

use std::path::Path;

const DIGITS_MIN: usize = 8;
const DIGITS_MAX: usize = 64;

/// Whether the file's name has a part that is a hash of its content.
pub(super) fn is_in(path: &Path) -> bool {
    let Some((stem, _ending)) = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.rsplit_once('.'))
    else {
        return false;
    };
    // The first part is the name itself.
    stem.split(['.', '-']).skip(1).any(is_hash)
}

fn is_hash(part: &str) -> bool {
    let is_hexadecimal = part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    (DIGITS_MIN..=DIGITS_MAX).contains(&part.len())
        && is_hexadecimal
        && part.bytes().any(|byte| byte.is_ascii_digit())
        && part.bytes().any(|byte| byte.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_hash_after_the_name_counts() {
        for name in ["app.3f2a1b9c.js", "app-3f2a1b9c.js", "a-b.3f2a1b9c0d.min.css", "x.0123456789abcdef.js.map"] {
            assert!(is_in(Path::new(name)), "{name}");
        }
        for name in [
            "app.js",
            "3f2a1b9c.js",
            "app.3f2a1b9.js",
            "app.3F2A1B9C.js",
            "report-20260101.pdf",
            "my-deadbeef.txt",
            "Photo-Version2.jpg",
            "app.3f2a1b9c",
            "app-3f2a1b9g.js",
            ".3f2a1b9c",
        ] {
            assert!(!is_in(Path::new(name)), "{name}");
        }
        let long = format!("app.{}.js", "a1".repeat(33));
        assert!(!is_in(Path::new(&long)));
    }
}
