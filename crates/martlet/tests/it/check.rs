use crate::support::{App, martlet};

const BROKEN: &[(&str, &str)] = &[
    ("martlet.toml", "[server]\nlisten = \"everywhere\"\n"),
    ("migrations/0001_notes.sql", "create table notes (id bigint primary key, body text not null);\n"),
    ("queries/notes.sql", "-- @allow anyone\nselect id, bdy from notes order by id\n"),
    ("actions/add.sql", "-- @allow anyone\n-- @parm body text\ninsert into notes (id, body) values (1, :body)\n"),
];

#[test]
fn a_good_folder_exits_with_0() {
    insta::assert_snapshot!(App::notes().run("check", &[]).all(), @r"
    0
    -- stdout
    -- stderr
    1 migration, 2 queries, 1 action: nothing to mend
    ");
}

#[test]
fn all_mistakes_of_a_folder_are_told_at_once() {
    let run = App::of(BROKEN).run("check", &[]);
    assert_eq!(run.code, 1);
    for file in ["martlet.toml:2:", "queries/notes.sql:2:12", "actions/add.sql:2:"] {
        assert!(run.stdout.contains(file), "{file} in {}", run.stdout);
    }
}

#[test]
fn json_has_the_same_findings() {
    let run = App::of(BROKEN).run("check", &["--json"]);
    let report: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!((run.code, run.stderr.as_str(), &report["ok"]), (1, "", &false.into()));
    let findings = report["diagnostics"].as_array().unwrap();
    let column = findings.iter().find(|finding| finding["file"] == "queries/notes.sql").unwrap();
    assert_eq!((&column["line"], &column["column"], &column["severity"]), (&2.into(), &12.into(), &"error".into()));
    let good: serde_json::Value = serde_json::from_str(&App::notes().run("check", &["--json"]).stdout).unwrap();
    assert_eq!(good["ok"], true);
}

#[test]
fn a_folder_that_is_none_is_told() {
    insta::assert_snapshot!(martlet(&["check", "/nowhere/app"], "", &[]).all(), @r"
    1
    -- stdout
    -- stderr
    error: there is no folder `/nowhere/app`

    hint: make one with `martlet new /nowhere/app`
    ");
    let empty = App::of(&[]);
    insta::assert_snapshot!(empty.run("check", &[]).all(), @r"
    1
    -- stdout
    -- stderr
    error: APP is not an app folder: it has no migrations/, queries/ or actions/

    hint: make an app folder with `martlet new DIR`
    ");
}

#[test]
fn a_reader_that_goes_is_no_error() {
    use std::process::{Command, Stdio};
    let app = App::of(BROKEN);
    let mut child = Command::new(crate::support::binary())
        .args(["check", app.path().to_str().unwrap()])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let code = child.wait().unwrap().code();
    assert!(matches!(code, Some(0 | 1)), "{code:?}");
}
