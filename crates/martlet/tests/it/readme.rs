//! The README's two minutes: its commands as they are printed, but for the port, and what they print.

use crate::support::{binary, copy_of_example};
use martlet_testkit::TestServer;
use std::process::Command;

/// The example stands where the README says.
const FOLDER: &str = "examples/hotel";

#[test]
fn every_command_of_the_two_minutes_prints_what_it_says() {
    let text = include_str!("../../../../README.md");
    let tour = text.split("## Two minutes").nth(1).and_then(|rest| rest.split("\n## ").next()).expect("a tour");
    let blocks = tour.split("```text\n").skip(1).filter_map(|rest| rest.split("```").next());
    let lines: Vec<&str> = blocks.filter(|block| block.starts_with("$ ")).flat_map(str::lines).collect();
    let (commands, expected): (Vec<&str>, Vec<&str>) =
        lines.into_iter().filter(|line| !line.is_empty()).partition(|line| line.starts_with("$ "));
    assert!(commands.len() >= 8 && expected.len() >= 10, "{commands:?}\n{expected:?}");

    let copy = copy_of_example("hotel");
    let home = tempfile::tempdir().expect("make a folder");
    std::fs::create_dir(home.path().join("examples")).expect("make a folder");
    std::os::unix::fs::symlink(copy.path(), home.path().join(FOLDER)).expect("link the example");
    let server = TestServer::start(binary(), &["dev"], copy.path());

    let script: String = commands.iter().map(|command| step(&command[2..])).collect();
    let script = script.replace("http://127.0.0.1:8080", server.url());
    let own = binary().parent().expect("the binary is in a folder").display().to_string();
    let script = format!("export PATH='{own}':\"$PATH\"\ntrap 'kill $(jobs -p); cat {BEHIND}' EXIT\n{script}");
    let output = Command::new("bash").args(["-c", &script]).current_dir(home.path()).output().expect("run bash");
    let told = String::from_utf8_lossy(&output.stdout);
    let mut left: Vec<&str> = told.lines().filter(|line| !line.is_empty()).collect();
    for line in expected {
        let found = left.iter().position(|told| is_as_printed(told, line));
        let at = found.unwrap_or_else(|| panic!("the README says\n{line}\nand not so\n{}", left.join("\n")));
        left.remove(at);
    }
}

/// Where a command that runs behind the others prints, so that their lines do not mix as on a terminal.
const BEHIND: &str = "behind.txt";

/// A command with a moment for what runs behind it to print what it is told.
fn step(command: &str) -> String {
    let command = command.strip_suffix('&').map_or(command.to_owned(), |command| format!("{command} >{BEHIND} &"));
    format!("{command}\necho; sleep 1\n")
}

/// JSON to the byte, as far as `...`; of the rest all but numbers, ids and the width of columns.
fn is_as_printed(told: &str, line: &str) -> bool {
    let said = line.strip_suffix("...").unwrap_or(line);
    if line.starts_with(['{', '[']) || line.starts_with("data: ") {
        return if said.len() < line.len() { told.starts_with(said) } else { told == line };
    }
    if let Some((field, _)) = line.split_once(": ").filter(|(field, _)| ["id", "retry"].contains(field)) {
        return told.strip_prefix(field).is_some_and(|rest| rest.starts_with(": ") && rest.len() > 2);
    }
    shape(told) == shape(said)
}

/// Numbers with their units as `N`, blanks as one.
fn shape(line: &str) -> String {
    let words = line.split_whitespace().filter(|word| !["B", "KiB", "ms", "us", "s"].contains(word));
    let words = words.map(|word| if word.starts_with(|first: char| first.is_ascii_digit()) { "N" } else { word });
    words.collect::<Vec<_>>().join(" ")
}
