//! Rules of documents: links that lead somewhere.

use super::Finding;
use crate::command::root;
use std::path::{Component, Path, PathBuf};

pub(crate) fn check(file: &str, text: &str) -> Vec<Finding> {
    if !file.ends_with(".md") {
        return Vec::new();
    }
    let folder = Path::new(file).parent().unwrap_or(Path::new(""));
    let mut findings = Vec::new();
    for (index, line) in text.lines().enumerate() {
        for target in link_targets(line) {
            let path = target.split('#').next().unwrap_or_default();
            let is_local = !path.is_empty() && !path.contains("://") && !path.starts_with("mailto:");
            if is_local && !root().join(normal(&folder.join(path))).exists() {
                findings.push(format!("{file}:{}: the link to {target} leads nowhere", index + 1));
            }
        }
    }
    findings
}

/// Targets of `[text](target)` outside code.
fn link_targets(line: &str) -> Vec<&str> {
    let outside_code = line.split('`').step_by(2);
    outside_code
        .flat_map(|part| part.split("](").skip(1))
        .filter_map(|rest| rest.split(')').next())
        .filter(|target| !target.contains(' '))
        .collect()
}

fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                normal.pop();
            }
            Component::CurDir => {}
            part => normal.push(part),
        }
    }
    normal
}

#[cfg(test)]
mod tests {
    use super::link_targets;

    #[test]
    fn links_are_found_outside_code_only() {
        assert_eq!(link_targets("see [a](docs/a.md) and `[b](b.md)`, [c](../c.md#x)"), ["docs/a.md", "../c.md#x"]);
    }
}
