//! Rules of Rust files: module docs, length, no forgotten test file, nothing ignored.

use super::Finding;

/// Past this a file has grown past its purpose; `martlet-sql` may be longer.
const LINES_MAX: usize = 700;

pub(crate) fn check(file: &str, text: &str, files: &[String]) -> Vec<Finding> {
    if !file.ends_with(".rs") {
        return Vec::new();
    }
    let mut findings = Vec::new();
    let is_test = file.contains("/tests/") || file.ends_with("tests.rs");
    if !is_test && !text.starts_with("//!") {
        findings.push(format!("{file}: begins with no `//!`: say what the module is for"));
    }
    let lines = text.lines().count();
    if lines > LINES_MAX && !is_test && !file.starts_with("crates/martlet-sql/") {
        findings.push(format!("{file}: {lines} lines, at most {LINES_MAX}: split it by what a user can name"));
    }
    for (index, line) in text.lines().enumerate() {
        let ignores = line.trim_start().starts_with(concat!("#[", "ignore"));
        if ignores {
            findings.push(format!("{file}:{}: no ignored test: a slow one goes behind `--long`", index + 1));
        }
    }
    if let Some(module) = forgotten_test(file, files) {
        findings.push(format!("{file}: no `mod {module};` in the main.rs beside it: the test never runs"));
    }
    findings
}

/// The module of a file in `tests/it/` that its `main.rs` does not name.
fn forgotten_test(file: &str, files: &[String]) -> Option<String> {
    let (folder, name) = file.split_once("/tests/it/")?;
    let module = name.strip_suffix(".rs").filter(|module| !module.contains('/') && *module != "main")?;
    let main = format!("{folder}/tests/it/main.rs");
    let declares = files.contains(&main)
        && std::fs::read_to_string(crate::command::root().join(&main))
            .is_ok_and(|text| text.lines().any(|line| line.trim_end().ends_with(&format!("mod {module};"))));
    (!declares).then(|| module.to_owned())
}
