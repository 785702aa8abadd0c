use crate::support::App;

#[test]
fn a_dry_run_changes_nothing_and_a_run_applies() {
    let app = App::notes();
    insta::assert_snapshot!(app.run("migrate", &["--dry-run"]).all(), @r"
    0
    -- stdout
    0001_notes
    -- stderr
    would apply, in this order:
    ");
    assert!(!app.file("data").exists());
    insta::assert_snapshot!(app.run("migrate", &[]).without_numbers(), @r"
    N
    -- stdout
    -- stderr
    applied N_notes
    migrated in N.N s
    ");
    insta::assert_snapshot!(app.run("migrate", &[]).all(), @r"
    0
    -- stdout
    -- stderr
    nothing to apply: 1 migration applied before
    ");
    app.save("migrations/0002_more.sql", "create table more (id bigint primary key);\n");
    insta::assert_snapshot!(app.run("migrate", &["--dry-run"]).all(), @r"
    0
    -- stdout
    0002_more
    -- stderr
    would apply, in this order:
    ");
    insta::assert_snapshot!(app.run("migrate", &[]).without_numbers(), @r"
    N
    -- stdout
    -- stderr
    kept a copy of the database as APP/data/backups/before-N_more-N-N-NTN-N-N.db
    applied N_more
    migrated in N.N s
    ");
}

#[test]
fn an_edited_migration_is_refused() {
    let app = App::migrated();
    let text = std::fs::read_to_string(app.file("migrations/0001_notes.sql")).unwrap();
    app.save("migrations/0001_notes.sql", &format!("{text}-- edited\n"));
    insta::assert_snapshot!(app.run("migrate", &[]).all(), @r"
    1
    -- stdout
    -- stderr
    error: migrations/0001_notes.sql was edited after it was applied

    hint: put the file back as it was and add a new one with a later name; or, where the data may go, start over with `martlet dev --reset`
    ");
}

#[test]
fn a_broken_folder_is_not_applied() {
    let app = App::notes();
    app.save("migrations/0002_more.sql", "create table more (id bigint primary kee);\n");
    let run = app.run("migrate", &[]);
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.stderr.contains("migrations/0002_more.sql:1:"), "{run:?}");
    assert!(!app.file("data/app.db").exists());
}

#[test]
fn commands_that_write_wait_for_no_server() {
    let app = App::migrated();
    let _server = app.serve();
    for (command, args) in
        [("migrate", &[][..]), ("seed", &[]), ("sql", &["--write", "select 1"]), ("serve", &[]), ("dev", &["--reset"])]
    {
        let run = app.run(command, args);
        assert_eq!(run.code, 1, "{run:?}");
        assert!(run.stderr.contains("is in use by process"), "{run:?}");
    }
}

#[test]
fn a_column_that_must_have_values_is_refused_where_rows_have_none() {
    let app = App::migrated();
    app.save("migrations/0002_boxes.sql", "create table boxes (id bigint primary key);\n");
    app.save("migrations/0003_strict.sql", "alter table boxes add column height integer not null;\n");
    let applied = app.run("migrate", &[]);
    assert_eq!(applied.code, 0, "an empty table has no row without a value: {}", applied.stderr);
    app.save("migrations/0004_rows.sql", "insert into boxes (id, height) values (1, 2);\n");
    app.save("migrations/0005_strict.sql", "alter table boxes add column weight integer not null;\n");
    let refused = app.run("migrate", &[]).all();
    assert!(refused.contains("rows that are there have no value for the column weight"), "{refused}");
    assert!(refused.contains("nothing was changed"), "{refused}");
}
