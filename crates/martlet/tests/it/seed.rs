use crate::support::App;

#[test]
fn an_empty_database_is_filled_once() {
    let app = App::migrated();
    insta::assert_snapshot!(app.run("seed", &["--scale", "0.05"]).without_numbers(), @r"
    N
    -- stdout
    -- stderr
    seeded notes with N rows in N.N s (N of N)
    N rows in N.N s, scale N.N
    ");
    insta::assert_snapshot!(app.run("seed", &[]).all(), @r"
    1
    -- stdout
    -- stderr
    error: the database has rows already

    hint: add to them with `--yes`, or begin anew with `martlet dev DIR --reset`
    ");
    assert_eq!(app.run("seed", &["--yes"]).code, 0);
    assert_eq!(app.run("sql", &["--json", "select count(*) as n from notes"]).stdout, "{\"n\":6}\n");
}

#[test]
fn what_is_missing_is_told() {
    let app = App::notes();
    insta::assert_snapshot!(app.run("seed", &[]).all(), @r"
    1
    -- stdout
    -- stderr
    error: the database is empty: no migration has been applied

    hint: apply them with `martlet migrate APP`
    ");
    std::fs::remove_file(app.file("seed.sql")).unwrap();
    insta::assert_snapshot!(app.run("seed", &[]).all(), @r"
    1
    -- stdout
    -- stderr
    error: there is no seed.sql

    hint: write INSERT statements into seed.sql; `:scale` says how many rows are wanted
    ");
}

#[test]
fn a_seed_that_fails_leaves_nothing() {
    let app = App::migrated();
    app.save(
        "seed.sql",
        "insert into notes (id, body) values (1, 'a');\ninsert into notes (id, body) values (1, 'b');\n",
    );
    let run = app.run("seed", &[]);
    assert_eq!(run.code, 1, "{run:?}");
    assert_eq!(app.run("sql", &["--json", "select count(*) as n from notes"]).stdout, "{\"n\":0}\n");
}
